"""An alarm when bad news gathers, at a false-alarm rate that follows from how it is built.

Each hour, each series (a topic, a company) bets against its own baseline. A bet is a likelihood ratio: how probable the
hour's counts are if negative items multiply, over how probable they are as things usually go. Were the baseline
exact, such a ratio would be 1 on average whatever the bettor does, and so the Shiryaev-Roberts sum of all bets that
began at some hour up to now,

    R(t) = (1 + fade * R(t - 1)) * ratio(t),

would grow by no more than 1 an hour on average. It can therefore exceed A no more often than once in A hours: with
A = 168 / dial, no more than ``dial`` false alarms a week. Bets fade with a half-life of a day, so that small errors of
the baseline do not add up for weeks; what grows slowly is left to the drift detector, Page's CUSUM of daily ratios.
Over many series, e-BH compares the j-th largest R of K with A * K / j; the mean of all R is such a sum too and lies
above, so the rate holds for the moments at which any of them is raised; series that share items are raised together.

The counts of a series are modelled as a share drawn for the day (beta-binomial) of a volume drawn for the day (negative
binomial). Both urns are followed hour by hour, so a bad day is evidence only as far as it is worse than bad days are.
Items of one event come together; the urns take counts over the size of such packs, as the hours of usual days tell it.
The day begins when the hour, as it is handed in, is a multiple of 24: hand in local hours.

References
----------
Shiryaev (1963), "On optimum methods in quickest detection problems"; Roberts (1966), "A comparison of some control
chart procedures"; Shin, Ramdas, Rinaldo (2024), "E-detectors", arXiv:2203.03532 (the bound, theorem 2.4); Wang,
Ramdas (2022), "False discovery rate control with e-values", arXiv:2009.02824 (e-BH).
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.stats import betabinom

from solutions.finance.surge.baseline import DAY, WEEK, Baseline, Counts, Flags, Floats, History, fit_baseline
from solutions.finance.surge.bets import Bets, e_bh, log_beta_binomial, log_negative_binomial, multiplied

__all__ = ["LEARNING", "Alarm", "AlarmKind", "Finding", "SurgeDetector"]


class AlarmKind(str, Enum):
    """What was found."""

    BURST = "burst"
    DRIFT = "drift"


@dataclass(frozen=True)
class Finding:
    """What was found, and how much it says.

    Attributes
    ----------
    kind : AlarmKind
    hour : int
        Hours of Unix time; the alarm is raised when this hour is over.
    start : int
        The first hour of the surge, as estimated.
    items, negative : int
        From start up to and including hour.
    usual_share : float
        Negative share that was expected of those items.
    p : float
        Probability of at least so many negative items in these hours as things usually go: the tail of the
        beta-binomial. It looks at these hours alone; ``expected_false`` counts all looks.
    expected_false : float
        Alarms a week, over all series, that chance alone would give at this strength.
    """

    kind: AlarmKind
    hour: int
    start: int
    items: int
    negative: int
    usual_share: float
    p: float
    expected_false: float

    @property
    def share(self) -> float:
        """Negative share of the items."""
        return self.negative / self.items if self.items else 0.0

    @property
    def effect(self) -> float:
        """How many times the usual share."""
        return self.share / self.usual_share


@dataclass(frozen=True)
class Alarm(Finding):
    """A finding in a series, told by its column."""

    series: int


# Odds of an item being negative, times this, are what the bets are on: a half more for slow change, and up to five.
_BURST_ODDS = (2.5, 5.0)
_DRIFT_ODDS = (1.5,)
_FADE = 0.5 ** (1 / DAY)
# Of the dial, what the drift detector may use.
_DRIFT_PART = 0.1
# Before so many days nothing is usual; the last week is not learned from.
_LEAST_DAYS = 14
#: Hours of history without which no alarm is raised.
LEARNING = _LEAST_DAYS * DAY + WEEK
# An alarm is over when it was not found again for so long; what lasts longer than two weeks has become usual.
_QUIET = {AlarmKind.BURST: DAY, AlarmKind.DRIFT: WEEK}
_LONGEST = 2 * WEEK


class SurgeDetector:
    """Follows hourly counts of many series.

    Parameters
    ----------
    series : int
    dial : float
        False alarms a week, over all series, that are accepted. Above 0.
    weeks : int
        Of history that the baseline is learned from.

    Examples
    --------
    >>> detector = SurgeDetector(series=1, dial=1.0)
    >>> usual = [detector.step(hour, np.array([4]), np.array([1])) for hour in range(960)]
    >>> any(usual)
    False
    >>> surge = [detector.step(960 + hour, np.array([8]), np.array([5])) for hour in range(24)]
    >>> sum(len(alarms) for alarms in surge)
    1
    """

    def __init__(self, series: int, dial: float = 1.0, weeks: int = 8) -> None:
        self.dial = dial
        self.history = History(series, weeks)
        self._baseline: Baseline | None = None
        # the urns: negative items, items, expected items and expected other items of the day so far
        self._day = np.zeros((4, series))
        self._bursts = Bets(2 * len(_BURST_ODDS), series, _FADE)
        self._drifts = Bets(len(_DRIFT_ODDS), series, fade=1.0)
        self._since = np.full(series, -_LONGEST)
        self._until = {kind: np.full(series, -_LONGEST) for kind in AlarmKind}

    @property
    def learning(self) -> bool:
        """Whether there is too little history to tell what is usual."""
        return self._baseline is None

    def ongoing(self, kind: AlarmKind, hour: int) -> Flags:
        """Tell for each series whether an alarm is on: one was raised, and found again of late."""
        return np.asarray(hour < self._until[kind])

    def step(self, hour: int, items: Counts, negative: Counts) -> list[Alarm]:
        """Take the counts of one hour, the one after the last, and return the alarms that begin with it.

        Parameters
        ----------
        hour : int
            Hours of Unix time.
        items, negative : ndarray of int, shape (series,)
        """
        self.history.append(hour, items, negative)
        alarms: list[Alarm] = []
        if self._baseline:
            self._bursts.add(hour, self._burst_bets(self._baseline, hour, items, negative))
            alarms += self._raise(AlarmKind.BURST, hour)
        if (hour + 1) % DAY == 0:
            if self._baseline:
                self._drifts.add(hour, self._drift_bets(self._baseline, hour))
                alarms += self._raise(AlarmKind.DRIFT, hour)
            if len(self.history.hours(lag=WEEK)) >= _LEAST_DAYS * DAY:
                self._baseline = fit_baseline(self.history, lag=WEEK)
        return alarms

    def _burst_bets(self, baseline: Baseline, hour: int, items: Counts, negative: Counts) -> Floats:
        """Return log-ratios, shape (bets, series), and let the urns take the hour in."""
        if hour % DAY == 0:
            self._day[:] = 0.0
        volume, share = baseline.items[hour % WEEK], baseline.share[hour % WEEK]
        strength, shape = baseline.share_strength, baseline.volume_shape
        bad, some, day_bad, day_some = np.array([negative, items, *self._day[:2]]) / baseline.share_pack
        usual_share = log_beta_binomial(
            bad, some, strength * share + day_bad, strength * (1 - share) + day_some - day_bad
        )
        come, expected = items / baseline.volume_pack, volume / baseline.volume_pack
        day_negative, day_come, day_expected, day_other = self._day / baseline.volume_pack
        many = shape + day_come
        usual_volume = log_negative_binomial(come, expected * many / (shape + day_expected), many)
        # how busy the day is without the bad news, were that added
        other = shape + day_come - day_negative
        busy = expected * other / (shape + day_other)
        bets = []
        for odds in _BURST_ODDS:
            then = multiplied(share, odds)
            worse = log_beta_binomial(bad, some, strength * then, strength * (1 - then)) - usual_share
            # bad news in the place of other news, and bad news on top of it
            more = log_negative_binomial(come, busy * (1 + (odds - 1) * share), other) - usual_volume
            bets += [worse, worse + more]
        self._day += np.array([negative, items, volume, volume * (1 - share)])
        return np.array(bets)

    def _drift_bets(self, baseline: Baseline, hour: int) -> Floats:
        """Return log-ratios of the day that ends with the hour; a burst is not also a drift."""
        rows = np.arange(hour - DAY + 1, hour + 1)
        counts, shares = self.history.items[rows % self.history.size], baseline.share[rows % WEEK]
        items, negative = counts.sum(axis=0), self.history.negative[rows % self.history.size].sum(axis=0)
        share = np.where(items > 0, (counts * shares).sum(axis=0) / np.maximum(items, 1), shares.mean(axis=0))
        strength = baseline.share_strength
        bad, some = np.array([negative, items]) / baseline.share_pack
        usual = log_beta_binomial(bad, some, strength * share, strength * (1 - share))
        bets = []
        for odds in _DRIFT_ODDS:
            then = multiplied(share, odds)
            bets.append(log_beta_binomial(bad, some, strength * then, strength * (1 - then)) - usual)
        return np.where(self.ongoing(AlarmKind.BURST, hour), 0.0, np.array(bets))

    def _raise(self, kind: AlarmKind, hour: int) -> list[Alarm]:
        bets, looks = (self._bursts, WEEK) if kind is AlarmKind.BURST else (self._drifts, WEEK // DAY)
        part = 1 - _DRIFT_PART if kind is AlarmKind.BURST else _DRIFT_PART
        strength = bets.shiryaev_roberts() if kind is AlarmKind.BURST else bets.cusum()
        found = e_bh(strength, np.log(looks / (self.dial * part)))
        was_on, alarms = self.ongoing(kind, hour), []
        for series in map(int, np.flatnonzero(found)):
            start = max(bets.start(series), hour + 1 - self.history.size)
            if not was_on[series]:
                false = looks / part * len(strength) * float(np.exp(-strength[series]))
                alarms.append(self._alarm(series, kind, hour, start, false))
                self._since[series] = hour
            self._until[kind][series] = hour + _QUIET[kind]
            self.history.mark(series, start)
            bets.forget(series)
        for series in map(int, np.flatnonzero(self.ongoing(kind, hour) & (hour - self._since < _LONGEST))):
            self.history.mark(series, hour)
        return alarms

    def _alarm(self, series: int, kind: AlarmKind, hour: int, start: int, expected_false: float) -> Alarm:
        baseline = self._baseline
        assert baseline is not None  # noqa: S101 - nothing is raised without one
        items, negative = self.history.window(series, start, hour + 1)
        rows = np.arange(start, hour + 1)
        counts = self.history.items[rows % self.history.size, series]
        share = float(np.average(baseline.share[rows % WEEK, series], weights=counts if counts.any() else None))
        strength = baseline.share_strength[series]
        bad, some = np.rint(np.array([negative, items]) / baseline.share_pack[series])
        p = float(betabinom.sf(bad - 1, some, strength * share, strength * (1 - share)))
        return Alarm(kind, hour, start, items, negative, share, p, expected_false, series)
