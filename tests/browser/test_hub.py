"""The hub in a real Chromium: both languages, both sizes, what goes right and what goes wrong."""

import re
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from solutions.corrections import Corrections
from solutions.finance.monitor.monitor import Monitor
from solutions.finance.monitor.records import AlertState
from solutions.finance.monitor.store import MonitorStore
from tests.browser.conftest import ANSWER_MS, IN_A_BROWSER, shoot
from tests.conftest import ROOT
from tests.solutions.finance.monitor.conftest import START, KeywordFinance, ListSource, history

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = IN_A_BROWSER


def open_finance(page: "playwright.Page", language: str) -> None:
    """Open the page, and wait until it is ready to type into: it takes the focus when it has settled."""
    page.goto(f"/{language}/finance")
    page.wait_for_selector("textarea:visible")
    page.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")


def read(page: "playwright.Page", text: str) -> str:
    box = page.locator("textarea:visible")
    box.fill(text)
    box.press("Enter")
    page.wait_for_selector(".cl-answer, .cl-error", timeout=ANSWER_MS)
    return page.inner_text("#answer")


@pytest.mark.parametrize(("language", "sentence"), [("en", "Industry AI"), ("zh", "行业")])
def test_landing(page: "playwright.Page", language: str, sentence: str) -> None:
    page.goto(f"/{language}/")
    page.wait_for_selector(".cl-card")
    assert sentence in page.inner_text(".cl-hero")
    assert "headlines (804" in page.inner_text(".cl-card")
    assert page.evaluate("document.documentElement.lang").startswith(language)
    shoot(page, f"landing-{language}")
    page.click(".cl-open")
    page.wait_for_selector("textarea:visible")
    assert page.url.endswith(f"/{language}/finance")


def test_an_english_and_a_chinese_headline(page: "playwright.Page") -> None:
    open_finance(page, "en")
    shoot(page, "try-empty-en")
    answer = read(page, "Harlund Shipyards lifts its profit guidance after winning its largest order in a decade")
    assert re.search(r"Positive, \d+% sure", answer)
    assert "Earnings" in answer
    assert re.search(r"finance-tone-[0-9a-f]{8}", answer)
    shoot(page, "try-answer-en")
    open_finance(page, "zh")
    answer = read(page, "受原料涨价拖累，云杉电机预计上半年由盈转亏")
    assert re.search(r"负面，把握 \d+%", answer)
    assert page.locator(".cl-words mark").count() > 0
    shoot(page, "try-answer-zh")


def test_an_example_answers_at_one_click(page: "playwright.Page") -> None:
    open_finance(page, "zh")
    page.locator(".gallery-item").first.click()
    page.wait_for_selector(".cl-answer", timeout=ANSWER_MS)


def test_a_wrong_answer_is_corrected(page: "playwright.Page", trained_home: Path) -> None:
    open_finance(page, "zh")
    page.fill(".cl-input textarea", "云杉电机的工会投票决定下周罢工")
    page.click("#correct > button")
    page.get_by_role("button", name="保存", exact=True).click()
    page.locator("#corrected .cl-error", has_text="请选择正确的答案").wait_for(timeout=ANSWER_MS)
    page.get_by_label("语气").last.click()
    page.get_by_role("option", name="负面").click()
    page.get_by_label("标注人").fill("小金")
    page.get_by_role("button", name="保存", exact=True).click()
    page.locator("#corrected", has_text="已保存 1 项").wait_for(timeout=ANSWER_MS)
    rows = Corrections.at(trained_home / "corrections.db").rows("finance", "tone")
    assert rows.iloc[-1][["text", "label", "who"]].tolist() == ["云杉电机的工会投票决定下周罢工", "negative", "小金"]


def test_no_words_is_an_error_that_says_what_to_do(page: "playwright.Page") -> None:
    open_finance(page, "en")
    answer = read(page, "🙂 !!!")
    assert "expected a headline, a comment or an article" in answer
    assert page.locator("textarea:visible").input_value() == "🙂 !!!"
    shoot(page, "try-error-en")


