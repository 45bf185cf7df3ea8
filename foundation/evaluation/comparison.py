"""Is one model better than another? Told by the same rows, with an effect, an interval and a probability."""

from dataclasses import dataclass, replace
from enum import Enum
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, false_discovery_control, t

from foundation.errors import InputError
from foundation.evaluation.metrics import Interval, class_counts
from foundation.evaluation.outcomes import Outcomes

__all__ = ["ALL_ROWS", "Comparison", "Verdict", "compare", "compare_values"]

_LEVEL = 0.05
_RESAMPLES = 2000
# A subgroup of fewer rows is not compared: nothing could be told of it.
_LEAST_ROWS = 20
# Of fewer, percentiles of resamples are too narrow: equal models of 6 to 10 patients differed in 9 to 12 cases of 100.
_FEW_CLUSTERS = 30
#: The name of the whole among the subgroups.
ALL_ROWS = "all"


class Verdict(str, Enum):
    """What is known of the second model beside the first."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "not told apart"


@dataclass(frozen=True)
class Comparison:
    """Two models by one metric on the same rows.

    Attributes
    ----------
    metric, group : str
    rows : int
    former, candidate : float
    difference : Interval
        Candidate less former, with its 95 % paired bootstrap interval.
    p : float
        Two-sided: McNemar's exact test where rows are right or wrong, otherwise that of the paired bootstrap. Where
        rows belong together (pictures of one patient) whole clusters are drawn. Of subgroups it is corrected for their
        number (Benjamini, Hochberg 1995).
    verdict : Verdict
        At 5 %.
    """

    metric: str
    group: str
    rows: int
    former: float
    candidate: float
    difference: Interval
    p: float
    verdict: Verdict

    def summary(self) -> str:
        """Say it in a line."""
        gap = self.difference
        return (
            f"{self.metric} {self.former:.3f} to {self.candidate:.3f} ({gap.value:+.3f}, {gap.low:+.3f} to "
            f"{gap.high:+.3f}, p {self.p:.2g}, {self.rows} rows): {self.verdict.value}"
        )


def compare(former: Outcomes, candidate: Outcomes) -> list[Comparison]:
    """Compare two models: each metric on all rows, then the first metric on every subgroup.

    Raises
    ------
    InputError
        They were measured on other rows.
    """
    if former.units != candidate.units:
        raise InputError("the two models were measured on other rows; evaluate both on one dataset")
    shared = [metric for metric in former.values if metric in candidate.values]
    cluster = former.cluster
    found = [
        compare_values(metric, former.values[metric], candidate.values[metric], cluster=cluster) for metric in shared
    ]
    if len(former.targets):
        found.append(_compare_macro_f1(former, candidate, cluster))
    groups = {name: mask for name, mask in former.groups.items() if mask.sum() >= _LEAST_ROWS}
    first = shared[0]
    parts = [
        compare_values(first, former.values[first][mask], candidate.values[first][mask], name, cluster[mask])
        for name, mask in groups.items()
    ]
    corrected = false_discovery_control([part.p for part in parts]) if parts else []
    return found + [_told(part, float(p)) for part, p in zip(parts, corrected, strict=True)]


def compare_values(
    metric: str,
    former: NDArray[np.float64],
    candidate: NDArray[np.float64],
    group: str = ALL_ROWS,
    cluster: NDArray[np.int64] | None = None,
) -> Comparison:
    """Compare the means of one figure a row.

    Parameters
    ----------
    metric : str
    former, candidate : ndarray of float64, shape (n,)
        Of the same rows.
    group : str
    cluster : ndarray of int64, shape (n,), optional
        Rows of one number belong together; each is alone where it is left out.

    References
    ----------
    McNemar (1947), Psychometrika 12(2), in its exact form; Efron, Tibshirani (1993), chapter 13; for clusters Field,
    Welsh (2007), "Bootstrapping clustered data", JRSS B 69(3); for few of them Cameron, Gelbach, Miller (2008),
    "Bootstrap-based improvements for inference with clustered errors", Review of Economics and Statistics 90(3).

    Examples
    --------
    Of 40 rows the second model mends nine and spoils one: p is 2 * (1 + 10) / 2 ** 10.

    >>> former, candidate = np.array([0.0] * 9 + [1.0] * 31), np.array([1.0] * 39 + [0.0])
    >>> told = compare_values("accuracy", former, candidate)
    >>> round(told.difference.value, 3), round(told.p, 4), told.verdict.value
    (0.2, 0.0215, 'better')
    """
    gaps = candidate - former
    _, numbers = np.unique(np.arange(len(gaps)) if cluster is None else cluster, return_inverse=True)
    sums, sizes = np.bincount(numbers, gaps), np.bincount(numbers)
    drawn = np.random.default_rng(0).integers(len(sums), size=(_RESAMPLES, len(sums)))
    resampled = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    alone = len(sums) == len(gaps)
    binary = alone and bool(np.isin(former, (0, 1)).all() and np.isin(candidate, (0, 1)).all())
    p = _mcnemar(int((gaps > 0).sum()), int((gaps < 0).sum())) if binary else None
    return _comparison(metric, group, len(gaps), float(former.mean()), float(candidate.mean()), resampled, len(sums), p)


def _compare_macro_f1(former: Outcomes, candidate: Outcomes, cluster: NDArray[np.int64]) -> Comparison:
    """Compare macro-F1 over the labels of the rows, by resampling rows (or clusters) of both models together."""
    labels, targets = np.unique(former.targets, return_inverse=True)
    answers = [_places(labels, outcomes.predicted) for outcomes in (former, candidate)]
    members = np.split(np.argsort(cluster, kind="stable"), np.cumsum(np.bincount(cluster))[:-1])
    drawn = np.random.default_rng(0).integers(len(members), size=(_RESAMPLES, len(members)))
    alone = len(members) == len(targets)
    rows = drawn if alone else (np.concatenate([members[at] for at in draw]) for draw in drawn)
    scores = np.array(
        [
            [_macro_f1(targets[row], answer[row], len(labels)) for answer in answers]
            for row in (np.arange(len(targets)), *rows)
        ]
    )
    resampled = scores[1:, 1] - scores[1:, 0]
    first, second = (float(score) for score in scores[0])
    return _comparison("macro_f1", ALL_ROWS, len(targets), first, second, resampled, len(members))


def _places(labels: NDArray[np.str_], predicted: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return where each answer stands among the labels; one that is none of them stands behind the last."""
    place = np.searchsorted(labels, predicted)
    known = labels[np.minimum(place, len(labels) - 1)] == predicted
    return np.where(known, place, len(labels))


