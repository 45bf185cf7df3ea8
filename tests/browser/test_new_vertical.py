"""``new-vertical`` writes a package that passes its own tests, learns and has a page, as soon as it is installed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import IN_A_BROWSER, shoot
from tests.conftest import COLONNADE, as_installed, colonnade, served

playwright = pytest.importorskip("playwright.sync_api")


KINDS = ("text", "image", "tabular", "ranking")
PASSWORD = "fünf: 五"


@pytest.fixture(scope="module", params=KINDS)
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new vertical, and beside it the metadata that an installer writes."""
    name = f"claims-{request.param}"
    folder = tmp_path_factory.mktemp("new")
    out = folder / name
    options = ["--task", request.param, "--title", "Claims desk", "--out", str(out)]
    said = colonnade("new-vertical", name, *options, home=folder / "home")
    assert "pip install --no-deps --editable" in said.stdout
    groups = {"solutions": "solution", "pages": "page:build", "datasets": "datasets"}
    entries = {
        group: f"{name} = {module_of(out)}{'.' if ':' in place else ':'}{place}" for group, place in groups.items()
    }
    as_installed(out, f"colonnade_{name}", **entries)
    return out


def module_of(package: Path) -> str:
    return f"{package.name.replace('-', '_')}_vertical"


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
        [COLONNADE, "evaluate", package.name], env=installed, capture_output=True, text=True, check=False
    )
    assert f"{module_of(package)}_sample" in evaluated.stdout, evaluated.stderr
    assert "other files than the card describes" not in evaluated.stdout


@pytest.mark.slow
def test_a_client_can_have_a_model_of_their_own(package: Path, installed: dict[str, str]) -> None:
    """The sample itself is the client's data: the model that learned from it already is hard to beat."""
    sample = package / module_of(package) / "datasets" / f"{module_of(package)}_sample" / "sample.csv"
    options = ["--client", package.name, "--data", str(sample), "--budget", "1m", "--yes"]
    if package.name.endswith("ranking"):
        options += ["--items", str(sample.with_name("items.csv"))]
    if package.name.endswith("image"):
        options += ["--map", "label=kind"]
    done = subprocess.run(
        [COLONNADE, "customize", package.name, *options], env=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(f"{package.name}-\\S+ (goes on answering|answers for {package.name} from now on)", done.stdout)


def ask(page: "playwright.Page", kind: str, language: str) -> None:
    """Give the page something to answer, and wait for the answer."""
    if kind == "text":
        page.fill("#text textarea", "Gas can be smelt in the lift, and smoke. 电梯里有煤气味，还冒烟。")
        page.press("#text textarea", "Shift+Enter")
        page.locator("#answer", has_text={"en": "Urgent", "zh": "紧急"}[language]).wait_for(timeout=60_000)
    elif kind == "image":
        page.locator(".gallery-item").first.click()
        page.locator("#answer", has_text={"en": "Ring", "zh": "圆环"}[language]).wait_for(timeout=60_000)
    elif kind == "tabular":
        page.locator("tr.tr-body").first.click()
        page.wait_for_function("[...document.querySelectorAll('input, textarea')].some(field => field.value == '4200')")
        page.locator("#sort").click()
        page.locator("#answer", has_text={"en": "Urgent", "zh": "紧急"}[language]).wait_for(timeout=60_000)
    else:
        page.locator(".gallery-item", has_text="u01").click()
        page.locator("#shelf .cl-shelf li").nth(9).wait_for(timeout=60_000)


@pytest.mark.slow
@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_its_page_answers_in_both_languages(
    package: Path,
    installed: dict[str, str],
    trained_home: Path,
    browser: "playwright.Browser",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Served with a password, as for others than oneself: the browser says it once, for both languages."""
    monkeypatch.setenv("COLONNADE_PASSWORD", PASSWORD)
    with served(trained_home, package.name) as address:
        stranger = browser.new_page(base_url=address, http_credentials={"username": "me", "password": "five"})
        assert stranger.goto("/en/").status == 401
        stranger.close()
        page = browser.new_page(base_url=address, http_credentials={"username": "", "password": PASSWORD})
        for language in ("en", "zh"):
            page.goto(f"/{language}/{package.name}")
            page.wait_for_timeout(1500)  # the page takes its events over
            ask(page, package.name.removeprefix("claims-"), language)
            shoot(page, f"{package.name}-{language}")
        page.close()


def test_a_name_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    for name, expected in {
        "Claims": "expected small letters",
        "finance": "there is a vertical 'finance' already",
    }.items():
        assert expected in colonnade("new-vertical", name, home=tmp_path, code=2).stderr
    assert (
        "known: image, ranking, tabular, text"
        in colonnade("new-vertical", "claims", "--task", "sound", home=tmp_path, code=2).stderr
    )
