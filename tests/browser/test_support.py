"""The support page: a conversation, the reasons beside it, the person behind it, one's own knowledge base."""

import re
from pathlib import Path

import pytest

from solutions.support.desk import Desk
from tests.browser.conftest import ANSWER_MS, IN_A_BROWSER, shoot

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = IN_A_BROWSER


def open_support(page: "playwright.Page", language: str) -> None:
    """Open the page, and wait until it is ready to type into."""
    page.goto(f"/{language}/support")
    page.wait_for_selector("#message textarea:visible")
    page.wait_for_function("document.activeElement.tagName === 'TEXTAREA'")


def open_tab(page: "playwright.Page", name: str) -> None:
    """Open a tab; on a phone the last ones stand in the menu behind the dots."""
    tab = page.get_by_role("tab", name=name)
    if not tab.is_visible():
        page.locator(".overflow-menu > button").first.click()
        tab = page.locator(".overflow-dropdown button", has_text=name).first
    tab.click()


def say(page: "playwright.Page", text: str, act: str) -> str:
    """Send a message, wait until the reasons name the act, and return the last message of the chat."""
    page.fill("#message textarea", text)
    page.press("#message textarea", "Enter")
    page.locator("#reasons h3", has_text=act).wait_for(timeout=ANSWER_MS)
    page.wait_for_function("document.querySelector('#message textarea').value === ''")
    page.wait_for_timeout(600)  # the answer is streamed
    return page.locator("#chat .bot.message").last.inner_text()


def test_a_conversation(page: "playwright.Page") -> None:
    open_support(page, "en")
    assert "AI assistant" in page.inner_text("#chat")
    shoot(page, "support-empty")
    answer = say(page, "Where is my parcel? The order is TW-48213907.", "Answered")
    assert "TW-48213907" in answer
    assert re.search(r"\[kb00[12]#1", answer)
    assert "Where an order is" in page.inner_text("#reasons")
    assert re.search(r"support-intent-[0-9a-f]{8}", page.inner_text("body"))
    shoot(page, "support-answer")
    page.locator("#chat").get_by_role("button", name="Like", exact=True).last.click()
    page.get_by_text("this is kept for the desk").first.wait_for()
    say(page, "what is the weather in Oslo", "Refused")
    say(page, "<b>I want</b> to talk to a human <script>alert(1)</script>", "Handed to a person")
    assert "<script>alert(1)</script>" in page.locator("#chat .user.message").last.inner_text()
    shoot(page, "support-hand-over")


def test_a_conversation_in_chinese(page: "playwright.Page") -> None:
    open_support(page, "zh")
    assert "AI助手" in page.inner_text("#chat")
    assert "欧元" in say(page, "在国外刷卡要手续费吗", "已作答")
    shoot(page, "support-answer-zh")
    page.get_by_role("button", name="新的对话").click()
    page.locator("#reasons .cl-empty").wait_for()


def test_a_choice_by_button(page: "playwright.Page") -> None:
    open_support(page, "en")
    say(page, "card", "Asked back")
    shoot(page, "support-ask")
    page.locator("#chat").get_by_role("button", name=re.compile("card|Card")).first.click()
    page.locator("#reasons", has_text="The customer chose").wait_for(timeout=ANSWER_MS)


def test_an_error_is_told_and_the_message_stays(page: "playwright.Page") -> None:
    open_support(page, "zh")
    page.fill("#message textarea", "长" * 4001)
    page.press("#message textarea", "Enter")
    page.locator("#reasons .cl-error", has_text="4,000").wait_for(timeout=ANSWER_MS)
    assert len(page.input_value("#message textarea")) == 4001


