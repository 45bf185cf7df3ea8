"""Whether a text is of the kinds that a classifier learned at all.

A softmax shares its probability among the classes it knows, so a text of none of them may look sure. Two things are
looked at here: how near the text is to the nearest training texts, by the encoder as it was before training (training
draws everything towards the classes, strangers too), and how little the classifier wavers, the negative entropy of its
probabilities. Each is measured in standard deviations of texts in scope, and the two are added. What was tried in their
place is in ``docs/LOG.md``. Where examples of other texts are at hand, a class of their own (``OUT_OF_SCOPE``) finds
more of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

__all__ = ["OUT_OF_SCOPE", "Scope", "fit_scope"]

#: The label of examples that belong to no class. Where a table has it, it is learned as a class beside the others.
OUT_OF_SCOPE = "out_of_scope"
# Of the nearest training texts whose similarity is averaged; 1 to 5 are alike on dev.
_NEIGHBOURS = 3
_KEPT = 0.95
# Cosine above which two vectors, one of them in half precision, are of one text.
_SAME = 0.9995
# Held-out texts can be alike: the spread of a score is not taken for less than this.
_LEAST_SPREAD = 1e-6


@dataclass(frozen=True, eq=False)
class Scope:
    """What is needed to tell texts in scope from others.

    Attributes
    ----------
    reference : ndarray of float16, shape (n, d)
        Unit vectors of the training texts in scope.
    mean, spread : ndarray, shape (2,)
        Of similarity and of negative entropy, over held-out texts in scope.
    threshold : float
        Score that 95 % of the held-out texts in scope reach.

    References
    ----------
    Sun et al. (2022), "Out-of-distribution detection with deep nearest neighbors", arXiv:2204.06507.
    """

    reference: NDArray[np.float16]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    threshold: float

    def scores(self, vectors: NDArray[np.float32], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much each text looks like one in scope, shape (n,): higher is more, 0 is usual in scope.

        Parameters
        ----------
        vectors : ndarray, shape (n, d)
            Unit vectors of the texts, by the encoder that gave the reference.
        probabilities : ndarray, shape (n, classes)
            Of the classes in scope; rows sum to 1.
        """
        scores: NDArray[np.float64] = (
            (_features(self.reference, vectors, probabilities) - self.mean) / self.spread
        ).sum(axis=1)
        return scores

    def save(self, path: Path) -> None:
        """Write as safetensors."""
        from safetensors.numpy import save_file

        threshold = np.array([self.threshold])
        tensors: dict[str, NDArray[Any]] = {"reference": self.reference, "mean": self.mean, "spread": self.spread}
        save_file(tensors | {"threshold": threshold}, path)

    @classmethod
    def load(cls, path: Path) -> "Scope":
        """Read what ``save`` wrote."""
        from safetensors.numpy import load_file

        tensors = load_file(path)
        return cls(tensors["reference"], tensors["mean"], tensors["spread"], float(tensors["threshold"][0]))


def fit_scope(
    reference: NDArray[np.float32], held_out: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> Scope:
    """Fit to texts in scope alone; no example of anything else is needed.

    Parameters
    ----------
    reference : ndarray, shape (n, d)
        Unit vectors of the training texts.
    held_out : ndarray, shape (m, d)
        Of texts in scope that the classifier was not trained on. They may be the reference itself: a text is no
        neighbour of its own.
    probabilities : ndarray, shape (m, classes)
        What the classifier gives those.

    Examples
    --------
    Texts like the reference are in scope, one across it is not.

    >>> reference = np.array([[1, 0], [0.99, 0.14], [0.96, 0.28], [0.92, 0.39]], dtype=np.float32)
    >>> scope = fit_scope(reference, reference, np.array([[0.8, 0.2], [0.85, 0.15], [0.85, 0.15], [0.9, 0.1]]))
    >>> new = np.array([[0.98, 0.2], [0, 1]], dtype=np.float32)
    >>> (scope.scores(new, np.array([[0.85, 0.15]] * 2)) >= scope.threshold).tolist()
    [True, False]
    """
    small = reference.astype(np.float16)
    features = _features(small, held_out, probabilities, itself=False)
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_SPREAD)
    scores = ((features - mean) / spread).sum(axis=1)
    return Scope(small, mean, spread, float(np.quantile(scores, 1 - _KEPT)))


def _features(
    reference: NDArray[np.float16],
    vectors: NDArray[np.float32],
    probabilities: NDArray[np.float64],
    *,
    itself: bool = True,
) -> NDArray[np.float64]:
    """Return mean similarity of the nearest references and negative entropy, shape (n, 2)."""
    similarity = vectors @ reference.T.astype(np.float32)
    if not itself:
        similarity[similarity > _SAME] = similarity.min()
    nearest = min(_NEIGHBOURS, similarity.shape[1])
    near = np.partition(similarity, -nearest, axis=1)[:, -nearest:].mean(axis=1)
    return np.stack([near.astype(np.float64), -entropy(probabilities, axis=1)], axis=1)
