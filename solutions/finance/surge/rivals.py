"""Three detectors in common use, for comparison: each makes a score of hourly counts; a high one is an alarm."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from solutions.finance.surge.baseline import DAY, WEEK, Floats
from solutions.finance.surge.simulation import Stream

__all__ = ["RIVALS", "crossings", "tune"]

_FEWEST_ITEMS = 5  # a share of fewer says nothing
_EWMA_WEIGHT = 0.08  # of the newest hour: half of the weight lies on the last eight hours


def count_score(stream: Stream) -> Floats:
    """Return the z-score of the last day's negative items against days that ended in the four weeks before it."""
    return _standardised(_rolling(stream.negative, DAY))


def ewma_score(stream: Stream) -> Floats:
    """Return an exponentially weighted mean of negative items an hour, standardised: Roberts (1959)."""
    smooth = np.zeros(stream.negative.shape)
    for hour, count in enumerate(stream.negative):
        smooth[hour] = _EWMA_WEIGHT * count + (1 - _EWMA_WEIGHT) * smooth[max(hour - 1, 0)]
    return _standardised(smooth)


def share_score(stream: Stream) -> Floats:
    """Return the negative share of the last day's items."""
    items, negative = _rolling(stream.items, DAY), _rolling(stream.negative, DAY)
    return np.where(items >= _FEWEST_ITEMS, negative / np.maximum(items, 1), 0.0)


RIVALS: Mapping[str, Callable[[Stream], Floats]] = {
    "z_score_of_counts": count_score,
    "ewma": ewma_score,
    "fixed_threshold": share_score,
}


def crossings(score: Floats, threshold: float, first: int, quiet: int = DAY) -> list[tuple[int, int]]:
    """Return (hour, topic) of every alarm: the score is reached, and was not within the ``quiet`` hours before."""
    found = []
    for topic in range(score.shape[1]):
        last = -quiet
        for hour in np.flatnonzero(score[first:, topic] >= threshold) + first:
            if hour - last >= quiet:
                found.append((int(hour), topic))
            last = int(hour)
    return found


def tune(scores: Sequence[Floats], weekly: float, first: int) -> float:
    """Return the lowest threshold with at most so many alarms a week, all topics together.

    It is looked for from above: far below, alarms never end, and are few again for that reason.
    """
    most = weekly * sum(len(score) - first for score in scores) / WEEK
    highest = np.unique(np.concatenate([score[first:].ravel() for score in scores]))[::-1]

    def few(rank: int) -> bool:
        return sum(len(crossings(score, highest[rank], first)) for score in scores) <= most

    low, high = 0, 1
    while high < len(highest) and few(high):
        low, high = high, 2 * high
    high = min(high, len(highest))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if few(middle) else (low, middle)
    return float(highest[low])


def _rolling(counts: "Floats | np.ndarray[tuple[int, ...], np.dtype[np.int64]]", hours: int) -> Floats:
    total = np.cumsum(np.vstack([np.zeros((hours, counts.shape[1])), counts]), axis=0)
    return np.asarray(total[hours:] - total[:-hours])


def _standardised(values: Floats, weeks: int = 4) -> Floats:
    """Return each value against mean and standard deviation of the weeks that ended a day before it."""
    size = weeks * WEEK
    first, second = _rolling(values, size) / size, _rolling(values**2, size) / size
    deviation = np.sqrt(np.maximum(second - first**2, 1e-12))
    shift = np.full((DAY, values.shape[1]), np.nan)
    mean, deviation = np.vstack([shift, first[:-DAY]]), np.vstack([shift, deviation[:-DAY]])
    return np.asarray(np.nan_to_num((values - mean) / deviation, nan=0.0))
