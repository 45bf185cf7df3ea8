"""Nearest vectors by inner product: all of them looked at where there are few, a graph walked where there are many.

The graph is usearch's (kept up, one small wheel, maps its file into memory); faiss-cpu is ten times its size for the
same HNSW, hnswlib cannot map a file.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Neighbours"]

#: Up to this many vectors all are looked at: 100,000 of 384 dimensions take about 10 ms on a core.
MOST_EXACT = 100_000
# Malkov, Yashunin (2018), arXiv:1603.09320: links a node, and breadth of search when adding and when asking. Chosen for
# a recall at 10 of 0.95 at a million vectors (docs/RESULTS.md).
_LINKS, _ADDING, _ASKING = 24, 128, 192


class Neighbours:
    """Vectors that can be searched.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
    graph : usearch index, or None
        Over the same vectors.
    """

    def __init__(self, vectors: NDArray[np.float32], graph: Any = None) -> None:
        self._vectors = vectors
        self._graph = graph

    @classmethod
    def build(cls, vectors: NDArray[np.float32], most_exact: int = MOST_EXACT) -> "Neighbours":
        """Make what is needed to search these vectors; beyond ``most_exact`` a graph, which takes minutes a million."""
        if len(vectors) <= most_exact:
            return cls(vectors)
        graph = _graph(vectors.shape[1])
        graph.add(np.arange(len(vectors)), vectors)
        return cls(vectors, graph)

    def search(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Return the rows of the vectors with the largest inner products, in no order, shape (at most count,)."""
        if self._graph is not None:
            found: NDArray[np.int64] = self._graph.search(vector, count).keys.astype(np.int64)
            return found
        if count >= len(self._vectors):
            return np.arange(len(self._vectors))
        return np.argpartition(self._vectors @ vector, -count)[-count:]

    def save(self, path: Path) -> None:
        """Write the graph, where there is one."""
        if self._graph is not None:
            self._graph.save(str(path))

    @classmethod
    def load(cls, path: Path, vectors: NDArray[np.float32]) -> "Neighbours":
        """Map the graph into memory, where there is one."""
        if not path.is_file():
            return cls(vectors)
        graph = _graph(vectors.shape[1])
        graph.view(str(path))
        return cls(vectors, graph)


def _graph(dimensions: int) -> Any:
    from usearch.index import Index

    return Index(
        ndim=dimensions,
        metric="ip",
        dtype="f16",
        connectivity=_LINKS,
        expansion_add=_ADDING,
        expansion_search=_ASKING,
    )
