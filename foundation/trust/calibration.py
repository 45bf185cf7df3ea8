"""Calibrated confidence, and the confidence below which no answer is given.

Both are fitted on scores of examples that the scoring model had not seen. They are two numbers, kept in the bundle's
``calibration.json``.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, log_softmax, softmax

__all__ = ["DIAL", "USUAL_RISK", "Calibration", "answer_threshold", "fit_calibration", "fit_temperature"]

#: Risks for which a threshold is kept beside the default.
DIAL = (0.02, 0.05, 0.1, 0.2, 0.3)
#: Of five answers that are given, one may be wrong, and the bound on that share holds with 90 % probability. A stricter
#: default would leave a model of a few hundred examples silent most of the time.
USUAL_RISK = 0.20
_DELTA = 0.10


@dataclass(frozen=True)
class Calibration:
    """From logits to a confidence, and to an answer or none.

    Attributes
    ----------
    temperature : float
        What logits are divided by; above 1 the model was too sure of itself.
    threshold : float
        Least calibrated confidence with which an answer is given, 0 to 1; above 1 none is ever given.
    risk : float
        Share of wrong ones among the answers given that the threshold was chosen for.
    examples : int
        How many held-out examples both were fitted on.
    answered : float
        Share of those that would be answered.
    dial : dict of str to float
        Thresholds for other risks, by the risk as text: a person may ask for fewer wrong answers, or bear more.
    """

    temperature: float
    threshold: float
    risk: float
    examples: int
    answered: float
    dial: dict[str, float] = field(default_factory=dict)

    def at_risk(self, risk: str) -> float:
        """Return the threshold at which at most this share of answers is wrong; the default where it was not fitted."""
        return self.dial.get(risk, self.threshold)

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated class probabilities, shape (n, classes)."""
        calibrated: NDArray[np.float64] = softmax(logits / self.temperature, axis=1)
        return calibrated


def fit_calibration(
    logits: NDArray[np.float64], targets: NDArray[np.int64], *, risk: float = USUAL_RISK, delta: float = _DELTA
) -> Calibration:
    """Fit temperature and threshold on held-out scores.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    targets : ndarray of int, shape (n,)
    risk, delta : float, 0 to 1
        See ``answer_threshold``.
    """
    temperature = fit_temperature(logits, targets)
    probabilities = softmax(logits / temperature, axis=1)
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    threshold = answer_threshold(confidence, correct, risk=risk, delta=delta)
    answered = float((confidence >= threshold).mean())
    dial = {str(other): answer_threshold(confidence, correct, risk=other, delta=delta) for other in DIAL}
    return Calibration(temperature, threshold, risk, len(targets), answered, dial)


def fit_temperature(logits: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """Return the temperature with the least log loss.

    Scikit-learn's temperature scaling gives the same figure, but wants a classifier and folds, and halves the scores of
    two classes; on plain logits it is one line of SciPy.

    Parameters
    ----------
    logits : ndarray, shape (n, classes)
    targets : ndarray of int, shape (n,)

    Returns
    -------
    float
        Between 0.01 and 100.

    References
    ----------
    Guo et al. (2017), "On calibration of modern neural networks", arXiv:1706.04599, section 4.2.

    Examples
    --------
    Scores that are right nine times in ten, and say so with a probability of 0.9, stay as they are.

    >>> logits = np.log(np.array([[0.9, 0.1]] * 10))
    >>> round(fit_temperature(logits, np.array([0] * 9 + [1])), 2)
    1.0
    """
    from scipy.optimize import minimize_scalar  # a second, which reading a calibration need not wait

    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[rows, targets].mean())

    bound = np.log(100.0)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))


def answer_threshold(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], *, risk: float = USUAL_RISK, delta: float = _DELTA
) -> float:
    """Return the least confidence at which answers are wrong at most ``risk`` of the time.

    The guarantee: with probability 1 - delta over the draw of the examples, new examples from the same distribution
    that are answered at this threshold are wrong with probability at most ``risk``. A binary search over the examples'
    confidences tests about log2(n) thresholds, each by the exact binomial bound (Clopper, Pearson 1934) at delta
    divided by the number of tests.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        Of the likeliest class.
    correct : ndarray of bool, shape (n,)
        Whether the likeliest class was right.
    risk, delta : float, 0 to 1

    Returns
    -------
    float
        A confidence of one of the examples, or 1.01 where no threshold can be vouched for.

    References
    ----------
    Geifman, El-Yaniv (2017), "Selective classification for deep neural networks", arXiv:1705.08500, algorithm 2.

    Examples
    --------
    All of 64 right, in seven tests: the first, of 33 answers, is bounded by 1 - (0.1 / 7) ** (1 / 33) = 0.12.

    >>> answer_threshold(np.linspace(0.99, 0.70, 64), np.ones(64, dtype=bool), risk=0.20)
    0.7
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence, errors = confidence[order], np.cumsum(~correct[order])
    # equal confidences are answered together: a threshold ends at the last of its equals
    ends = np.flatnonzero(np.append(np.diff(sorted_confidence) != 0, True))
    tests = int(np.ceil(np.log2(len(ends) + 1)))
    low, high = 0, len(ends)  # the first `low` thresholds hold, those from `high` on do not
    while low < high:
        middle = (low + high) // 2
        answers, wrong = ends[middle] + 1, errors[ends[middle]]
        bound = betaincinv(wrong + 1, answers - wrong, 1 - delta / tests) if wrong < answers else 1.0
        low, high = (middle + 1, high) if bound <= risk else (low, middle)
    return float(sorted_confidence[ends[low - 1]]) if low else 1.01
