"""How likely a shelf holds something that its user will take."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.ranker import Candidates

__all__ = ["Confidence", "fit_confidence", "shelf_mass"]

_DEPTH = 10


@dataclass(frozen=True)
class Confidence:
    """Platt scaling of the share of the ranker's softmax that the first ten hold.

    Attributes
    ----------
    slope, offset : float
    popular : float, 0 to 1
        The chance for a user of whom nothing is known, who is shown what is popular.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines".
    """

    slope: float
    offset: float
    popular: float = 0.0

    def of(self, mass: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return chances that at least one of the first ten is taken, shape (n,)."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * _log_odds(mass) + self.offset))))


def shelf_mass(candidates: Candidates, scores: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return users and the share of each one's softmax over candidates that the best ten hold, shape (users,)."""
    order = np.lexsort((-scores, candidates.users))
    users, start, inverse = np.unique(candidates.users[order], return_index=True, return_inverse=True)
    ordered = scores[order]
    # the best score comes first, so its exponential is 1 and nothing overflows
    weight = np.exp(ordered - ordered[start][inverse])
    place = np.arange(len(order)) - start[inverse]
    top = np.bincount(inverse, weight * (place < _DEPTH))
    return users, np.asarray(top / np.bincount(inverse, weight))


def fit_confidence(mass: NDArray[np.float64], hit: NDArray[np.bool_], popular: float) -> Confidence:
    """Fit to users who were held out; where all or none were hit there is nothing to fit, and the share itself answers.

    Parameters
    ----------
    mass : ndarray, shape (n,), 0 to 1
    hit : ndarray of bool, shape (n,)
    popular : float, 0 to 1
        How many of them what is popular would have hit.
    """
    from sklearn.linear_model import LogisticRegression

    if hit.all() or not hit.any():
        share = (hit.sum() + 1) / (len(hit) + 2)
        return Confidence(0.0, float(np.log(share / (1 - share))), popular)
    model = LogisticRegression(C=1e6).fit(_log_odds(mass)[:, None], hit)
    return Confidence(float(model.coef_[0, 0]), float(model.intercept_[0]), popular)


def _log_odds(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(mass, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))
