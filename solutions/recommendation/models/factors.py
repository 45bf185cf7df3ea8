"""Users and items as points of one space, whose nearness says what a user would have."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.events import Events
from solutions.recommendation.models.scorer import Tensors

__all__ = ["Factors"]


class Factors:
    """Matrix factorisation of what was had and what was not, by alternating least squares.

    The items' factors are implicit's; a user's follow from the history in closed form, so that anybody can be asked
    for. What decides is the penalty. It is counted in the largest singular value that a matrix of the same size and
    density has by chance, so that it follows the data. The defaults were chosen on dev of random-811 (MovieLens 100K).

    Parameters
    ----------
    dimensions : int
    confidence : float
        Weight of what was had, where what was not weighs 1.
    penalty : float
        In largest singular values of chance, ``sqrt(density * (1 - density)) * (sqrt(users) + sqrt(items))``.
    seed : int

    References
    ----------
    Hu, Koren, Volinsky (2008), "Collaborative filtering for implicit feedback datasets", ICDM; Rendle et al. (2022),
    "Revisiting the performance of iALS on item recommendation benchmarks", RecSys, on how much the penalty matters;
    Geman (1980), "A limit theorem for the norm of random matrices", Annals of Probability 8(2).

    Examples
    --------
    >>> users, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> events = Events(users, items, np.zeros(5), np.ones(5), ("a", "b", "c"), 3)
    >>> model = Factors(dimensions=2, penalty=0.1).fit(events)
    >>> likely = model.scores(events)[0]
    >>> bool(likely[1] > likely[2])
    True
    >>> round(model.regularisation, 3)  # 0.1 * sqrt(5/9 * 4/9) * (sqrt(3) + sqrt(3))
    0.172
    """

    name: ClassVar[str] = "factors"

    def __init__(self, dimensions: int = 64, confidence: float = 3.0, penalty: float = 1.6, seed: int = 0) -> None:
        self.dimensions = dimensions
        self.confidence = confidence
        self.penalty = penalty
        self.seed = seed

    def fit(self, events: Events) -> Self:
        """Learn ``items``, shape (items, dimensions)."""
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        users, items = (len(np.unique(numbers)) for numbers in (events.users, events.items))
        density = len(events) / (users * items)
        chance = np.sqrt(density * (1 - density)) * (np.sqrt(users) + np.sqrt(items))
        regularisation = float(self.penalty * chance)
        with threadpool_limits(1, "blas"):  # its own threads and those of the linear algebra wait for each other
            model = AlternatingLeastSquares(
                self.dimensions, regularisation, alpha=self.confidence, random_state=self.seed
            )
            model.fit(events.matrix(), show_progress=False)
        return self._take(model.item_factors, regularisation)

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return how near the items are, shape (users, items); 0 for items that came later, and without a history."""
        known = len(self.items)
        scores = np.zeros((len(histories.user_ids), histories.item_count), np.float32)
        for user in np.unique(histories.users):
            had = histories.of_user(int(user)).items
            own = self.items[had[had < known]]
            equations = self._common + (self.confidence - 1) * own.T @ own
            point = np.linalg.solve(equations, self.confidence * own.sum(axis=0))
            scores[user, :known] = self.items @ point
        return scores

    def tensors(self) -> Tensors:
        """Return the items' factors, and what they were found under."""
        return {"items": self.items, "under": np.array([self.confidence, self.regularisation])}

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""
        self.confidence, regularisation = tensors["under"].tolist()
        return self._take(tensors["items"], regularisation)

    def _take(self, items: NDArray[np.float32], regularisation: float) -> Self:
        self.items, self.regularisation = items, regularisation
        # what the equations of all users share; of 50,000 items it takes longer than the rest of an answer
        self._common = items.T @ items + regularisation * np.eye(items.shape[1], dtype=np.float32)
        return self
