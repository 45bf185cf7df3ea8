"""Streams of news with surges planted in them, to measure detectors by: false alarms, and hours until a surge is found.

What is usual is taken from labelled headlines; what varies is set here and said in the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from foundation.errors import ColonnadeError
from solutions.finance.surge.baseline import DAY, WEEK, Counts, Floats

__all__ = ["Planted", "Scenario", "Stream", "headline_share", "simulate", "surge_hours"]

_FIRST_WEEKDAY = 3  # hour 0 of Unix time was a Thursday


class Planted(str, Enum):
    """How bad news gathers."""

    ADDED = "added"  # on top of what else is written
    REPLACED = "replaced"  # in the place of it: the volume stays


@dataclass(frozen=True)
class Scenario:
    """What the streams are like.

    Correlation and variation are, rounded, those of the working days from May 2017 to June 2018 in zh_finance_sentiment
    (dated headlines, about 36 a day; moments against the mean of 20 days): 0.018 and 0.41.

    Attributes
    ----------
    share : float
        Usual negative share of every topic.
    items_a_day : tuple of float
        Of each topic; the surge is planted in the first.
    correlation : float
        Of the tones of two items of one topic on one day: the share is drawn for the day from a Beta distribution. At 0
        it is the same every day, as where headlines are resampled.
    variation : float
        Coefficient of variation of a day's volume: it is multiplied by a Gamma variable. 0 for none.
    weekend : float
        Volume of a Saturday or Sunday over that of another day.
    planted : Planted
    factor : float
        By which a surge multiplies the negative share.
    hours : int
        That a surge lasts.
    pack : float
        Mean number of items that come together, of one tone: an event is written about more than once. Geometric; at 1
        each item comes by itself.
    """

    share: float
    items_a_day: tuple[float, ...] = (20.0, 20.0, 30.0, 60.0)
    correlation: float = 0.02
    variation: float = 0.4
    weekend: float = 0.4
    planted: Planted = Planted.ADDED
    factor: float = 2.0
    hours: int = 48
    pack: float = 1.0


@dataclass(frozen=True)
class Stream:
    """Hourly counts, shape (hours, topics)."""

    items: Counts
    negative: Counts


def simulate(scenario: Scenario, seed: int, weeks: int, surge_at: int | None = None) -> Stream:
    """Draw a stream.

    Parameters
    ----------
    surge_at : int, optional
        Hour at which a surge begins in the first topic.

    Examples
    --------
    >>> stream = simulate(Scenario(share=0.3), seed=0, weeks=4)
    >>> stream.items.shape, round(float(stream.negative.sum() / stream.items.sum()), 1)
    ((672, 4), 0.3)
    """
    generator = np.random.default_rng(seed)
    volume, share = _rates(scenario, generator, weeks)
    negative, other = volume * share, volume * (1 - share)
    if surge_at is not None:
        hours = slice(surge_at, surge_at + scenario.hours)
        then = np.minimum(scenario.factor * share[hours, 0], 0.99)
        if scenario.planted is Planted.ADDED:
            negative[hours, 0] = other[hours, 0] * then / (1 - then)
        else:
            negative[hours, 0], other[hours, 0] = volume[hours, 0] * then, volume[hours, 0] * (1 - then)
    bad = _drawn(generator, negative, scenario.pack)
    return Stream(bad + _drawn(generator, other, scenario.pack), bad)


def _drawn(generator: np.random.Generator, expected: Floats, pack: float) -> Counts:
    events = generator.poisson(expected / pack)
    if pack == 1:
        return events
    more = generator.negative_binomial(np.maximum(events, 1), 1 / pack)
    return np.where(events > 0, events + more, 0)


def headline_share(data_root: Path | None = None) -> tuple[float, str]:
    """Return the negative share of real headlines, and the name of their data set; of our own where it is not here."""
    from foundation.data.labelled import Columns, load_card_table

    try:
        table = load_card_table("zh_finance_sentiment", "tone", data_root)
    except ColonnadeError:
        table = load_card_table("headlines", "tone")
    return float((table.frame[Columns.LABEL] == "negative").mean()), table.name


def surge_hours(runs: int, after: int) -> Sequence[int]:
    """Return one hour a run at which a surge begins: every hour of Monday to Thursday in turn, after so many weeks.

    A surge that begins on a working day has a working day in which to be found.
    """
    monday = (7 - _FIRST_WEEKDAY) * DAY
    return [after * WEEK + monday + (29 * run) % (4 * DAY) for run in range(runs)]


def _rates(scenario: Scenario, generator: np.random.Generator, weeks: int) -> tuple[Floats, Floats]:
    hours = np.arange(weeks * WEEK)
    day, hour = hours // DAY, hours % DAY
    working = 1 + 1.5 * np.exp(-0.5 * ((hour - 12) / 4) ** 2)  # two and a half times as much at noon as at night
    weekly = np.where((day + _FIRST_WEEKDAY) % 7 >= 5, scenario.weekend, 1.0) * working
    weekly = weekly / weekly.mean() / DAY
    shape = (weeks * 7, len(scenario.items_a_day))
    busy, share = np.ones(shape), np.full(shape, scenario.share)
    if scenario.variation:
        precision = 1 / scenario.variation**2
        busy = generator.gamma(precision, 1 / precision, shape)
    if scenario.correlation:
        strength = 1 / scenario.correlation - 1
        share = generator.beta(strength * scenario.share, strength * (1 - scenario.share), shape)
    return weekly[:, None] * np.array(scenario.items_a_day) * busy[day], share[day]
