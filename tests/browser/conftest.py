"""A hub that is served as ``make demo`` serves it, and a real Chromium to look at it."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import COLONNADE, ROOT

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: What every module of browser tests is marked with.
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no browser; on Debian: apt-get install chromium fonts-noto-cjk"),
]
# Chromium's own calls home are turned off, so that every request counted below is the page's.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOTS = ROOT / "artifacts" / "screenshots"
ANSWER_MS = 60_000


@contextmanager
def served(home: Path, *arguments: str) -> Iterator[str]:
    """Serve as ``make demo`` does, a second start: the models are there. Yields the address."""
    log = home / f"demo{len(arguments)}.log"
    started = time.monotonic()
    closed = {"COLONNADE_HOME": str(home), "COLONNADE_CLIENTS": str(home / "clients"), "COLONNADE_OFFLINE": "1"}
    with log.open("w") as stream:
        process = subprocess.Popen(
            [COLONNADE, "demo", "--port", "0", *arguments],
            env=os.environ | closed | {"PYTHONUNBUFFERED": "1"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        while not (found := re.search(r"is at (http://\S+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - started < 120, log.read_text()
            time.sleep(0.1)
        yield found[1]
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="package")
def address(trained_home: Path) -> Iterator[str]:
    with served(trained_home) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(params=[1440, 390], ids=["wide", "phone"])
def page(request: pytest.FixtureRequest, browser: "playwright.Browser", address: str) -> Iterator["playwright.Page"]:
    """A page of that width; afterwards, no request left the hub and nothing scrolls sideways."""
    page = browser.new_page(viewport={"width": request.param, "height": 900}, base_url=address)
    elsewhere: list[str] = []
    page.on("request", lambda sent: elsewhere.append(sent.url) if not sent.url.startswith((address, "data:")) else None)
    yield page
    assert elsewhere == []
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    page.close()


def shoot(page: "playwright.Page", name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    width = page.viewport_size["width"]
    page.wait_for_timeout(400)  # let animations end
    page.screenshot(path=SHOTS / f"{name}-{width}.png", full_page=True)
