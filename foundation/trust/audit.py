"""A client's labelled texts, looked through before anything is learned from them: what is wrong, in which rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from foundation.data.cards import Names
from foundation.data.labelled import Columns
from foundation.data.leakage import similar_pairs
from foundation.data.splits import normalise
from foundation.errors import InputError
from foundation.trust.personal import mask_personal_data

__all__ = ["Audited", "Finding", "Problem", "audit", "near_groups"]

# Fewer rows of a label than this cannot be learned and measured too.
_LEAST_OF_A_LABEL = 2


class Problem(str, Enum):
    """What may be wrong with a row, and what is done about it."""

    NO_TEXT = "no text: left out"
    NO_LABEL = "no label: left out"
    CONTRADICTION = "the same text with another label: left out"
    COPY = "a copy of an earlier row: left out"
    NEAR_COPY = "nearly the same as another row: kept, in one split with it"
    RARE_LABEL = "the only row of its label: left out"
    PERSONAL = "personal data: masked"
    RENAMED_LABEL = "a label written in another way: read as the one that is known"
    LIKE_A_LABEL = "a label that is nearly a known one: kept; rename it in the file if it is the same"
    DOUBTFUL_LABEL = "another label looks more likely: kept; look at it again"
    IN_TWO_SPLITS = "in test, and nearly the same in an earlier split: left out of the earlier one"
    UNREADABLE = "cannot be read, or says no class: left out"
    SAME_PICTURE = "the same picture, or nearly, in an earlier split: left out"
    SAME_PATIENT = "a patient of whom another split has pictures: left out"
    REPEATED_EVENT = "an event that an earlier one repeats: the first counts"
    UNKNOWN_ITEM = "an event of an item that the catalogue does not know: left out"
    BAD_EVENT = "an event without user or item, or at an impossible time: left out"


@dataclass(frozen=True)
class Finding:
    """One problem.

    Attributes
    ----------
    problem : Problem
    rows : tuple of int or str
        Numbers in the file, counted from 1 without the header; of pictures their names.
    example : str
        What the first of them says, without personal data.
    counted : int
        How many there are, where they are counted and not named.
    """

    problem: Problem
    rows: tuple[int | str, ...]
    example: str
    counted: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.rows) or self.counted

    def summary(self) -> str:
        """Say it in a line."""
        shown = ", ".join(map(str, self.rows[:8])) + (", ..." if len(self.rows) > 8 else "")
        where = f"row {shown}; " if shown else ""
        return f"{self.count} rows, {self.problem.value} ({where}for example {self.example!r})"


@dataclass(frozen=True, eq=False)
class Audited:
    """What is left to learn from.

    Attributes
    ----------
    frame : DataFrame
        Of the rows that are kept; its index holds their numbers in the file.
    findings : tuple of Finding
    """

    frame: pd.DataFrame
    findings: tuple[Finding, ...]


def audit(frame: pd.DataFrame, known: Mapping[str, Names], *, near: bool = True) -> Audited:
    """Look a table of texts and labels through, leave out what cannot be learned from, and say so.

    Parameters
    ----------
    frame : DataFrame
        ``text`` and ``label``, cells as they stand in the file.
    known : mapping of label to Names
        Labels of the model that answers now. A label that differs from one in case, or is its name in English or
        Chinese, is read as that one.
    near : bool
        Whether items that are nearly the same are looked for; rows of a table, written out, all look alike.

    Raises
    ------
    InputError
        No row is left.

    Examples
    --------
    >>> texts, labels = ["Up 5%", "up 5%", "", "down", "Down!", "low"], ["good", "bad", "bad", "bad", "bad", "bad"]
    >>> audited = audit(pd.DataFrame({"text": texts, "label": labels}), {})
    >>> [(finding.problem.name, finding.rows) for finding in audited.findings]
    [('NO_TEXT', (3,)), ('CONTRADICTION', (1, 2)), ('COPY', (5,))]
    """
    findings: list[Finding] = []
    left = frame.assign(**{name: frame[name].astype(str).str.strip() for name in (Columns.TEXT, Columns.LABEL)})
    left.index = pd.RangeIndex(1, len(left) + 1)

    def found(problem: Problem, rows: NDArray[np.bool_], column: str = Columns.TEXT) -> None:
        if rows.any():
            numbers = left.index[rows]
            example = mask_personal_data(str(left[column][numbers[0]]))[:60]
            findings.append(Finding(problem, tuple(map(int, numbers)), example))

    def drop(problem: Problem, rows: NDArray[np.bool_]) -> None:
        nonlocal left
        found(problem, rows)
        left = left[~rows]

    drop(Problem.NO_TEXT, left[Columns.TEXT].map(normalise).eq("").to_numpy())
    drop(Problem.NO_LABEL, left[Columns.LABEL].eq("").to_numpy())
    masked = left[Columns.TEXT].map(mask_personal_data)
    found(Problem.PERSONAL, masked.ne(left[Columns.TEXT]).to_numpy())
    read = left[Columns.LABEL].map(_known_label(known))
    found(Problem.RENAMED_LABEL, read.ne(left[Columns.LABEL]).to_numpy(), Columns.LABEL)
    left = left.assign(**{Columns.TEXT: masked, Columns.LABEL: read})
    same = left[Columns.TEXT].map(normalise)
    drop(Problem.CONTRADICTION, left.groupby(same)[Columns.LABEL].transform("nunique").gt(1).to_numpy())
    drop(Problem.COPY, left[Columns.TEXT].map(normalise).duplicated().to_numpy())
    found(Problem.LIKE_A_LABEL, left[Columns.LABEL].isin(_alike(left[Columns.LABEL], known)).to_numpy(), Columns.LABEL)
    counts = left[Columns.LABEL].map(left[Columns.LABEL].value_counts())
    drop(Problem.RARE_LABEL, counts.lt(_LEAST_OF_A_LABEL).to_numpy())
    if left.empty:
        raise InputError(f"no row can be learned from: {'; '.join(finding.summary() for finding in findings)}")
    if not near:
        return Audited(left, tuple(findings))
    if Columns.SPLIT in left.columns:
        drop(Problem.IN_TWO_SPLITS, _earlier_than_test(left))
    else:
        found(Problem.NEAR_COPY, near_groups(left[Columns.TEXT].tolist())[1])
    return Audited(left, tuple(findings))


def near_groups(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a number for each group of texts that are nearly the same, and which texts are not alone in theirs."""
    pairs = similar_pairs(texts, texts)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(texts), len(texts)))
    groups = connected_components(joined, directed=False)[1].astype(np.int64)
    return groups, np.bincount(groups)[groups] > 1


def _known_label(known: Mapping[str, Names]) -> "_Same":
    spelled = {name.casefold(): label for label, names in known.items() for name in (label, names.en, names.zh)}
    return _Same(spelled)


class _Same(dict[str, str]):
    """Labels by the ways in which they may be written; what is not among them stays as it is."""

    def __missing__(self, written: str) -> str:
        return self.get(written.casefold(), written)


def _alike(labels: pd.Series, known: Mapping[str, Names]) -> set[str]:
    """Return labels that are not known, but nearly: a slip of the pen is likelier than a new class."""
    return {label for label in labels.unique() if label not in known and get_close_matches(label, known, 1, 0.85)}


def _earlier_than_test(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows of train and dev are nearly the same as one of test."""
    is_test = frame[Columns.SPLIT].eq("test").to_numpy()
    texts = frame[Columns.TEXT].to_numpy()
    earlier = np.flatnonzero(~is_test)
    pairs = similar_pairs(texts[earlier].tolist(), texts[is_test].tolist())
    rows = np.zeros(len(frame), dtype=bool)
    rows[earlier[np.unique(pairs[:, 0])]] = True
    return rows
