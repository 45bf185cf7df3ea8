"""The recommendation page: wishes, likes that are taken away, nobody known, a catalogue of one's own, the measures."""

from pathlib import Path

import pandas as pd
import pytest

from solutions.recommendation.feedback import FILE, FeedbackStore
from tests.browser.conftest import ANSWER_MS, IN_A_BROWSER, shoot

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = IN_A_BROWSER


def open_shelf(page: "playwright.Page", language: str) -> None:
    page.goto(f"/{language}/recommendation")
    page.wait_for_selector(".gallery-item")
    page.wait_for_timeout(500)  # the page takes its events over


def click_example(page: "playwright.Page", caption: str, said: str) -> None:
    page.locator(".gallery-item", has_text=caption).first.click()
    page.locator("#shelf section", has_text=said).wait_for(timeout=ANSWER_MS)


def titles(page: "playwright.Page") -> list[str]:
    return page.locator("#shelf h4").all_inner_texts()


def test_a_wish_in_each_language(page: "playwright.Page") -> None:
    open_shelf(page, "en")
    shoot(page, "recommendation-empty")
    click_example(page, "slow science fiction, no gore", "Rests on what you said")
    assert len(titles(page)) == 10
    shown = page.inner_text("#shelf").lower()
    assert shown.count("science fiction") >= 3
    assert "gore" not in page.locator("#shelf .cl-tags").first.inner_text()
    shoot(page, "recommendation-wish")
    click_example(page, "慢节奏", "Rests on what you said")


def test_a_like_that_is_taken_away_changes_the_shelf(page: "playwright.Page") -> None:
    open_shelf(page, "zh")
    click_example(page, "喜欢Toy Story", "依据：您喜欢的")
    before = titles(page)
    assert "因为“" in page.inner_text("#shelf")
    shoot(page, "recommendation-likes-zh")
    page.locator("#likes .token-remove").first.click()
    page.wait_for_function(
        "before => JSON.stringify([...document.querySelectorAll('#shelf h4')].map(e => e.innerText)) != before",
        arg=str(before),
        timeout=ANSWER_MS,
    )
    page.wait_for_timeout(1500)
    assert titles(page) != before


def test_what_is_taken_of_a_shelf_is_kept(page: "playwright.Page", trained_home: Path) -> None:
    open_shelf(page, "en")
    click_example(page, "Likes Toy Story", "Rests on what you like")
    judging = page.locator("#judging")
    judging.wait_for(state="visible", timeout=ANSWER_MS)
    boxes = judging.locator("input[type=checkbox]")
    assert boxes.count() == 10
    boxes.nth(1).check()
    judging.get_by_role("button", name="Keep my answer").click()
    page.locator("#judged", has_text="Kept: 1 taken").wait_for(timeout=ANSWER_MS)
    assert not judging.is_visible()
    last = FeedbackStore.at(trained_home / FILE).judged()[-1]
    assert last.taken == (last.shown[1],)
    click_example(page, "slow science fiction, no gore", "Rests on what you said")
    assert not judging.is_visible()  # of a catalogue that no model learns from nothing is asked


def test_nobody_is_told_so(page: "playwright.Page") -> None:
    open_shelf(page, "en")
    click_example(page, "Nobody known", "I do not know you yet")
    shoot(page, "recommendation-nobody")
    click_example(page, "User 1 of the data", "Rests on what this user had")


def test_a_catalogue_of_ones_own_answers_at_once(page: "playwright.Page", tmp_path: Path) -> None:
    teas = {
        "name": ["Smoky black tea", "Sweet lemon cake", "Fresh mint tea", "Dark rye bread"],
        "category": list("tctb"),
    }
    pd.DataFrame(teas).to_csv(tmp_path / "shop.csv", index=False)
    open_shelf(page, "en")
    page.get_by_role("tab", name="Your catalogue").click()
    page.set_input_files("#catalogue-file input[type=file]", tmp_path / "shop.csv")
    page.get_by_role("button", name="Read the catalogue").click(timeout=ANSWER_MS)
    page.locator("#catalogue-read", has_text="4 items are read").wait_for(timeout=ANSWER_MS)
    page.get_by_role("tab", name="Try it").click()
    page.get_by_role("radio", name="Your catalogue").check()
    page.wait_for_timeout(1500)
    page.locator("#wish textarea, #wish input").fill("a cup of mint tea")
    page.locator("#wish textarea, #wish input").press("Enter")
    page.locator("#shelf h4").first.wait_for(timeout=ANSWER_MS)
    assert "Fresh mint tea" in titles(page)[0]


def test_a_broken_catalogue_is_told_in_chinese(page: "playwright.Page", tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("id,title\n1,a\n1,b\n", encoding="utf-8")
    open_shelf(page, "zh")
    tab = page.get_by_role("tab", name="您的目录")
    if not tab.is_visible():
        page.locator(".overflow-menu button").first.click()
        tab = page.locator(".overflow-dropdown button", has_text="您的目录")
    tab.click()
    page.set_input_files("#catalogue-file input[type=file]", tmp_path / "twice.csv")
    page.get_by_role("button", name="读入目录").click(timeout=ANSWER_MS)
    page.locator("#catalogue-read .cl-error", has_text="第 2 行").wait_for(timeout=ANSWER_MS)


def test_how_good_it_is(page: "playwright.Page") -> None:
    if page.viewport_size["width"] < 1000:
        pytest.skip("measured once; the table scrolls by itself")
    open_shelf(page, "en")
    page.get_by_role("tab", name="How good is it").click()
    page.get_by_role("button", name="Measure on the test split").click()
    page.locator("#measured", has_text="new people, 3 likes").wait_for(timeout=4 * ANSWER_MS)
    page.locator(".js-plotly-plot").nth(1).wait_for(timeout=ANSWER_MS)
    shoot(page, "recommendation-measured")
