import pytest

from apps.components import decision_card, error, header, shown_errors, trust_strip, worded
from apps.locale import Language, locale
from foundation.errors import InputError
from foundation.trust.explanation import WordWeight
from solutions.base import Decision

EN, ZH = locale(Language.EN), locale(Language.ZH)
NAMES = {"negative": "Negative", "positive": "Positive"}
EVIL = "<script>alert(1)</script>"


def decide(*, abstained: bool) -> Decision:
    return Decision("negative", 0.91, abstained, {"negative": 0.91, "positive": 0.09}, "finance-tone-0")


def test_a_sure_answer_comes_in_words_first() -> None:
    html = decision_card(EN, "Tone", decide(abstained=False), NAMES, 0.8)
    assert "Negative, 91% sure" in html
    assert html.index("91% sure") < html.index("cl-bars")
    assert "▼" in html


def test_an_unsure_answer_says_between_what() -> None:
    html = decision_card(EN, "Tone", decide(abstained=True), NAMES, 0.95)
    assert "Unsure: Negative (91%) or Positive (9%)" in html
    assert "a person should look" in html


def test_words_are_marked_where_they_stand() -> None:
    weights = (WordWeight("fell", 7, 0.4), WordWeight("not", 12, -0.2), WordWeight("much", 16, 0.001))
    html = worded(EN, "profit fell not much", weights, "Negative")
    assert '<mark class="cl-for"' in html
    assert ">fell</mark>" in html
    assert '<mark class="cl-against"' in html
    assert ">much</mark>" not in html
    assert worded(EN, "profit", (WordWeight("profit", 0, 0.001),), "x").count("No single word") == 1


def test_what_comes_from_outside_is_escaped() -> None:
    weights = (WordWeight("script", 1, 0.5),)
    shown = (
        error(EN, EVIL),
        worded(EN, EVIL, weights, EVIL),
        trust_strip(EN, [(EVIL, [EVIL])], 1.0),
        decision_card(EN, EVIL, decide(abstained=True), {"negative": EVIL, "positive": EVIL}, 0.5),
        header(EN, {"": EVIL}, ""),
    )
    assert not [html for html in shown if "<script>" in html]


def test_header_leads_to_the_same_page_in_the_other_language() -> None:
    assert 'href="/zh/finance" lang="zh"' in header(EN, {"": "Home", "finance": "Finance"}, "finance")
    assert 'href="/en/finance" lang="en"' in header(ZH, {"": "首页", "finance": "金融"}, "finance")


def test_errors_become_a_panel_and_nothing_else_changes(caplog: pytest.LogCaptureFixture) -> None:
    @shown_errors(EN, ["kept"])
    def mistaken() -> tuple[str, str]:
        raise InputError("got a, expected b")

    @shown_errors(EN, ["kept"])
    def broken() -> tuple[str, str]:
        raise ZeroDivisionError("secret detail")

    panel, kept = mistaken()
    assert "got a, expected b" in panel
    assert kept == "kept"
    panel, _ = broken()
    assert "ZeroDivisionError" in panel
    assert "secret detail" not in panel
    assert "secret detail" in caplog.text
