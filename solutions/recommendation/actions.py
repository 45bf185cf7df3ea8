"""What the rows of a table of events say: who did what when, and how much interest that shows."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from foundation.data.times import parse_times
from foundation.errors import InputError

__all__ = ["Columns", "read_actions"]

# What an action says of interest, 0 to 1; a rating says value / 5. Only their order matters to what is learned.
KINDS: Mapping[str, float] = {"view": 0.4, "click": 0.5, "comment": 0.8, "share": 0.9, "buy": 1.0, "rating": 1.0}
_ALSO_CALLED = {
    **dict.fromkeys(("purchase", "purchased", "bought", "order", "购买", "下单", "支付"), "buy"),
    **dict.fromkeys(("add_to_cart", "cart", "favourite", "favorite", "like", "加购", "收藏", "点赞", "分享"), "share"),
    **dict.fromkeys(("", "impression", "pageview", "浏览", "曝光"), "view"),
    "点击": "click",
    "评论": "comment",
    "rate": "rating",
    "评分": "rating",
}
_HIGHEST_RATING = 5.0
# Seconds since 1970. Earlier than the first web shops, or more than a day ahead: a wrong unit, or a wrong column.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_CLOCK_SLACK = 86_400.0
# Seconds of the year 5138, so these are milliseconds; and seconds of August 1970, so these are dates.
_MILLISECONDS, _EIGHT_DIGITS = 1e11, (19_900_101, 21_001_231)


class Columns:
    """Names of the columns of a table of events."""

    USER = "user"
    ITEM = "item"
    TIME = "time"
    KIND = "kind"
    VALUE = "value"


def read_actions(block: pd.DataFrame, first_row: int) -> pd.DataFrame:
    """Read users, items, seconds since 1970 and weights of a block of a table.

    Parameters
    ----------
    block : DataFrame
    first_row : int
        Number of its first row, for messages.

    Returns
    -------
    DataFrame
        Columns ``user`` and ``item``, empty where there is none; ``time``, NaN where it cannot be; ``weight``, 0 to 1.

    Raises
    ------
    InputError
        A column is missing, a kind is unknown, or a rating is above 5.
    """
    for column in (Columns.USER, Columns.ITEM):
        if column not in block.columns:
            raise InputError(
                f"the events have no column {column!r}; they have: {', '.join(map(str, block.columns))}; "
                f"name the right one with --map {column}=COLUMN"
            )
    named = block[[Columns.USER, Columns.ITEM]]
    read = named.where(named.notna(), "").astype(str).apply(lambda cells: cells.str.strip())
    weights = np.ones(len(block), np.float32)
    if Columns.KIND in block.columns:
        kinds = block[Columns.KIND].astype(str).str.strip().str.lower().replace(_ALSO_CALLED)
        strange = ~kinds.isin(KINDS)
        if strange.any():
            at = int(strange.to_numpy().argmax())
            raise InputError(
                f"row {first_row + at}, column 'kind': got {kinds.iloc[at]!r}; expected one of {', '.join(KINDS)}"
            )
        weights = kinds.map(KINDS).to_numpy(np.float32)
    if Columns.VALUE in block.columns:
        values = pd.to_numeric(block[Columns.VALUE], errors="coerce").fillna(_HIGHEST_RATING)
        if values.max() > _HIGHEST_RATING:
            at = int(values.to_numpy().argmax())
            raise InputError(
                f"row {first_row + at}, column 'value': got {values.iloc[at]:g}; expected ratings of 0 to "
                f"{_HIGHEST_RATING:g}; divide yours"
            )
        weights = weights * np.clip(values.to_numpy(np.float32) / _HIGHEST_RATING, 0, 1)
    return read.assign(**{Columns.TIME: _seconds(block), "weight": weights})


def _seconds(block: pd.DataFrame) -> pd.Series:
    """Read times as seconds since 1970; what cannot be is NaN, and all are 0 where there is no such column."""
    if Columns.TIME not in block.columns:
        return pd.Series(0.0, index=block.index)
    seconds = pd.to_numeric(block[Columns.TIME], errors="coerce").astype(float)
    seconds = seconds.where(seconds < _MILLISECONDS, seconds / 1000)
    # as dates, or as 20240105; one number among them makes no numbers of the others
    written = seconds.isna() | seconds.between(*_EIGHT_DIGITS)
    if written.any():
        moments = parse_times(block.loc[written, Columns.TIME])
        seconds[written] = (moments - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    latest = datetime.now(UTC).timestamp() + _CLOCK_SLACK
    return seconds.where(seconds.between(_EARLIEST, latest))
