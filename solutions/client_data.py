"""What a client gives to learn from: read, looked through, and split so that its test part can be trusted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from foundation.data.cards import Names
from foundation.data.columns import guess_label, guess_mapping
from foundation.data.image_tables import IMAGE, load_own_images
from foundation.data.labelled import CLIENTS_OWN, Columns, LabelledTable, Reads
from foundation.data.pictures import PICTURE_SUFFIXES
from foundation.data.splits import Split, make_splits
from foundation.data.tables import (
    ColumnKind,
    check_columns,
    iter_table,
    refuse_numbers,
    rename_columns,
)
from foundation.data.times import parse_times
from foundation.errors import InputError, UnknownNameError
from foundation.files import sha256_file
from foundation.progress import Listener, silent
from foundation.rows import write_row
from foundation.trust.audit import Finding, Problem, audit, near_groups
from foundation.trust.label_noise import suspicious_labels

__all__ = ["ClientData", "ClientFile", "doubtful_labels", "read_client_file", "read_client_images"]

# What is read at once; a few thousand rows a label are as good as a million.
_MOST_ROWS = 200_000
_MOST_BYTES = 500_000_000
_TIME = "time"
_PICTURE = re.compile(rf".*?({'|'.join(map(re.escape, PICTURE_SUFFIXES))})", re.IGNORECASE)
_COLUMNS = (Columns.TEXT, Columns.LABEL, Columns.SPLIT, Columns.GROUP, _TIME)
# By time the last fifth is test, and the tenth before it dev: what will come is not what was.
_DEV_FROM, _TEST_FROM = 0.7, 0.8


@dataclass(frozen=True, eq=False)
class ClientFile:
    """What a client gives, and how it is to be read.

    Attributes
    ----------
    path : Path
        A table; of images also a folder or a zip.
    task : str
    mapping : mapping of what is wanted to the file's column
        Guessed where it is left out.
    encoding : str
    items : Path or None
        Of events, a table that says what the items are.
    feedback : DataFrame or None
        What people said on the pages (``Solution.feedback``): of images it counts before the file, events it joins.
    """

    path: Path
    task: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "utf-8"
    items: Path | None = None
    feedback: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class ClientData:
    """What can be learned from a client's file.

    Attributes
    ----------
    table : LabelledTable
        Of the rows that are left.
    columns : mapping of what is wanted to the file's column
    rows : int
        In the file.
    findings : tuple of Finding
    numbers : ndarray of int64, shape (kept,)
        Of the kept rows, in the file.
    """

    table: LabelledTable
    columns: Mapping[str, str]
    rows: int
    findings: tuple[Finding, ...]
    numbers: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def chinese(self) -> float:
        """Return the share of texts that have a Chinese letter."""
        return float(self.table.frame[Columns.TEXT].str.contains("[\u4e00-\u9fff]").mean())


def _read_rows(path: Path, encoding: str = "utf-8") -> pd.DataFrame:
    """Read a client's table, or say that it is larger than is needed.

    Raises
    ------
    InputError
        It is too large, or cannot be read (see ``read_table``).
    """
    advice = "a few thousand rows of each label are enough: give a sample"
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{path} has {path.stat().st_size / 1e9:.1f} GB; expected at most 0.5 GB; {advice}")
    blocks, rows = [], 0
    for block in iter_table(path, 1 << 16, encoding):
        blocks.append(block)
        rows += len(block)
        if rows > _MOST_ROWS:
            raise InputError(f"{path} has more than {_MOST_ROWS:,} rows; {advice}")
    return pd.concat(blocks, ignore_index=True)


def read_client_file(given: ClientFile, known: Mapping[str, Names], reads: Reads = "text") -> ClientData:
    """Read, look through and split a client's labelled texts, or rows of a table.

    Parameters
    ----------
    given : ClientFile
        CSV, TSV, JSONL, Parquet or Excel; ``text``, ``label``, ``split``, ``group`` and ``time`` may be mapped. With
        ``time`` the latest rows are test; else rows of one ``group`` stay in one split. Rows of a group count once in
        the comparison, one without a group for itself.
    known : mapping of label to Names
        Labels of the model that answers now.
    reads : {"text", "rows"}
        Of rows, all columns are read but those that are mapped.

    Raises
    ------
    InputError
        Of anything that is wrong with the file as a whole. What is wrong with single rows is in ``findings``.
    """
    path, wanted = given.path, _COLUMNS if reads == "text" else _COLUMNS[1:]
    if strange := set(given.mapping) - set(wanted):
        raise UnknownNameError("column to map", strange.pop(), wanted)
    frame = _read_rows(path, given.encoding)
    columns = dict(given.mapping)
    if not set(wanted[: wanted.index(Columns.SPLIT)]) <= set(columns):
        guess = guess_mapping if reads == "text" else guess_label
        columns = {**guess(frame, given.task), **columns}
    kept = rename_columns(frame, columns)
    if reads == "rows":
        cells = kept.drop(columns=[*columns, Columns.SPLIT], errors="ignore")
        kept = kept.assign(**{Columns.TEXT: _written(cells)})
    there = [name for name in (Columns.SPLIT, *columns) if name in kept.columns]
    kept = kept[[name for name in _COLUMNS if name == Columns.TEXT or name in there]]
    if Columns.SPLIT in kept.columns:
        splits = {Columns.SPLIT: [split.value for split in Split]}
        check_columns(kept, {Columns.SPLIT: ColumnKind.LABEL}, splits, path.name)
        protocol = "the file's own split"
    elif _TIME in columns:
        check_columns(kept, {_TIME: ColumnKind.TIME}, {}, path.name)
        kept = kept.assign(**{Columns.SPLIT: _by_time(kept[_TIME])})
        protocol = "by time: the latest fifth is test"
    if Columns.GROUP in kept.columns:
        groups = kept[Columns.GROUP].fillna("").astype(str).str.strip()
        kept = kept.assign(**{Columns.GROUP: groups.where(groups != "", "row " + kept.index.astype(str))})
    if reads == "text":
        refuse_numbers(kept[Columns.TEXT], columns.get(Columns.TEXT, Columns.TEXT), path.name)
    audited = audit(kept, known, near=reads == "text")
    left = audited.frame
    if Columns.SPLIT not in left.columns:
        if Columns.GROUP in columns:
            groups, together = left[Columns.GROUP].astype(str).tolist(), "groups"
        elif reads == "text":
            groups, together = near_groups(left[Columns.TEXT].tolist())[0].tolist(), "near-copies"
        else:
            groups, together = left[Columns.TEXT].tolist(), "repeats"
        named = [f"g{group}" for group in groups]
        left = left.assign(**{Columns.SPLIT: make_splits(named, left[Columns.LABEL].tolist())})
        protocol = f"stratified 70/10/20, {together} together, seed 0"
    _check_parts(left, path)
    table = LabelledTable(
        name=re.sub(r"\W+", "-", path.stem).strip("-") or "client",
        task=given.task,
        frame=left[[name for name in _COLUMNS if name in left.columns and name != _TIME]].reset_index(drop=True),
        sha256=sha256_file(path),
        protocol=protocol,
        licence=CLIENTS_OWN,
        names={label: names for label, names in known.items() if label in set(left[Columns.LABEL])},
        reads=reads,
    )
    return ClientData(table, columns, len(frame), audited.findings, left.index.to_numpy(np.int64))


def read_client_images(given: ClientFile) -> ClientData:
    """Read and look through a client's labelled images; what stands in two splits is left out of the later one."""
    from foundation.recipes.train_images import leaking_rows, without_rows

    said = given.feedback
    reviewed = {} if said is None else dict(zip(said["picture_sha256"], said["label"], strict=True))
    table = load_own_images(given.path, given.task, given.mapping, reviewed=reviewed, encoding=given.encoding)
    names = table.frame[IMAGE].tolist()
    exact, near, patients = leaking_rows(table)
    pictures = np.union1d(exact, near)
    leaking = {Problem.SAME_PICTURE: pictures, Problem.SAME_PATIENT: patients}
    found = [
        Finding(problem, tuple(names[row] for row in rows), names[rows[0]])
        for problem, rows in leaking.items()
        if len(rows)
    ]
    if table.problems:
        found.insert(0, Finding(Problem.UNREADABLE, tuple(map(_name_of, table.problems)), table.problems[0]))
    rows = len(names) + len(table.problems)
    if leaking_too := np.union1d(pictures, patients).tolist():
        table = without_rows(table, np.array(leaking_too))
    _check_parts(table.frame, given.path)
    return ClientData(table, given.mapping, rows, tuple(found))


