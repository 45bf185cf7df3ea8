from dataclasses import replace

from apps.locale import Language, locale
from apps.pages.support.session import Answered, Session, written
from solutions.support.desk import Reply
from solutions.support.schema import Act, DialogueState
from tests.solutions.support.test_desk import response

EN = locale(Language.EN)
WAITING = DialogueState(handed_over=True)


def talk(*acts: Act) -> Session:
    turns = tuple(Answered(f"said {at} <b>", response(act), at, 1.0) for at, act in enumerate(acts, start=1))
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
    asked = Answered("card", response(Act.ASK, "two_intents"), 1, 1.0)
    asked = Answered("card", type(asked.response)(**{**vars(asked.response), "options": ("card", "pin")}), 1, 1.0)
    message = Session(turns=(asked,)).messages(EN, {"card": "Cards"})[-1]
    assert message["options"] == [{"value": "1", "label": "Cards"}, {"value": "2", "label": "pin"}]


def test_two_visitors_have_two_conversations() -> None:
    assert Session().id != Session().id


def test_what_is_no_quote_has_no_source() -> None:
    assert written(type(response())(**{**vars(response()), "sentences": ()})) == ""
