"""What a usual hour looks like: how many items a series has, how many of them are negative, how much both vary."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DAY", "WEEK", "Baseline", "History", "fit_baseline"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY, WEEK = 24, 168
_FIRST_WEEKDAY = 3  # hour 0 of Unix time was a Thursday

# Weight, in items, of what all series have in common against what one series shows.
_COMMON_WEIGHT = 200.0
# Of a series' own level against the mean of all, for series that have only begun.
_LEVEL_WEIGHT = 20.0
# A day further out than this many standard deviations, estimated from the median, counts as one that lies there: Huber
# (1964), "Robust estimation of a location parameter". A surge nobody reported must not become what is usual.
_CLIP, _FROM_MEDIAN = 3.0, 1.4826
_SMALLEST_SHARE, _LEAST_ITEMS = 0.01, 0.05
# Day-to-day correlation of tones and squared variation of volume: below the first nothing is ever so regular, above
# the second the estimate is one wild day. Both are taken a quarter larger than estimated: moments of a few weeks are
# as often too small as too large, and only the first gives false alarms.
_CORRELATION = (0.004, 0.2)
_VARIATION = (0.02, 1.0)
_CAUTION = 1.25


class History:
    """Hourly counts of the last weeks, by series: a ring of fixed size.

    Parameters
    ----------
    series : int
    weeks : int
    """

    def __init__(self, series: int, weeks: int = 8) -> None:
        self.size = weeks * WEEK
        self.items: Counts = np.zeros((self.size, series), dtype=np.int64)
        self.negative: Counts = np.zeros((self.size, series), dtype=np.int64)
        self.unusual = np.zeros((self.size, series), dtype=bool)
        self.first: int | None = None
        self.next = 0

    def append(self, hour: int, items: Counts, negative: Counts) -> None:
        """Write one hour, which must be the one after the last."""
        if self.first is None:
            self.first = self.next = hour
        if hour != self.next:
            raise ValueError(f"got hour {hour}, expected {self.next}")
        row = hour % self.size
        self.items[row], self.negative[row], self.unusual[row] = items, negative, False
        self.next = hour + 1

    def mark(self, series: int, start: int) -> None:
        """Mark the hours of a series from start up to now as unusual: the baseline will not learn from them."""
        rows = self.hours()
        self.unusual[rows[rows >= start] % self.size, series] = True

    def hours(self, lag: int = 0) -> NDArray[np.int64]:
        """Return the hours that are kept, oldest first, without the last ``lag``."""
        first = max(self.first or 0, self.next - self.size)
        return np.arange(first, max(first, self.next - lag))

    def window(self, series: int, start: int, end: int) -> tuple[int, int]:
        """Return items and negative items of a series in the hours from start up to, not including, end."""
        rows = self.hours()
        rows = rows[(rows >= start) & (rows < end)] % self.size
        return int(self.items[rows, series].sum()), int(self.negative[rows, series].sum())


@dataclass(frozen=True)
class Baseline:
    """The usual, by series.

    Attributes
    ----------
    items : ndarray, shape (168, series)
        Expected items in each hour of the week.
    share : ndarray, shape (168, series)
        Expected negative share in each hour of the week.
    share_strength : ndarray, shape (series,)
        a + b of the Beta distribution from which a day's share is drawn: small where days differ much.
    volume_shape : ndarray, shape (series,)
        Shape of the Gamma distribution (mean 1) that a day's volume is multiplied by.
    share_pack, volume_pack : ndarray, shape (series,)
        How many times as much as independent items the hours of one day differ, in tone and in volume: items of one
        event come together. Counts over this are counts of what is independent (the design effect). At least 1.
    days : int
        That it was learned from.
    """

    items: Floats
    share: Floats
    share_strength: Floats
    volume_shape: Floats
    share_pack: Floats
    volume_pack: Floats
    days: int


def fit_baseline(history: History, lag: int = WEEK) -> Baseline:
    """Estimate the usual from whole days, up to ``lag`` hours ago; hours marked as unusual are left out.

    Profiles over the weekday and the hour are shrunk towards those that all series share, single days are clipped, and
    what a day's share and volume vary beyond binomial and Poisson sampling is estimated by moments, as for the
    beta-binomial and negative binomial distribution, and so is what the hours of a day vary: Rao, Scott (1992), "A
    simple method for the analysis of clustered binary data".

    Parameters
    ----------
    history : History
    lag : int
        Hours before now that are not learned from: what begins slowly must not become usual at once.
    """
    hours = history.hours(lag)
    hours = hours[hours[0] % DAY and DAY - hours[0] % DAY :] if len(hours) else hours
    days = len(hours) // DAY
    rows = hours[: days * DAY] % history.size
    usual = ~history.unusual[rows]
    items = (history.items[rows] * usual).reshape(days, DAY, -1).astype(float)
    negative = (history.negative[rows] * usual).reshape(days, DAY, -1).astype(float)
    seen = usual.reshape(days, DAY, -1).mean(axis=1)
    weekday = (hours[: days * DAY : DAY] // DAY + _FIRST_WEEKDAY) % 7
    volume, shape, volume_pack = _volume(items, seen, weekday)
    share, strength, share_pack = _share(items, negative, weekday)
    return Baseline(_week(volume), _week(share), strength, shape, share_pack, volume_pack, days)


def _week(by_weekday: Floats) -> Floats:
    """Turn (7, 24, series), Monday first, into (168, series), as hours of Unix time modulo 168 count them."""
    rolled = np.roll(by_weekday, -_FIRST_WEEKDAY, axis=0)
    return rolled.reshape(WEEK, -1)


def _volume(items: Floats, seen: Floats, weekday: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return expected items, shape (7, 24, series), and the Gamma shape and the packs of volume, shape (series,)."""
    weekdays = np.eye(7)[weekday]
    exposure = weekdays.T @ seen
    daily = items.sum(axis=1)
    hourly = items.sum(axis=0) + _COMMON_WEIGHT * _normalised(items.sum(axis=(0, 2))[:, None] + 1.0)
    hour_profile = _normalised(hourly)
    # the hours of a day, its total given: multinomial where items come one by one
    spread = items.sum(axis=1, keepdims=True) * hour_profile
    pack = _pack((items - spread) ** 2, spread * (1 - hour_profile))
    for _ in range(2):  # the second pass clips days by what the first expected
        common = _ratio((weekdays.T @ daily).sum(axis=1), exposure.sum(axis=1))[:, None]
        common = common / max(common.mean(), _LEAST_ITEMS)
        mean = _ratio(daily.sum(axis=0) + _LEVEL_WEIGHT * 0.05, seen.sum(axis=0) + _LEVEL_WEIGHT * 0.05)
        weight = _COMMON_WEIGHT / 7
        level = (weekdays.T @ daily + weight * common) / (exposure + weight / np.maximum(mean, _LEAST_ITEMS))
        level = np.maximum(level, _LEAST_ITEMS)
        expected = level[weekday] * seen
        daily = _clipped(daily, expected, np.sqrt(expected))
    variation = _moments((daily - expected) ** 2 - pack * expected, expected**2, _VARIATION)
    return level[:, None, :] * hour_profile[None], 1.0 / variation, pack


