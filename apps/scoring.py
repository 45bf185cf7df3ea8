"""A visitor's table, answered row by row while a bar moves."""

from typing import Any

import pandas as pd

from foundation.data.tables import rename_columns
from foundation.errors import InputError
from foundation.progress import Listener
from solutions.base import Solution
from solutions.batch import predict_frame

__all__ = ["MOST_ROWS", "score_rows"]

#: More is no matter of a page.
MOST_ROWS = 20_000
# A block is about a second of work: the bar moves, and Stop is heard.
_BLOCK_ROWS = 64


def score_rows(
    solution: Solution[Any, Any], frame: pd.DataFrame, columns: dict[str, str | None], name: str, listener: Listener
) -> pd.DataFrame:
    """Answer a table in blocks; a row that cannot be read gets the reason in ``error``, the rest goes on.

    Parameters
    ----------
    solution : Solution
    frame : DataFrame
    columns : dict of the solution's column to the client's
        None where it has none; of ``text`` that is an error.
    name : str
        Of the table, for messages.
    listener : Listener
        Told of rows done.

    Raises
    ------
    InputError
        No column of texts is chosen, there are too many rows, or none can be read.
    """
    if not columns.get("text", True):
        raise InputError(f"no column of texts is chosen; {name} has: {', '.join(map(str, frame.columns))}")
    if len(frame) > MOST_ROWS:
        raise InputError(
            f"{name} has {len(frame):,} rows; expected at most {MOST_ROWS:,} here; for more, run "
            f"'colonnade predict {solution.spec.name} --input FILE --output FILE'"
        )
    frame = rename_columns(frame, {ours: theirs for ours, theirs in columns.items() if theirs})
    blocks = []
    for at in range(0, len(frame), _BLOCK_ROWS):
        blocks.append(predict_frame(solution, frame.iloc[at : at + _BLOCK_ROWS], name, first_row=at + 1))
        listener(min(at + _BLOCK_ROWS, len(frame)), len(frame), name)
    rows = pd.concat(blocks)
    if (rows["error"] != "").all():
        raise InputError(f"no row of {name} could be read; the first: {rows['error'].iloc[0]}")
    return rows
