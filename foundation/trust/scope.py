"""Whether a text is of the kinds that a classifier learned at all.

A softmax shares its probability among the classes it knows, so a text of none of them may look sure. Two things are
looked at here: how near the text is to the nearest training text of the class that it is taken for, by the encoder as
it was before training (training draws everything towards the classes, strangers too), and the energy of its logits,
which keeps how much the classifier found in it at all. Each is measured in standard deviations of texts in scope, and
the two are added. Of pictures nearness alone is looked at: a network of them may find much in a strange one. What was
tried in their place is in ``docs/LOG.md``. Where examples of other texts are at hand, a class of their own
(``OUT_OF_SCOPE``) finds more of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["OUT_OF_SCOPE", "Reference", "Scope", "fit_nearness", "fit_scope"]

#: The label of examples that belong to no class. Where a table has it, it is learned as a class beside the others.
OUT_OF_SCOPE = "out_of_scope"
_KEPT = 0.95
# Cosine above which two vectors, one of them in half precision, are of one text.
_SAME = 0.9995
# Held-out texts can be alike: the spread of a score is not taken for less than this.
_LEAST_SPREAD = 1e-6
# Of so many references the neighbours among the others are looked for.
_MOST_LEFT_OUT = 2000


@dataclass(frozen=True, eq=False)
class Reference:
    """Training texts in scope.

    Attributes
    ----------
    vectors : ndarray of float16, shape (n, d)
        Of length one.
    classes : ndarray of int, shape (n,)
        Their classes, among those in scope.
    """

    vectors: NDArray[np.float16]
    classes: NDArray[np.int64]

    def nearness(
        self, vectors: NDArray[np.float32], classes: NDArray[np.int64], *, itself: bool = True
    ) -> NDArray[np.float64]:
        """Return the cosine of each vector to the nearest reference of its class, shape (m,).

        With ``itself`` false, a text is no neighbour of its own.
        """
        similarity = vectors @ self.vectors.T.astype(np.float32)
        similarity[self.classes[None, :] != classes[:, None]] = -1.0
        if not itself:
            similarity[similarity > _SAME] = -1.0
        nearest: NDArray[np.float64] = similarity.max(axis=1).astype(np.float64)
        return nearest


@dataclass(frozen=True, eq=False)
class Scope:
    """What is needed to tell texts in scope from others.

    Attributes
    ----------
    reference : Reference
    mean, spread : ndarray, shape (2,)
        Of nearness and of energy, over held-out texts in scope; an infinite spread leaves one out.
    threshold : float
        Score that 95 % of the held-out texts in scope reach (97 % of images).

    References
    ----------
    Sun et al. (2022), "Out-of-distribution detection with deep nearest neighbors", arXiv:2204.06507. Liu et al. (2020),
    "Energy-based out-of-distribution detection", arXiv:2010.03759, with the sign turned.
    """

    reference: Reference
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    threshold: float

    def scores(self, vectors: NDArray[np.float32], logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much each text looks like one in scope, shape (n,): higher is more, 0 is usual in scope.

        Parameters
        ----------
        vectors : ndarray, shape (n, d)
            Unit vectors of the texts, by the encoder that gave the reference.
        logits : ndarray, shape (n, classes)
            Of the classes in scope.
        """
        features = _features(self.reference, vectors, logits)
        scores: NDArray[np.float64] = ((features - self.mean) / self.spread).sum(axis=1)
        return scores

    def save(self, path: Path) -> None:
        """Write as safetensors."""
        from safetensors.numpy import save_file

        tensors: dict[str, NDArray[Any]] = {
            "reference": self.reference.vectors,
            "classes": self.reference.classes,
            "mean": self.mean,
            "spread": self.spread,
            "threshold": np.array([self.threshold]),
        }
        save_file(tensors, path)

    @classmethod
    def load(cls, path: Path) -> "Scope":
        """Read what ``save`` wrote."""
        from safetensors.numpy import load_file

        tensors = load_file(path)
        reference = Reference(tensors["reference"], tensors["classes"])
        return cls(reference, tensors["mean"], tensors["spread"], float(tensors["threshold"][0]))