def _macro_f1(targets: NDArray[np.int64], answers: NDArray[np.int64], classes: int) -> float:
    """Return the mean F1 of the classes that the rows hold."""
    counts = class_counts(targets, answers, classes)
    true, said, both = counts[:, counts[0] > 0]
    return float((2 * both / (true + said)).mean())


def _mcnemar(won: int, lost: int) -> float:
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def _comparison(
    metric: str,
    group: str,
    rows: int,
    former: float,
    candidate: float,
    resampled: NDArray[np.float64],
    clusters: int,
    p: float | None = None,
) -> Comparison:
    """Tell what the resamples say, and of few clusters no more than Student's t and their signs alone would."""
    gap, many = candidate - former, len(resampled)
    low, high = (float(end) for end in np.quantile(resampled, [0.025, 0.975]))
    beyond = (2 * min((resampled <= 0).sum(), (resampled >= 0).sum()) + 1) / (many + 1)
    proof = max(float(beyond), 2 * 0.5**clusters)
    if 1 < clusters < _FEW_CLUSTERS:
        error = float(resampled.std()) * sqrt(clusters / (clusters - 1))
        reach = error * float(t.ppf(0.975, clusters - 1))
        low, high = min(low, gap - reach), max(high, gap + reach)
        proof = max(proof, 2 * float(t.sf(abs(gap) / error, clusters - 1)) if error else 0.0)
    p = min(1.0, proof) if p is None else p
    return _told(Comparison(metric, group, rows, former, candidate, Interval(gap, low, high), p, Verdict.ALIKE), p)


def _told(comparison: Comparison, p: float) -> Comparison:
    better = comparison.difference.value > 0
    verdict = Verdict.ALIKE if p >= _LEVEL else Verdict.BETTER if better else Verdict.WORSE
    return replace(comparison, p=p, verdict=verdict)
