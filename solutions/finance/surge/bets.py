"""Bets against a baseline: likelihood ratios, their running sums, and which of many are too large for chance."""

import numpy as np
from scipy.special import betaln, gammaln

from solutions.finance.surge.baseline import Flags, Floats

__all__ = ["Bets", "e_bh", "log_beta_binomial", "log_negative_binomial", "multiplied"]


class Bets:
    """Running sums of log-ratios by bet and series, and when the best run of each began.

    Parameters
    ----------
    bets, series : int
    fade : float
        Of what was won so far, the part that is kept each time; 1 keeps all.
    """

    def __init__(self, bets: int, series: int, fade: float) -> None:
        self.fade = np.log(fade)
        self.sums = np.full((bets, series), -np.inf)
        self.runs = np.zeros((bets, series))
        self.began = np.zeros((bets, series), dtype=np.int64)

    def add(self, hour: int, ratios: Floats) -> None:
        """Take in log-ratios, shape (bets, series)."""
        self.sums = np.logaddexp(self.sums + self.fade, 0.0) + ratios
        self.began = np.where(self.runs <= 0, hour, self.began)
        self.runs = np.maximum(self.runs, 0.0) + ratios

    def shiryaev_roberts(self) -> Floats:
        """Return log R, the bets averaged."""
        return np.asarray(np.logaddexp.reduce(self.sums, axis=0) - np.log(len(self.sums)))

    def cusum(self) -> Floats:
        """Return Page's statistic (1954, "Continuous inspection schemes"), which never exceeds log R."""
        return np.asarray(np.logaddexp.reduce(self.runs, axis=0) - np.log(len(self.runs)))

    def start(self, series: int) -> int:
        """Return the hour in which the best run of a series began."""
        return int(self.began[self.runs[:, series].argmax(), series])

    def forget(self, series: int) -> None:
        """Begin anew with a series."""
        self.sums[:, series], self.runs[:, series] = -np.inf, 0.0


def e_bh(strength: Floats, least: float) -> Flags:
    """Return which of the log e-values pass: the j-th largest of K must reach ``least + log(K / j)``."""
    order = np.argsort(-strength, kind="stable")
    limits = least + np.log(len(strength)) - np.log(np.arange(1, len(strength) + 1))
    passing = np.flatnonzero(strength[order] >= limits)
    found = np.zeros(len(strength), dtype=bool)
    if len(passing):
        found[order[: passing[-1] + 1]] = True
    return found


def multiplied(share: Floats, odds: float) -> Floats:
    """Return the share whose odds are so many times as high."""
    return np.asarray(odds * share / (1 + (odds - 1) * share))


def log_beta_binomial(negative: Floats, items: Floats, a: Floats, b: Floats) -> Floats:
    """Return the log-probability without the binomial coefficient, which every ratio cancels."""
    return np.asarray(betaln(negative + a, items - negative + b) - betaln(a, b))


def log_negative_binomial(items: Floats, mean: Floats, shape: Floats) -> Floats:
    """Return the log-probability without the factorial of ``items``, which every ratio cancels."""
    sure = gammaln(items + shape) - gammaln(shape) + shape * np.log(shape)
    return np.asarray(sure + items * np.log(mean) - (items + shape) * np.log(shape + mean))
