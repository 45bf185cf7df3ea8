"""Items by items, counted: what goes together, and what comes after."""

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from solutions.recommendation.events import Events
from solutions.recommendation.models.scorer import Tensors

__all__ = ["ItemNeighbours", "Succession"]

# Items that are seen together a few times by chance are not alike: counts are held against this many more.
_SHRINKAGE = 20.0
_NEIGHBOURS = 200
_BLOCK_ITEMS = 2048
# A history longer than this is a robot's, or says little more of taste, and costs its square.
_LONGEST_HISTORY = 500
# Pairs farther apart than this many events, or this many seconds, are no sequence.
_WINDOW_EVENTS = 20
_WINDOW_SECONDS = 3_600.0
# The weight of an event of the history halves with every so many events that came after it.
_HALF_LIFE_EVENTS = 3.0


class _Similarity:
    """Scores by a sparse matrix of items by items."""

    similarity: sparse.csr_matrix

    def _widened(self, items: int) -> sparse.csr_matrix:
        """Return the matrix with empty rows and columns for items that came later."""
        if items == self.similarity.shape[0]:
            return self.similarity
        wider = self.similarity.copy()
        wider.resize(items, items)
        return wider

    def tensors(self) -> Tensors:
        """Return the matrix in its three arrays."""
        return {
            "data": self.similarity.data,
            "indices": self.similarity.indices.astype(np.int32),
            "indptr": self.similarity.indptr.astype(np.int64),
        }

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""
        size = len(tensors["indptr"]) - 1
        parts = (tensors["data"], tensors["indices"], tensors["indptr"])
        self.similarity = sparse.csr_matrix(parts, shape=(size, size))
        return self


class ItemNeighbours(_Similarity):
    """Item-kNN: the shrunk cosine of who had the items, the best 200 neighbours of each.

    References
    ----------
    Deshpande, Karypis (2004), "Item-based top-N recommendation algorithms", ACM TOIS 22(1); shrinkage as in Bell, Koren
    (2007), "Improved neighborhood-based collaborative filtering", KDD Cup workshop.

    Examples
    --------
    >>> users, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> events = Events(users, items, np.zeros(5), np.ones(5), ("a", "b", "c"), 3)
    >>> ItemNeighbours().fit(events).similarity.toarray().astype(float).round(3).tolist()
    [[0.0, 0.091, 0.0], [0.091, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    name: ClassVar[str] = "item_knn"

    def fit(self, events: Events) -> Self:
        """Count who had both, in blocks of items so that memory does not grow with their square."""
        matrix = events.latest(_LONGEST_HISTORY).matrix().tocsc()
        norms = np.sqrt(np.asarray(matrix.sum(axis=0)).ravel() + _SHRINKAGE)
        scale = sparse.diags((1 / norms).astype(np.float32))
        blocks = []
        for start in range(0, matrix.shape[1], _BLOCK_ITEMS):
            together = (matrix[:, start : start + _BLOCK_ITEMS].T @ matrix).tocsr()
            together = sparse.diags(scale.diagonal()[start : start + _BLOCK_ITEMS]) @ together @ scale
            blocks.append(_strongest(together.tocsr(), first_row=start))
        self.similarity = sparse.vstack(blocks).tocsr().astype(np.float32)
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return the sum of similarities to what the user had, shape (users, items)."""
        return np.asarray((histories.matrix() @ self._widened(histories.item_count)).todense(), dtype=np.float32)


class Succession(_Similarity):
    """What was had within the hour after an item, counted less the farther away; recent events weigh most.

    The similarity is directed: row *k*, column *j* says how often *j* came after *k*.

    Examples
    --------
    >>> events = Events(np.array([0, 0]), np.array([1, 0]), np.array([0.0, 9.0]), np.ones(2), ("a",), 2)
    >>> Succession().fit(events).similarity.toarray().astype(float).round(3).tolist()
    [[0.0, 0.0], [0.048, 0.0]]
    """

    name: ClassVar[str] = "succession"

    def fit(self, events: Events) -> Self:
        """Count pairs of events of one user that follow each other."""
        counts = sparse.csr_matrix((events.item_count, events.item_count), dtype=np.float32)
        for earlier, later, weight in _pairs(events):
            counts += sparse.csr_matrix((weight, (earlier, later)), shape=counts.shape, dtype=np.float32)
        before, after = (np.asarray(counts.sum(axis=axis)).ravel() + _SHRINKAGE for axis in (1, 0))
        scaled = sparse.diags(1 / np.sqrt(before)) @ counts @ sparse.diags(1 / np.sqrt(after))
        self.similarity = _strongest(scaled.tocsr(), first_row=0).astype(np.float32)
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return how strongly items follow the history, shape (users, items)."""
        weights = 0.5 ** (histories.places()[1] / _HALF_LIFE_EVENTS)
        shape = (len(histories.user_ids), histories.item_count)
        recent = sparse.csr_matrix((weights.astype(np.float32), (histories.users, histories.items)), shape=shape)
        return np.asarray((recent @ self._widened(histories.item_count)).todense(), dtype=np.float32)


def _pairs(events: Events) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Yield, by distance, earlier items, later items and weights of pairs that are near in order and in time."""
    for distance in range(1, _WINDOW_EVENTS + 1):
        same = events.users[distance:] == events.users[:-distance]
        near = events.times[distance:] - events.times[:-distance] <= _WINDOW_SECONDS
        rows = np.flatnonzero(same & near)
        weight = np.full(len(rows), distance**-0.5, np.float32)
        yield events.items[rows], events.items[rows + distance], weight


def _strongest(similarity: sparse.csr_matrix, first_row: int) -> sparse.csr_matrix:
    """Keep the strongest neighbours of each row, and none of itself."""
    matrix = similarity.tocoo()
    other = matrix.row + first_row != matrix.col
    row, column, value = matrix.row[other], matrix.col[other], matrix.data[other]
    order = np.lexsort((-value, row))
    row, column, value = row[order], column[order], value[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = place < _NEIGHBOURS
    return sparse.csr_matrix((value[kept], (row[kept], column[kept])), shape=similarity.shape)
