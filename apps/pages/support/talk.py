"""What happens in the chat: a handler returns what the chat, the reasons, the session, the box and the timer show."""

import time
from collections.abc import Iterator
from functools import reduce
from html import unescape
from typing import Any

import gradio as gr

from apps.components import empty, error
from apps.locale import Locale
from apps.pages.support.reasons import reason_panel
from apps.pages.support.session import Session, desk, written
from apps.scratch import scratch_file
from apps.tabs import label_names
from foundation.errors import ColonnadeError
from foundation.retrieval.index import SearchIndex
from solutions.support.desk import Rating
from solutions.support.pipeline import Support

__all__ = ["Talk"]

# A pause between the sentences of an answer: all of it is there at once, but it is read from its beginning.
_SENTENCE_SECONDS = 0.05

Shown = tuple[Any, ...]


class Talk:
    """The handlers of a chat.

    Parameters
    ----------
    solution : Support
    words : Locale
    """

    def __init__(self, solution: Support, words: Locale) -> None:
        self.solution = solution
        self.words = words
        self.names = {task: dict(labels) for task, labels in label_names(solution, words).items()}

    def begin(self) -> Shown:
        """Open a new conversation."""
        fresh = Session()
        return self.messages(fresh), empty(self.words("chat.empty")), None, "", gr.Timer(active=False)

    def messages(self, talk: Session) -> Any:
        """Return a conversation as Gradio's chat takes it."""
        return talk.messages(self.words, self.names["intent"])

    def answer(
        self, text: str, talk: Session | None, own: SearchIndex | None, risk: str, shown: str = ""
    ) -> Iterator[Shown]:
        """Take a turn and stream it; what cannot be read is told beside the chat, and stays in the box."""
        assistant = self._assistant(own, risk)
        try:
            after = (talk or Session()).say(assistant, text or "", shown)
        except ColonnadeError as failure:
            yield gr.skip(), error(self.words, str(failure)), gr.skip(), gr.skip(), gr.skip()
            return
        turn, messages = after.turns[-1], self.messages(after)
        reasons = reason_panel(turn, assistant, self.names, self.words)
        whole, pieces = written(turn.response), [sentence.text for sentence in turn.response.sentences]
        for count in range(1, len(pieces)):
            part = {"role": "assistant", "content": whole[: len(" ".join(pieces[:count]))]}
            yield [*messages[:-1], part], reasons, talk, "", gr.skip()
            time.sleep(_SENTENCE_SECONDS)
        yield messages, reasons, after, "", gr.Timer(active=turn.response.state.handed_over)

    def retry(self, talk: Session, own: SearchIndex | None, risk: str, event: gr.RetryData) -> Iterator[Shown]:
        """Take a turn again."""
        at = talk.turn_at(_index(event))
        turn = talk.turns[at]
        yield from self.answer(turn.sent, talk.before(at), own, risk, turn.said)

    def edit(self, talk: Session, own: SearchIndex | None, risk: str, event: gr.EditData) -> Iterator[Shown]:
        """Take a turn again with another message; what came after it is gone."""
        yield from self.answer(unescape(str(event.value)), talk.before(talk.turn_at(_index(event))), own, risk)

    def choose(self, talk: Session, own: SearchIndex | None, risk: str, event: gr.SelectData) -> Iterator[Shown]:
        """Take the option whose button was pressed; one of an earlier turn is no choice any more."""
        turn, choice = str(event.value).split(".")
        if int(turn) == len(talk.turns) and int(choice) <= len(talk.state.options):
            option = talk.state.options[int(choice) - 1]
            yield from self.answer(choice, talk, own, risk, self.names["intent"].get(option, option))
        else:
            yield (gr.skip(),) * 5  # were nothing yielded, all of the chat would be blank

    def rate(self, talk: Session | None, event: gr.LikeData) -> None:
        """Keep a thumb and its reason."""
        turn = talk.turn_at(_index(event)) if talk else -1
        if talk and turn >= 0:
            desk().rate(talk.turns[turn].number, self._rating(event.liked))
            gr.Info(self.words("chat.rated"), duration=2)

    def listen(self, talk: Session | None) -> Shown:
        """Show what a person has replied, as soon as one has; then the assistant listens again."""
        fresh = desk().replies(talk.id, talk.heard) if talk and talk.turns else []
        if not talk or not fresh:
            return (gr.skip(),) * 5
        after = reduce(Session.replied, fresh, talk)
        return self.messages(after), gr.skip(), after, gr.skip(), gr.Timer(active=after.state.handed_over)

    def transcript(self, talk: Session | None) -> str:
        """Write the conversation as it is kept, that is masked, to a file."""
        turns = desk().transcript(talk.id) if talk else []
        replies = desk().replies(talk.id) if talk else []
        lines = []
        for turn in turns:
            lines.append(f"> {turn.said}\n{turn.answered}\n[{turn.act.value}: {turn.why}]\n")
            lines += [f"{self.words('chat.person', reply=each.text)}\n" for each in replies if each.turn == turn.id]
        path = scratch_file("conversation.txt")
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)

    def _assistant(self, own: SearchIndex | None, risk: str) -> Support:
        """Return the assistant with a visitor's own articles and dial."""
        chosen = self.solution.with_risk(risk)
        return chosen if own is None else chosen.with_knowledge(own)

    def _rating(self, liked: bool | str) -> Rating:
        ratings = {
            "True": Rating.HELPED,
            "Like": Rating.HELPED,
            "False": Rating.WRONG,
            "Dislike": Rating.WRONG,
            self.words("chat.wrong"): Rating.WRONG,
            self.words("chat.unclear"): Rating.UNCLEAR,
        }
        return ratings.get(str(liked), Rating.NONE)


def _index(event: gr.EventData) -> int:
    """Return the message that was clicked, counted from the opening."""
    index: int | tuple[int, int] = event.index
    return index if isinstance(index, int) else index[0]
