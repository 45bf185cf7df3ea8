"""Tables that grow: a file, or all files of a folder, read on from where the last poll stopped."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from foundation.data.tables import MAX_TEXT_CHARACTERS, read_table
from foundation.data.times import begin_with_day, parse_times
from foundation.errors import ColonnadeError, InputError, UnknownNameError
from solutions.finance.monitor.items import Batch, Item, Refused, item_key

__all__ = ["FileSource"]

# The cells of a record by column, or why there are none.
Record = Mapping[str, Any] | str

_GROWING, _WHOLE = (".csv", ".tsv", ".jsonl"), (".parquet", ".xlsx")
# What is read of a file at once: memory stays flat however far behind the monitor is.
_BLOCK_BYTES = 1 << 20
# A year that is left out, or nought seconds since 1970, would be taken for a past that there was.
_FIRST_YEAR = 1980
# Behind the name of a file, in the position: its dates begin with the day. No name of a file has a slash.
_DAY_FIRST = "/day first"
_LONGEST_RECORD = 8 * MAX_TEXT_CHARACTERS
csv.field_size_limit(_LONGEST_RECORD)
# From the quote that a cell begins with to the one that ends it, or to the end of what was read.
_QUOTED_CELL = re.compile(rb'(?<![^,\t\n\r])"(?:[^"]|"")*(?:"|\Z)')
# Bytes that end a line or open a quote mean the same in these; in UTF-16 they do not.
_ENCODINGS = ("utf-8", "gb18030", "gbk", "gb2312", "big5", "latin-1")


@dataclass(frozen=True)
class FileSource:
    """A CSV, TSV or JSON lines file that grows, or a folder of such; Parquet and Excel are read once each.

    Parameters
    ----------
    path : Path
    encoding : str
    columns : mapping
        Your names of ``text``, ``time``, ``body`` and ``link``: ``{"text": "headline"}``.
    ended : bool
        Whether nobody writes to it any more: what stands behind the last line end is a record too.
    """

    path: Path
    encoding: str = "utf-8"
    columns: Mapping[str, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def name(self) -> str:
        """``file:`` and the whole path."""
        return f"file:{self.path.resolve()}"

    def poll(self, position: str) -> Batch:
        """Return the next whole records, about a block of them, of all files that have any.

        A file that has become shorter is another one, and read from its beginning. In a folder, a file that cannot be
        read is told once, and looked at again when its size changes; the others go on.

        Raises
        ------
        InputError
            There is no such file or folder, or a column of the one file is missing.
        """
        if self.encoding.lower() not in _ENCODINGS:
            raise InputError(
                f"a growing file in {self.encoding!r} cannot be followed; expected {', '.join(_ENCODINGS)}"
            )
        places: dict[str, int] = json.loads(position or "{}")
        items: list[Item] = []
        refused: list[Refused] = []
        room, more = _BLOCK_BYTES, False
        for file in self._files():
            if room <= 0:
                more = True
                break
            try:
                size, seen = file.stat().st_size, places.get(file.name, 0)
                if size == abs(seen):  # below 0: it could not be read when it had that size
                    continue
                begin = seen if 0 <= seen < size else 0
                rows, end = self._read(file, begin)
                times, order = self._times(rows), f"{file.name}{_DAY_FIRST}"
                by_day = begin_with_day(times) or (begin > 0 and order in places)
                found, faults = self._items(file, rows, parse_times(times, day_first=by_day), begins=begin == 0)
            except FileNotFoundError:
                continue  # it was taken away meanwhile
            except (ColonnadeError, OSError) as error:
                if not self.path.is_dir() and isinstance(error, ColonnadeError):
                    raise
                places[file.name] = -size
                refused.append(Refused(file.name, str(error)))
                continue
            if end > begin:
                items += found
                refused += faults
                places[file.name], room = end, room - (end - begin)
                places.pop(order, None)
                if by_day:  # 04/05 is read tomorrow as 28/04 was today
                    places[order] = 1
                # what is written meanwhile can wait: a file that always grows puts off nothing else
                more = more or end < size
        changed = places != json.loads(position or "{}")
        return Batch(tuple(items), json.dumps(places) if changed else position, refused, more)

    def _files(self) -> list[Path]:
        if self.path.is_dir():
            tables = (file for file in self.path.iterdir() if file.suffix.lower() in (*_GROWING, *_WHOLE))
            return sorted(file for file in tables if file.is_file())
        if not self.path.exists():
            raise InputError(f"{self.path} does not exist; expected a table, or a folder of tables")
        if self.path.suffix.lower() not in (*_GROWING, *_WHOLE):
            raise InputError(f"{self.path} is of kind {self.path.suffix!r}; expected {', '.join((*_GROWING, *_WHOLE))}")
        return [self.path]

    def _read(self, file: Path, seen: int) -> tuple[list[tuple[str, Record]], int]:
        """Return the records behind ``seen`` bytes with their places, and how many bytes are read now."""
        if file.suffix.lower() in _WHOLE:
            rows = read_table(file).to_dict("records")
            return [(f"row {row}", cells) for row, cells in enumerate(rows, start=1)], file.stat().st_size
        with file.open("rb") as stream:
            head = stream.readline() if file.suffix.lower() != ".jsonl" else b""
            if head and not head.endswith(b"\n"):
                return [], seen
            stream.seek(max(seen, len(head)))
            start = stream.tell()
            read = stream.read(_BLOCK_BYTES)
            block = _whole_records(read, quoted=bool(head))
            if not block and len(read) == _BLOCK_BYTES:  # one record may be longer than a block
                read += stream.read(_LONGEST_RECORD - _BLOCK_BYTES)
                # a quote that nothing closes: its line is refused, the next one is read
                block = _whole_records(read, quoted=bool(head)) or read[: read.find(b"\n") + 1]
            if self.ended and len(read) < _BLOCK_BYTES:
                block = read
        text = block.decode(self.encoding, errors="replace")
        try:
            names = head.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{file} is not {self.encoding.upper()}; name its encoding (--encoding gb18030)"
            ) from error
        records = _csv(names, text, file.suffix) if head else _jsonl(text.removeprefix("\ufeff"))
        return [(f"byte {start}, record {row + 1}", cells) for row, cells in enumerate(records)], start + len(block)

    def _times(self, rows: list[tuple[str, Record]]) -> pd.Series:
        """Return what the records say of their times, as it stands there; now, where one says nothing."""
        now = datetime.now().astimezone().isoformat()
        whole = [cells for _, cells in rows if not isinstance(cells, str)]
        return pd.Series([str(self._cell(cells, "time") or now) for cells in whole], dtype=str)

    def _items(
        self, file: Path, rows: list[tuple[str, Record]], read: pd.Series, *, begins: bool
    ) -> tuple[list[Item], list[Refused]]:
        items, refused = [], []
        whole = [cells for _, cells in rows if not isinstance(cells, str)]
        if whole and (begins or file.suffix.lower() != ".jsonl"):  # a JSON record may leave out what it has not
            known = dict.fromkeys(name for cells in whole for name in cells)
            for name in (self.columns.get("text", "text"), *self.columns.values()):
                if name not in known:
                    raise UnknownNameError(f"column of {file}", name, map(str, known))
        times = iter(read)
        for place, cells in rows:
            where = f"{file.name}, {place}"
            if isinstance(cells, str):
                refused.append(Refused(where, cells))
                continue
            time = next(times)
            title, body, link = (self._text(cells, column) for column in ("text", "body", "link"))
            if reason := _fault(title, body, time):
                refused.append(Refused(where, reason))
                continue
            given = str(self._cell(cells, "time") or "")
            key = item_key(self.name, given, title, body)
            items.append(Item(key, self.name, time.to_pydatetime(), title, body, link))
        return items, refused

    def _text(self, cells: Mapping[str, Any], column: str) -> str:
        return str(self._cell(cells, column) or "").replace("\x00", " ").strip()  # PostgreSQL takes no nought

    def _cell(self, cells: Mapping[str, Any], column: str) -> Any:
        return cells.get(self.columns.get(column, column))


def _fault(title: str, body: str, time: pd.Timestamp) -> str:
    if not any(letter.isalnum() for letter in title):
        return "has no text"
    if any("\ud800" <= letter <= "\udfff" for letter in title + body):
        return "holds half of a letter (a lone surrogate such as \\ud83d)"
    if "\ufffd" in title:
        return "is in another encoding; name it with --encoding (gb18030, ...)"
    if len(title) + len(body) > MAX_TEXT_CHARACTERS:
        return f"is longer than {MAX_TEXT_CHARACTERS:,} characters"
    if pd.isna(time):
        return "has a time that cannot be read; expected one such as 2026-03-02 09:30"
    return f"has a time in the year {time.year}; expected when it was published" if time.year < _FIRST_YEAR else ""


def _whole_records(block: bytes, *, quoted: bool) -> bytes:
    """Return the block up to its last line end that does not lie between quotes; one within a cell (5") opens none."""
    end = len(block)
    for cell in reversed(list(_QUOTED_CELL.finditer(block)) if quoted else []):
        if (line := block.rfind(b"\n", cell.end(), end)) >= 0:
            return block[: line + 1]
        end = cell.start()
    return block[: block.rfind(b"\n", 0, end) + 1]


def _csv(head: str, text: str, suffix: str) -> Iterator[Record]:
    separator = "\t" if suffix.lower() == ".tsv" else ","
    names = next(csv.reader([head.lstrip("\ufeff")], delimiter=separator))
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        if len(cells) == len(names):
            yield dict(zip(names, cells, strict=True))
        elif cells:
            yield f"has {len(cells)} cells where the header has {len(names)}"


def _jsonl(text: str) -> Iterator[Record]:
    for line in text.split("\n"):  # other line ends may stand within a text
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        yield record if isinstance(record, dict) else "is not a JSON object"
