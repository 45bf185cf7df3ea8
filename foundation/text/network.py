"""The network that every text method trains and every bundle stores: an encoder and a linear head."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foundation.progress import Listener, silent
from foundation.text.encoder import TextEncoder

__all__ = ["TextNetwork"]


class TextNetwork:
    """Logits of texts.

    Parameters
    ----------
    encoder : TextEncoder
        Frozen and shared, or tuned and owned by this network, or adapted. Its normalised vectors are what the head
        reads, whatever the method was.
    weight : ndarray of float32, shape (classes, d)
    bias : ndarray of float32, shape (classes,)
    """

    def __init__(self, encoder: TextEncoder, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self.encoder = encoder
        self.weight = weight
        self.bias = bias

    def logits(self, texts: Sequence[str], listener: Listener = silent) -> NDArray[np.float64]:
        """Return unscaled class scores, shape (n, classes)."""
        if not texts:
            return np.empty((0, len(self.bias)))
        return self.scores(self.encoder.encode(texts, listener=listener))

    def scores(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the class scores of vectors, shape (n, classes)."""
        scores: NDArray[np.float64] = vectors.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias
        return scores
