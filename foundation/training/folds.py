"""Stratified folds in which a text and its copies are held out together: a copy that is held out has been seen."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, train_test_split

from foundation.data.splits import normalise

__all__ = ["set_aside", "stratified_folds"]

_Parts = tuple[NDArray[np.int64], NDArray[np.int64]]


def stratified_folds(items: Sequence[Any], targets: NDArray[np.int64], folds: int, seed: int) -> Iterator[_Parts]:
    """Yield the rows that are kept and those that are held out, of each fold.

    Parameters
    ----------
    items : sequence, length n
        Texts that are the same after ``normalise`` are copies; what is no text has none.
    targets : ndarray of int, shape (n,)
    folds : int
        Where the rarest class has fewer texts, as many as it has, but two at least.
    seed : int

    Examples
    --------
    >>> rows = ["up", "Up!", "rise", "down", "fall"]
    >>> [held.tolist() for _, held in stratified_folds(rows, np.array([1, 1, 1, 0, 0]), 2, seed=0)]
    [[2, 3], [0, 1, 4]]
    """
    first, text_of = _texts(items, targets)
    rarest = int(np.bincount(targets[first]).min())
    cut = StratifiedKFold(max(2, min(folds, rarest)), shuffle=True, random_state=seed)
    for _, held in cut.split(first, targets[first]):
        yield _parts(text_of, held)


def set_aside(items: Sequence[Any], targets: NDArray[np.int64], seed: int) -> _Parts:
    """Return rows to keep and rows to hold out: a stratified tenth of the texts, but one of each class at least."""
    first, text_of = _texts(items, targets)
    size = max(int(targets.max()) + 1, len(first) // 10)
    _, held = train_test_split(np.arange(len(first)), test_size=size, stratify=targets[first], random_state=seed)
    return _parts(text_of, held)


def _texts(items: Sequence[Any], targets: NDArray[np.int64]) -> _Parts:
    """Return the first row of each text, and the text of each row; copies part where a class is copies of one text."""
    numbers: dict[Any, int] = {}
    text_of = np.array(
        [
            numbers.setdefault(normalise(item) if isinstance(item, str) else row, len(numbers))
            for row, item in enumerate(items)
        ]
    )
    first = np.unique(text_of, return_index=True)[1]
    if np.bincount(targets[first], minlength=int(targets.max()) + 1).min() < 2:
        return np.arange(len(items)), np.arange(len(items))
    return first, text_of


def _parts(text_of: NDArray[np.int64], held: NDArray[np.int64]) -> _Parts:
    out = np.isin(text_of, held)
    return np.flatnonzero(~out), np.flatnonzero(out)
