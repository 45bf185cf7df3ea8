"""Stratified folds in which a text and its copies, and what is of one group, are held out together.

A copy that is held out has been seen, and so has a customer of whom other rows were learned from.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from foundation.data.splits import normalise
from foundation.training.method import Labelled

__all__ = ["set_aside", "stratified_folds"]

_Parts = tuple[NDArray[np.int64], NDArray[np.int64]]
_TENTHS = 10


def stratified_folds(data: Labelled, folds: int, seed: int) -> Iterator[_Parts]:
    """Yield the rows that are kept and those that are held out, of each fold.

    Every class is among the rows that are kept: one that is copies of one text, or of one group, is parted for it.

    Parameters
    ----------
    data : Labelled
        Texts that are the same after ``normalise`` are copies; what is no text has none.
    folds : int
        Where the rarest class has fewer texts or groups, as many as it has, but two at least.
    seed : int

    Examples
    --------
    >>> rows = Labelled(["up", "Up!", "rise", "down", "fall"], np.array([1, 1, 1, 0, 0]))
    >>> [held.tolist() for _, held in stratified_folds(rows, 2, seed=0)]
    [[2, 3], [0, 1, 4]]
    """
    if data.groups is not None:
        yield from _grouped(data, folds, seed)
        return
    first, text_of = _texts(data)
    rarest = int(np.bincount(data.targets[first]).min())
    cut = StratifiedKFold(max(2, min(folds, rarest)), shuffle=True, random_state=seed)
    for _, held in cut.split(first, data.targets[first]):
        yield _parts(text_of, held)


def set_aside(data: Labelled, seed: int) -> _Parts:
    """Return rows to keep and rows to hold out: a stratified tenth of the texts, but one of each class at least."""
    if data.groups is not None:
        return _grouped(data, _TENTHS, seed)[0]
    first, text_of = _texts(data)
    size = max(int(data.targets.max()) + 1, len(first) // _TENTHS)
    _, held = train_test_split(np.arange(len(first)), test_size=size, stratify=data.targets[first], random_state=seed)
    return _parts(text_of, held)


def _grouped(data: Labelled, folds: int, seed: int) -> list[_Parts]:
    """Return folds of whole groups; only the rows of a class that would be missing from what is kept are parted."""
    targets, groups = data.targets, np.unique(np.asarray(data.groups), return_inverse=True)[1]
    classes = np.unique(targets)
    parts: list[_Parts] = []
    for _ in range(len(classes) + 1):  # each pass parts one class more at least
        rarest = min(len(np.unique(groups[targets == each])) for each in classes)
        cut = StratifiedGroupKFold(max(2, min(folds, rarest)), shuffle=True, random_state=seed)
        parts = [(kept, held) for kept, held in cut.split(targets, targets, groups) if len(held)]
        missing = [each for each in classes if not all((targets[kept] == each).any() for kept, _ in parts)]
        if not missing:
            break
        alone = np.isin(targets, missing)
        groups = np.where(alone, groups.max() + 1 + np.arange(len(groups)), groups)
    return parts


def _texts(data: Labelled) -> _Parts:
    """Return the first row of each text, and the text of each row; copies part where a class is copies of one text."""
    numbers: dict[Any, int] = {}
    text_of = np.array(
        [
            numbers.setdefault(normalise(item) if isinstance(item, str) else row, len(numbers))
            for row, item in enumerate(data.items)
        ]
    )
    first = np.unique(text_of, return_index=True)[1]
    if np.bincount(data.targets[first], minlength=int(data.targets.max()) + 1).min() < 2:
        return np.arange(len(data.items)), np.arange(len(data.items))
    return first, text_of


def _parts(text_of: NDArray[np.int64], held: NDArray[np.int64]) -> _Parts:
    out = np.isin(text_of, held)
    return np.flatnonzero(~out), np.flatnonzero(out)
