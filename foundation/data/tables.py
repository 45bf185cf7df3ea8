"""Read a table of any usual kind, whole or in blocks, and say row and column of what is wrong."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_float_dtype

from foundation.data.times import parse_times
from foundation.data.workbooks import parquet_blocks, read_excel, separator_of
from foundation.errors import InputError, UnknownNameError

__all__ = [
    "MAX_TEXT_CHARACTERS",
    "TABLE_SUFFIXES",
    "ColumnKind",
    "check_columns",
    "iter_table",
    "read_table",
    "refuse_numbers",
    "rename_columns",
    "write_table",
]

# About 30,000 words: longer than any article, short enough to be read in seconds.
MAX_TEXT_CHARACTERS = 200_000
#: Files that can be read.
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet", ".xlsx")
_LIKELY_ENCODINGS = ("gb18030", "utf-16", "latin-1")
_PROBE_BYTES = 1 << 20
_EXACT = 2.0**53  # below it a float holds every whole number


class ColumnKind(str, Enum):
    """What the cells of a column must be."""

    TEXT = "text"
    LABEL = "label"
    STRING = "string"
    NUMBER = "number"
    TIME = "time"


def read_table(path: Path, encoding: str = "utf-8") -> pd.DataFrame:
    r"""Read CSV, TSV, JSON lines, Parquet or Excel; cells of text formats stay strings, an empty cell is ``""``.

    Raises
    ------
    InputError
        The file is missing, empty, of another kind, in another encoding, or not well-formed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.csv").write_text("code\n007\n")
    ...     read_table(Path(folder) / "a.csv").loc[0, "code"]
    '007'
    """
    return pd.concat(iter_table(path, rows=1 << 16, encoding=encoding), ignore_index=True)


def iter_table(path: Path, rows: int, encoding: str = "utf-8") -> Iterator[pd.DataFrame]:
    """Yield a table in blocks of at most ``rows`` rows, so that memory does not grow with the file.

    Excel is the exception: its format has to be read whole.
    """
    _check_file(path)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".jsonl"):
        _check_encoding(path, encoding)
    try:
        empty = True
        for block in _blocks(path, suffix, rows, encoding):
            empty = empty and block.empty
            yield _cells(block)
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path} is empty; expected a header line and rows") from error
    except (pd.errors.ParserError, zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError) as error:
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        reason = "it is no Excel workbook" if isinstance(error, zipfile.BadZipFile) else reason
        commas = reason.startswith("Expected")
        reason += "; put a text that has commas in quotation marks" if commas else "; export it again"
        raise InputError(f"{path} is not a well-formed {suffix[1:]} table: {reason}") from error
    if empty:
        raise InputError(f"{path} has no rows; expected a header line and at least one row")


def _blocks(path: Path, suffix: str, rows: int, encoding: str) -> Iterator[pd.DataFrame]:
    # utf-8-sig also reads files without the mark that Excel writes
    encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    if suffix in (".csv", ".tsv"):
        separator = separator_of(path, encoding) if suffix == ".csv" else "\t"
        options = {"dtype": str, "keep_default_na": False, "encoding": encoding, "sep": separator}
        with pd.read_csv(path, chunksize=rows, **options) as blocks:
            for block in blocks:
                if not isinstance(block.index, pd.RangeIndex):  # pandas takes what a row has too many of for an index
                    fields = len(block.columns)
                    raise ValueError(f"Expected {fields} fields in line 2, saw {fields + block.index.nlevels}")
                yield block
    elif suffix == ".jsonl":
        yield from pd.read_json(path, lines=True, chunksize=rows, encoding=encoding, dtype=False)
    elif suffix == ".parquet":
        yield from parquet_blocks(path, rows)
    else:
        frame = read_excel(path)
        yield from (frame.iloc[at : at + rows] for at in range(0, max(1, len(frame)), rows))


def _cells(block: pd.DataFrame) -> pd.DataFrame:
    """Return a block whose empty cells are ``""``; the numbers that Parquet and JSON may hold stay what they are.

    Where a cell is missing, pandas reads a column of whole numbers as floats: 7 would become another id, 7.0.
    """
    cells = block.astype(object).where(block.notna(), "")
    for at, kind in enumerate(block.dtypes):
        if is_float_dtype(kind):
            column = block.iloc[:, at]
            whole = (column.mod(1).eq(0) & column.abs().lt(_EXACT)).to_numpy()
            cells.iloc[whole, at] = column[whole].astype("int64").astype(object)
    return cells


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; expected a file of kind {', '.join(TABLE_SUFFIXES)}")
    if not path.is_file():
        raise InputError(f"{path} does not exist; expected a file of kind {', '.join(TABLE_SUFFIXES)}")
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise InputError(f"{path} is of kind {path.suffix or 'unknown'!r}; expected {', '.join(TABLE_SUFFIXES)}")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty; expected a header line and rows")


def _check_encoding(path: Path, encoding: str) -> None:
    try:
        with path.open(encoding=encoding) as stream:
            while stream.read(_PROBE_BYTES):
                pass
    except LookupError as error:
        raise InputError(f"unknown encoding {encoding!r}; expected utf-8, gb18030, ...") from error
    except UnicodeDecodeError as error:
        guess = _guess_encoding(path, error)
        raise InputError(
            f"{path} is not {encoding.upper()} (byte {error.object[error.start]:#04x}); it looks like {guess}: "
            f"save it as UTF-8, or name its encoding (--encoding {guess})"
        ) from error
    except UnicodeError as error:  # of UTF-16 without its mark
        raise InputError(f"{path} is not {encoding.upper()}; save it as UTF-8, or name its encoding") from error


def _guess_encoding(path: Path, error: UnicodeDecodeError) -> str:
    with path.open("rb") as stream:
        head = stream.read(_PROBE_BYTES)
    for encoding in _LIKELY_ENCODINGS:
        try:
            text = head.decode(encoding, errors="strict" if len(head) < _PROBE_BYTES else "ignore")
        except UnicodeDecodeError:
            continue
        if encoding == "utf-16" and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        if encoding != "gb18030" or any("\u4e00" <= letter <= "\u9fff" for letter in text):
            return encoding
    return error.encoding


def rename_columns(frame: pd.DataFrame, mapping: Mapping[str, str]) -> pd.DataFrame:
    """Rename columns as ``--map wanted=given`` says; an unknown given one is an error with a suggestion.

    Examples
    --------
    >>> rename_columns(pd.DataFrame({"headline": ["a"]}), {"text": "headline"}).columns.tolist()
    ['text']
    """
    for given in mapping.values():
        if given not in frame.columns:
            raise UnknownNameError("column", given, map(str, frame.columns))
    if twice := [given for given, count in Counter(mapping.values()).items() if count > 1]:
        raise InputError(f"column {twice[0]!r} is chosen twice; choose another one for each")
    kept = frame.drop(columns=[name for name in mapping if name in frame.columns and name not in mapping.values()])
    return kept.rename(columns={given: wanted for wanted, given in mapping.items()})


def check_columns(
    frame: pd.DataFrame, kinds: Mapping[str, ColumnKind], labels: Mapping[str, list[str]], name: str, first_row: int = 1
) -> None:
    """Check that the columns are there and that each cell is what its column says.

    Parameters
    ----------
    frame : DataFrame
    kinds : mapping of column to ColumnKind
    labels : mapping of column to list of str
        Values that a LABEL column may have; one that is not listed may have any but the empty one.
    name : str
        Of the table, for the message.
    first_row : int
        Number of the frame's first row, counted from 1 without the header.

    Raises
    ------
    InputError
        Naming the first row and column that is wrong.
    """
    for column, kind in kinds.items():
        if column not in frame.columns:
            given = ", ".join(map(str, frame.columns))
            raise InputError(
                f"{name} has no column {column!r}; it has: {given}; name the right one with --map {column}=COLUMN"
            )
        wrong = _wrong_cells(frame[column], kind, labels.get(column, []))
        if wrong.any():
            at = int(np.argmax(wrong))
            value = str(frame[column].iloc[at])
            shown = repr(value) if len(value) <= 40 else f"{value[:39]!r}… ({len(value):,} characters)"
            raise InputError(
                f"{name}, row {first_row + at}, column {column!r}: got {shown}, "
                f"expected {_expectation(kind, labels.get(column, []))} ({int(wrong.sum())} such rows)"
            )


def refuse_numbers(cells: pd.Series, column: str, name: str) -> None:
    """Raise ``InputError`` where every cell is a number: of a CSV all cells are text, and an id is learned from too."""
    if pd.to_numeric(cells, errors="coerce").notna().all():
        raise InputError(f"{name}, column {column!r}: got numbers only; choose the column of texts")


def _wrong_cells(cells: pd.Series, kind: ColumnKind, allowed: list[str]) -> NDArray[np.bool_]:
    if kind is ColumnKind.STRING:
        return np.zeros(len(cells), dtype=bool)
    if kind is ColumnKind.NUMBER:
        return np.asarray(pd.to_numeric(cells, errors="coerce").isna())
    if kind is ColumnKind.TIME:
        return np.asarray(parse_times(cells).isna())
    if kind is ColumnKind.LABEL and allowed:
        return np.asarray(~cells.isin(allowed))
    most = MAX_TEXT_CHARACTERS
    return np.array([not isinstance(cell, str) or not cell.strip() or len(cell) > most for cell in cells], dtype=bool)


def _expectation(kind: ColumnKind, allowed: list[str]) -> str:
    if kind is ColumnKind.LABEL and allowed:
        return f"one of {', '.join(allowed)}"
    return {
        ColumnKind.TEXT: f"a text that is not empty, of at most {MAX_TEXT_CHARACTERS:,} characters",
        ColumnKind.LABEL: "a label that is not empty",
        ColumnKind.NUMBER: "a number",
        ColumnKind.TIME: "a time such as 2026-03-02 09:30",
    }[kind]


def write_table(frame: pd.DataFrame, path: Path, *, append: bool, kind: str) -> None:
    """Write or append rows as ``.csv`` (UTF-8 with the mark that Excel needs for Chinese) or ``.jsonl``."""
    if kind == ".csv":
        frame.to_csv(
            path, index=False, mode="a" if append else "w", header=not append,
            encoding="utf-8" if append else "utf-8-sig",
        )  # fmt: skip
    elif kind == ".jsonl":
        cells = frame.astype(object).where(frame.notna(), None)  # JSON has no NaN
        with path.open("a" if append else "w", encoding="utf-8") as stream:
            for record in cells.to_dict(orient="records"):
                stream.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    else:
        raise InputError(f"cannot write tables of kind {kind!r}; expected .csv or .jsonl")
