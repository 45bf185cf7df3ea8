"""What customers asked and the knowledge base does not answer, gathered into articles that should be written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from foundation.text.encoder import TextEncoder

__all__ = ["Gap", "find_gaps"]

# Of centred vectors: rewordings of one question lie above it, other questions on the topic below (docs/LOG.md).
_ALIKE = 0.55


@dataclass(frozen=True)
class Gap:
    """An article that is missing.

    Attributes
    ----------
    title : str
        The question nearest to the middle of the group: a proposal for the article's title.
    count : int
    questions : tuple of str
        All of the group, the most typical first.
    """

    title: str
    count: int
    questions: tuple[str, ...]


def find_gaps(questions: Sequence[str], encoder: "TextEncoder", centre: "np.ndarray | None" = None) -> list[Gap]:
    """Group unanswered questions; the largest group comes first.

    Parameters
    ----------
    questions : sequence of str
    encoder : TextEncoder
    centre : ndarray, shape (d,), optional
        Mean vector of usual questions; that of these where it is left out. The vectors of an encoder share one large
        direction, beside which all texts seem alike.

    Returns
    -------
    list of Gap

    Notes
    -----
    Agglomerative clustering with average linkage (Sokal, Michener 1958), by scikit-learn.
    """
    from sklearn.cluster import AgglomerativeClustering

    if not questions:
        return []
    vectors = encoder.encode(questions)
    vectors = vectors - (vectors.mean(axis=0) if centre is None else centre)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    if len(questions) == 1:
        groups = np.zeros(1, dtype=int)
    else:
        clustering = AgglomerativeClustering(
            n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - _ALIKE
        )
        groups = clustering.fit_predict(vectors)
    gaps = []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        typical = rows[np.argsort(-(vectors[rows] @ vectors[rows].mean(axis=0)), kind="stable")]
        texts = tuple(questions[row] for row in typical)
        gaps.append(Gap(texts[0], len(texts), texts))
    return sorted(gaps, key=lambda gap: -gap.count)
