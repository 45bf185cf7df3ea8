"""A client's table: its kinds and its encodings."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from foundation.errors import InputError

__all__ = ["ENCODINGS", "TABLES", "in_its_encoding"]

T = TypeVar("T")

#: Files that can be uploaded.
TABLES = [".csv", ".tsv", ".jsonl", ".parquet", ".xlsx"]
#: What a person may say that a table is written in.
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "latin-1")


def in_its_encoding(read: Callable[[Path, str], T], path: Path) -> T:
    """Read a small table of a visitor's, which Excel may have written as UTF-8 or, in China, as GB 18030."""
    try:
        return read(path, "utf-8")
    except InputError:
        with suppress(InputError):
            return read(path, "gb18030")
        raise
