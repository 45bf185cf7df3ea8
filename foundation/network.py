"""The network that every method trains and every bundle stores: an encoder and a linear head."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from foundation.progress import Listener, silent

__all__ = ["Backbone", "Encoder", "EncoderT", "Network"]


class Backbone(Protocol):
    """What is known of an encoder before it is loaded."""

    @property
    def name(self) -> str:
        """A known name, a Hub id or a local folder."""


class Encoder(Protocol):
    """Turns items (texts, images) into vectors."""

    sha256: str
    tuned: bool

    @property
    def record(self) -> Backbone:
        """Which backbone it was loaded from."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def encode(self, items: Sequence[Any], /, *, listener: Listener = silent) -> NDArray[np.float32]:
        """Return one vector an item, shape (n, d); of texts and images they have length 1."""

    def content_sha256(self) -> str:
        """Return a hash of the weights as they are now."""


EncoderT = TypeVar("EncoderT", bound=Encoder)


class Network(Generic[EncoderT]):
    """Logits of items.

    Parameters
    ----------
    encoder : Encoder
        Frozen and shared, or tuned and owned by this network, or adapted. Its normalised vectors are what the head
        reads, whatever the method was.
    weight : ndarray of float32, shape (classes, d)
    bias : ndarray of float32, shape (classes,)
    """

    def __init__(self, encoder: EncoderT, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self.encoder = encoder
        self.weight = weight
        self.bias = bias

    def logits(self, items: Sequence[Any], listener: Listener = silent) -> NDArray[np.float64]:
        """Return unscaled class scores, shape (n, classes)."""
        if not len(items):
            return np.empty((0, len(self.bias)))
        return self.scores(self.encoder.encode(items, listener=listener))

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the class scores of vectors, shape (n, classes)."""
        scores: NDArray[np.float64] = vectors.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias
        return scores
