"""What every model of candidates does."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from solutions.recommendation.events import Events

__all__ = ["Scorer", "Tensors"]

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
