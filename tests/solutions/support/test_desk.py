from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.progress import Listener, silent
from foundation.retrieval.documents import Document
from foundation.retrieval.index import Hit
from solutions.base import Decision
from solutions.client import Client
from solutions.support.desk import Desk, Rating
from solutions.support.gaps import find_gaps
from solutions.support.pipeline import Support
from solutions.support.schema import Act, DialogueState, Language, Sentence, SupportResponse

INTENT = Decision("refund", 0.6, False, {"refund": 0.6, "card": 0.4}, "i")
MOOD = Decision("calm", 1.0, False, {"calm": 1.0}, "m")


def response(act: Act = Act.ANSWER, why: str = "sure", said: str = "Five days.") -> SupportResponse:
    hit = Hit(Document("kb1", "t", said), 1.0, 0.9, 1.0)
    sentences = (Sentence(said, "kb1#1"),)
    return SupportResponse(act, why, sentences, (), Language.EN, INTENT, MOOD, 0.9, (hit,), (), DialogueState())


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    real = request.param == "postgresql"
    opened = Desk(request.getfixturevalue("postgres_url")) if real else Desk.at(tmp_path / "desk.db")
    yield opened
    opened.engine.dispose()


def test_a_turn_is_kept_masked(desk: Desk) -> None:
    desk.record("one", "my card 4111 1111 1111 1111, mail li@example.com", response(said="About 13800138000."))
    (turn,) = desk.transcript("one")
    assert turn.said == "my card [card], mail [e-mail]"
    assert turn.answered == "About [phone]."
    assert (turn.act, turn.intent, turn.article) == (Act.ANSWER, "refund", "kb1")
    assert turn.margin == pytest.approx(0.2)


def test_the_inbox_from_hand_over_to_reply(desk: Desk) -> None:
    desk.record("one", "refund?", response())
    assert desk.waiting() == []
    desk.record("one", "a person!", response(Act.HAND_OVER, "wish"))
    desk.record("one", "hello?", response(Act.HAND_OVER, "waiting"))
    desk.record("two", "AARGH", response(Act.HAND_OVER, "angry"))
    first, second = desk.waiting()
    assert (first.conversation, first.why, len(first.turns)) == ("one", "wish", 3)
    assert second.why == "angry"
    last = first.turns[-1].id
    assert desk.replies("one") == []
    with pytest.raises(InputError, match=r"personal data is not kept, the customer would read 'Write to \[e-mail\]'"):
        desk.reply("one", "Kim", "Write to kim@example.com")
    desk.reply("one", "Kim", "It is on its way.")
    assert [(each.turn, each.text) for each in desk.replies("one")] == [(last, "It is on its way.")]
    assert [each.conversation for each in desk.waiting()] == ["two"]
    with pytest.raises(InputError, match="already"):
        desk.reply("one", "Lee", "Twice")
    with pytest.raises(InputError, match="reply is empty"):
        desk.reply("two", "Kim", " ")


def test_a_conversation_can_wait_again(desk: Desk) -> None:
    first = desk.record("one", "a person!", response(Act.HAND_OVER, "wish"))
    desk.reply("one", "Kim", "Here I am.")
    desk.record("one", "thanks", response())
    assert desk.waiting() == []
    second = desk.record("one", "a person again!", response(Act.HAND_OVER, "wish"))
    assert [each.conversation for each in desk.waiting()] == ["one"]
    (reply,) = desk.replies("one")
    assert reply.turn == first
    assert desk.replies("one", after=reply.id) == []
    desk.reply("one", "Kim", "Again.")
    assert [each.turn for each in desk.replies("one", after=reply.id)] == [second]


def test_ratings(desk: Desk) -> None:
    number = desk.record("one", "refund?", response())
    assert desk.unanswered() == []
    desk.rate(number, Rating.WRONG, "call me at +44 20 7946 0958")
    assert [turn.remark for turn in desk.unanswered()] == ["call me at [phone]"]
    desk.rate(number, Rating.HELPED)
    assert desk.unanswered() == []
    with pytest.raises(InputError, match="no turn 99"):
        desk.rate(99, Rating.HELPED)


def test_a_question_that_was_not_helped_is_a_gap_and_the_complaint_is_none(desk: Desk) -> None:
    desk.record("one", "how do I pay in kroner?", response())
    desk.record("two", "go back", response(Act.ASK, "nothing_before"))
    number = desk.record("one", "that did not help", response(Act.ANSWER, "another"))
    desk.rate(number, Rating.HELPED)
    desk.rate(desk.record("three", "found alone", response(Act.ANSWER, "found")), Rating.HELPED)
    assert [turn.said for turn in desk.unanswered()] == ["how do I pay in kroner?"]
    assert desk.helped() == []
    assert "that did not help" not in {turn.said for turn in desk.to_label()}


def test_a_question_that_a_choice_answered_is_no_gap(desk: Desk) -> None:
    desk.record("one", "card", response(Act.ASK, "vague"))
    desk.record("two", "card?", response(Act.ASK, "vague"))
    desk.record("one", "1", response(Act.ANSWER, "chosen"))
    assert [turn.said for turn in desk.unanswered()] == ["card?"]