def test_a_person_replies(page: "playwright.Page") -> None:
    open_support(page, "en")
    say(page, f"I want to speak to a real person, case {page.viewport_size['width']}", "Handed to a person")
    open_tab(page, "Inbox")
    page.locator("#inbox-summary", has_text="Waiting for a person").wait_for(timeout=ANSWER_MS)
    page.locator("#inbox-choose input").click()
    page.get_by_role("option").last.click()  # who has waited the shortest
    page.locator("#inbox-transcript", has_text=f"case {page.viewport_size['width']}").wait_for()
    page.fill("#inbox-reply textarea", "Kim here, how can I help?")
    shoot(page, "support-inbox")
    page.get_by_role("button", name="Send and close").click()
    open_tab(page, "Chat")
    page.locator("#chat", has_text="Kim here, how can I help?").wait_for(timeout=ANSWER_MS)


def test_a_reviewer_labels_what_would_teach_most(page: "playwright.Page", trained_home: Path) -> None:
    open_support(page, "en")
    text = f"the thing about the money and the card at {page.viewport_size['width']}"
    page.fill("#message textarea", text)
    page.press("#message textarea", "Enter")
    page.locator("#reasons h3").wait_for(timeout=ANSWER_MS)
    open_tab(page, "Inbox")
    page.locator("#label-message input").click()
    page.get_by_role("option", name=text[:40]).first.click()
    page.locator("#label-intent input").click()
    page.get_by_role("option", name="Refund", exact=True).click()
    page.get_by_role("button", name="Keep").click()
    page.locator("[role=alert]", has_text="who gave it").wait_for()
    page.fill("#label-who input, #label-who textarea", "Kim")
    shoot(page, "support-label")
    page.get_by_role("button", name="Keep").click()
    page.locator("[role=alert]").wait_for(state="detached")
    kept = Desk.at(trained_home / "desk.db").labelled()
    assert (text, "refund_status", "Kim") in {(row["said"], row["intent"], row["who"]) for row in kept}


def test_old_conversations_propose_articles(page: "playwright.Page") -> None:
    open_support(page, "en")
    open_tab(page, "Knowledge base")
    page.get_by_role("button", name="Propose articles").click()
    page.locator("#proposals .cl-error", has_text="no file is chosen").wait_for(timeout=ANSWER_MS)
    page.get_by_role("button", name="Take the sample").click()
    page.locator("#proposals table", has_text="gift wrap").wait_for(timeout=ANSWER_MS)
    shoot(page, "support-proposals")
    page.get_by_role("button", name="Add what is missing").click()
    page.locator("#proposals", has_text="were added: test a question above").wait_for(timeout=ANSWER_MS)
    page.locator("#articles", has_text="144 articles").wait_for(state="detached", timeout=ANSWER_MS)
    page.fill("#test-question textarea", "do you do gift wrap?")
    page.press("#test-question textarea", "Enter")
    page.locator("#test-hits", has_text="proposed.csv").wait_for(timeout=ANSWER_MS)


def test_ones_own_knowledge_base(page: "playwright.Page", tmp_path: Path) -> None:
    open_support(page, "en")
    open_tab(page, "Knowledge base")
    page.locator("#articles", has_text="144 articles").wait_for()
    (tmp_path / "faq.md").write_text("# Where is my parcel?\nAsk the blue owl.\n# Opening hours?\nNever on Sundays.")
    page.set_input_files("input[type=file]", tmp_path / "faq.md")
    page.get_by_role("button", name="Index these").click()
    page.locator("#articles", has_text="2 articles").wait_for(timeout=ANSWER_MS)
    page.fill("#test-question textarea", "when do you open")
    page.press("#test-question textarea", "Enter")
    page.locator("#test-hits", has_text="Opening hours?").wait_for(timeout=ANSWER_MS)
    shoot(page, "support-knowledge")
    open_tab(page, "Chat")
    assert "blue owl" in say(page, "where is my parcel", "Answered")
    (tmp_path / "bad.csv").write_text("text,reply\nx,y\n")
    open_tab(page, "Knowledge base")
    page.set_input_files("input[type=file]", tmp_path / "bad.csv")
    page.get_by_role("button", name="Index these").click()
    page.locator("#articles .cl-error", has_text="no column of questions").wait_for(timeout=ANSWER_MS)
