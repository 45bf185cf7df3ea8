"""A client's own labelled file: read, looked through, and split so that its test part can be trusted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from foundation.data.cards import Names
from foundation.data.columns import guess_mapping
from foundation.data.labelled import Columns, LabelledTable
from foundation.data.splits import Split, make_splits
from foundation.data.tables import ColumnKind, check_columns, iter_table, parse_times, rename_columns
from foundation.errors import InputError, UnknownNameError
from foundation.files import sha256_file
from foundation.progress import Listener, silent
from foundation.trust.audit import Finding, Problem, audit, near_groups
from foundation.trust.label_noise import suspicious_labels

__all__ = ["ClientData", "doubtful_labels", "read_client_file", "read_rows"]

# What is read at once; a few thousand rows a label are as good as a million.
_MOST_ROWS = 200_000
_MOST_BYTES = 500_000_000
_GROUP, _TIME = "group", "time"
_COLUMNS = (Columns.TEXT, Columns.LABEL, Columns.SPLIT, _GROUP, _TIME)
# By time the last fifth is test, and the tenth before it dev: what will come is not what was.
_DEV_FROM, _TEST_FROM = 0.7, 0.8


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
    numbers: NDArray[np.int64]

    @property
    def chinese(self) -> float:
        """Return the share of texts that have a Chinese letter."""
        return float(self.table.frame[Columns.TEXT].str.contains("[\u4e00-\u9fff]").mean())


def read_rows(path: Path, encoding: str = "utf-8") -> pd.DataFrame:
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


def read_client_file(
    path: Path, task: str, known: Mapping[str, Names], mapping: Mapping[str, str] | None = None, encoding: str = "utf-8"
) -> ClientData:
    """Read, look through and split a client's labelled texts.

    Parameters
    ----------
    path : Path
        CSV, TSV, JSONL, Parquet or Excel.
    task : str
    known : mapping of label to Names
        Labels of the model that answers now.
    mapping : mapping of ``text``, ``label``, ``split``, ``group``, ``time`` to the file's columns, optional
        Guessed where it is left out. Rows of one ``group`` stay in one split; with ``time`` the latest rows are test.
    encoding : str

    Raises
    ------
    InputError
        Of anything that is wrong with the file as a whole. What is wrong with single rows is in ``findings``.
    """
    if strange := set(mapping or {}) - set(_COLUMNS):
        raise UnknownNameError("column to map", strange.pop(), _COLUMNS)
    frame = read_rows(path, encoding)
    columns = dict(mapping or {})
    if not {Columns.TEXT, Columns.LABEL} <= set(columns):
        columns = {**guess_mapping(frame, task), **columns}
    kept = rename_columns(frame, columns)
    kept = kept[[name for name in _COLUMNS if name in kept.columns]]
    if Columns.SPLIT in kept.columns:
        splits = {Columns.SPLIT: [split.value for split in Split]}
        check_columns(kept, {Columns.SPLIT: ColumnKind.LABEL}, splits, path.name)
        protocol = "the file's own split"
    elif _TIME in columns:
        check_columns(kept, {_TIME: ColumnKind.TIME}, {}, path.name)
        kept = kept.assign(**{Columns.SPLIT: _by_time(kept[_TIME])})
        protocol = "by time: the latest fifth is test"
    audited = audit(kept, known)
    left = audited.frame
    if Columns.SPLIT not in left.columns:
        grouped = _GROUP in columns
        groups = left[_GROUP].astype(str) if grouped else pd.Series(near_groups(left[Columns.TEXT].tolist())[0])
        named = [f"g{group}" for group in groups]
        left = left.assign(**{Columns.SPLIT: make_splits(named, left[Columns.LABEL].tolist())})
        protocol = f"stratified 70/10/20, {'groups' if grouped else 'near-copies'} together, seed 0"
    _check_parts(left, path)
    table = LabelledTable(
        name=re.sub(r"\W+", "-", path.stem).strip("-") or "client",
        task=task,
        frame=left[[Columns.TEXT, Columns.LABEL, Columns.SPLIT]].reset_index(drop=True),
        sha256=sha256_file(path),
        protocol=protocol,
        licence="the client's",
        names={label: names for label, names in known.items() if label in set(left[Columns.LABEL])},
    )
    return ClientData(table, columns, len(frame), audited.findings, left.index.to_numpy(np.int64))


def doubtful_labels(data: ClientData, backbone: str, seed: int = 0, listener: Listener = silent) -> ClientData:
    """Add the rows whose label a quick model, which did not see them, would have given otherwise."""
    from foundation.training import TextClassifier

    texts, labels = data.table.part(*Split)  # each is judged by a model of the others: none learns from itself
    model = TextClassifier(backbone, "probe", seed=seed, listener=listener).fit(texts, labels)
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
