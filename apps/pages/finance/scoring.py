"""A table, scored: what the batch tab shows of it."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from apps.pages.finance.plots import frequency
from apps.scoring import score_rows
from apps.scratch import scratch_file
from foundation.data.tables import write_table
from foundation.data.times import parse_times
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError
from foundation.progress import Listener
from solutions.finance.pipeline import Finance
from solutions.finance.trends import tone_over_time

__all__ = ["ScoredTable", "score_table"]


@dataclass(frozen=True, eq=False)
class ScoredTable:
    """Every row with its answer, or the reason why it has none.

    Attributes
    ----------
    rows : DataFrame
        The client's columns, the answer's columns and ``error``.
    answered : DataFrame
        The rows that have an answer; ``time`` is a date or ``NaT``.
    """

    rows: pd.DataFrame
    answered: pd.DataFrame

    @property
    def refused(self) -> pd.DataFrame:
        """The rows that could not be read."""
        return self.rows[self.rows["error"] != ""]

    @property
    def dated(self) -> bool:
        """Whether there is anything to see over time."""
        return bool(self.answered["time"].notna().any())

    @property
    def weekly(self) -> bool:
        """Whether the view over time is by week and not by day."""
        return frequency(self.answered.dropna(subset=["time"])) == "W"

    def trend(self) -> pd.DataFrame:
        """Return the negative share by topic and period."""
        return tone_over_time(self.answered.dropna(subset=["time"]), "W" if self.weekly else "D")

    def save(self) -> Path:
        """Write all rows as CSV into a folder of their own, which goes when the server stops, and return the file."""
        path = scratch_file("scored.csv")
        write_table(without_formulas(self.rows), path, append=False, kind=".csv")
        return path


def score_table(
    solution: Finance, frame: pd.DataFrame, text: str | None, time: str | None, name: str, listener: Listener
) -> ScoredTable:
    """Score a table in blocks.

    Parameters
    ----------
    frame : DataFrame
    text, time : str or None
        The client's columns; without ``time`` there is no view over time.
    name : str
        Of the table, for messages.
    listener : Listener
        Told of rows done.

    Raises
    ------
    InputError
        No column is chosen, there are too many rows, none can be read, or no cell of ``time`` is a date.
    """
    rows = score_rows(solution, frame, {"text": text, "time": time}, name, listener)
    answered = rows[rows["error"] == ""]
    times = parse_times(answered["time"]) if time else pd.Series(pd.NaT, index=answered.index)
    if time and times.isna().all():
        raise InputError(
            f"no cell of column {time!r} is a date; expected such as 2026-03-02 09:30, or choose no column"
        )
    return ScoredTable(rows, answered.assign(time=times))
