"""The walk that makes a client's model, on 20 intents of banking77 with planted faults, and the hub it leads to."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.benchmarks.customise import planted_rows
from tests.browser.conftest import IN_A_BROWSER, shoot
from tests.conftest import served

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = [*IN_A_BROWSER, pytest.mark.slow]
LEARNED_MS = 300_000


@pytest.fixture(scope="module")
def client_rows(data_root: Path) -> pd.DataFrame:
    """A client's export: 5 % of the labels are broken, 3 % of the rows stand there twice."""
    return planted_rows(data_root, share=0.5)


def walk(page: "playwright.Page", file: Path, client: str) -> None:
    """Go through the walk until something is decided."""
    page.goto("/en/customise")
    page.wait_for_selector("#client-file")
    page.wait_for_timeout(500)  # the page takes its events over
    page.locator("#what input").click()
    page.get_by_role("option", name="Support · Intent").click()
    page.fill("#client input, #client textarea", client)
    page.set_input_files("#client-file input[type=file]", str(file))
    page.get_by_role("button", name="Look it through").and_(page.locator(":enabled")).click()
    said = page.locator("#findings").locator("table, [role=alert]")
    said.wait_for(timeout=LEARNED_MS)
    assert said.get_attribute("role") != "alert", said.inner_text()
    page.get_by_role("button", name="Learn", exact=True).and_(page.locator(":enabled")).click()
    page.locator("#verdict table").wait_for(timeout=LEARNED_MS)


def found_rows(page: "playwright.Page", problem: str) -> int:
    cells = page.locator("#findings tr", has_text=problem).locator("td")
    return int(cells.nth(1).inner_text().replace(",", ""))


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_planted_faults_are_named_and_the_better_model_takes_over(
    page: "playwright.Page", client_rows: pd.DataFrame, tmp_path: Path, trained_home: Path
) -> None:
    client_rows.to_csv(tmp_path / "client.csv", index=False)
    walk(page, tmp_path / "client.csv", "acme-bank")
    shoot(page, "customise-accepted")
    assert found_rows(page, "A copy: left out") >= 3 * len(client_rows) // 104
    broken = len(client_rows.attrs["broken"])
    assert 0.5 * broken <= found_rows(page, "Label looks wrong") <= 1.2 * broken
    said = page.inner_text("#verdict")
    assert "answers from now on" in said
    assert "colonnade demo --client acme-bank" in said
    settings = trained_home / "clients" / "acme-bank" / "client.toml"
    settings.write_text(settings.read_text().replace("#0072B2", "#8A1538"), encoding="utf-8")
    with served(trained_home, "--client", "acme-bank") as address:
        hub = page.context.browser.new_page(base_url=address)
        hub.goto("/en/support")
        hub.wait_for_selector("#message textarea:visible")
        hub.wait_for_timeout(800)
        assert "Acme Bank" in hub.inner_text(".cl-brand")
        assert hub.evaluate("getComputedStyle(document.querySelector('.cl-nav [aria-current]')).borderColor") == (
            "rgb(138, 21, 56)"
        )
        assert hub.locator(".cl-nav a", has_text="Customise").count() == 0
        hub.fill("#message textarea", "my card has not arrived yet")
        hub.press("#message textarea", "Enter")
        hub.locator("#reasons", has_text=re.compile("card_(arrival|delivery_estimate)")).wait_for(timeout=60_000)
        shoot(hub, "customise-client")
        hub.close()


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_shuffled_labels_are_refused_until_a_person_says_why(
    page: "playwright.Page", client_rows: pd.DataFrame, tmp_path: Path
) -> None:
    shuffled = client_rows.assign(category=np.random.default_rng(1).permutation(client_rows["category"]))
    shuffled.iloc[:600].to_csv(tmp_path / "shuffled.csv", index=False)
    walk(page, tmp_path / "shuffled.csv", "shuffled")
    assert "Refused: it is not better" in page.inner_text("#verdict")
    page.get_by_role("button", name="Take it").click()
    page.locator("#verdict [role=alert]", has_text="no reason is given").wait_for()
    page.fill("#why input, #why textarea", "to show what not to do")
    page.get_by_role("button", name="Take it").click()
    page.locator("#verdict", has_text="answers from now on").wait_for()


@pytest.mark.parametrize("page", [1440], indirect=True)
def test_pictures_take_the_same_walk(page: "playwright.Page", tmp_path: Path) -> None:
    """Pale and dark squares in a zip, one of them broken; a name that is changed on the way is noticed."""
    generator = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for at in range(60):
            low, high = (0, 90) if at % 2 else (160, 255)
            content = io.BytesIO()
            Image.fromarray(generator.integers(low, high, (48, 48)).astype(np.uint8)).save(content, "PNG")
            archive.writestr(f"{'dark' if at % 2 else 'pale'}/{at}.png", content.getvalue())
        archive.writestr("dark/broken.png", b"no picture")
    page.goto("/en/customise")
    page.wait_for_selector("#client-file")
    page.wait_for_timeout(500)
    page.locator("#what input").click()
    page.get_by_role("option", name="Medical imaging · Image").click()
    page.locator("#wanted", has_text="a zip with a folder of pictures").wait_for()
    page.fill("#client input, #client textarea", "clinic")
    page.set_input_files("#client-file input[type=file]", str(tmp_path / "pictures.zip"))
    page.get_by_role("button", name="Look it through").and_(page.locator(":enabled")).click()
    page.locator("#findings", has_text="60 of 61 pictures can be learned from").wait_for(timeout=LEARNED_MS)
    assert found_rows(page, "Cannot be read, or says no class") == 1
    page.fill("#client input, #client textarea", "another")
    page.get_by_role("button", name="Learn", exact=True).and_(page.locator(":enabled")).click()
    page.locator("#verdict [role=alert]", has_text="name was changed").wait_for(timeout=20_000)
    page.fill("#client input, #client textarea", "clinic")
    page.get_by_role("button", name="Learn", exact=True).click()
    page.locator("#verdict", has_text="colonnade demo --client clinic").wait_for(timeout=LEARNED_MS)


def test_what_is_wrong_with_a_file_is_said_in_chinese(page: "playwright.Page", tmp_path: Path) -> None:
    page.goto("/zh/customise")
    page.wait_for_selector("#client-file")
    page.wait_for_timeout(500)
    shoot(page, "customise-empty-zh")
    (tmp_path / "bare.csv").write_text("text,id\na,1\nb,2\n", encoding="utf-8")
    page.set_input_files("#client-file input[type=file]", str(tmp_path / "bare.csv"))
    page.locator("#findings [role=alert]", has_text="看不出哪一列是标签").wait_for(timeout=20_000)
    page.get_by_role("button", name="检查数据").and_(page.locator(":enabled")).click()
    page.locator("#findings [role=alert]", has_text="还有列没有选").wait_for(timeout=20_000)
