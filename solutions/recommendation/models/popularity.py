"""What everybody takes, lately and on the whole."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.events import Events
from solutions.recommendation.models.scorer import Tensors

__all__ = ["Popularity"]

_WEEK = 7 * 86_400.0
_HALF_LIFE_WEEKS = 4.0


class Popularity:
    """Counts of events whose weight halves with every four weeks of age, seen from each user's latest week.

    Nothing after that week counts. Where the data has no times every event counts the same.

    Examples
    --------
    Item 0 twice eight weeks ago (a quarter each), item 1 once now:

    >>> times = np.array([0.0, 0.0, 56.0]) * 86_400 + 1e9
    >>> events = Events(np.array([0, 1, 2]), np.array([0, 0, 1]), times, np.ones(3), ("a", "b", "c"), 2)
    >>> now = Events(np.array([0]), np.array([0]), times[2:], np.ones(1), ("d",), 2)
    >>> Popularity().fit(events).scores(now).astype(float).round(3).tolist()
    [[0.5, 1.0]]
    """

    name: ClassVar[str] = "popularity"

    def fit(self, events: Events) -> Self:
        """Sum by week, each week's sum with what is left of the week before."""
        week = np.floor(events.times / _WEEK).astype(np.int64)
        self.first_week = int(week.min())
        counts = np.zeros((int(week.max()) - self.first_week + 1, events.item_count), np.float32)
        np.add.at(counts, (week - self.first_week, events.items), 1.0)
        for at in range(1, len(counts)):
            counts[at] += counts[at - 1] * 0.5 ** (1 / _HALF_LIFE_WEEKS)
        self.by_week: NDArray[np.float32] = counts
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return the faded counts at each user's latest week, shape (users, items)."""
        week = np.floor(histories.last_times() / _WEEK) - self.first_week
        counts = self.by_week[np.clip(week, 0, len(self.by_week) - 1).astype(np.int64)]
        return np.pad(counts, ((0, 0), (0, histories.item_count - counts.shape[1])))

    def tensors(self) -> Tensors:
        """Return the sums."""
        return {"by_week": self.by_week, "first_week": np.array([self.first_week])}

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""
        self.by_week, self.first_week = tensors["by_week"], int(tensors["first_week"][0])
        return self
