"""EASE: a linear model of items by items, in closed form."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.events import Events
from solutions.recommendation.models.scorer import Tensors

__all__ = ["Ease"]

# The inverse of 8,000 items takes 256 MB and about a minute on two cores; it grows with the cube.
_MOST_ITEMS = 8_000


class Ease:
    """Scores ``x @ B``, where ``B`` has a zero diagonal and rebuilds the training matrix with least squared error.

    A score is a sum over what the user had, so a reason can be exact: ``contributions`` gives the terms.

    Parameters
    ----------
    regularisation : float
        Added to the diagonal of the co-occurrence counts.
    most_items : int
        Only so many of the commonest items take part; the others score 0. The inverse is dense.
    weighted : bool
        Count an action by the interest that it shows, and not as one.

    References
    ----------
    Steck (2019), "Embarrassingly shallow autoencoders for sparse data", WWW, equations 6 to 8.

    Examples
    --------
    Two items that always come together, and one that comes alone:

    >>> users, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> events = Events(users, items, np.zeros(5), np.ones(5), ("a", "b", "c"), 3)
    >>> model = Ease(regularisation=1.0).fit(events)
    >>> model.weights.astype(float).round(3).tolist()
    [[0.0, 0.667, -0.0], [0.667, 0.0, -0.0], [-0.0, -0.0, 0.0]]
    """

    def __init__(self, regularisation: float = 300.0, most_items: int = _MOST_ITEMS, *, weighted: bool = False) -> None:
        self.regularisation = regularisation
        self.most_items = most_items
        self.weighted = weighted

    @property
    def name(self) -> str:
        """``ease``, or ``ease_weighted``."""
        return "ease_weighted" if self.weighted else "ease"

    def fit(self, events: Events) -> Self:
        """Solve for ``weights``, shape (kept, kept), of the items ``kept``."""
        from scipy.linalg import lapack

        counts = np.bincount(events.items, minlength=events.item_count)
        self.item_count = events.item_count
        self.kept = np.sort(np.argsort(-counts, kind="stable")[: self.most_items])
        matrix = events.matrix(weighted=self.weighted)[:, self.kept]
        gram = (matrix.T @ matrix).toarray().astype(np.float32)
        diagonal = np.arange(len(self.kept))
        gram[diagonal, diagonal] += self.regularisation
        # the matrix is symmetric and positive, so half of the work of a general inverse is enough
        factor, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
        half, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
        inverse = np.tril(half) + np.tril(half, -1).T
        weights = inverse / -np.diag(inverse)
        weights[diagonal, diagonal] = 0.0
        self.weights: NDArray[np.float32] = np.ascontiguousarray(weights, dtype=np.float32)
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return scores, shape (users, items)."""
        scores = np.zeros((len(histories.user_ids), histories.item_count), np.float32)
        scores[:, self.kept] = histories.matrix(weighted=self.weighted)[:, self.kept] @ self.weights
        return scores

    def contributions(self, items: NDArray[np.int64], target: int) -> NDArray[np.float32]:
        """Return what each of the items adds to the score of ``target``; the score is their sum. Shape (n,)."""
        place = np.full(max(self.item_count, target + 1, items.max(initial=0) + 1), -1)
        place[self.kept] = np.arange(len(self.kept))
        rows, column = place[items], place[target]
        if column < 0:
            return np.zeros(len(items), np.float32)
        return np.where(rows >= 0, self.weights[rows, column], 0).astype(np.float32)

    def tensors(self) -> Tensors:
        """Return the weights and the items that they are of."""
        return {"weights": self.weights, "kept": self.kept, "item_count": np.array([self.item_count])}

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""
        self.weights, self.kept = tensors["weights"], tensors["kept"]
        self.item_count = int(tensors["item_count"][0])
        return self
