"""A table of labelled texts, from a card or from a client's own file, checked and split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from foundation.assets import fetch, find_asset
from foundation.data.cards import Card, Names, find_card
from foundation.data.splits import Split, make_splits
from foundation.data.tables import ColumnKind, check_columns, read_table, refuse_numbers, rename_columns
from foundation.errors import InputError, UnknownNameError
from foundation.files import sha256_file
from foundation.pairs import OTHER, SAME, join_pair
from foundation.rows import write_row
from foundation.settings import settings

Reads = Literal["text", "pairs", "rows"]

__all__ = ["CLIENTS_OWN", "Columns", "LabelledTable", "is_as_published", "load_card_table", "load_own_table", "locate"]


class Columns:
    """Names of the columns of a ``LabelledTable``."""

    TEXT = "text"
    OTHER = "other"
    LABEL = "label"
    SPLIT = "split"
    GROUP = "group"


#: Licence of what a client brings.
CLIENTS_OWN = "the client's"
# A class needs one to learn from and one to be checked on.
_FEWEST_LEARNED = 2


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """Labelled texts of one task.

    Attributes
    ----------
    name, task : str
    frame : DataFrame
        ``Columns.TEXT``, ``Columns.LABEL``, ``Columns.SPLIT`` first, then what else the file had.
    sha256 : str
        Of the file, or of the files in the order of the splits.
    protocol : str
        Where the split comes from.
    licence : str
    names : dict of label to Names
        Empty for a client's own labels.
    as_published : bool
        Whether the files have the hashes of the card.
    companions : tuple of LabelledTable
        Whose train and dev rows are trained on too; they are never what is evaluated.
    data_root : Path or None
        Where local copies of public sets were looked for.
    reads : {"text", "pairs", "rows"}
        What an item is: a text, two (``foundation.pairs``), or the cells of a row (``foundation.rows``).
    problems : tuple of str
        Files that were passed over, and why.
    """

    name: str
    task: str
    frame: pd.DataFrame
    sha256: str
    protocol: str
    licence: str
    names: Mapping[str, Names]
    as_published: bool = True
    companions: tuple["LabelledTable", ...] = ()
    data_root: Path | None = None
    reads: Reads = "text"
    problems: tuple[str, ...] = ()

    def part(self, *splits: Split) -> tuple[list[Any], list[str]]:
        """Return texts and labels of the rows in any of the given splits."""
        rows = self.frame[self.frame[Columns.SPLIT].isin([split.value for split in splits])]
        return rows[Columns.TEXT].tolist(), rows[Columns.LABEL].tolist()

    def check_learned(self, labels: Sequence[str]) -> None:
        """Raise ``InputError`` where the labels that are trained on hold fewer than two of a class of the table."""
        learned, there = Counter(labels), Counter(self.frame[Columns.LABEL])
        if rare := sorted(label for label in there if learned[label] < _FEWEST_LEARNED):
            raise InputError(
                f"too few examples of {rare[0]} in {self.name}: {there[rare[0]]}, of which {learned[rare[0]]} would be "
                f"trained on; expected {_FEWEST_LEARNED} or more; add some, or merge the class with another"
            )

    def groups(self, *splits: Split) -> list[str]:
        """Return what each row belongs to (a patient, a customer), as the file says; nothing where it does not say."""
        rows = self.frame[self.frame[Columns.SPLIT].isin([split.value for split in splits])]
        return rows[Columns.GROUP].astype(str).tolist() if Columns.GROUP in rows.columns else []

    def under(self, protocol: str) -> "LabelledTable":
        """Return the same rows, split by a named protocol; a set of texts or images has but its own split."""
        raise InputError(f"{self.name} has one split, {self.protocol}; leave --protocol {protocol} out")

    def test_part(self) -> tuple[list[Any], list[str]]:
        """Return texts and labels of the test split, or raise ``InputError`` where there is none."""
        texts, labels = self.part(Split.TEST)
        if not texts:
            raise InputError(f"{self.name} has no test rows; expected rows whose split is 'test'")
        return texts, labels


def load_card_table(name: str, task: str, data_root: Path | None = None) -> LabelledTable:
    """Load a data set by the name of its card.

    Parameters
    ----------
    name, task : str
    data_root : Path, optional
        A folder of local copies by card name; ``COLONNADE_DATA`` where it is left out.

    Raises
    ------
    UnknownNameError
        No such card, or the card has no such task.
    InputError
        The files are not on this machine, or are not as the card says.
    """
    card = find_card(name)
    if task not in card.tasks:
        raise UnknownNameError(f"task of dataset {name}", task, card.tasks)
    if card.images:
        from foundation.data.image_tables import load_card_images

        return load_card_images(card, task, data_root)
    paths = {split: locate(card, file, data_root) for split, file in card.files.items()}
    frames = []
    for split, path in paths.items():
        frame = read_table(path)
        _check(card, task, frame, path)
        frames.append(frame.assign(**({} if split == "all" else {card.split_column or Columns.SPLIT: split})))
    columns = card.tasks[task]
    given = card.split_column is not None or "all" not in card.files
    reads: Reads = "pairs" if columns.other else "rows" if columns.features else "text"
    named = {Columns.TEXT: columns.text, Columns.OTHER: columns.other, Columns.LABEL: columns.label}
    mapping = {wanted: given for wanted, given in named.items() if given}
    if card.split_column:
        mapping[Columns.SPLIT] = card.split_column
    frame = _as_items(rename_columns(pd.concat(frames, ignore_index=True), mapping), reads, columns.features)
    if not given:
        frame = frame.assign(split=make_splits(frame[Columns.TEXT], frame[Columns.LABEL]))
    hashes = {path.name: sha256_file(path) for path in paths.values()}
    return LabelledTable(
        name=name,
        task=task,
        frame=_tidy(frame),
        sha256=_joint_hash(list(hashes.values())),
        protocol="the split of the card" if given else _made(seed=0),
        licence=card.licence,
        names=card.labels.get(task, {}),
        as_published=all(is_as_published(card, path, hashes[path.name]) for path in paths.values()),
        companions=tuple(
            load_card_table(companion, task, data_root)
            for companion in card.companions
            if task in find_card(companion).tasks
        ),
        data_root=data_root,
        reads=reads,
    )


def load_own_table(
    path: Path,
    task: str,
    mapping: Mapping[str, str],
    *,
    encoding: str = "utf-8",
    seed: int = 0,
    reads: Reads = "text",
) -> LabelledTable:
    """Load a client's own file; a column ``split`` is used where there is one, otherwise a split is made.

    Parameters
    ----------
    path : Path
        A table.
    task : str
    mapping : mapping of ``text``, ``label``, ``split`` to the file's column names
    encoding : str
    seed : int
        Of the split that is made.
    reads : {"text", "pairs", "rows"}
        Of pairs, a column ``other`` holds a second text, and the label says whether both mean the same (1) or not (0);
        of rows, all columns but label and split are read.
    """
    items = {"text": [Columns.TEXT], "pairs": [Columns.TEXT, Columns.OTHER], "rows": []}[reads]
    known = [*items, Columns.LABEL, Columns.SPLIT]
    if strange := set(mapping) - set(known):
        raise UnknownNameError("column to map", strange.pop(), known)
    frame = rename_columns(read_table(path, encoding), mapping)
    for column in {Columns.LABEL, Columns.SPLIT} & set(frame.columns):  # "refund " is no other label than "refund"
        frame[column] = frame[column].map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    given = Columns.SPLIT in frame.columns
    kinds = dict.fromkeys(items, ColumnKind.TEXT) | {Columns.LABEL: ColumnKind.LABEL}
    allowed = {Columns.SPLIT: [split.value for split in Split]}
    if reads == "pairs":
        allowed[Columns.LABEL] = [OTHER, SAME]
    check_columns(frame, kinds | ({Columns.SPLIT: ColumnKind.LABEL} if given else {}), allowed, path.name)
    for column in items:
        refuse_numbers(frame[column], mapping.get(column, column), path.name)
    frame = _as_items(frame, reads, [str(name) for name in frame.columns if name not in known])
    if not given:
        frame = frame.assign(split=make_splits(frame[Columns.TEXT], frame[Columns.LABEL], seed))
    return LabelledTable(
        name=path.stem,
        task=task,
        frame=_tidy(frame),
        sha256=sha256_file(path),
        protocol="the file's own split" if given else _made(seed),
        licence=CLIENTS_OWN,
        names={},
        reads=reads,
    )


def _as_items(frame: pd.DataFrame, reads: Reads, features: Sequence[str]) -> pd.DataFrame:
    """Write as one item what several columns hold: both texts of a pair, or the cells of a row."""
    if reads == "pairs":
        both = zip(frame[Columns.TEXT], frame[Columns.OTHER], strict=True)
        return frame.assign(**{Columns.TEXT: [join_pair(first, second) for first, second in both]})
    if reads == "rows":
        cells = frame[list(features)].to_dict(orient="records")
        return frame.drop(columns=list(features)).assign(**{Columns.TEXT: [write_row(row) for row in cells]})
    return frame


def _made(seed: int) -> str:
    return f"stratified 70/10/20, repeats together, seed {seed}"


def locate(card: Card, file: str, data_root: Path | None = None) -> Path:
    """Return where a card's file lies on this machine.

    Raises
    ------
    InputError
        Nowhere; the message says where it can be had.
    AssetError
        Its asset cannot be fetched.
    """
    data_root = data_root or settings().data
    made = settings().home / "datasets" / card.name / file  # a set that is generated on this machine
    places = [*([data_root / card.name / file] if data_root else []), card.folder() / file, made]
    for place in places:
        if place.is_file():
            return place
    if card.asset:
        return fetch(find_asset(card.asset)) / file
    raise InputError(
        f"dataset {card.name} is not on this machine (looked at {', '.join(map(str, places))}); "
        f"get it from {card.origin} and give --data-root DIR with DIR/{card.name}/{file}"
    )


def is_as_published(card: Card, path: Path, sha256: str) -> bool:
    """Tell whether a file is the one that the card's figures are for, by its hash or as the card's asset pins it.

    A set that is made on this machine has no other file that it could be.
    """
    if card.sha256.get(path.name) == sha256:
        return True
    if card.asset:
        return any(member.path == path.name and member.is_pinned(path) for member in find_asset(card.asset).members)
    return path.name not in card.sha256


def _check(card: Card, task: str, frame: pd.DataFrame, path: Path) -> None:
    allowed = {columns.label: list(card.labels[name]) for name, columns in card.tasks.items() if name in card.labels}
    if card.split_column:
        allowed[card.split_column] = [split.value for split in Split]
    named = card.tasks[task]
    wanted = {named.text, named.other, named.label, card.split_column, *named.features}
    kinds = {column: kind for column, kind in card.columns.items() if column in wanted}
    check_columns(frame, kinds, allowed, path.name)


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    first = [Columns.TEXT, Columns.LABEL, Columns.SPLIT]
    stripped = frame.assign(**{Columns.TEXT: frame[Columns.TEXT].str.strip()})
    return stripped[[*first, *(column for column in frame.columns if column not in first)]]


def _joint_hash(hashes: list[str]) -> str:
    return hashes[0] if len(hashes) == 1 else sha256("\n".join(hashes).encode()).hexdigest()
