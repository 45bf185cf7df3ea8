"""What a model gave row by row: two models are compared by it, and pictures are drawn of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from foundation.evaluation.metrics import risk_coverage

__all__ = ["Outcomes"]

_BINS = 10
_CURVE_POINTS = 50
_WORST = 10
_SHOWN = 200


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Figures of every row (document, query, user) of a test split. It stays in memory.

    Attributes
    ----------
    units : tuple of str
        What the rows are, for people, without personal data; two models are compared on the same ones.
    values : mapping of metric to ndarray of float64, shape (n,)
        Whose means are the metrics.
    groups : mapping of subgroup to ndarray of bool, shape (n,)
    targets, predicted : ndarray of str, shape (n,)
        Of a classifier; empty otherwise.
    confidence : ndarray of float64, shape (n,)
        Of the predicted label.
    clusters : tuple of str
        What each row belongs to, such as a patient: rows of one are no independent proofs. Empty where each is alone.
    """

    units: tuple[str, ...]
    values: Mapping[str, NDArray[np.float64]]
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    targets: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    predicted: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    confidence: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    clusters: tuple[str, ...] = ()

    @classmethod
    def of_classes(
        cls,
        units: Sequence[str],
        labels: Sequence[str],
        classes: Sequence[str],
        probabilities: NDArray[np.float64],
        groups: Mapping[str, NDArray[np.bool_]],
        clusters: Sequence[str] = (),
    ) -> Self:
        """Take the likeliest class of each row.

        The values are ``accuracy`` and ``quadratic_score``: 1 less half the squared distance between probabilities and
        truth, 1 for one who is sure and right, 0 for one who is sure and wrong (Brier 1950, turned so that more is
        better). Nothing but true probabilities makes the most of it (Gneiting, Raftery 2007, JASA 102, section 4.1).

        Parameters
        ----------
        units, labels : sequence of str, length n
        classes : sequence of str
            In the order of the columns of ``probabilities``; a label may be of none of them, and is then never found.
        probabilities : ndarray, shape (n, classes)
        groups : mapping of subgroup to ndarray of bool, shape (n,)
        clusters : sequence of str, length n or 0

        Examples
        --------
        >>> sure = np.array([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
        >>> outcomes = Outcomes.of_classes(["x", "y", "z"], ["a", "b", "b"], ["a", "b"], sure, {})
        >>> outcomes.values["quadratic_score"].tolist()
        [1.0, 0.0, 0.75]
        """
        targets, names = np.array(labels, dtype=np.str_), np.array(classes, dtype=np.str_)
        predicted = names[probabilities.argmax(axis=1)]
        is_class = targets[:, None] == names
        distance = np.square(probabilities - is_class).sum(axis=1) + ~is_class.any(axis=1)
        values = {"accuracy": (predicted == targets).astype(np.float64), "quadratic_score": 1 - distance / 2}
        return cls(tuple(units), values, groups, targets, predicted, probabilities.max(axis=1), tuple(clusters))

    def take(self, kept: NDArray[np.bool_]) -> Self:
        """Return some of the rows."""
        classes = kept if len(self.targets) else np.empty(0, dtype=np.bool_)
        return replace(
            self,
            units=tuple(compress(self.units, kept)),
            values={metric: values[kept] for metric, values in self.values.items()},
            groups={name: mask[kept] for name, mask in self.groups.items()},
            targets=self.targets[classes],
            predicted=self.predicted[classes],
            confidence=self.confidence[classes],
            clusters=tuple(compress(self.clusters, kept)),
        )

    @property
    def cluster(self) -> NDArray[np.int64]:
        """Number of each row's cluster, shape (n,); a row that belongs to none is its own."""
        return np.unique(self.clusters or np.arange(len(self.units)), return_inverse=True)[1].astype(np.int64)

    def diagnostics(self) -> dict[str, Any]:
        """Return what pictures of a classifier are drawn from, as plain lists; nothing for another model.

        Returns
        -------
        dict
            ``reliability``: bins of confidence with mean ``confidence``, ``accuracy`` and ``rows``.
            ``risk_coverage``: ``coverage`` and ``risk`` when the surest answers are given first (Geifman, El-Yaniv
            2017, arXiv:1705.08500).
            ``confusion``: ``labels``, and ``rows`` of counts, of the true labels by the predicted ones.
            ``errors``: the wrong answers that it was surest of.
        """
        if not len(self.targets):
            return {}
        right = self.predicted == self.targets
        wrong = np.flatnonzero(~right)
        worst = wrong[np.argsort(-self.confidence[wrong], kind="stable")][:_WORST]
        return {
            "reliability": _reliability(self.confidence, right),
            "risk_coverage": _risk_coverage(self.confidence, right),
            "confusion": _confusion(self.targets, self.predicted),
            "errors": [
                {
                    "item": self.units[row][:_SHOWN],
                    "label": str(self.targets[row]),
                    "predicted": str(self.predicted[row]),
                    "confidence": round(float(self.confidence[row]), 4),
                }
                for row in worst
            ],
        }


def _reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, float]]:
    place = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    return [
        {
            "confidence": float(confidence[place == number].mean()),
            "accuracy": float(right[place == number].mean()),
            "rows": int((place == number).sum()),
        }
        for number in np.unique(place)
    ]


def _risk_coverage(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, float]]:
    coverage, risk = risk_coverage(confidence, right)
    shown = np.unique(np.linspace(0, len(risk) - 1, min(_CURVE_POINTS, len(risk))).astype(np.int64))
    return [{"coverage": float(coverage[at]), "risk": float(risk[at])} for at in shown]


def _confusion(targets: NDArray[np.str_], predicted: NDArray[np.str_]) -> dict[str, Any]:
    labels = np.unique(np.concatenate([targets, predicted]))
    return {"labels": labels.tolist(), "rows": confusion_matrix(targets, predicted, labels=labels).tolist()}
