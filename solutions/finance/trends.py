"""How the tone of each topic moves over time, and which items are the worst."""

import pandas as pd
from scipy.stats import beta

__all__ = ["Trend", "most_negative", "tone_over_time", "with_intervals"]


class Trend:
    """Names of the columns that ``tone_over_time`` gives."""

    TIME = "time"
    TOPIC = "topic"
    ITEMS = "items"
    NEGATIVE = "negative"
    SHARE = "negative_share"
    LOW = "low"
    HIGH = "high"


def tone_over_time(scored: pd.DataFrame, frequency: str = "D") -> pd.DataFrame:
    """Count items and negative items by topic and period.

    Parameters
    ----------
    scored : DataFrame
        Columns ``time`` (datetime64), ``topic`` and ``tone``.
    frequency : str
        A pandas offset alias: ``"D"`` days, ``"W"`` weeks.

    Returns
    -------
    DataFrame
        The columns of ``Trend``, a row a topic and period with items. ``low`` and ``high`` are the 95 % Jeffreys
        interval of the share (Brown, Cai, DasGupta 2001, "Interval estimation for a binomial proportion").

    Examples
    --------
    >>> day = pd.Timestamp("2026-03-02")
    >>> frame = pd.DataFrame({"time": [day, day], "topic": "credit", "tone": ["negative", "neutral"]})
    >>> tone_over_time(frame)[["items", "negative_share"]].to_numpy().tolist()
    [[2.0, 0.5]]
    """
    bad = scored.assign(**{Trend.NEGATIVE: scored["tone"].eq("negative")})
    grouped = bad.groupby([Trend.TOPIC, pd.Grouper(key=Trend.TIME, freq=frequency)])[Trend.NEGATIVE]
    counts = grouped.agg(**{Trend.ITEMS: "size", Trend.NEGATIVE: "sum"}).reset_index()
    counts = counts[counts[Trend.ITEMS] > 0].reset_index(drop=True)
    return with_intervals(counts)


def with_intervals(counts: pd.DataFrame) -> pd.DataFrame:
    """Add the negative share and its 95 % Jeffreys interval to counts.

    Parameters
    ----------
    counts : DataFrame
        ``Trend.TIME``, ``Trend.TOPIC``, ``Trend.ITEMS`` (above 0) and ``Trend.NEGATIVE``.
    """
    negative, items = counts[Trend.NEGATIVE], counts[Trend.ITEMS]
    # Jeffreys' prior is Beta(1/2, 1/2); the interval is closed at 0 and 1 where all or none are negative
    low = pd.Series(beta.ppf(0.025, negative + 0.5, items - negative + 0.5), counts.index).where(negative > 0, 0.0)
    high = pd.Series(beta.ppf(0.975, negative + 0.5, items - negative + 0.5), counts.index)
    shares = {Trend.SHARE: negative / items, Trend.LOW: low, Trend.HIGH: high.where(negative < items, 1.0)}
    columns = [Trend.TIME, Trend.TOPIC, Trend.ITEMS, Trend.NEGATIVE, Trend.SHARE, Trend.LOW, Trend.HIGH]
    return counts.assign(**shares)[columns]


def most_negative(scored: pd.DataFrame, count: int = 20) -> pd.DataFrame:
    """Return the items that are negative with the most confidence, the surest first."""
    bad = scored[scored["tone"].eq("negative") & ~scored["tone_unsure"]]
    return bad.sort_values("tone_confidence", ascending=False, kind="stable").head(count)
