"""The rules, one by one, on readings made by hand."""

from dataclasses import replace

import pytest

from foundation.retrieval.documents import Document
from foundation.retrieval.index import Hit
from foundation.text.sentences import split_sentences
from foundation.trust.scope import OUT_OF_SCOPE
from solutions.base import Decision
from solutions.support.composer import quote, template, templates
from solutions.support.cues import Cue, Move, read_move
from solutions.support.dialogue import Limits, Reading, judge
from solutions.support.reading import views_of
from solutions.support.schema import Act, DialogueState, Language
from solutions.support.speech import speak

LIMITS = Limits(answer=0.5, angry=0.8, close=0.15, found=2.0, person=0.3)
ARTICLES = [
    Document("kb1", "How do I get a refund?", "Open Orders. Choose the item. Send it.", "refund", "en"),
    Document("kb2", "When is a refund paid?", "After five days.", "refund", "en"),
    Document("kb3", "怎么挂失？", "请立即挂失。", "card", "zh"),
]


def decision(**shares: float) -> Decision:
    best = max(shares, key=shares.__getitem__)
    return Decision(best, shares[best], False, shares, "m")


def reading(text: str = "refund please", options: int = 0, score: float = 0.0, anger: float = 0.0, **other) -> Reading:
    hits = [Hit(document, score - at, 0.9, 1.0) for at, document in enumerate(ARTICLES)]
    made = Reading(
        move=read_move(text, options),
        intent=decision(refund=0.9, card=0.05, talk_to_person=0.03, small_talk=0.02),
        mood=decision(calm=1 - anger, angry=anger),
        outside=False,
        hits=hits,
    )
    return replace(made, **other)


CLOSE = decision(refund=0.4, card=0.35, talk_to_person=0.2, small_talk=0.05)
UNSAID = decision(fees=0.9, card=0.05, refund=0.05)  # sure, but no article is about it
ASKED = DialogueState("refund?", "refund", ("kb1",))


@pytest.mark.parametrize(
    ("case", "state", "act", "why"),
    [
        (reading(), DialogueState(), Act.ANSWER, "sure"),
        (reading(), DialogueState(handed_over=True), Act.HAND_OVER, "waiting"),
        (reading(readable=False), DialogueState(), Act.ASK, "unreadable"),
        (reading("1", 2), DialogueState(options=("card", "refund")), Act.ANSWER, "chosen"),
        (reading("2", 2), DialogueState(options=("card", "talk_to_person")), Act.HAND_OVER, "wish"),
        (reading("go back"), replace(ASKED, before=ASKED), Act.ANSWER, "back"),
        (reading("go back"), ASKED, Act.ASK, "nothing_before"),
        (reading(intent=decision(talk_to_person=0.4, refund=0.3, card=0.3)), DialogueState(), Act.HAND_OVER, "wish"),
        (reading("let me talk to a human being please", outside=True), DialogueState(), Act.HAND_OVER, "wish"),
        (reading("转人工", intent=decision(refund=1.0)), DialogueState(), Act.HAND_OVER, "wish"),
        (reading("I don't want to talk to a person"), DialogueState(), Act.ANSWER, "sure"),
        (reading(intent=decision(refund=1.0)), DialogueState(), Act.ANSWER, "sure"),
        (reading(intent=decision(refund=0.3, out_of_scope=0.7)), DialogueState(), Act.ASK, "unsure"),
        (reading(anger=0.9), DialogueState(), Act.HAND_OVER, "angry"),
        (reading(anger=0.7), DialogueState(), Act.ANSWER, "sure"),
        (reading("that did not help"), ASKED, Act.ANSWER, "another"),
        (reading("that did not help"), replace(ASKED, failures=1), Act.HAND_OVER, "not_helped"),
        (reading("that did not help"), replace(ASKED, shown=("kb1", "kb2", "kb3")), Act.HAND_OVER, "not_helped"),
        (reading(intent=decision(small_talk=0.9, refund=0.1), anger=0.9), DialogueState(), Act.ANSWER, "small_talk"),
        (reading(vague=("card", "refund", "fees")), DialogueState(), Act.ASK, "vague"),
        (reading(outside=True), DialogueState(), Act.REFUSE, "out_of_scope"),
        (reading(outside=True, scrap=True, intent=decision(**{OUT_OF_SCOPE: 0.9, "refund": 0.06, "card": 0.04})),
         DialogueState(), Act.ASK, "unsure"),
        (reading(intent=CLOSE), DialogueState(), Act.ASK, "two_intents"),
        (reading(intent=CLOSE), ASKED, Act.ANSWER, "continued"),
        (reading(intent=CLOSE), replace(ASKED, intent="fees"), Act.ASK, "two_intents"),
        (reading(intent=CLOSE, score=2.5), DialogueState(), Act.ANSWER, "found"),
        (reading(intent=CLOSE), DialogueState(failures=1), Act.HAND_OVER, "not_understood"),
        (reading(intent=UNSAID), DialogueState(), Act.ASK, "unsure"),
        (reading(intent=UNSAID, score=2.5), DialogueState(), Act.ANSWER, "sure"),
        (reading(readable=False), DialogueState(failures=1), Act.ASK, "unreadable"),
        (reading(readable=False), DialogueState(failures=2), Act.HAND_OVER, "not_understood"),
        (reading(vague=("card", "refund", "fees")), DialogueState(failures=2), Act.HAND_OVER, "not_understood"),
        (reading("go back"), DialogueState(failures=2), Act.HAND_OVER, "not_understood"),
    ],
)  # fmt: skip
def test_rules(case: Reading, state: DialogueState, act: Act, why: str) -> None:
    verdict = judge(case, state, LIMITS)
    assert (verdict.act, verdict.why) == (act, why)


