"""Excel and Parquet files, which may hold far more than they weigh, and tables for those who open them in Excel."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from foundation.errors import InputError
from foundation.rows import as_number

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

__all__ = ["parquet_blocks", "read_excel", "separator_of", "with_formulas", "without_formulas"]

_MOST_CELLS, _MOST_EMPTY = 20_000_000, 100_000_000
_MOST_UNPACKED = 400 << 20  # bytes of XML
# A column of one value is next to nothing in Parquet, so a file may unpack to a gigabyte, or 200 times its size.
_ROOM, _MOST_RATIO = 1 << 30, 200
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 1024, 256 << 20
_LONGEST_HEADER = 1 << 20
_EXCEL_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_excel(path: Path) -> pd.DataFrame:
    """Read the first sheet of a workbook, every cell as text.

    The rows are handed to pandas as CSV: its own reader of Excel fills each row up to the longest before anything can
    be refused, so that a file of 5 KB with a letter in the last row and column would take 137 GB.

    Raises
    ------
    InputError
        It unpacks to more than 400 MB, its sheet spans more than 20 million cells, or a later sheet has the
        same header: what is a part of the table would be left out.
    """
    from openpyxl import load_workbook

    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MOST_UNPACKED:
            raise InputError(f"{path.name} unpacks to more than {_MOST_UNPACKED >> 20} MB; save it as CSV")
    rows: list[list[str]] = []
    widest = last = 0
    book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        first, *others = book.worksheets
        header = _header(first)
        if again := [sheet.title for sheet in others if header and _header(sheet) == header]:
            raise InputError(
                f"{path.name} goes on in another sheet, {again[0]!r}, with the columns of the first, "
                f"{first.title!r}; save what is to be read as one sheet"
            )
        for number, row in enumerate(first.iter_rows(values_only=True), start=1):
            filled = next((at for at in range(len(row), 0, -1) if row[at - 1] is not None), 0)
            widest, last = max(widest, filled), number if filled else last
            # columns that are formatted to their end are as long as the sheet, and empty
            if last * widest > _MOST_CELLS or number * len(row) > _MOST_EMPTY:
                raise InputError(
                    f"the sheet of {path.name} spans more than {_MOST_CELLS:,} cells, row {number} among them; "
                    "clear what stands far from the table, or save it as CSV"
                )
            rows.append([_shown(value) for value in row[:filled]])
    finally:
        book.close()
    text = io.StringIO(newline="")
    csv.writer(text).writerows(row + [""] * (widest - len(row)) for row in rows[:last])
    text.seek(0)
    return pd.read_csv(text, dtype=str, keep_default_na=False, skip_blank_lines=False)


def _header(sheet: "ReadOnlyWorksheet") -> list[object]:
    return [cell for cell in next(sheet.iter_rows(max_row=1, values_only=True), ()) if cell is not None]


def _shown(value: object) -> str:
    """Return a cell as text: a whole number without its nought, nothing for what is empty or an error."""
    if value is None or value in _EXCEL_ERRORS:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def parquet_blocks(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """Yield blocks of at most so many rows, fewer where they are long.

    Raises
    ------
    InputError
        It unpacks to more than a gigabyte and 200 times its size.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    unpacked, most = 0, _ROOM + _MOST_RATIO * path.stat().st_size
    waiting: list[pa.RecordBatch] = []

    def block() -> pd.DataFrame:
        frame: pd.DataFrame = pa.Table.from_batches(waiting).to_pandas(integer_object_nulls=True)
        waiting.clear()
        return frame

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=min(rows, _ROWS_AT_ONCE)):
            unpacked += batch.nbytes
            if unpacked > most:
                raise InputError(f"{path.name} unpacks to more than {most >> 20:,} MB; split it")
            if waiting and sum(map(len, waiting)) + len(batch) > rows:
                yield block()
            waiting.append(batch)
            if sum(part.nbytes for part in waiting) > _BYTES_AT_ONCE:
                yield block()
        if waiting:
            yield block()


def separator_of(path: Path, encoding: str) -> str:
    """Return what holds the columns of a CSV apart.

    In much of Europe Excel writes semicolons, since numbers have a comma there.
    """
    with path.open(encoding=encoding, errors="replace") as stream:
        header = stream.readline(_LONGEST_HEADER)
    return next((sign for sign in (",", ";", "\t") if sign in header), ",")


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    r"""Return the table with a quotation mark before texts that Excel would take for formulas.

    A customer's message is opened by those who answer it: as text, not as something to be carried out. Numbers stay.

    References
    ----------
    OWASP, "CSV injection", owasp.org/www-community/attacks/CSV_Injection.

    Examples
    --------
    >>> without_formulas(pd.DataFrame({"text": ["=1+1", "-2.5", "fine"]}))["text"].tolist()
    ["'=1+1", '-2.5', 'fine']
    """
    return frame.rename(columns=_as_text).map(_as_text)


def _as_text(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not np.isfinite(as_number(cell)):
        return f"'{cell}"
    return cell


def with_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it was before ``without_formulas``: what a person has read is given back.

    Examples
    --------
    >>> with_formulas(pd.DataFrame({"text": ["'- one", "'tis", "-2.5"]}))["text"].tolist()
    ['- one', "'tis", '-2.5']
    """
    return frame.map(lambda cell: cell[1:] if isinstance(cell, str) and _as_text(cell[1:]) == cell else cell)
