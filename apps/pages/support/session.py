"""A visitor's conversation: what was said, and the state of the dialogue before each turn."""

import time
from dataclasses import dataclass, field, replace
from functools import cache
from html import escape
from typing import Any
from uuid import uuid4

from apps.locale import Locale
from foundation.settings import settings
from solutions.support.desk import Desk, Reply
from solutions.support.pipeline import Support
from solutions.support.schema import DialogueState, SupportRequest, SupportResponse

__all__ = ["Answered", "Session", "desk"]


@cache
def desk() -> Desk:
    """Return the desk of this machine."""
    return Desk.at(settings().said_in("desk.db"))


@dataclass(frozen=True)
class Answered:
    """A turn that was taken.

    Attributes
    ----------
    said : str
        As the visitor sees it.
    response : SupportResponse
    number : int
        At the desk.
    milliseconds : float
    sent : str
        What the assistant read: of a choice by a button, its number.
    """

    said: str
    response: SupportResponse
    number: int
    milliseconds: float
    sent: str


@dataclass(frozen=True)
class Session:
    """One visitor's conversation.

    Attributes
    ----------
    id : str
    turns : tuple of Answered
    replies : tuple of (int, str)
        What a person wrote once the conversation was handed over, and after how many turns.
    heard : int
        Number of the last reply that was shown.
    again : tuple of int
        Numbers of the turns that are being taken again: the desk forgets them once the new one is kept.
    """

    id: str = field(default_factory=lambda: str(uuid4()))
    turns: tuple[Answered, ...] = ()
    replies: tuple[tuple[int, str], ...] = ()
    heard: int = 0
    again: tuple[int, ...] = ()

    @property
    def state(self) -> DialogueState:
        """The state of the dialogue; after a person's reply the assistant listens again."""
        state = self.turns[-1].response.state if self.turns else DialogueState()
        replied = bool(self.replies) and self.replies[-1][0] == len(self.turns)
        return replace(state, handed_over=False, failures=0) if replied else state

    def before(self, turn: int) -> "Session":
        """Return the conversation as it was before a turn, to take it again."""
        replies = tuple(said for said in self.replies if said[0] <= turn)
        again = tuple(taken.number for taken in self.turns[turn:])
        return replace(self, turns=self.turns[:turn], replies=replies, again=again)

    def replied(self, reply: Reply) -> "Session":
        """Return the conversation with a person's reply; one who wrote on meanwhile waits for the next."""
        count = sum(turn.number <= reply.turn for turn in self.turns)
        return replace(self, replies=(*self.replies, (count, reply.text)), heard=reply.id)

    def say(self, assistant: Support, text: str, shown: str = "") -> "Session":
        """Take a turn and keep it; ``shown`` is what the visitor sees of a choice by a button."""
        started = time.perf_counter()
        (response,) = assistant.predict([SupportRequest(text, self.state)])
        milliseconds = 1000 * (time.perf_counter() - started)
        number = desk().record(self.id, shown or text, response)
        desk().withdraw(self.id, self.again)
        turn = Answered(shown or text, response, number, milliseconds, text)
        return replace(self, turns=(*self.turns, turn), again=())

    def messages(self, words: Locale, names: dict[str, str]) -> list[dict[str, Any]]:
        """Return the conversation as Gradio's chat shows it, opened by the line that says what answers here."""
        shown: list[dict[str, Any]] = [{"role": "assistant", "content": words("chat.opening")}]
        by_turn = dict(self.replies)
        for count, turn in enumerate(self.turns, start=1):
            shown.append({"role": "user", "content": escape(turn.said, quote=False)})
            options = [
                {"value": f"{count}.{at}", "label": names.get(option, option)}
                for at, option in enumerate(turn.response.options, start=1)
            ]
            shown.append({"role": "assistant", "content": written(turn.response), "options": options})
            if count in by_turn:
                person = words("chat.person", reply=escape(by_turn[count], quote=False))
                shown.append({"role": "assistant", "content": person})
        return shown

    def turn_at(self, index: int) -> int:
        """Return which turn a message of the chat belongs to; -1 for the opening."""
        before = 1
        for count in range(len(self.turns)):
            before += 2 + (count + 1 in dict(self.replies))
            if index < before:
                return count if index else -1
        return len(self.turns) - 1


def written(response: SupportResponse) -> str:
    """Return an answer with the sources of the sentences that it quotes; HTML in it is text."""
    quoted = [sentence.source for sentence in response.sentences if "#" in sentence.source]
    said = escape(response.text, quote=False)
    return f"{said}\n\n[{', '.join(quoted)}]" if quoted else said