def test_markup_is_shown_as_text(page: "playwright.Page") -> None:
    open_finance(page, "en")
    read(page, "<img src=x onerror=document.title='owned'> profit fell sharply after a loss")
    assert page.title() != "owned"
    assert page.locator("#answer img").count() == 0


def test_a_table_becomes_a_plot_and_a_broken_one_an_error(page: "playwright.Page", tmp_path: Path) -> None:
    frame = pd.read_csv(ROOT / "datasets" / "finance" / "headlines" / "sample.csv").rename(columns={"text": "标题"})
    frame[["time", "标题"]].iloc[-90:].to_csv(tmp_path / "news.csv", index=False)
    (tmp_path / "gbk.csv").write_text("text\n央行下调利率\n", encoding="gb18030")
    (tmp_path / "broken.csv").write_text('text\n"unclosed\n')
    page.goto("/en/finance")
    page.get_by_role("tab", name="Batch").click()
    shoot(page, "batch-empty-en")
    upload = page.locator("input[type=file]").first
    upload.set_input_files(tmp_path / "gbk.csv")
    page.wait_for_selector("#batch-summary .cl-error", timeout=ANSWER_MS)
    assert "it looks like gb18030" in page.inner_text("#batch-summary")
    shoot(page, "batch-error-en")
    page.get_by_label("Remove", exact=False).or_(page.get_by_label("Clear", exact=False)).first.click()
    upload = page.locator("input[type=file]").first
    upload.set_input_files(tmp_path / "broken.csv")
    page.wait_for_function("document.querySelector('#batch-summary').innerText.includes('not a well-formed')")
    page.get_by_label("Remove", exact=False).or_(page.get_by_label("Clear", exact=False)).first.click()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "news.csv")
    page.get_by_role("button", name="Score the table").and_(page.locator(":enabled")).click(timeout=ANSWER_MS)
    page.wait_for_selector("#batch-plot .main-svg", timeout=ANSWER_MS)
    assert "90 texts read" in page.inner_text("#batch-summary")
    assert "% negative" in page.inner_text("#batch-plot")
    assert page.locator(".cl-worst tbody tr").count() > 0
    with page.expect_download() as download:
        page.locator("#batch-download a[download]").first.click()
    scored = pd.read_csv(download.value.path())
    assert len(scored) == 90
    assert {"tone", "tone_confidence", "topic", "model", "error"} <= set(scored)
    shoot(page, "batch-plot-en")


def test_how_good_and_which_model(page: "playwright.Page") -> None:
    page.goto("/zh/finance")
    page.get_by_role("tab", name="效果如何").click()
    page.get_by_role("button", name="在测试集上评估").click()
    page.wait_for_selector(".cl-summary", timeout=ANSWER_MS)
    assert "条未见过的样本上正确率" in page.inner_text(".cl-summary")
    page.wait_for_selector(".main-svg", timeout=ANSWER_MS)
    shoot(page, "measure-zh")
    page.get_by_role("tab", name="模型").click()
    assert "finance-tone-" in page.inner_text("body")
    shoot(page, "model-zh")


def test_language_and_colour_mode_are_remembered(page: "playwright.Page") -> None:
    open_finance(page, "en")
    page.click(".cl-tools a")
    page.wait_for_selector("text=粘贴一条标题")
    page.click(".cl-tools button")
    page.wait_for_function("document.body.classList.contains('dark')")
    page.goto("/")
    page.wait_for_selector(".cl-card")
    assert page.url.endswith("/zh/")
    page.wait_for_function("document.body.classList.contains('dark')")
    shoot(page, "landing-zh-dark")


def test_the_keyboard_is_enough(page: "playwright.Page") -> None:
    open_finance(page, "en")
    box = page.locator("textarea:visible")
    box.fill("Profit doubled on strong orders")
    for _ in range(10):  # a page that is still settling may take the focus away once
        box.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Read it":
            break
        page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.innerText") == "Read it"
    assert box.input_value() == "Profit doubled on strong orders"
    page.keyboard.press("Enter")
    page.wait_for_selector(".cl-answer", timeout=ANSWER_MS)


