from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from apps.locale import Language, locale
from apps.pages.support import talk as talk_module
from apps.pages.support.session import Answered, Session, written
from apps.pages.support.talk import Talk
from solutions.support.desk import Desk, Rating, Reply
from solutions.support.schema import Act, DialogueState, SupportRequest, SupportResponse
from tests.solutions.support.test_desk import response

EN = locale(Language.EN)
WAITING = DialogueState(handed_over=True)


def talk(*acts: Act) -> Session:
    turns = tuple(Answered(f"said {at} <b>", response(act), at, 1.0, "") for at, act in enumerate(acts, start=1))
    return Session(turns=turns)


def test_messages_open_with_what_answers_here_and_show_html_as_text() -> None:
    opening, said, answered = talk(Act.ANSWER).messages(EN, {})
    assert "AI" in opening["content"]
    assert said["content"] == "said 1 &lt;b&gt;"
    assert answered["content"] == "Five days.\n\n[kb1#1]"


def from_kim(turn: int, number: int = 1) -> Reply:
    return Reply(number, turn, "Kim here")


def test_a_reply_stands_behind_the_turn_that_it_answers() -> None:
    session = talk(Act.HAND_OVER).replied(from_kim(1))
    later = Session(session.id, (*session.turns, *talk(Act.ANSWER).turns), session.replies)
    contents = [message["content"] for message in later.messages(EN, {})]
    assert [content.startswith("[A person] Kim") for content in contents] == [False, False, False, True, False, False]
    assert [later.turn_at(index) for index in range(6)] == [-1, 0, 0, 0, 1, 1]


def test_after_a_reply_the_assistant_listens_until_it_hands_over_again() -> None:
    handed = talk(Act.HAND_OVER)
    assert not handed.replied(from_kim(1)).state.handed_over
    assert handed.replied(from_kim(1)).before(0).replies == ()


def test_who_wrote_on_before_the_reply_was_read_reads_it_and_waits_on() -> None:
    session = talk(Act.HAND_OVER, Act.HAND_OVER)
    session = replace(
        session, turns=tuple(replace(turn, response=replace(turn.response, state=WAITING)) for turn in session.turns)
    )
    heard = session.replied(from_kim(1, 7))
    assert heard.heard == 7
    assert heard.state.handed_over
    contents = [message["content"] for message in heard.messages(EN, {})]
    assert contents[3] == "[A person] Kim here"
    assert not heard.replied(from_kim(2, 8)).state.handed_over


def test_options_are_buttons() -> None:
    asked = Answered("card", response(Act.ASK, "two_intents"), 1, 1.0, "card")
    asked = Answered(
        "card", type(asked.response)(**{**vars(asked.response), "options": ("card", "pin")}), 1, 1.0, "card"
    )
    message = Session(turns=(asked,)).messages(EN, {"card": "Cards"})[-1]
    assert message["options"] == [{"value": "1.1", "label": "Cards"}, {"value": "1.2", "label": "pin"}]


def test_two_visitors_have_two_conversations() -> None:
    assert Session().id != Session().id


def test_what_is_no_quote_has_no_source() -> None:
    assert written(type(response())(**{**vars(response()), "sentences": ()})) == ""


class Assistant:
    """Asks about a card; answers whatever else it is told, with that."""

    knowledge = None

    def predict(self, requests: Sequence[SupportRequest]) -> list[SupportResponse]:
        return [self.answered(request) for request in requests]

    def answered(self, request: SupportRequest) -> SupportResponse:
        if request.text == "card":
            asked = replace(response(Act.ASK, "two_intents"), options=("card", "pin"))
            return replace(asked, state=DialogueState(options=asked.options))
        return response(said=f"You said {request.text}.")

    def with_risk(self, _: str) -> "Assistant":
        return self


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Talk:
    kept = Desk("sqlite://")
    for module in ("session", "talk"):
        monkeypatch.setattr(f"apps.pages.support.{module}.desk", lambda: kept)
    monkeypatch.setattr("apps.pages.support.talk.reason_panel", lambda *_: "")
    made = Talk.__new__(Talk)
    made.solution, made.words, made.names = Assistant(), EN, {"intent": {"card": "Cards"}}  # type: ignore[assignment]
    return made


def last(shown: Iterator[tuple[Any, ...]]) -> Session:
    session = list(shown)[-1][2]
    assert isinstance(session, Session)
    return session


def at(index: int, value: str = "") -> Any:
    return SimpleNamespace(index=index, value=value, liked="Dislike")


def kept(session: Session) -> list[str]:
    return [turn.said for turn in talk_module.desk().transcript(session.id)]


def test_what_is_taken_again_is_kept_once(chat: Talk) -> None:
    session = last(chat.answer("one", None, None, "0.2"))
    session = last(chat.answer("two", session, None, "0.2"))
    session = last(chat.retry(session, None, "0.2", at(4)))
    assert [turn.said for turn in session.turns] == kept(session) == ["one", "two"]
    session = last(chat.edit(session, None, "0.2", at(1, "three &lt;3")))
    assert [turn.said for turn in session.turns] == kept(session) == ["three <3"]
    chat_error = list(chat.edit(session, None, "0.2", at(1, " ")))
    assert "empty" in str(chat_error[-1][1])
    assert kept(session) == ["three <3"], "what could not be read takes nothing away"


def test_a_button_is_a_choice_once_and_can_be_taken_again(chat: Talk) -> None:
    asked = last(chat.answer("card", None, None, "0.2"))
    chosen = last(chat.choose(asked, None, "0.2", at(0, "1.1")))
    assert [turn.said for turn in chosen.turns] == ["card", "Cards"]
    assert chosen.turns[1].response.text == "You said 1."
    again = last(chat.retry(chosen, None, "0.2", at(4)))
    assert again.turns[1].response.text == "You said 1."
    more = last(chat.answer("card", chosen, None, "0.2"))
    # a button of an earlier turn changes nothing: all outputs are skipped, and not blanked
    assert list(chat.choose(more, None, "0.2", at(0, "1.2"))) == [(gr.skip(),) * 5]


def test_a_thumb_and_its_reason_are_kept(chat: Talk) -> None:
    session = last(chat.answer("one", None, None, "0.2"))
    chat.rate(session, at(2))
    assert talk_module.desk().transcript(session.id)[0].rating is Rating.WRONG
