"""In which language a message is answered, and as what it is read."""

from solutions.support.cues import Cue, Move
from solutions.support.schema import DialogueState, Language

__all__ = ["language_of", "views_of"]

_HAN = ("\u3400", "\u9fff")


def views_of(move: Move, state: DialogueState) -> list[str]:
    """Return how a message is read, the question to answer last: a follow-up alone, and after what it follows."""
    if move.cue is Cue.FOLLOW_UP and state.question:
        return [move.text, f"{state.question} {move.text}"]
    if move.cue in (Cue.NOT_HELPED, Cue.CHOICE) and state.question:
        return [state.question]
    if move.cue is Cue.BACK and state.before:
        return [state.before.question]
    return [move.text]


def language_of(text: str, former: str = "") -> Language:
    """Return the language to answer in: Chinese where there is any, since Chinese customers mix English words in.

    A message without letters is answered in the language of the question before it.

    Examples
    --------
    >>> language_of("我的 order 到哪了").value, language_of("where?").value, language_of("???", "在吗").value
    ('zh', 'en', 'zh')
    """
    if any(_HAN[0] <= letter <= _HAN[1] for letter in text):
        return Language.ZH
    if any(letter.isalpha() for letter in text) or not former:
        return Language.EN
    return language_of(former)
