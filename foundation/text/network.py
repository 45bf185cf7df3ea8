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
        Frozen and shared, or tuned and owned by this network.
    weight : ndarray of float32, shape (classes, d)
    bias : ndarray of float32, shape (classes,)
    tuned : bool
        Whether the encoder was trained together with the head. A frozen encoder gives normalised vectors, which it
        remembers between tasks; a tuned one gives its pooled vectors as they are.
    """

    def __init__(
        self, encoder: TextEncoder, weight: NDArray[np.float32], bias: NDArray[np.float32], *, tuned: bool = False
    ) -> None:
        self.encoder = encoder
        self.weight = weight
        self.bias = bias
        self.tuned = tuned

    def logits(self, texts: Sequence[str], listener: Listener = silent) -> NDArray[np.float64]:
        """Return unscaled class scores, shape (n, classes)."""
        if not texts:
            return np.empty((0, len(self.bias)))
        read = self.encoder.pooled if self.tuned else self.encoder.encode
        vectors = read(texts, listener=listener)
        scores: NDArray[np.float64] = vectors.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias
        return scores
