"""Nearest vectors by inner product: all of them are looked at, where there are many in eight bits first.

A million vectors are read in eight bits within a tenth of a second, so no graph is built: that takes many minutes, has
to be built again for what is new, and misses some (figures: docs/RESULTS.md). The scan is usearch's (kept up, one small
wheel, vector instructions of the processor); NumPy has no fast product of eight-bit numbers.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Neighbours"]

#: Up to this many vectors all are looked at as they are: 100,000 of 384 dimensions take about 10 ms on a core.
MOST_EXACT = 100_000
# The scan finds this many times what is asked for, and the exact products choose among them.
_SPARE = 4
_BLOCK = 100_000


class Neighbours:
    """Vectors that can be searched.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        Of about the same length; they may be mapped from a file.
    most_exact : int
        Beyond so many, a copy in eight bits (n x d bytes) is held in memory.
    """

    def __init__(self, vectors: NDArray[np.float32], most_exact: int = MOST_EXACT) -> None:
        self._vectors = vectors
        self._small = _in_eight_bits(vectors) if len(vectors) > most_exact else None

    def search(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Return the rows of the vectors with the largest inner products, in no order, shape (at most count,).

        Examples
        --------
        >>> sorted(Neighbours(np.eye(3, dtype=np.float32)).search(np.array([3, 1, 2], dtype=np.float32), 2).tolist())
        [0, 2]
        """
        if count >= len(self._vectors):
            return np.arange(len(self._vectors))
        if self._small is None:
            return np.argpartition(self._vectors @ vector, -count)[-count:]
        from usearch.compiled import MetricKind
        from usearch.index import search

        asked = np.rint(vector * (127 / np.abs(vector).max())).astype(np.int8)
        wanted = min(_SPARE * count, len(self._small))
        rows: NDArray[np.int64] = search(self._small, asked, wanted, MetricKind.IP, exact=True).keys.astype(np.int64)
        return rows[np.argpartition(self._vectors[rows] @ vector, -count)[-count:]]


def _in_eight_bits(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Round the vectors less their mean, which adds the same to every product and would take most of the range."""
    mean = vectors.mean(axis=0)
    blocks = range(0, len(vectors), _BLOCK)
    scale = 127 / max(float(np.abs(vectors[at : at + _BLOCK] - mean).max()) for at in blocks)
    small = np.empty(vectors.shape, dtype=np.int8)
    for at in blocks:
        small[at : at + _BLOCK] = np.rint((vectors[at : at + _BLOCK] - mean) * scale)
    return small