def take(case: Reading, state: DialogueState, question: str = "refund please", language: Language = Language.EN):
    return speak(judge(case, state, LIMITS), case, state, question, (), language)


def test_every_span_is_of_an_article_or_a_template() -> None:
    known = {text for texts in templates().values() for text in texts.values()}
    for case, state in [
        (reading(), DialogueState()),
        (reading(anger=0.9), DialogueState()),
        (reading("that did not help"), ASKED),
        (reading(outside=True), DialogueState()),
        (reading(intent=CLOSE), DialogueState()),
    ]:
        for sentence in take(case, state).sentences:
            if sentence.source.startswith("template:"):
                assert sentence.text in known
            else:
                article, _, number = sentence.source.partition("#")
                body = next(each.body for each in ARTICLES if each.id == article)
                assert sentence.text == split_sentences(body)[int(number) - 1]


def test_another_article_after_one_that_did_not_help() -> None:
    spoken = take(reading("that did not help"), ASKED)
    assert [sentence.source for sentence in spoken.sentences] == ["template:another", "kb2#1"]
    assert spoken.state.failures == 1
    assert spoken.state.shown == ("kb1", "kb2")


def test_an_answer_ends_a_run_of_failures_and_can_be_gone_back_to() -> None:
    spoken = take(reading(), replace(ASKED, failures=1), "when is it paid?")
    assert spoken.state.failures == 0
    assert spoken.state.before is not None
    assert spoken.state.before.question == "refund?"
    back = Reading(Move(Cue.BACK, "back"), decision(refund=0.9, card=0.1), decision(calm=1.0), False, reading().hits)
    assert take(back, spoken.state, "refund?").state.question == "refund?"


def test_a_choice_is_no_question_to_go_back_to() -> None:
    """Refund answered, "card" asked about, the first option chosen: what was answered before is the refund."""
    asked = take(reading("card", intent=CLOSE), replace(ASKED, intent="fees"), "card").state
    assert (asked.question, asked.shown) == ("card", ())
    chosen = take(reading("1", len(asked.options)), asked, "card").state
    assert chosen.before is not None
    assert chosen.before.question == "refund?"
    first = take(reading("card", intent=CLOSE), DialogueState(), "card").state
    assert take(reading("1", len(first.options)), first, "card").state.before is None


def test_the_past_does_not_grow() -> None:
    state = DialogueState()
    for turn in range(50):
        state = take(reading(), state, f"question {turn}").state
    assert state.before is not None
    assert state.before.before is None


def test_an_article_in_another_language_says_so() -> None:
    hits = reading().hits[:1]
    spoken = take(reading(hits=hits), DialogueState(), language=Language.ZH)
    assert spoken.sentences[0] == template("other_language", Language.ZH)


def test_sentences_that_share_words_are_quoted_in_order() -> None:
    body = "Refunds are free. We pack by hand. Cards take five days. Vouchers take one. Call us."
    said = quote(Document("k", "t", body), "how many days for cards or vouchers?")
    assert [sentence.source for sentence in said] == ["k#1", "k#3", "k#4"]


def test_templates_are_in_both_languages() -> None:
    for name, texts in templates().items():
        assert set(texts) == {"en", "zh"}, name


def test_what_is_written_in_place_of_a_choice_follows_the_question() -> None:
    asked = DialogueState(question="card", options=("card_delivery", "lost_card"))
    written = read_move("the new one never came", options=2)
    assert views_of(written, asked) == ["the new one never came", "card the new one never came"]
    assert views_of(read_move("1", options=2), asked) == ["card"]
    assert views_of(written, replace(asked, options=())) == ["the new one never came"]
