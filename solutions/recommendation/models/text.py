"""What a language model reads of items, matched with what the user had."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.events import Events
from solutions.recommendation.models.scorer import Tensors

__all__ = ["TextMatch", "centred"]


class TextMatch:
    """Cosine of an item's text with the texts of the user's history, averaged over the history by weight.

    It learns nothing, so an item is scored from its first minute.

    Parameters
    ----------
    vectors : ndarray of float32, shape (items, d)
        As ``centred`` gives them.
    """

    name: ClassVar[str] = "text"

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = vectors

    def fit(self, events: Events) -> Self:
        """Learn nothing."""
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return mean cosines, shape (users, items); zeros for a user without a history."""
        weights = histories.matrix(weighted=True)
        total = np.maximum(np.asarray(weights.sum(axis=1)), 1e-9)
        profiles = np.asarray((weights @ self.vectors) / total, dtype=np.float32)
        return np.asarray(profiles @ self.vectors.T)

    def tensors(self) -> Tensors:
        """Return nothing: the vectors belong to the catalogue."""
        return {}

    def restore(self, tensors: Tensors) -> Self:
        """Take nothing."""
        return self


def centred(vectors: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take a mean away and give the vectors length 1.

    Vectors of a contrastive encoder share most of their direction; without it cosines use their whole range.

    References
    ----------
    Mu, Viswanath (2018), "All-but-the-top: simple and effective postprocessing for word representations", ICLR.
    """
    away = vectors - mean
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9), dtype=np.float32)