def doubtful_labels(data: ClientData, listener: Listener = silent) -> ClientData:
    """Add the texts or rows whose label a quick model, which did not see them, would have given otherwise."""
    from foundation.recipes.recipe import Recipe
    from foundation.recipes.train_text import classifier

    reads = data.table.reads
    texts, labels = data.table.part(*Split)  # each is judged by a model of the others: none learns from its own group
    recipe = Recipe(method="probe" if reads == "text" else "trees")
    model = classifier(recipe, listener, reads).fit(texts, labels, groups=data.table.groups(*Split))
    row_of = {text: row for row, text in enumerate(texts)}
    probabilities = softmax(model.held_out_logits_, axis=1)
    doubtful = suspicious_labels(probabilities, model.held_out_targets_)
    if not len(doubtful):
        return data
    rows = [int(row_of[model.held_out_items_[at]]) for at in doubtful]
    first, likelier = rows[0], model.classes_[probabilities[doubtful[0]].argmax()]
    text, label = data.table.frame.loc[first, [Columns.TEXT, Columns.LABEL]]
    finding = Finding(
        Problem.DOUBTFUL_LABEL, tuple(int(data.numbers[row]) for row in rows), f"{text[:60]}: {label} or {likelier}"
    )
    return replace(data, findings=(*data.findings, finding))


def _written(cells: pd.DataFrame) -> list[str]:
    """Write each row as an item; one without anything in it as an empty one."""
    rows = cells.astype(str).to_dict(orient="records")
    return [write_row(row) if any(value.strip() for value in row.values()) else "" for row in rows]


def _name_of(problem: str) -> str:
    """Return the name of the picture that a message begins with.

    Examples
    --------
    >>> _name_of("scans/left knee (1).PNG cannot be read"), _name_of("the folder of class 'none' is empty")
    ('left knee (1).PNG', "the folder of class 'none' is empty")
    """
    found = _PICTURE.match(problem)
    return Path(found[0]).name if found else problem


def _by_time(cells: pd.Series) -> NDArray[np.str_]:
    times = parse_times(cells)
    dev, test = times.quantile(_DEV_FROM), times.quantile(_TEST_FROM)
    return np.select([times > test, times > dev], [Split.TEST.value, Split.DEV.value], Split.TRAIN.value)


def _check_parts(frame: pd.DataFrame, path: Path) -> None:
    counts = frame[Columns.SPLIT].value_counts()
    for split in (Split.TRAIN, Split.TEST):
        if not counts.get(split.value):
            raise InputError(f"{path} has no {split.value} rows left; see 'split', or give more rows")
    if frame[Columns.LABEL].nunique() < 2:
        raise InputError(
            f"{path} has rows of one label alone ({frame[Columns.LABEL].iloc[0]!r}); expected two or more labels"
        )