def test_what_is_learned_from_is_what_was_acted_on_and_stands_alone(desk: Desk) -> None:
    continued = replace(response(Act.ANSWER, "continued"), state=DialogueState(intent="card"))
    for said in ("block my card", "and abroad?"):
        desk.rate(desk.record("one", said, continued), Rating.HELPED)
    talk = replace(response(Act.ANSWER, "small_talk"), state=DialogueState(intent="card"))
    assert [(row["said"], row["intent"]) for row in desk.helped()] == [("block my card", "card")]
    assert [turn.said for turn in desk.to_label()] == ["block my card"]
    desk.record("two", "hello", talk)
    assert desk.transcript("two")[0].intent == "refund"


def test_of_two_who_reply_at_once_one_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.record("one", "a person!", response(Act.HAND_OVER, "wish"))
    seen = desk.waiting()
    desk.reply("one", "Kim", "Here I am.")
    monkeypatch.setattr(Desk, "waiting", lambda _: seen)  # what Lee saw before Kim's reply was kept
    with pytest.raises(InputError, match="already"):
        desk.reply("one", "Lee", "Here I am, too.")
    assert len(desk.replies("one")) == 1


def test_long_names_of_a_client_are_cut(desk: Desk) -> None:
    hit = Hit(Document("k" * 300, "t", "b"), 1.0, 0.9, 1.0)
    long = Decision("r" * 70, 0.6, False, {"r" * 70: 0.6}, "i")
    desk.record("one", "refund?", replace(response(), hits=(hit,), intent=long))
    assert len(desk.transcript("one")[0].article) == 255


def test_what_to_label_next_is_what_was_nearest(desk: Desk) -> None:
    sure = Decision("refund", 0.99, False, {"refund": 0.99, "card": 0.01}, "i")
    desk.record("one", "easy", SupportResponse(**{**vars(response()), "intent": sure}))
    desk.record("one", "hard", response())
    desk.record("two", "hard", response())
    desk.record("one", "waits", response(Act.HAND_OVER, "waiting"))
    assert [turn.said for turn in desk.to_label()] == ["hard", "easy"]


def test_what_reviewers_label_is_kept_once_with_the_latest_label(desk: Desk) -> None:
    number = desk.record("one", "call 13800138000, where is it", response())
    desk.record("two", "easy", response())
    desk.label(number, "card", "Kim")
    desk.label(number, "refund", "Ada")
    (row,) = desk.labelled()
    assert (row["said"], row["intent"], row["who"]) == ("call [phone], where is it", "refund", "Ada")
    assert [turn.said for turn in desk.to_label()] == ["easy"], "what is labelled need not be labelled next"
    with pytest.raises(InputError, match="who gave it"):
        desk.label(number, "refund", " ")
    with pytest.raises(InputError, match="no turn 99"):
        desk.label(99, "refund", "Kim")


def test_what_helped_is_learned_from_unless_a_reviewer_said_otherwise(desk: Desk) -> None:
    said = ("mail a@example.org where it is", "refund please", "is it open", "chosen")
    numbers = [
        desk.record("one", text, response(*(() if text != "chosen" else (Act.ANSWER, "chosen")))) for text in said
    ]
    for number in (numbers[0], numbers[1], numbers[3]):
        desk.rate(number, Rating.HELPED)
    desk.rate(numbers[2], Rating.WRONG)
    desk.label(numbers[1], "card", "Kim")
    (row,) = desk.helped()
    assert (row["said"], row["intent"], row["who"]) == ("mail [e-mail] where it is", "refund", "customer")
    desk.rate(numbers[0], Rating.NONE)
    assert desk.helped() == [], "the last word counts"


def test_labels_of_the_desk_become_rows_to_learn_from(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="nobody has labelled a message yet"):
        Support.feedback("intent")
    kept = Desk.at(home / "desk.db")
    kept.label(kept.record("one", "where is it", response()), "order_status", "Kim")
    rows = Support.feedback("intent")
    assert rows.drop(columns="at").to_dict(orient="records") == [
        {"text": "where is it", "label": "order_status", "who": "Kim"}
    ]
    path = Client.open_or_new("acme", "support").keep_feedback(rows, "support", "intent")
    assert pd.read_csv(path)["who"].tolist() == ["Kim"]
    with pytest.raises(InputError, match="nobody has corrected an answer of support/mood"):
        Support.feedback("mood")


class Words:
    """An encoder of three words."""

    def encode(self, texts: list[str], listener: Listener = silent) -> np.ndarray:
        known = ("gift", "shop", "pension")
        return np.array([[text.lower().count(word) for word in known] for text in texts], dtype=np.float32)


def test_gaps_are_grouped_the_largest_first() -> None:
    asked = ["pension?", "gift card?", "a gift", "shop hours", "GIFT", "pension plan"]
    gaps = find_gaps(asked, Words(), centre=np.zeros(3))
    assert [(gap.count, set(gap.questions)) for gap in gaps] == [
        (3, {"gift card?", "a gift", "GIFT"}),
        (2, {"pension?", "pension plan"}),
        (1, {"shop hours"}),
    ]
    assert find_gaps([], Words(), np.zeros(3)) == []
    assert find_gaps(["gift"], Words(), np.zeros(3))[0].title == "gift"


def test_what_is_asked_again_counts_again_and_what_is_like_all_else_is_no_error() -> None:
    (gap,) = find_gaps(["gift"] * 3, Words(), np.zeros(3))
    assert (gap.count, gap.questions) == (3, ("gift",))
    # a text that lies at the centre has no direction: it is a group of its own
    assert [gap.count for gap in find_gaps(["gift", "shop", "pension"], Words(), np.array([1.0, 0, 0]))] == [1, 1, 1]
