"""What users did with items: read in blocks, checked, and held as arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from foundation.errors import InputError
from solutions.recommendation.actions import Columns, read_actions

__all__ = ["EventFaults", "Events", "collect_events", "joined_events", "no_events"]


@dataclass(frozen=True)
class EventFaults:
    """Rows that were left out, and why.

    Attributes
    ----------
    repeated : int
        The same user and item again: the first time counts, with the strongest action.
    unknown_items : int
        Of items that are not in the catalogue.
    impossible_times : int
        Before 1990, ahead of the clock, or no time at all.
    incomplete : int
        Without user or item.
    example : str
        The first of the other three kinds.
    """

    repeated: int = 0
    unknown_items: int = 0
    impossible_times: int = 0
    incomplete: int = 0
    example: str = ""

    def summary(self) -> str:
        """Say it in a line."""
        named = {
            "repeated (the first counts)": self.repeated,
            "of items that the catalogue does not know": self.unknown_items,
            "at impossible times": self.impossible_times,
            "without user or item": self.incomplete,
        }
        said = ", ".join(f"{count:,} {what}" for what, count in named.items() if count)
        return (
            f"rows left out: {said}{f'; first: {self.example}' if self.example else ''}" if said else "no row left out"
        )


@dataclass(frozen=True, eq=False)
class Events:
    """Distinct pairs of user and item, ordered by user, then time, then item.

    Attributes
    ----------
    users, items : ndarray of int64, shape (n,)
        Numbers into ``user_ids`` and into the catalogue.
    times : ndarray of float64, shape (n,)
        Seconds since 1970; all 0 where the data has no times.
    weights : ndarray of float32, shape (n,), 0 to 1
        How much interest the action shows.
    user_ids : tuple of str
        Sorted.
    item_count : int
    faults : EventFaults
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    times: NDArray[np.float64]
    weights: NDArray[np.float32]
    user_ids: tuple[str, ...]
    item_count: int
    faults: EventFaults = EventFaults()

    def __len__(self) -> int:
        """Count events."""
        return len(self.users)

    @property
    def timed(self) -> bool:
        """Whether the events have times."""
        return bool(self.times.any())

    def take(self, rows: NDArray[Any]) -> "Events":
        """Return some of the events; users and items keep their numbers."""
        parts = {name: getattr(self, name)[rows] for name in ("users", "items", "times", "weights")}
        return replace(self, **parts)

    def matrix(self, *, weighted: bool = False) -> sparse.csr_matrix:
        """Return who had what, shape (users, items), float32: ones, or the weights."""
        shape = (len(self.user_ids), self.item_count)
        values = self.weights if weighted else np.ones(len(self), np.float32)
        return sparse.csr_matrix((values, (self.users, self.items)), shape=shape)

    def last_times(self) -> NDArray[np.float64]:
        """Return each user's latest time, shape (users,); infinity for a user of whom nothing is known."""
        latest = np.full(len(self.user_ids), -np.inf)
        np.maximum.at(latest, self.users, self.times)
        return np.where(np.isfinite(latest), latest, np.inf)

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return of each event its place among its user's events, counted from the first and from the last, both 0."""
        rows = np.arange(len(self))
        first = np.searchsorted(self.users, self.users)
        return rows - first, np.searchsorted(self.users, self.users, side="right") - 1 - rows

    def latest(self, count: int) -> "Events":
        """Return each user's latest events alone."""
        return self.take(np.flatnonzero(self.places()[1] < count))

    def of_user(self, user: int) -> "Events":
        """Return a user's events, in their order."""
        low, high = np.searchsorted(self.users, [user, user + 1])
        return self.take(np.arange(low, high))

    def sha256(self) -> str:
        """Return a hash of the content: the same for every file that holds the same events."""
        frame = pd.DataFrame(
            {
                "user": np.array(self.user_ids)[self.users],
                "item": self.items,
                "time": self.times,
                "weight": self.weights,
            }
        ).sort_values(["user", "item"], kind="stable")
        return sha256(frame.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode()).hexdigest()


def no_events(item_count: int) -> Events:
    """Return events of nobody."""
    numbers = np.empty(0, np.int64)
    return Events(numbers, numbers, np.empty(0), np.empty(0, np.float32), (), item_count)


