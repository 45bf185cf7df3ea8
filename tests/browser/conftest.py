"""A hub that is served as ``make demo`` serves it, and a real Chromium to look at it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, served

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
