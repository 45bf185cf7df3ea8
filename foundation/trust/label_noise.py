"""Labels that a model which did not see them would have given otherwise, and is sure of it."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["suspicious_labels"]


def suspicious_labels(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows whose label is worth a second look, the most doubtful first.

    A row is doubtful where another class is as likely as that class usually is among its own examples (confident
    learning: Northcutt, Jiang, Chuang 2021, arXiv:1911.00068, section 3.1).

    Parameters
    ----------
    probabilities : ndarray, shape (n, classes)
        Of a model that was not fitted on the row.
    targets : ndarray of int, shape (n,)

    Examples
    --------
    >>> chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.05, 0.95], [0.02, 0.98]])
    >>> suspicious_labels(chances, np.array([0, 0, 1, 1, 0]))
    array([4])
    """
    classes = probabilities.shape[1]
    usual = np.array([probabilities[targets == label, label].mean() for label in range(classes)])
    confident = np.where(probabilities >= usual, probabilities, -1.0)
    confident[np.arange(len(targets)), targets] = -1.0
    doubtful = np.flatnonzero(confident.max(axis=1) > probabilities[np.arange(len(targets)), targets])
    margin = confident[doubtful].max(axis=1) - probabilities[doubtful, targets[doubtful]]
    found: NDArray[np.int64] = doubtful[np.argsort(-margin, kind="stable")]
    return found
