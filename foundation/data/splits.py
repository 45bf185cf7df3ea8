"""Splits that are made where none are given: stratified, seeded, repeats kept together, and written down."""

import unicodedata
import warnings
from collections.abc import Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError

__all__ = ["Split", "make_splits", "normalise"]

_FOLDS = 10
_TEST_FOLDS, _DEV_FOLDS = 2, 1


class Split(str, Enum):
    """The part of a data set that a row belongs to."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


def normalise(text: str) -> str:
    """Write a text so that copies which differ in width, case, space or punctuation become the same.

    Examples
    --------
    >>> normalise("Profit  ROSE, 5%!") == normalise("profit rose 5%")
    True
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() or letter == "%" else " " for letter in folded).split())


def make_splits(texts: Sequence[str], labels: Sequence[str], seed: int = 0) -> NDArray[np.str_]:
    """Split 70/10/20, stratified by label; texts that are the same after ``normalise`` stay in one split.

    Parameters
    ----------
    texts, labels : sequence of str, length n
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)
        ``train``, ``dev`` or ``test``.

    Raises
    ------
    InputError
        There are fewer than 10 rows, no class has 10, or fewer than 10 of the texts differ.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = np.unique([normalise(text) for text in texts], return_inverse=True)[1]
    if len(texts) < _FOLDS or np.unique(labels, return_counts=True)[1].max() < _FOLDS:
        raise InputError(
            f"got {len(texts)} rows; expected at least {_FOLDS} of the commonest label to split them 70/10/20; "
            "give more rows, or a column 'split' with train, dev and test"
        )
    if (different := groups.max() + 1) < _FOLDS:
        raise InputError(
            f"got {len(texts)} rows of {different} different kinds; expected at least {_FOLDS}, since copies, "
            "near-copies and rows of one group stay together; give rows that differ more"
        )
    splits = np.full(len(texts), Split.TRAIN.value)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # a class rarer than the number of folds is spread as far as it goes
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        for number, (_, members) in enumerate(folds.split(texts, labels, groups)):
            if number < _TEST_FOLDS:
                splits[members] = Split.TEST.value
            elif number < _TEST_FOLDS + _DEV_FOLDS:
                splits[members] = Split.DEV.value
    return splits
