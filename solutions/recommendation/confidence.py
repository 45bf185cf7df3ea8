"""How likely a shelf holds something that its user will take."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.ranker import Candidates

__all__ = ["Confidence", "ShelfMass", "fit_confidence", "shelf_mass"]

_DEPTH = 10


@dataclass(frozen=True)
class Confidence:
    """Platt scaling of the share of the ranker's softmax that the first ten hold, and of how much is known of the user.

    Attributes
    ----------
    slope, history_slope, offset : float
        Of the log-odds of the share, of the log of one more than the length of the history, and the intercept.
    popular : float, 0 to 1
        The chance for a user of whom nothing is known, who is shown what is popular.

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines".
    """

    slope: float
    history_slope: float
    offset: float
    popular: float = 0.0

    def of(self, shelves: "ShelfMass") -> NDArray[np.float64]:
        """Return chances that at least one of the first ten is taken, shape (n,)."""
        return np.asarray(1 / (1 + np.exp(-(_features(shelves) @ [self.slope, self.history_slope] + self.offset))))


@dataclass(frozen=True, eq=False)
class ShelfMass:
    """What the confidence is read from.

    Attributes
    ----------
    users : ndarray of int64, shape (n,)
    mass : ndarray, shape (n,), 0 to 1
        The share of each one's softmax over candidates that the best ten hold.
    history : ndarray, shape (n,)
        The log of one more than the length of the history.
    """

    users: NDArray[np.int64]
    mass: NDArray[np.float64]
    history: NDArray[np.float64]


def shelf_mass(
    candidates: Candidates, scores: NDArray[np.float64], shown: NDArray[np.int64] | None = None
) -> ShelfMass:
    """Return for each user what the confidence is read from.

    Where rules, dials or a wish chose the shelf, ``shown`` says which items are on it, in place of the best ten.
    """
    order = np.lexsort((-scores, candidates.users))
    users, start, inverse = np.unique(candidates.users[order], return_index=True, return_inverse=True)
    ordered = scores[order]
    # the best score comes first, so its exponential is 1 and nothing overflows
    weight = np.exp(ordered - ordered[start][inverse])
    place = np.arange(len(order)) - start[inverse]
    inside = place < _DEPTH if shown is None else np.isin(candidates.items[order], shown)
    top = np.bincount(inverse, weight * inside)
    history = candidates.column("history")[order][start].astype(np.float64)
    return ShelfMass(users, np.asarray(top / np.bincount(inverse, weight)), history)


def fit_confidence(shelves: Sequence[ShelfMass], hit: NDArray[np.bool_], popular: float) -> Confidence:
    """Fit to users who were held out; where all or none were hit there is nothing to fit, and the share itself answers.

    Parameters
    ----------
    shelves : sequence of ShelfMass
    hit : ndarray of bool, shape (n,)
    popular : float, 0 to 1
        How many of them what is popular would have hit.
    """
    from sklearn.linear_model import LogisticRegression

    if hit.all() or not hit.any():
        share = (hit.sum() + 1) / (len(hit) + 2)
        return Confidence(0.0, 0.0, float(np.log(share / (1 - share))), popular)
    model = LogisticRegression(C=1e6, max_iter=1000).fit(np.concatenate([_features(part) for part in shelves]), hit)
    slope, history_slope = model.coef_[0].tolist()
    return Confidence(slope, history_slope, float(model.intercept_[0]), popular)


def _features(shelves: ShelfMass) -> NDArray[np.float64]:
    kept = np.clip(shelves.mass, 1e-6, 1 - 1e-6)
    return np.stack([np.log(kept / (1 - kept)), shelves.history], axis=1)
