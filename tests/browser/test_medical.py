"""The medical page: examples, uploads, the viewer, referral, reviews and a batch with bad files in it."""

import re
import zipfile
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from solutions.medical.phantom import phantom_patients
from tests.browser.conftest import ANSWER_MS, IN_A_BROWSER, shoot

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = IN_A_BROWSER


def open_medical(page: "playwright.Page", language: str) -> None:
    page.goto(f"/{language}/medical")
    page.wait_for_selector("#medical-examples button img")


def click_example(page: "playwright.Page", caption: str, said: str) -> None:
    """Click an example, and wait until the answer says so."""
    page.locator("#medical-examples button", has_text=caption).first.click()
    page.locator("#answer section", has_text=said).wait_for(timeout=ANSWER_MS)
    # on a phone it stands below the examples, and is brought to who clicked
    playwright.expect(page.locator("#answer")).to_be_in_viewport()
    page.wait_for_function("document.querySelector('#answer').getBoundingClientRect().top < innerHeight * 0.8")


def write_slices(folder: Path, count: int) -> list[Path]:
    """Write simulated slices, five of a patient."""
    folder.mkdir(parents=True)
    parts = list(islice(chain.from_iterable(phantom_patients()), count))
    paths = [folder / f"{part.patient}-{at}.png" for at, part in enumerate(parts)]
    for path, part in zip(paths, parts, strict=True):
        Image.fromarray(part.pixels).save(path)
    return paths


def test_examples_each_show_something_else(page: "playwright.Page") -> None:
    open_medical(page, "en")
    assert "Not a medical device" in page.inner_text("body")
    shoot(page, "medical-empty")
    click_example(page, "a lesion", "Lesion,")
    assert page.locator("#answer .cl-stack img").count() == 3
    assert "Cannot be ruled out: Lesion." in page.inner_text("#answer")
    assert page.locator(".cl-read[role=status]").text_content() == page.inner_text("#answer h3").removeprefix("●")
    shoot(page, "medical-answer")
    click_example(page, "a holiday photo", "It is in colour")
    assert "Refused" in page.inner_text("#answer h3")
    assert page.locator("#answer .cl-heat").count() == 0
    click_example(page, "an empty one", "The picture is empty")


def test_where_findings_are_rare_a_call_is_worth_less(page: "playwright.Page") -> None:
    open_medical(page, "en")
    click_example(page, "a lesion", "Lesion,")
    assert "that probability is" not in page.inner_text("#answer")
    rare = page.get_by_role("slider", name=re.compile("Pictures with a finding, where you work"))
    rare.focus()
    page.keyboard.press("Home")
    page.locator("#operating-point", has_text="Where 0.5% of the pictures have a finding").wait_for(timeout=ANSWER_MS)
    page.locator("#answer", has_text="Where 0.5% of the pictures have a finding, and not").wait_for(timeout=ANSWER_MS)
    shoot(page, "medical-rare")


def test_the_viewer_moves_by_keys_alone(page: "playwright.Page") -> None:
    open_medical(page, "en")
    click_example(page, "a lesion", "Lesion,")
    heat = page.get_by_label("Heat map: Grad-CAM")
    heat.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    opacity = page.eval_on_selector("#answer .cl-heat:nth-of-type(2)", "image => getComputedStyle(image).opacity")
    assert float(opacity) == pytest.approx(0.9, abs=0.01)


def test_an_upload_a_review_and_a_mistake_in_chinese(page: "playwright.Page", tmp_path: Path) -> None:
    open_medical(page, "zh")
    click_example(page, "无病灶", "无病灶")
    (tmp_path / "half.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    page.set_input_files("#medical-file input[type=file]", tmp_path / "half.jpg")
    page.locator("#answer .cl-error", has_text="half.jpg").wait_for(timeout=ANSWER_MS)
    playwright.expect(page.locator("#answer")).to_be_in_viewport()
    playwright.expect(page.locator("#reviewer")).to_be_hidden()  # the picture before it is not what it is about
    click_example(page, "有病灶", "有病灶")
    page.get_by_role("radio", name="无病灶").check()
    page.get_by_role("button", name="保存意见").click()
    page.get_by_text("还没有写标注人").wait_for(timeout=ANSWER_MS)
    page.fill("#reviewer input, #reviewer textarea", "王芳")
    page.get_by_role("button", name="保存意见").click()
    page.get_by_text("您更正了模型的判断").wait_for(timeout=ANSWER_MS)
    shoot(page, "medical-review-zh")


def test_a_batch_goes_on_past_bad_files(page: "playwright.Page", tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for path in write_slices(tmp_path / "slices", 12):
            archive.write(path, f"study/{path.name}")
        archive.write(tmp_path / "noise.png", "study/noise.png")
        archive.writestr("study/broken.jpg", b"\xff\xd8 broken")
    open_medical(page, "en")
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#medical-files input[type=file]", tmp_path / "study.zip")
    page.get_by_role("button", name="Look at them").click()
    page.locator("#batch-summary", has_text="13 pictures").wait_for(timeout=ANSWER_MS)
    assert "Files that could not be read: 1" in page.inner_text("#batch-summary")
    shoot(page, "medical-batch")


def test_a_folder_is_read_without_what_is_no_picture(page: "playwright.Page", tmp_path: Path) -> None:
    folder = tmp_path / "study"
    write_slices(folder / "series", 3)
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    open_medical(page, "en")
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#medical-folder input[type=file]", folder)
    page.wait_for_timeout(1500)  # the upload
    page.get_by_role("button", name="Look at them").click()
    page.locator("#batch-summary", has_text="3 pictures").wait_for(timeout=ANSWER_MS)
    assert "could not be read" not in page.inner_text("#batch-summary")


def test_how_good_it_is(page: "playwright.Page") -> None:
    open_medical(page, "en")
    page.get_by_role("tab", name="How good is it").click()
    page.get_by_role("button", name="Measure").click()
    page.locator("#measured", has_text="AUROC").wait_for(timeout=2 * ANSWER_MS)
    assert "Several small lesions" in page.inner_text("#measured")
    shoot(page, "medical-measured")
