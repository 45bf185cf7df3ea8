"""What is said for a verdict, and what is remembered of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from foundation.retrieval.index import Hit
from solutions.support.composer import about, quote, template
from solutions.support.cues import thanks
from solutions.support.dialogue import SMALL_TALK, Reading, Verdict
from solutions.support.schema import Act, DialogueState, Language, Sentence
from solutions.support.slots import Slot

__all__ = ["Spoken", "speak"]


@dataclass(frozen=True)
class Spoken:
    """Sentences, and the state of the conversation after them."""

    sentences: tuple[Sentence, ...]
    state: DialogueState


def speak(
    verdict: Verdict, reading: Reading, state: DialogueState, question: str, slots: Sequence[Slot], language: Language
) -> Spoken:
    """Put the answer together.

    Parameters
    ----------
    verdict : Verdict
    reading : Reading
    state : DialogueState
        Before this message.
    question : str
        That is answered: the message, with what it follows up.
    slots : sequence of Slot
        Named in this message.
    language : Language
    """
    if verdict.act is Act.HAND_OVER:
        return Spoken(_handing_over(verdict, reading, question, language), replace(state, handed_over=True, options=()))
    if verdict.act is Act.REFUSE:
        refusal = template("refuse_articles" if reading.strange else "refuse", language)
        return Spoken((refusal,), replace(state, options=()))
    if verdict.act is Act.ASK:
        return _asking(verdict, state, question, language)
    if verdict.why == "small_talk":
        return _small_talk(reading, state, question, language)
    shown = state.shown if verdict.why == "another" else ()
    hit = _choose(reading.hits, verdict, shown)
    opening = (template("another", language),) if verdict.why == "another" else about(slots, language)
    return Spoken((*opening, *_quoted(hit, question, language)), _answered(verdict, state, question, hit, shown))


def _choose(hits: Sequence[Hit], verdict: Verdict, shown: Sequence[str]) -> Hit:
    """Return the best article that was not shown yet; of an intent that the customer chose, where there is one."""
    fresh = [hit for hit in hits if hit.document.id not in shown]
    chosen = [hit for hit in fresh if verdict.why == "chosen" and hit.document.topic == verdict.intent]
    return (chosen or fresh)[0]


def _quoted(hit: Hit, question: str, language: Language) -> tuple[Sentence, ...]:
    foreign = hit.document.language not in ("", language.value)
    return (*((template("other_language", language),) if foreign else ()), *quote(hit.document, question))


def _answered(verdict: Verdict, state: DialogueState, question: str, hit: Hit, shown: Sequence[str]) -> DialogueState:
    if verdict.why == "another":
        return replace(state, shown=(*shown, hit.document.id), failures=state.failures + 1, options=())
    if verdict.why == "back" and state.before:
        return replace(state.before, slots=state.slots, options=(), failures=0)
    answered = (hit.document.id,)
    return DialogueState(question, verdict.intent, answered, slots=state.slots, before=_last_answered(state))


def _last_answered(state: DialogueState) -> DialogueState | None:
    """Return the question that was answered last: this one, or the one before where this was only asked about."""
    return replace(state, before=None) if state.shown else state.before


def _asking(verdict: Verdict, state: DialogueState, question: str, language: Language) -> Spoken:
    failed = replace(state, failures=state.failures + 1, options=verdict.options)
    if verdict.options:
        # the question is remembered, so that a choice can be applied to it
        asked = replace(failed, question=question, intent="", shown=(), before=_last_answered(state))
        return Spoken((template("ask_between", language),), asked)
    name = {"unreadable": "ask_words", "nothing_before": "nothing_before"}.get(verdict.why, "ask_more")
    return Spoken((template(name, language),), failed)


def _small_talk(reading: Reading, state: DialogueState, question: str, language: Language) -> Spoken:
    calm = replace(state, options=(), failures=0)
    if thanks(question):
        return Spoken((template("welcome", language),), calm)
    if reading.hits and reading.hits[0].document.topic == SMALL_TALK:
        return Spoken(quote(reading.hits[0].document, question), calm)
    return Spoken((template("greeting", language),), calm)


def _handing_over(verdict: Verdict, reading: Reading, question: str, language: Language) -> tuple[Sentence, ...]:
    if verdict.why == "waiting":
        return (template("waiting", language),)
    sorry = (template("sorry", language),) if verdict.why in ("angry", "not_helped") else ()
    said = (*sorry, template("hand_over", language))
    hit = _choose(reading.hits, verdict, ())
    # an angry customer gets what was found as well, if it is sure: the person may take a while
    if verdict.why == "angry" and not reading.intent.abstained and not reading.outside:
        return (*said, template("meanwhile", language), *_quoted(hit, question, language))
    return said
