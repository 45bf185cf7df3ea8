"""What customers asked and the knowledge base does not answer, gathered into articles that should be written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    encoder : TextEncoder
    centre : ndarray, shape (d,)
        Mean vector of the articles. The vectors of an encoder share one large direction, beside which all texts seem
        alike.

    Notes
    -----
    Agglomerative clustering with average linkage (Sokal, Michener 1958), by scikit-learn.
    """
    from sklearn.cluster import AgglomerativeClustering

    counted = Counter(questions)
    texts = list(counted)
    if not texts:
        return []
    vectors = encoder.encode(texts) - centre
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    groups = np.zeros(1, dtype=int)
    if len(texts) > 1:
        clustering = AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - _ALIKE
        )
        groups = clustering.fit_predict(1 - vectors @ vectors.T)
    gaps = []
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        typical = rows[np.argsort(-(vectors[rows] @ vectors[rows].mean(axis=0)), kind="stable")]
        asked = tuple(texts[row] for row in typical)
        gaps.append(Gap(asked[0], sum(counted[text] for text in asked), asked))
    return sorted(gaps, key=lambda gap: -gap.count)
