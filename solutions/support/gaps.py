"""What customers asked and the knowledge base does not answer, gathered into articles that should be written."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from foundation.progress import Listener, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from foundation.text.encoder import TextEncoder

__all__ = ["Gap", "find_gaps", "group_alike"]

# Of centred vectors: rewordings of one text lie above it, other texts on the topic below (docs/LOG.md).
_ALIKE = 0.55


@dataclass(frozen=True)
class Gap:
    """An article that is missing.

    Attributes
    ----------
    title : str
        The question nearest to the middle of the group: a proposal for the article's title.
    count : int
        How often one of them was asked.
    questions : tuple of str
        All of the group, the most typical first.
    """

    title: str
    count: int
    questions: tuple[str, ...]


def find_gaps(questions: Sequence[str], encoder: "TextEncoder", centre: "NDArray[np.float32]") -> list[Gap]:
    """Group unanswered questions; the largest group comes first.

    Parameters
    ----------
    questions : sequence of str
        One that was asked twice counts twice.
    encoder, centre
        See ``group_alike``.
    """
    counted = Counter(questions)
    gaps = [
        Gap(asked[0], sum(map(counted.__getitem__, asked)), asked) for asked in group_alike(counted, encoder, centre)
    ]
    return sorted(gaps, key=lambda gap: -gap.count)


def group_alike(
    texts: Iterable[str], encoder: "TextEncoder", centre: "NDArray[np.float32]", listener: Listener = silent
) -> list[tuple[str, ...]]:
    """Put texts together that mean the same, the most typical of each group first.

    Parameters
    ----------
    texts : iterable of str
        Distinct; each is compared with each.
    encoder : TextEncoder
    centre : ndarray, shape (d,)
        Mean vector of the articles. The vectors of an encoder share one large direction, beside which all texts seem
        alike.
    listener : Listener

    Notes
    -----
    Agglomerative clustering with average linkage (Sokal, Michener 1958), by scikit-learn.
    """
    from sklearn.cluster import AgglomerativeClustering

    every = list(texts)
    if not every:
        return []
    vectors = encoder.encode(every, listener=listener) - centre
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    groups = np.zeros(1, dtype=int)
    if len(every) > 1:
        clustering = AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - _ALIKE
        )
        groups = clustering.fit_predict(1 - vectors @ vectors.T)
    found = []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        typical = rows[np.argsort(-(vectors[rows] @ vectors[rows].mean(axis=0)), kind="stable")]
        found.append(tuple(every[row] for row in typical))
    return found
