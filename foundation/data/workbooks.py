"""Excel and Parquet files, which may hold far more than they weigh, and tables for those who open them in Excel."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from foundation.errors import InputError
from foundation.rows import as_number

__all__ = ["parquet_blocks", "read_excel", "separator_of", "without_formulas"]

_MOST_CELLS, _MOST_EMPTY = 20_000_000, 100_000_000
_MOST_UNPACKED = 400 << 20  # bytes of XML
# A column of one value is next to nothing in Parquet, so a file may unpack to a gigabyte, or 200 times its size.
_ROOM, _MOST_RATIO = 1 << 30, 200
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 1024, 256 << 20
_LONGEST_HEADER = 1 << 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read_excel(path: Path) -> pd.DataFrame:
    """Read the first sheet of a workbook, every cell as text.

    Raises
    ------
    InputError
        It unpacks to more than 400 MB, or its sheet spans more than 20 million cells: pandas fills each row up to the
        longest, so that a file of 5 KB with a letter in the last row and column would take 137 GB.
    """
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MOST_UNPACKED:
            raise InputError(f"{path.name} unpacks to more than {_MOST_UNPACKED >> 20} MB; save it as CSV")
    _check_span(path)
    return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")


def _check_span(path: Path) -> None:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        widest = 0
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            filled = next((at for at in range(len(row), 0, -1) if row[at - 1] is not None), 0)
            widest = max(widest, filled)
            # columns that are formatted to their end are as long as the sheet, and empty
            if (filled and number * widest > _MOST_CELLS) or number * len(row) > _MOST_EMPTY:
                raise InputError(
                    f"the sheet of {path.name} spans more than {_MOST_CELLS:,} cells, row {number} among them; "
                    "clear what stands far from the table, or save it as CSV"
                )
    finally:
        book.close()


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
