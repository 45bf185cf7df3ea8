"""The sentences that moved the tone of an article, as HTML."""

from collections.abc import Mapping, Sequence
from html import escape

from apps.components import percent
from apps.locale import Locale
from apps.theme import TONE_COLOURS, TONE_MARKS
from solutions.finance.documents import SentenceTone

__all__ = ["sentence_list"]


def sentence_list(words: Locale, sentences: Sequence[SentenceTone], names: Mapping[str, str]) -> str:
    """Return the sentences with their own tone and their share in the article's."""
    rows = "".join(_row(words, sentence, names) for sentence in sentences)
    return f'<p class="cl-kind">{words("finance.moved_by")}</p><ol class="cl-sentences">{rows}</ol>'


def _row(words: Locale, sentence: SentenceTone, names: Mapping[str, str]) -> str:
    mark, colour = TONE_MARKS.get(sentence.label, ""), TONE_COLOURS.get(sentence.label, "inherit")
    said = words("finance.moved_share", label=names[sentence.label], share=percent(sentence.share))
    icon = f'<span aria-hidden="true" style="color:{colour}">{mark}</span>'
    return f"<li>{escape(sentence.text)}<br><small>{icon} {escape(said)}</small></li>"
