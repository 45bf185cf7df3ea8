"""Calibrated answers on examples that training did not see: what every promise about new ones is computed from."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

__all__ = ["HeldOut", "OperatingPoint", "at_prevalence", "share_interval"]

_LEVEL = 0.95


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on the probability that there is a finding, and what it gave on held-out examples.

    Attributes
    ----------
    threshold : float
        A picture with this probability of a finding or more is called positive.
    sensitivity, specificity : (value, low, high)
        With exact 95 % intervals.
    """

    threshold: float
    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]

    def predictive_values(self, prevalence: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return of the called positive how many have a finding, and of the called negative how many have none.

        Sensitivity and specificity are the same wherever the pictures of each kind look the same; what a call is worth
        is not, since it hangs on how common a finding is.

        Parameters
        ----------
        prevalence : float, above 0 and below 1
            Share of the pictures that have a finding.

        Returns
        -------
        (value, low, high), (value, low, high)
            Positive and negative predictive value; low and high are of both intervals' ends, and hold with 90 %.

        References
        ----------
        Altman, Bland (1994), "Diagnostic tests 2: predictive values", BMJ 309:102.

        Examples
        --------
        Of 100 people 10 are sick, of whom 9 are called; of the 90 others 18 are: 9 of 27, and 72 of 73.

        >>> point = OperatingPoint(0.5, (0.9, 0.9, 0.9), (0.8, 0.8, 0.8))
        >>> [round(values[0], 3) for values in point.predictive_values(0.1)]
        [0.333, 0.986]
        """
        pairs = list(zip(self.sensitivity, self.specificity, strict=True))
        sick, well = prevalence, 1 - prevalence
        positive = tuple(_share_of(seen * sick, (1 - spared) * well) for seen, spared in pairs)
        negative = tuple(_share_of(spared * well, (1 - seen) * sick) for seen, spared in pairs)
        return positive, negative


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Calibrated probabilities of held-out examples, and what they were.

    Attributes
    ----------
    probabilities : ndarray, shape (n, classes)
    targets : ndarray of int, shape (n,)
    """

    probabilities: NDArray[np.float64]
    targets: NDArray[np.int64]

    def least_in_set(self, coverage: float) -> NDArray[np.float64]:
        """Return per class the least probability with which it belongs to the set of possible answers.

        Of new examples of *each* class, exchangeable with these, the set holds the right class with a probability of
        at least ``coverage``. With too few examples of a class nothing can be promised, and it is always in the set.
        MAPIE 1.6 has no sets by class of given probabilities, which is what these lines are.

        Parameters
        ----------
        coverage : float, 0 to 1

        Returns
        -------
        ndarray, shape (classes,)

        References
        ----------
        Vovk (2012), "Conditional validity of inductive conformal predictors", arXiv:1209.2673, section 4, with the
        score 1 - p of Sadinle, Lei, Wasserman (2019), arXiv:1609.00451.

        Examples
        --------
        Nine examples of a class at 80 %: the rank is ceil(10 * 0.8) = 8, so the second least probability is enough.

        >>> chances = np.linspace(0.1, 0.9, 9)
        >>> HeldOut(np.stack([chances, 1 - chances], axis=1), np.zeros(9, dtype=np.int64)).least_in_set(0.8)
        array([0.2, 0. ])
        """
        least = np.zeros(self.probabilities.shape[1])
        for label in range(len(least)):
            own = np.sort(self.probabilities[self.targets == label, label])[::-1]
            rank = ceil((len(own) + 1) * coverage)
            if 0 < rank <= len(own):
                least[label] = own[rank - 1]
        return least

    def finding(self, negative: int | None) -> NDArray[np.float64]:
        """Return the probability that there is a finding, shape (n,): that it is not the class of none."""
        return finding_probability(self.probabilities, negative)

    def prevalence(self, negative: int) -> float:
        """Return the share of the examples that have a finding; never all or none, which would rule the other out."""
        least = 0.5 / len(self.targets)
        return float(np.clip((self.targets != negative).mean(), least, 1 - least))

    def finding_at(self, negative: int, probability: float, prevalence: float) -> float:
        """Return how likely a picture has a finding where so many have one, and not as many as among the examples.

        What a network that was trained on balanced classes says is of no one mix: one temperature mends how sure it is,
        and not how common it takes a finding to be. So a logistic regression on the examples says first what its
        probabilities mean there.

        Parameters
        ----------
        negative : int
        probability : float, 0 to 1
            Of a finding, as the network says it.
        prevalence : float, above 0 and below 1

        References
        ----------
        Platt (1999), "Probabilistic outputs for support vector machines".
        """
        from sklearn.linear_model import LogisticRegression

        sick = self.targets != negative
        if sick.all() or not sick.any():
            return probability
        model = LogisticRegression().fit(_log_odds(self.finding(negative))[:, None], sick)
        here = model.predict_proba([[float(_log_odds(np.array(probability)))]])[0, 1]
        return at_prevalence(float(here), self.prevalence(negative), prevalence)

    def operating_point(self, negative: int, sensitivity: float) -> OperatingPoint:
        """Return the greatest threshold that keeps the sensitivity, so that the fewest healthy are called sick.

        Parameters
        ----------
        negative : int
            The class of no finding.
        sensitivity : float, 0 to 1
            Share of the examples with a finding that must be called positive.
        """
        sick = np.sort(self.finding(negative)[self.targets != negative])
        missed = int(np.floor((1 - sensitivity) * len(sick) + 1e-9))
        return self.at(negative, float(sick[missed]) if len(sick) else 0.0)

    def at(self, negative: int, threshold: float) -> OperatingPoint:
        """Return what a threshold gives."""
        positive, sick = self.finding(negative) >= threshold, self.targets != negative
        return OperatingPoint(
            threshold,
            share_interval(int((positive & sick).sum()), int(sick.sum())),
            share_interval(int((~positive & ~sick).sum()), int((~sick).sum())),
        )

    def save(self, path: Path) -> None:
        """Write as safetensors."""
        from safetensors.numpy import save_file

        save_file({"probabilities": np.ascontiguousarray(self.probabilities), "targets": self.targets}, path)

    @classmethod
    def load(cls, path: Path) -> "HeldOut":
        """Read what ``save`` wrote."""
        from safetensors.numpy import load_file

        tensors = load_file(path)
        return cls(tensors["probabilities"], tensors["targets"])


def finding_probability(probabilities: NDArray[np.float64], negative: int | None) -> NDArray[np.float64]:
    """Return 1 - p of the class of no finding, shape (n,); the likeliest class's where there is no such class."""
    found: NDArray[np.float64] = probabilities.max(axis=1) if negative is None else 1 - probabilities[:, negative]
    return found


def at_prevalence(probability: float, usual: float, here: float) -> float:
    """Return the probability of a finding where findings are more or less common than among the held-out examples.

    Parameters
    ----------
    probability : float, 0 to 1
        Where ``usual`` of the pictures have a finding.
    usual, here : float, above 0 and below 1

    References
    ----------
    Saerens, Latinne, Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori probabilities: a
    simple procedure", Neural Computation 14, equation 2.4.

    Examples
    --------
    Even odds among as many sick as healthy are one in ten where one in ten is sick.

    >>> round(at_prevalence(0.5, 0.5, 0.1), 3)
    0.1
    """
    return _share_of(probability * here / usual, (1 - probability) * (1 - here) / (1 - usual))


def _log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(probabilities, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def _share_of(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 0.0


def share_interval(hits: int, of: int) -> tuple[float, float, float]:
    """Return a share with its exact 95 % interval (Clopper, Pearson 1934); of nothing, all is possible.

    Examples
    --------
    >>> [round(figure, 3) for figure in share_interval(10, 10)]
    [1.0, 0.692, 1.0]
    """
    if not of:
        return 0.0, 0.0, 1.0
    tail = (1 - _LEVEL) / 2
    low = float(betaincinv(hits, of - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, of - hits, 1 - tail)) if hits < of else 1.0
    return hits / of, low, high