def collect_events(blocks: Iterable[pd.DataFrame], item_ids: Sequence[str]) -> Events:
    """Read blocks of a table into events.

    Parameters
    ----------
    blocks : iterable of DataFrame
        With ``user`` and ``item``, and ``time`` (seconds since 1970, or a date), ``kind`` (a view, a buy) and ``value``
        (a rating of 1 to 5) where there are such. Memory grows with the events, at 28 bytes each, not with the file.
    item_ids : sequence of str
        The catalogue.

    Raises
    ------
    InputError
        A column is missing, a kind is unknown, or no row is left.
    """
    numbers = pd.Index(item_ids)
    user_numbers: dict[str, int] = {}
    parts: list[pd.DataFrame] = []
    counts = {"unknown_items": 0, "impossible_times": 0, "incomplete": 0}
    example, first_row = "", 1
    for block in blocks:
        read = read_actions(block, first_row)
        item = numbers.get_indexer(read[Columns.ITEM])
        wrong = {
            "incomplete": ((read[Columns.USER] == "") | (read[Columns.ITEM] == "")).to_numpy(),
            "unknown_items": item < 0,
            "impossible_times": read[Columns.TIME].isna().to_numpy(),
        }
        bad = np.zeros(len(read), dtype=bool)
        for name, rows in wrong.items():
            counts[name] += int((rows & ~bad).sum())
            if (rows & ~bad).any() and not example:
                example = _shown(block, int((rows & ~bad).argmax()), name, first_row)
            bad |= rows
        kept = read[~bad]
        for user in kept[Columns.USER].unique():
            user_numbers.setdefault(user, len(user_numbers))
        parts.append(
            pd.DataFrame(
                {
                    "users": kept[Columns.USER].map(user_numbers).to_numpy(np.int64),
                    "items": item[~bad].astype(np.int64),
                    "times": kept[Columns.TIME].to_numpy(np.float64),
                    "weights": kept["weight"].to_numpy(np.float32),
                }
            )
        )
        first_row += len(block)
    everything = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if everything.empty:
        raise InputError(f"no event can be used ({EventFaults(**counts, example=example).summary()}); see the columns")
    # numbers by name, and not by the order of the file: the same events give the same splits
    names = sorted(user_numbers)
    everything["users"] = np.argsort([user_numbers[name] for name in names])[everything["users"]]
    return _distinct(everything, names, len(numbers), EventFaults(**counts, example=example))


def joined_events(earlier: Events, later: Events) -> Events:
    """Return the events of two sets over one catalogue; the faults are those of the later one."""
    names = sorted({*earlier.user_ids, *later.user_ids})
    numbers = pd.Index(names)
    parts = [
        pd.DataFrame(
            {
                "users": numbers.get_indexer(list(part.user_ids))[part.users],
                "items": part.items,
                "times": part.times,
                "weights": part.weights,
            }
        )
        for part in (earlier, later)
        if len(part)
    ]
    return _distinct(pd.concat(parts, ignore_index=True), names, earlier.item_count, later.faults)


def _distinct(events: pd.DataFrame, names: Sequence[str], item_count: int, faults: EventFaults) -> Events:
    """Order events, and fold those of one user with one item: the first time, and the strongest action."""
    ordered = events.sort_values(["users", "times", "items"], kind="stable")
    strongest = ordered.groupby(["users", "items"], sort=False)["weights"].transform("max").to_numpy()
    first = ~ordered.duplicated(["users", "items"]).to_numpy()
    return Events(
        users=ordered["users"].to_numpy()[first],
        items=ordered["items"].to_numpy()[first],
        times=ordered["times"].to_numpy()[first],
        weights=strongest[first],
        user_ids=tuple(names),
        item_count=item_count,
        faults=replace(faults, repeated=faults.repeated + int((~first).sum())),
    )


def _shown(block: pd.DataFrame, at: int, name: str, first_row: int) -> str:
    column = {"incomplete": Columns.USER, "unknown_items": Columns.ITEM, "impossible_times": Columns.TIME}[name]
    return f"row {first_row + at}, column {column!r}: {str(block[column].iloc[at])[:40]!r}"
