"""What every model of candidates does."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.events import Events

__all__ = ["Scorer", "Tensors", "deviations"]

Tensors = Mapping[str, NDArray[Any]]


class Scorer(Protocol):
    """A model that gives every item a score for each of some users.

    Fitted on events; asked about *histories*, which are events of any users, known or not: nothing of a user is stored
    in a model, so a user who came a minute ago is scored as one who was there in training.
    """

    @property
    def name(self) -> str:
        """What its scores are called in a report."""

    def fit(self, events: Events) -> Self:
        """Learn from events."""

    def scores(self, histories: Events) -> NDArray[Any]:
        """Return scores, shape (users, items), higher is better; their scale is the model's own.

        The histories may know more items than the model was fitted on: those came later, at the end of the catalogue.
        """

    def tensors(self) -> Tensors:
        """Return what was learnt, for a file."""

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""


def deviations(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Return by how many standard deviations each item stands above the mean item; 0 where all are alike.

    Parameters
    ----------
    scores : ndarray, shape (..., items)

    Examples
    --------
    >>> deviations(np.array([[1.0, 3.0], [2.0, 2.0]])).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    away = scores - scores.mean(axis=-1, keepdims=True, dtype=np.float64)
    spread = scores.std(axis=-1, keepdims=True, dtype=np.float64)
    return np.asarray(np.divide(away, spread, out=np.zeros_like(away), where=spread > 0))
