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
    for. What decides is the penalty: it takes away directions in which a matrix of the same size and density would vary
    by chance alone, so that it follows the data. The defaults were chosen on dev of random-811 (MovieLens 100K).

    Parameters
    ----------
    dimensions : int
    confidence : float
        Weight of what was had, where what was not weighs 1.
    penalty : float
        In largest singular values of chance, ``sqrt(density) * (sqrt(users) + sqrt(items))``.
    seed : int

    References
    ----------
    Hu, Koren, Volinsky (2008), "Collaborative filtering for implicit feedback datasets", ICDM; Rendle et al. (2022),
    "Revisiting the performance of iALS on item recommendation benchmarks", RecSys, on how much the penalty matters;
    Chatterjee (2015), "Matrix estimation by universal singular value thresholding", Annals of Statistics 43(1).

    Examples
    --------
    >>> users, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> events = Events(users, items, np.zeros(5), np.ones(5), ("a", "b", "c"), 3)
    >>> model = Factors(dimensions=2, penalty=0.1).fit(events)
    >>> likely = model.scores(events)[0]
    >>> bool(likely[1] > likely[2])
    True
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

        had = (events.matrix() > 0).astype(np.float32).tocsr()
        users, items = had.shape
        chance = np.sqrt(had.nnz / (users * items)) * (np.sqrt(users) + np.sqrt(items))
        self.regularisation = float(self.penalty * chance)
        with threadpool_limits(1, "blas"):  # its own threads and those of the linear algebra wait for each other
            model = AlternatingLeastSquares(
                self.dimensions, self.regularisation, alpha=self.confidence, random_state=self.seed
            )
            model.fit(had, show_progress=False)
        self.items: NDArray[np.float32] = model.item_factors
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return how near the items are, shape (users, items); 0 for items that came later, and without a history."""
        known, dimensions = self.items.shape
        common = self.items.T @ self.items + self.regularisation * np.eye(dimensions, dtype=np.float32)
        scores = np.zeros((len(histories.user_ids), histories.item_count), np.float32)
        for user in np.unique(histories.users):
            had = np.unique(histories.of_user(int(user)).items)
            own = self.items[had[had < known]]
            point = np.linalg.solve(common + (self.confidence - 1) * own.T @ own, self.confidence * own.sum(axis=0))
            scores[user, :known] = self.items @ point
        return scores

    def tensors(self) -> Tensors:
        """Return the items' factors and the penalty that they were found under."""
        return {"items": self.items, "regularisation": np.array([self.regularisation])}

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""
        self.items, self.regularisation = tensors["items"], float(tensors["regularisation"][0])
        return self
