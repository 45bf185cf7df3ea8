"""Read time stamps as people write them."""

import pandas as pd

__all__ = ["begin_with_day", "parse_times"]

_SLASHED = r"^\s*(\d{1,2})[/.]\d{1,2}[/.]\d{4}\b"
_CHINESE_DATE = r"(\d{4})年(\d{1,2})月(\d{1,2})日?"


def parse_times(cells: pd.Series, *, day_first: bool = False) -> pd.Series:
    """Read time stamps (ISO 8601 or what pandas knows); what is none becomes ``NaT``. Zones are turned into UTC.

    Where a cell such as 28/04/2024 can only begin with its day, all such cells of the column do; else the month comes
    first, unless ``day_first``. Cells that begin with the year are read as they are.

    Examples
    --------
    >>> parse_times(pd.Series(["28/04/2024", "03/05/2024"])).dt.month.tolist()
    [4, 5]
    >>> parse_times(pd.Series(["28/04/2024", "2024-05-03"])).dt.month.tolist()
    [4, 5]
    >>> parse_times(pd.Series(["2024年1月5日 09:30"])).iloc[0]
    Timestamp('2024-01-05 09:30:00')
    """
    cells = cells.astype(str).str.replace(_CHINESE_DATE, r"\1-\2-\3 ", regex=True)
    by_day = cells.str.match(_SLASHED) & (day_first or begin_with_day(cells))
    options = {"errors": "coerce", "format": "mixed", "utc": True}
    times = pd.to_datetime(cells.where(~by_day), **options)
    return times.where(~by_day, pd.to_datetime(cells.where(by_day), dayfirst=True, **options)).dt.tz_localize(None)


def begin_with_day(cells: pd.Series) -> bool:
    """Tell whether a cell such as 28/04/2024 can only begin with its day.

    Examples
    --------
    >>> begin_with_day(pd.Series(["03/05/2024", "28/04/2024"])), begin_with_day(pd.Series(["03/05/2024"]))
    (True, False)
    """
    first = pd.to_numeric(cells.astype(str).str.extract(_SLASHED, expand=False), errors="coerce")
    return bool((first > 12).any())