def fit_scope(reference: Reference, held_out: NDArray[np.float32], logits: NDArray[np.float64]) -> Scope:
    """Fit to texts in scope alone; no example of anything else is needed.

    Parameters
    ----------
    reference : Reference
        The training texts.
    held_out : ndarray, shape (m, d)
        Unit vectors of texts in scope that the classifier was not trained on. They may be the reference itself: a text
        is no neighbour of its own.
    logits : ndarray, shape (m, classes)
        What the classifier gives those.

    Examples
    --------
    Texts like the reference are in scope, one across it is not.

    >>> vectors = np.array([[1, 0], [0.99, 0.14], [0.96, 0.28], [0.92, 0.39]], dtype=np.float32)
    >>> reference = Reference(vectors.astype(np.float16), np.zeros(4, dtype=np.int64))
    >>> scope = fit_scope(reference, vectors, np.array([[2.0], [2.5], [2.5], [3.0]]))
    >>> new = np.array([[0.98, 0.2], [0, 1]], dtype=np.float32)
    >>> (scope.scores(new, np.array([[2.5], [2.5]])) >= scope.threshold).tolist()
    [True, False]
    """
    features = _features(reference, held_out, logits, itself=False)
    mean, spread = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_SPREAD)
    scores = ((features - mean) / spread).sum(axis=1)
    return Scope(reference, mean, spread, float(np.quantile(scores, 1 - _KEPT)))


def fit_nearness(
    reference: Reference,
    groups: Sequence[str],
    held_out: NDArray[np.float32],
    classes: NDArray[np.int64],
    kept: float,
) -> Scope:
    """Fit to items in scope where few are held out, by nearness alone: each reference is held out from the others, too.

    Parameters
    ----------
    reference : Reference
        The training items.
    groups : sequence of str, length n
        What belongs together, such as the pictures of one patient, is no neighbour of its own.
    held_out : ndarray, shape (m, d)
        Unit vectors of items in scope that the classifier was not trained on.
    classes : ndarray of int, shape (m,)
        What the classifier takes those for.
    kept : float, 0 to 1
        Share of all these that the threshold lets pass.

    Examples
    --------
    >>> vectors = np.array([[1, 0], [0.99, 0.14], [0.96, 0.28], [0.92, 0.39]], dtype=np.float32)
    >>> reference = Reference(vectors.astype(np.float16), np.zeros(4, dtype=np.int64))
    >>> scope = fit_nearness(reference, ["a", "b", "c", "d"], vectors[:1], np.array([0]), kept=0.95)
    >>> new, logits = np.array([[0.98, 0.2], [0, 1]], dtype=np.float32), np.array([[2.5], [99.0]])
    >>> (scope.scores(new, logits) >= scope.threshold).tolist()
    [True, False]
    """
    step = -(-len(reference.vectors) // _MOST_LEFT_OUT)
    left_out = reference.vectors[::step].astype(np.float32) @ reference.vectors.T.astype(np.float32)
    known = np.unique(groups, return_inverse=True)[1]
    own = (reference.classes[::step, None] != reference.classes[None, :]) | (known[::step, None] == known[None, :])
    left_out[own | (left_out > _SAME)] = -1.0
    nearest = left_out.max(axis=1)
    near = np.concatenate([nearest[nearest > -1.0], reference.nearness(held_out, classes, itself=False)])
    spread = max(float(near.std()), _LEAST_SPREAD)
    threshold = (float(np.quantile(near, 1 - kept)) - float(near.mean())) / spread
    return Scope(reference, np.array([near.mean(), 0.0]), np.array([spread, np.inf]), threshold)


def _features(
    reference: Reference, vectors: NDArray[np.float32], logits: NDArray[np.float64], *, itself: bool = True
) -> NDArray[np.float64]:
    """Return nearness and energy, shape (n, 2)."""
    near = reference.nearness(vectors, logits.argmax(axis=1), itself=itself)
    return np.stack([near, logsumexp(logits, axis=1)], axis=1)
