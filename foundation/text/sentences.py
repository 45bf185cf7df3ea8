"""Sentences of English and Chinese text."""

import re

__all__ = ["split_sentences"]

# A stop, its closing quotes and brackets; a Latin stop must be followed by a space, so that 3.5 stays whole. A row of
# dots is tried once, from its beginning: tried from each of them, 20,000 would take a quarter of a minute.
_ENDS = re.compile(r"(?:[。！？!?；;…]+|(?<!\.)[.]++(?=\s|$|[”\"'）)\]]))[”’\"'）)\]」』]*|\n+")
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "no", "nos", "vs", "approx"})
_COMPANIES = frozenset({"inc", "ltd", "co", "corp", "plc", "llc", "bros", "jr", "sr", "est", "fig", "vol", "mn", "bn"})
_MONTHS = frozenset({"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"})
_LAST_WORD = re.compile(r"([A-Za-z]+)[.]$")
_LONGEST_WORD = 16  # characters that are looked at before a stop
_NEXT = re.compile(r"\S")


def split_sentences(text: str) -> list[str]:
    """Split English and Chinese text into sentences; nothing but surrounding space is lost.

    Examples
    --------
    >>> split_sentences("Sales of Osterby Inc. rose 3.5 % to EUR 4.2 mn. Profit fell! 净利润下降。公司表示：“会改善。”")
    ['Sales of Osterby Inc. rose 3.5 % to EUR 4.2 mn.', 'Profit fell!', '净利润下降。', '公司表示：“会改善。”']
    """
    sentences, start = [], 0
    for end in _ENDS.finditer(text):
        if _abbreviated(text[max(start, end.end() - _LONGEST_WORD) : end.end()], _NEXT.search(text, end.end())):
            continue
        sentences.append(text[start : end.end()].strip())
        start = end.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if any(letter.isalnum() for letter in sentence)]


def _abbreviated(before: str, follows: re.Match[str] | None) -> bool:
    """Tell whether the stop belongs to a word, and the sentence goes on behind it."""
    last = _LAST_WORD.search(before)
    if not last or not follows:
        return False
    word = last.group(1)
    if word.lower() in _COMPANIES | _MONTHS:
        return not follows.group().isupper()
    return (len(word) == 1 and word.isupper()) or word.lower() in _TITLES