def test_alerts_are_seen_and_acknowledged(page: "playwright.Page", trained_home: Path, tmp_path: Path) -> None:
    page.goto("/en/finance")
    page.get_by_role("tab", name="Live").click()
    if not (trained_home / "monitor.db").exists():
        page.wait_for_selector("text=Nothing is watched yet")
        shoot(page, "live-empty-en")
        watched = Monitor(
            KeywordFinance(),
            MonitorStore.at(trained_home / "monitor.db"),
            [ListSource(history(40, surge_days=1), 1000)],
        )
        while watched.turn(START + timedelta(days=40)).more:
            pass
        page.click("text=Look again")
    page.wait_for_selector("#live-alerts >> text=Credit and default")
    assert "usually 2" in page.inner_text("#live-alerts")
    page.wait_for_selector("#live-plot .js-plotly-plot")
    assert "loan bad" in page.inner_text("ol.cl-sentences")
    shoot(page, "live-en")
    note = f"seen at {page.viewport_size['width']} pixels"
    page.get_by_label("Alert", exact=True).click()
    page.get_by_role("option").first.click()
    page.get_by_label("Note (optional)").fill(note)
    page.get_by_role("button", name="Acknowledge").click()
    page.wait_for_selector(f"#live-alerts >> text={note}")
    assert "✓" in page.inner_text("#live-alerts")
    page.goto("/zh/finance")
    page.get_by_role("tab", name="实时").click()
    page.wait_for_selector(f"#live-alerts >> text={note}")
    shoot(page, "live-zh")
    store = MonitorStore.at(trained_home / "monitor.db")
    (tmp_path / "names.csv").write_text("name,aliases\nHarlund,哈伦\n", encoding="utf-8")
    page.click("#live-companies > button")
    page.set_input_files("#live-companies input[type=file]", tmp_path / "names.csv")
    page.locator("#live-companies", has_text="1 家公司：Harlund").wait_for(timeout=ANSWER_MS)
    assert [company.name for company in store.watch_list().companies] == ["Harlund"]
    store.change(store.alerts()[0].id, AlertState.OPEN, "test")  # for the other width


def test_an_archive_that_cannot_be_read_is_told_until_another_is_begun(page: "playwright.Page", tmp_path: Path) -> None:
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    page.goto("/zh/finance")
    page.get_by_role("tab", name="实时").click()
    page.get_by_text("使用自己的历史数据").click()
    archive = page.locator(".block", has=page.get_by_text("历史数据：含")).last
    archive.locator("input[type=file]").set_input_files(tmp_path / "wrong.csv")
    page.get_by_role("button", name="回放我的文件").click()
    told = page.locator("#replay-status .cl-error", has_text="wrong.csv")
    told.wait_for(timeout=ANSWER_MS)
    page.wait_for_timeout(2000)
    assert told.is_visible()


def test_the_sample_is_replayed_and_a_day_is_picked(page: "playwright.Page", trained_home: Path) -> None:
    (trained_home / "monitor.db").unlink(missing_ok=True)
    wide = page.viewport_size["width"] > 600
    page.goto("/en/finance" if wide else "/zh/finance")
    page.get_by_role("tab", name="Live" if wide else "实时").click()
    page.get_by_label(re.compile("^(number input for|range slider for).*(Days a second|每秒回放天数)")).first.fill("60")
    page.get_by_role("button", name="Replay the sample" if wide else "回放示例").click()
    page.wait_for_selector("#live-plot .js-plotly-plot", timeout=ANSWER_MS)
    page.wait_for_selector("text=/was found after 10 hours|[^0-9]10 小时后发现/", timeout=2 * ANSWER_MS)
    shoot(page, f"replay-{'en' if wide else 'zh'}")
    assert "Harrow" in page.inner_text("ol.cl-sentences")
    point = page.locator("#live-plot .scatterlayer .points path").last
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.wait_for_selector("#live-plot .hoverlayer .hovertext")
    page.mouse.click(*middle)
    page.wait_for_function("document.querySelector('#live-day input').value.startsWith('2026-04-')")
    page.locator("#live-day input").fill("2026-04-15")
    page.wait_for_selector("h3 >> text=2026-04-15")
    page.get_by_role("button", name="Leave the replay" if wide else "退出回放").click()
    page.wait_for_selector("text=/Nothing is watched yet|还没有监测任何来源/")
