"""Rows of a table as items: numbers and kinds of things, read by trees.

A row is written as one line of JSON, so that splits, fingerprints and reports treat it as they treat texts. The encoder
is a set of boosted trees: its vector of a row is one score a class, and the head above it passes them on.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError
from foundation.progress import Listener, silent

if TYPE_CHECKING:
    import lightgbm

__all__ = ["RowColumns", "RowEncoder", "as_number", "load_training", "read_row", "save_training", "write_row"]

_COLUMNS_FILE, _TREES_FILE = "columns.json", "trees.txt"
# A column is one of numbers if so many of its cells are; a few are "n/a" in every real table.
_NUMERIC_SHARE = 0.95
# Kinds that are rarer, or come later, are taken for one: of them nothing can be learned.
_MOST_KINDS, _LEAST_ROWS = 50, 2
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def write_row(values: Mapping[str, object]) -> str:
    """Write the cells of a row as one item.

    Examples
    --------
    >>> write_row({"amount": 12, "region": "north"})
    '{"amount": "12", "region": "north"}'
    """
    return json.dumps({name: "" if value is None else str(value) for name, value in values.items()}, ensure_ascii=False)


def read_row(item: str) -> dict[str, str]:
    """Read what ``write_row`` wrote.

    Raises
    ------
    InputError
        It is no row.
    """
    try:
        values = json.loads(item)
    except json.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise InputError(f"{item[:80]!r} is no row; expected a table's cells by column")
    return {str(name): str(value) for name, value in values.items()}


@dataclass(frozen=True)
class RowColumns:
    """Which columns are read, and how.

    Attributes
    ----------
    numbers : tuple of str
    kinds : mapping of column to its values
        Those that are told apart; others count as one.
    """

    numbers: tuple[str, ...]
    kinds: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, items: Sequence[str]) -> "RowColumns":
        """Find out from rows; a column whose cells are all different, or all the same, says nothing and is left out.

        Examples
        --------
        >>> rows = [{"id": f"a{at}", "amount": at % 3, "region": "ns"[at % 2]} for at in range(6)]
        >>> RowColumns.of([write_row(row) for row in rows])
        RowColumns(numbers=('amount',), kinds={'region': ('n', 's')})
        """
        rows = [read_row(item) for item in items]
        numbers: list[str] = []
        kinds: dict[str, tuple[str, ...]] = {}
        for name in rows[0] if rows else ():
            cells = [row[name] for row in rows if row.get(name)]
            values, counts = np.unique(cells, return_counts=True)
            if len(values) < 2:
                continue
            if np.isfinite([as_number(cell) for cell in cells]).mean() >= _NUMERIC_SHARE:
                numbers.append(name)
                continue
            common = [str(values[at]) for at in np.argsort(-counts, kind="stable") if counts[at] >= _LEAST_ROWS]
            if common:
                kinds[name] = tuple(sorted(common[:_MOST_KINDS]))
        return cls(tuple(numbers), kinds)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the matrix."""
        return (*self.numbers, *self.kinds)

    def matrix(self, items: Sequence[str]) -> NDArray[np.float64]:
        """Return numbers, and kinds by their number, shape (n, columns); what is missing or unknown is NaN."""
        rows = [read_row(item) for item in items]
        known = {name: {value: at for at, value in enumerate(values)} for name, values in self.kinds.items()}
        filled = [
            [
                *(as_number(row.get(name, "")) for name in self.numbers),
                *(float(numbers.get(row.get(name, ""), np.nan)) for name, numbers in known.items()),
            ]
            for row in rows
        ]
        return np.array(filled, dtype=np.float64).reshape(len(rows), len(self.names))


@dataclass(frozen=True)
class _Record:
    name: str = "columns"


class RowEncoder:
    """Scores rows by trees.

    Parameters
    ----------
    columns : RowColumns, optional
    booster : lightgbm.Booster, optional
        Without both it is the encoder as it is before training.
    """

    record = _Record()

    def __init__(self, columns: RowColumns | None = None, booster: "lightgbm.Booster | None" = None) -> None:
        self.columns = columns or RowColumns((), {})
        self.booster = booster
        self.sha256 = ""
        self.tuned = booster is not None

    @property
    def dimensions(self) -> int:
        """How many classes are scored."""
        return max(2, self.booster.num_model_per_iteration()) if self.booster else 0

    def encode(self, items: Sequence[str], *, listener: Listener = silent) -> NDArray[np.float32]:  # noqa: ARG002 - it is quick
        """Return the trees' score of each class, shape (n, classes)."""
        return self.scores(self.columns.matrix(items)).astype(np.float32)

    def scores(self, matrix: NDArray[np.float64], rounds: int | None = None) -> NDArray[np.float64]:
        """Return the score of each class after so many rounds, all where left out, shape (n, classes)."""
        raw = self._booster().predict(matrix, raw_score=True, num_iteration=rounds)
        return self._by_class(np.asarray(raw, dtype=np.float64))

    def contributions(self, items: Sequence[str]) -> NDArray[np.float64]:
        """Return how much each column speaks for each class, shape (n, classes, columns), in units of the score.

        Lundberg, Erion, Lee (2018), "Consistent individualized feature attribution for tree ensembles",
        arXiv:1802.03888: with what is the same for all rows they add up to the score.
        """
        width = len(self.columns.names) + 1
        flat = np.asarray(self._booster().predict(self.columns.matrix(items), pred_contrib=True))
        return self._by_class(flat.reshape(len(items), -1, width)[:, :, :-1])

    def content_sha256(self) -> str:
        """Return a hash of columns and trees."""
        trees = self.booster.model_to_string() if self.booster else ""
        return sha256((json.dumps(asdict(self.columns)) + trees).encode()).hexdigest()

    def _booster(self) -> "lightgbm.Booster":
        if self.booster is None:
            raise InputError("this model of rows was not trained yet")
        return self.booster

    def _by_class(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Write the one score of two classes as two that give the same probability."""
        if self.dimensions > 2:
            return scores
        one = scores.reshape(len(scores), 1, *scores.shape[2:])
        return np.concatenate([-one, one], axis=1) / 2


def save_training(encoder: RowEncoder, folder: Path) -> None:
    """Write columns and trees; both are text."""
    (folder / _COLUMNS_FILE).write_text(
        json.dumps(asdict(encoder.columns), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    if encoder.booster:
        (folder / _TREES_FILE).write_text(encoder.booster.model_to_string(), encoding="utf-8")


def load_training(encoder: RowEncoder, folder: Path, files: Collection[str]) -> RowEncoder:
    """Return the encoder that was saved; of ``files`` alone, which were checked."""
    import lightgbm

    if not {_COLUMNS_FILE, _TREES_FILE} <= set(files):
        return encoder
    values = json.loads((folder / _COLUMNS_FILE).read_text(encoding="utf-8"))
    columns = RowColumns(tuple(values["numbers"]), {name: tuple(kinds) for name, kinds in values["kinds"].items()})
    return RowEncoder(columns, lightgbm.Booster(model_str=(folder / _TREES_FILE).read_text(encoding="utf-8")))


def as_number(cell: str) -> float:
    """Read a cell as a number, with commas between thousands or without; NaN where it is none.

    Examples
    --------
    >>> as_number("1,250.5"), as_number("north")
    (1250.5, nan)
    """
    try:
        return float(cell.replace(",", "") if _THOUSANDS.fullmatch(cell.strip()) else cell)
    except ValueError:
        return float("nan")
