"""The encoder of pairs of texts, and how it lies on the disk."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.pairs import split_pair
from foundation.progress import Listener, silent
from foundation.text import trained
from foundation.text.backbone import TextBackbone
from foundation.text.encoder import TextEncoder

__all__ = ["PairEncoder", "load_training", "save_training"]


class PairEncoder:
    """Reads a pair as the product, element by element, of the vectors of its texts.

    The sum of the product is the cosine of the two, so that a head of equal weights scores pairs as searching does.

    Parameters
    ----------
    texts : TextEncoder
        Reads the first text as a query and the second as a passage.
    """

    def __init__(self, texts: TextEncoder) -> None:
        self.texts = texts
        self.sha256 = texts.sha256
        self.tuned = texts.tuned

    @property
    def record(self) -> TextBackbone:
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


def save_training(encoder: PairEncoder, folder: Path) -> None:
    """Write what training moved in the encoder of texts."""
    trained.save_training(encoder.texts, folder)


def load_training(encoder: PairEncoder, folder: Path, files: Collection[str]) -> PairEncoder:
    """Return the encoder with what is in the folder on it; see ``foundation.text.trained``."""
    return PairEncoder(trained.load_training(encoder.texts, folder, files))