def _share(items: Floats, negative: Floats, weekday: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return the expected negative share, shape (7, 24, series), and a day's Beta strength and packs, (series,)."""
    daily_items, daily = items.sum(axis=1), negative.sum(axis=1)
    # the hours of a day, its totals given: hypergeometric where tones come one by one
    drawn = items * _ratio(daily, daily_items)[:, None]
    others = _ratio(daily_items[:, None] - items, daily_items[:, None] - 1)
    pack = _pack((negative - drawn) ** 2, drawn * (1 - _ratio(daily, daily_items)[:, None]) * others)
    total = daily_items.sum(axis=0)
    # of a series with an item a day, most days have none that is negative
    least = _ratio(daily.sum() + 1.0, daily_items.sum() + 4.0) / 2
    middle = np.maximum(np.median(daily / np.maximum(daily_items, 1), axis=0), least)
    daily = _clipped(daily, daily_items * middle, np.sqrt(daily_items * middle * (1 - middle)))
    overall = float(_ratio(daily.sum() + 1.0, daily_items.sum() + 4.0))
    weekdays = np.eye(7)[weekday].T
    by_hour = _effect(items.sum(axis=(0, 2)), negative.sum(axis=(0, 2)), overall)
    by_weekday = _effect((weekdays @ daily_items).sum(axis=1), (weekdays @ daily).sum(axis=1), overall)
    level = (daily.sum(axis=0) + _LEVEL_WEIGHT * overall) / (total + _LEVEL_WEIGHT)
    share = _shifted(level, by_weekday[:, None, None] + by_hour[None, :, None])
    share = np.clip(share, _SMALLEST_SHARE, 1 - _SMALLEST_SHARE)
    hourly = share[weekday]
    expected, binomial = (items * hourly).sum(axis=1), (items * hourly * (1 - hourly)).sum(axis=1)
    daily = _clipped(daily, expected, np.sqrt(binomial))
    pairs = binomial * np.maximum(daily_items - 1, 0)
    correlation = _moments((daily - expected) ** 2 - pack * binomial, pairs, _CORRELATION)
    # the level itself is known from so many items only
    correlation = correlation + pack / (total + _LEVEL_WEIGHT)
    return share, 1.0 / correlation - 1.0, pack


def _effect(items: Floats, negative: Floats, overall: float) -> Floats:
    """Return what an hour or weekday adds to the log-odds of all series."""
    share = (negative + _COMMON_WEIGHT * overall) / (items + _COMMON_WEIGHT)
    return np.asarray(_logit(share) - _logit(overall))


def _shifted(level: Floats, effect: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(_logit(level) + effect))))


def _clipped(daily: Floats, expected: Floats, sampling: Floats) -> Floats:
    """Return the days' counts, those far out moved in; ``sampling`` is the least that days vary."""
    typical = np.median(np.abs(daily - expected) / np.maximum(sampling, 1e-9), axis=0)
    reach = _CLIP * np.maximum(_FROM_MEDIAN * typical, 1.0) * sampling
    return np.clip(daily, expected - reach, expected + reach)


def _moments(excess: Floats, scale: Floats, limits: tuple[float, float]) -> Floats:
    """Return excess variance over its scale by series, half of it borrowed from all series, within limits."""
    own, own_scale = excess.sum(axis=0), scale.sum(axis=0)
    estimate = (own + own.mean()) / np.maximum(own_scale + own_scale.mean(), 1e-9)
    return np.asarray(_CAUTION * np.clip(estimate, *limits))


def _pack(squares: Floats, sampling: Floats) -> Floats:
    """Return how many times their sampling variance the hours vary, (days, 24, series) summed, half from all series."""
    own, own_sampling = squares.sum(axis=(0, 1)), sampling.sum(axis=(0, 1))
    times = _ratio(own + own.mean(), own_sampling + own_sampling.mean())
    return 1.0 + _CAUTION * np.maximum(times - 1.0, 0.0)


def _normalised(profile: Floats) -> Floats:
    return np.asarray(profile / profile.sum(axis=0, keepdims=True))


def _ratio(above: "Floats | float", below: "Floats | float") -> "Floats":
    return np.asarray(above) / np.maximum(below, 1e-9)


def _logit(share: "Floats | float") -> Floats:
    return np.asarray(np.log(share) - np.log1p(-np.asarray(share)))
