"""Texts that stand in two splits: exact copies and near-duplicates.

A near-duplicate is a pair of texts whose sets of character 4-grams have a Jaccard similarity of 0.8 or more. Pairs are
found by prefix filtering, which is exact: a pair that similar shares a 4-gram among the rarest of each (Chaudhuri,
Ganti, Kaushik (2006), "A primitive operator for similarity joins in data cleaning", ICDE).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from foundation.data.splits import Split, normalise

__all__ = ["Leakage", "find_leakage", "similar_pairs"]

_GRAM = 4
_NEAR = 0.8
_PAIR_BLOCK = 1 << 16
_ROW_BLOCK = 2048


@dataclass(frozen=True)
class Leakage:
    """Rows of the later split that also stand in an earlier one.

    Attributes
    ----------
    exact, near : int
        How many rows of dev and test have a copy, or a near-duplicate that is no copy, in an earlier split.
    examples : tuple of (str, str)
        Up to five near-duplicate pairs, the earlier split's text first.
    patients : int
        Of pictures: rows whose patient has pictures in an earlier split.
    """

    exact: int
    near: int
    examples: tuple[tuple[str, str], ...]
    patients: int = 0

    @property
    def any(self) -> bool:
        """Whether anything stands in two splits."""
        return bool(self.exact or self.near or self.patients)

    def summary(self) -> str:
        """Say it in a line."""
        if not self.any:
            return "nothing of dev or test stands in an earlier split"
        known = f", {self.patients} of a patient who is in an earlier split" if self.patients else ""
        return (
            f"{self.exact} of dev or test are copies, {self.near} near-duplicates of what is in an earlier split{known}"
        )


def find_leakage(texts: Sequence[str], splits: Sequence[str], *, near: bool = True) -> Leakage:
    """Look for dev texts in train, and for test texts in train and dev.

    Without ``near``, for copies alone: of rows of a table, all look alike.

    Examples
    --------
    >>> report = find_leakage(["Profit rose.", "profit rose", "Sales fell."], ["train", "test", "test"])
    >>> report.exact, report.near
    (1, 0)
    """
    parts = {split.value: [i for i, given in enumerate(splits) if given == split.value] for split in Split}
    earlier_of = {
        Split.DEV: parts[Split.TRAIN.value],
        Split.TEST: parts[Split.TRAIN.value] + parts[Split.DEV.value],
    }
    exact, alike = 0, 0
    examples: list[tuple[str, str]] = []
    for split, earlier in earlier_of.items():
        later = parts[split.value]
        known = {normalise(texts[i]) for i in earlier}
        fresh = [i for i in later if normalise(texts[i]) not in known]
        exact += len(later) - len(fresh)
        pairs = similar_pairs([texts[i] for i in fresh], [texts[i] for i in earlier] if near else [])
        alike += len(np.unique(pairs[:, 0]))
        examples += [(texts[earlier[right]], texts[fresh[left]]) for left, right in pairs[:5]]
    return Leakage(exact, alike, tuple(examples[:5]))


def similar_pairs(left: Sequence[str], right: Sequence[str], threshold: float = _NEAR) -> NDArray[np.int64]:
    """Return pairs (left, right) of indices whose texts are as similar as ``threshold`` or more, shape (pairs, 2)."""
    from sklearn.feature_extraction.text import CountVectorizer

    if not left or not right:
        return np.empty((0, 2), dtype=np.int64)
    # a text shorter than a gram is padded to one, so that it has a set
    normal = [normalise(text).ljust(_GRAM, "_") for text in (*left, *right)]
    grams = CountVectorizer(analyzer="char", ngram_range=(_GRAM, _GRAM), binary=True, dtype=np.int32)
    sets = sparse.csr_matrix(grams.fit_transform(normal))
    # columns from rare to common, so that a row's prefix holds its rarest grams
    sets = sparse.csr_matrix(sets[:, np.argsort(sets.getnnz(axis=0), kind="stable")])
    sizes = sets.getnnz(axis=1)
    prefixes = _prefixes(sets, threshold)
    found: list[NDArray[np.int64]] = []
    for start in range(0, len(left), _ROW_BLOCK):
        stop = min(start + _ROW_BLOCK, len(left))
        shared = sparse.coo_matrix(prefixes[start:stop] @ prefixes[len(left) :].T)
        rows, columns = shared.row + start, shared.col + len(left)
        for at in range(0, len(rows), _PAIR_BLOCK):
            i, j = rows[at : at + _PAIR_BLOCK], columns[at : at + _PAIR_BLOCK]
            common = np.asarray(sets[i].multiply(sets[j]).sum(axis=1)).ravel()
            near = common >= threshold * (sizes[i] + sizes[j] - common)
            found.append(np.stack([i[near], j[near] - len(left)], axis=1).astype(np.int64))
    return np.concatenate(found) if found else np.empty((0, 2), dtype=np.int64)


def _prefixes(sets: sparse.csr_matrix, threshold: float) -> sparse.csr_matrix:
    """Keep of each row the n - ceil(threshold * n) + 1 rarest members; columns must be sorted by frequency."""
    sets.sort_indices()
    sizes = np.diff(sets.indptr)
    lengths = sizes - np.ceil(threshold * sizes).astype(np.int64) + 1
    position = np.arange(sets.nnz) - np.repeat(sets.indptr[:-1], sizes)
    keep = position < np.repeat(lengths, sizes)
    indptr = np.concatenate([[0], np.cumsum(np.minimum(lengths, sizes))])
    return sparse.csr_matrix((sets.data[keep], sets.indices[keep], indptr), shape=sets.shape)
