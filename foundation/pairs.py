"""Pairs of texts: a question and what may answer it, as one item of a data set, and the encoder that reads both.

A pair is written as a text of two lines, so that tables, fingerprints and leakage checks treat it as they treat texts.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError
from foundation.network import Backbone, Encoder
from foundation.progress import Listener, silent

__all__ = ["OTHER", "SAME", "PairEncoder", "join_pair", "split_pair"]

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


class _TextEncoder(Encoder, Protocol):
    def encode(
        self, items: Sequence[str], /, *, passages: bool = False, listener: Listener = silent
    ) -> NDArray[np.float32]: ...


class PairEncoder:
    """Reads a pair as the product, element by element, of the vectors of its texts.

    The sum of the product is the cosine of the two, so that a head of equal weights scores pairs as searching does.

    Parameters
    ----------
    texts : TextEncoder
        Reads the first text as a query and the second as a passage.
    """

    def __init__(self, texts: Any) -> None:
        self.texts: _TextEncoder = texts
        self.sha256 = self.texts.sha256
        self.tuned = self.texts.tuned

    @property
    def record(self) -> Backbone:
        """Of the backbone."""
        return self.texts.record

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.texts.dimensions

    def encode(self, items: Sequence[str], *, listener: Listener = silent) -> NDArray[np.float32]:
        """Return one product a pair, shape (n, d); its sum is the cosine of both texts."""
        pairs = [split_pair(item) for item in items]
        asked = self.texts.encode([first for first, _ in pairs], listener=listener)
        found = self.texts.encode([second for _, second in pairs], passages=True, listener=listener)
        product: NDArray[np.float32] = asked * found
        return product

    def content_sha256(self) -> str:
        """Return a hash of the weights as they are now."""
        return self.texts.content_sha256()
