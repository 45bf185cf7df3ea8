"""Metrics of screening: how well findings are told from none, what a threshold gives, what the sets hold."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from foundation.evaluation.metrics import Interval, auroc, bootstrap

__all__ = ["finding_auroc", "set_metrics", "threshold_metrics"]


def finding_auroc(
    probabilities: NDArray[np.float64], targets: NDArray[np.int64], negative: int | None, units: Sequence[object]
) -> Mapping[str, Interval]:
    """Return ``auroc``: of a finding against none where a class stands for none, else the mean of one against the rest.

    Nothing where the rows are of one kind.

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
    targets : ndarray of int, shape (n,)
    negative : int or None
        The class of no finding.
    units : sequence, length n
        The sampled unit of each row, such as the patient.
    """
    if negative is not None:
        scores = [(1 - probabilities[:, negative], targets != negative)]
    else:
        scores = [(probabilities[:, at], targets == at) for at in range(probabilities.shape[1])]

    def mean(rows: NDArray[np.int64]) -> float:
        figures = [auroc(truth[rows], chance[rows]) for chance, truth in scores if 0 < truth[rows].mean() < 1]
        return float(np.mean(figures)) if figures else float("nan")

    told = any(0 < truth.mean() < 1 for _, truth in scores)
    return {"auroc": bootstrap(mean, units)} if told else {}


def threshold_metrics(
    findings: NDArray[np.float64], sick: NDArray[np.bool_], threshold: float, units: Sequence[object]
) -> Mapping[str, Interval]:
    """Return ``sensitivity`` and ``specificity`` of a threshold that was chosen elsewhere; only that of whom there is.

    Parameters
    ----------
    findings : ndarray, shape (n,)
        Probabilities of a finding.
    sick : ndarray of bool, shape (n,)
    """
    positive = findings >= threshold

    def share(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> Callable[[NDArray[np.int64]], float]:
        return lambda rows: float(hit[rows][among[rows]].mean()) if among[rows].any() else float("nan")

    shares = {"sensitivity": (positive, sick), "specificity": (~positive, ~sick)}
    return {name: bootstrap(share(hit, among), units) for name, (hit, among) in shares.items() if among.any()}


def set_metrics(sets: NDArray[np.bool_], targets: NDArray[np.int64], units: Sequence[object]) -> Mapping[str, Interval]:
    """Return ``set_coverage``, the share of sets that hold the right class, ``set_size`` and ``single_set``.

    Parameters
    ----------
    sets : ndarray of bool, shape (n, classes)
    """
    sizes = sets.sum(axis=1)
    figures = {"set_coverage": sets[np.arange(len(sets)), targets], "set_size": sizes, "single_set": sizes == 1}

    def mean(values: NDArray[np.float64]) -> Interval:
        most = float(sets.shape[1]) if values is sizes else 1.0
        return bootstrap(lambda rows: float(values[rows].mean()), units, bounds=(0.0, most))

    return {name: mean(values) for name, values in figures.items()}
