"""What the folders that pictures lie in say of them: split, class and patient."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

__all__ = ["SPLITS", "Place", "places"]

#: How splits are spelt in small letters, and the names that they have here.
SPLITS = {"train": "train", "val": "dev", "valid": "dev", "validation": "dev", "dev": "dev", "test": "test"}


class Place(NamedTuple):
    """Split, class and patient of a picture, each empty where its folders do not say."""

    split: str
    label: str
    patient: str


def places(names: Sequence[PurePosixPath]) -> list[Place]:
    """Read the folders of pictures: ``CLASS``, ``train/CLASS``, ``CLASS/PATIENT`` or ``SITE/CLASS``.

    A folder that all lie in says nothing: folders are often zipped as a whole. Of two in one another the inner is the
    class where at least half of the inner names recur under several outer ones, as classes do at several sites;
    otherwise the outer is, and the pictures of an inner one are kept together as one patient's.

    Parameters
    ----------
    names : sequence of PurePosixPath, length n
        Of the files, below the folder or zip that was given.

    Returns
    -------
    list of Place, length n

    Examples
    --------
    >>> places([PurePosixPath("train/sick/ann/1.png"), PurePosixPath("test/well/bob/1.png")])
    [Place(split='train', label='sick', patient='ann'), Place(split='test', label='well', patient='bob')]
    """
    within = _within(names)
    splits = [SPLITS.get(folders[0].lower(), "") if len(folders) > 1 else "" for folders in within]
    within = [folders[1:] if split else folders for folders, split in zip(within, splits, strict=True)]
    outer: dict[str, set[str]] = {}
    for folders in within:
        if len(folders) > 1:
            outer.setdefault(folders[-1], set()).add(folders[0])
    recurring = sum(len(each) > 1 for each in outer.values())
    inner_is_class = len(outer) > 1 and 2 * recurring >= len(outer)
    return [
        Place(
            split,
            label=(folders[-1] if inner_is_class else folders[0]) if folders else "",
            patient="" if inner_is_class or recurring == len(outer) else "/".join(folders[1:]),
        )
        for folders, split in zip(within, splits, strict=True)
    ]


def _within(names: Sequence[PurePosixPath]) -> list[list[str]]:
    """Return the folders that each file lies in, without those that all lie in."""
    folders = [[part for part in name.parent.parts if part not in (".", "..")] for name in names]
    while all(len(each) > 1 for each in folders) and len({each[0] for each in folders}) == 1:
        if folders[0][0].lower() in SPLITS:
            break
        folders = [each[1:] for each in folders]
    return folders
