"""``new-vertical`` writes a package that passes its own tests, learns and has a page, as soon as it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import IN_A_BROWSER, served
from tests.conftest import COLONNADE, colonnade

playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new vertical, and beside it the metadata that an installer writes."""
    folder = tmp_path_factory.mktemp("new")
    out = folder / "claims"
    said = colonnade("new-vertical", "claims", "--title", "Claims desk", "--out", str(out), home=folder / "home")
    assert "pip install --no-deps --editable" in said.stdout
    info = out / "colonnade_claims-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: colonnade-claims\nVersion: 0.1.0\n")
    groups = {"solutions": "solution", "pages": "page:build", "datasets": "datasets"}
    entries = [
        f"[colonnade.{group}]\nclaims = claims_vertical{'.' if ':' in name else ':'}{name}"
        for group, name in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(entries) + "\n")
    return out


@pytest.fixture
def installed(package: Path, trained_home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("PYTHONPATH", str(package))
    return dict(os.environ) | {"COLONNADE_HOME": str(trained_home), "COLONNADE_OFFLINE": "1"}


@pytest.mark.slow
def test_its_own_tests_pass(package: Path, installed: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(package / "tests")]
    done = subprocess.run(command, env=installed, cwd=package, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    evaluated = subprocess.run(
        [COLONNADE, "evaluate", "claims"], env=installed, capture_output=True, text=True, check=False
    )
    assert "claims_vertical_sample" in evaluated.stdout, evaluated.stderr


@pytest.mark.slow
@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_its_page_answers_in_both_languages(
    installed: dict[str, str], trained_home: Path, browser: "playwright.Browser"
) -> None:
    with served(trained_home, "claims") as address:
        page = browser.new_page(base_url=address)
        for language, title in (("en", "Urgent"), ("zh", "紧急")):
            page.goto(f"/{language}/claims")
            page.fill("#text textarea", "Gas can be smelt in the lift, and smoke. 电梯里有煤气味，还冒烟。")
            page.press("#text textarea", "Shift+Enter")
            page.locator("#answer", has_text=title).wait_for(timeout=60_000)
        page.close()


def test_a_name_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    for name, expected in {
        "Claims": "expected small letters",
        "finance": "there is a vertical 'finance' already",
    }.items():
        assert expected in colonnade("new-vertical", name, home=tmp_path, code=2).stderr
    assert "known: text" in colonnade("new-vertical", "claims", "--task", "sound", home=tmp_path, code=2).stderr
