"""Pairs of texts: a question and what may answer it, as one item of a data set.

A pair is written as a text of two lines, so that tables, fingerprints and leakage checks treat it as they treat texts.
"""

from foundation.errors import InputError

__all__ = ["OTHER", "SAME", "join_pair", "split_pair"]

#: Labels of a pair: whether both ask the same, or the second answers the first.
OTHER, SAME = "0", "1"


def join_pair(first: str, second: str) -> str:
    r"""Write two texts as one item; line breaks inside them become blanks.

    Examples
    --------
    >>> join_pair("where is it", "track a parcel")
    'where is it\ntrack a parcel'
    """
    return "\n".join(" ".join(text.split()) for text in (first, second))


def split_pair(pair: str) -> tuple[str, str]:
    """Read what ``join_pair`` wrote.

    Raises
    ------
    InputError
        The text is no pair.
    """
    first, separator, second = pair.partition("\n")
    if not separator:
        raise InputError(f"{pair[:80]!r} is one text; expected a pair: name both columns with --map text=...,other=...")
    return first, second
