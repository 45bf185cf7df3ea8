"""Labelled images of one task: from a card, a folder, a zip, a table of files, or a MedMNIST archive."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from foundation.data.archives import RefusedError, read_archive
from foundation.data.cards import Card, ImageColumns
from foundation.data.image_files import shrunk, shrunk_pixels, walk_pictures
from foundation.data.image_folders import SPLITS, places
from foundation.data.labelled import CLIENTS_OWN, Columns, LabelledTable, is_as_published, locate
from foundation.data.pictures import Picture, picture_sha256, read_pictures
from foundation.data.splits import Split, make_splits, normalise
from foundation.data.tables import read_table, rename_columns
from foundation.errors import InputError, UnknownNameError
from foundation.files import sha256_file

__all__ = ["IMAGE", "ImageTable", "load_card_images", "load_own_images"]

IMAGE, PATIENT, SUBGROUP = "image", "patient", "subgroup"
# What pictures without a finding are called, after ``normalise``.
_NOTHING = re.compile("normal|healthy|negative|none|no .+|nofinding|notumou?r|正常|阴性|健康|未见异常")


@dataclass(frozen=True, eq=False)
class ImageTable(LabelledTable):
    """Labelled images; ``frame`` has ``image`` (a name), ``label``, ``split``, ``patient`` and what else was given.

    Attributes
    ----------
    images : tuple of ndarray of uint8
        In the order of the frame's rows.
    columns : ImageColumns
        How they are read and prepared.
    """

    images: tuple[NDArray[np.uint8], ...] = ()
    columns: ImageColumns = field(default_factory=ImageColumns)

    def part(self, *splits: Split) -> tuple[list[NDArray[np.uint8]], list[str]]:
        """Return images and labels of the rows in any of the given splits."""
        rows = self.rows(*splits)
        return [self.images[row] for row in rows], self.frame[Columns.LABEL].iloc[rows].tolist()

    def rows(self, *splits: Split) -> NDArray[np.int64]:
        """Return the numbers of the rows in any of the given splits."""
        return np.flatnonzero(self.frame[Columns.SPLIT].isin([split.value for split in splits]))

    def groups(self, *splits: Split) -> list[str]:
        """Return the patients, since two pictures of one are no two proofs; a picture of nobody known is its own."""
        patients: list[str] = self.frame[PATIENT].iloc[self.rows(*splits)].tolist()
        return patients


def load_card_images(card: Card, task: str, data_root: Path | None = None) -> ImageTable:
    """Load the images of a card.

    Raises
    ------
    InputError
        The files are not on this machine, or are not as the card says.
    """
    columns = card.images or ImageColumns()
    path = locate(card, card.files["all"], data_root)
    names = card.labels.get(task, {})
    if columns.file is None:
        images, frame = _read_medmnist(path, list(names))
        problems: tuple[str, ...] = ()
    else:
        label, split = card.tasks[task].label, card.split_column or Columns.SPLIT
        mapping = {IMAGE: columns.file, Columns.LABEL: label, Columns.SPLIT: split}
        if columns.patient:
            mapping[PATIENT] = columns.patient
        images, frame, problems = _read_listed(path, rename_columns(read_table(path), mapping), {})
    kept = ~frame[Columns.LABEL].isin(columns.excluded)
    strange = sorted(set(frame[Columns.LABEL][kept]) - set(names)) if names else []
    if strange:
        raise InputError(f"{path.name}: got label {strange[0]!r}; expected one of {', '.join(names)}")
    digest = sha256_file(path)
    return ImageTable(
        name=card.name,
        task=task,
        frame=frame[kept].reset_index(drop=True),
        sha256=digest,
        protocol="the split of the card",
        licence=card.licence,
        names=names,
        as_published=is_as_published(card, path, digest),
        data_root=data_root,
        images=tuple(image for image, keep in zip(images, kept, strict=True) if keep),
        columns=columns,
        problems=problems,
    )


def load_own_images(
    path: Path,
    task: str,
    mapping: Mapping[str, str],
    seed: int = 0,
    reviewed: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
) -> ImageTable:
    """Load a client's own images.

    Parameters
    ----------
    path : Path
        A folder or a zip with a folder a class (see ``image_folders.places``), a table with the columns ``image`` and
        ``label`` (and perhaps ``split``, ``patient`` and ``subgroup``), or a MedMNIST ``.npz``. Where it has train and
        test alone, a tenth of train becomes dev.
    task : str
    mapping : mapping of ``image``, ``label``, ``split``, ``patient``, ``subgroup`` to the table's column names
        Of the values of ``subgroup``, such as scanners, figures are given apart.
    seed : int
        Of the split that is made where there is none; pictures of one patient stay together.
    reviewed : mapping of ``picture_sha256`` to label, optional
        What people said of pictures: it counts before the folder or the table, and pictures without a label need it.

    Raises
    ------
    InputError
        There is nothing to read, or some pictures are in a split and some are not.
    """
    allowed = [IMAGE, Columns.LABEL, Columns.SPLIT, PATIENT, SUBGROUP]
    if strange := set(mapping) - set(allowed):
        raise UnknownNameError("column to map", strange.pop(), allowed)
    problems: tuple[str, ...] = ()
    said = reviewed or {}
    columns = {role: column for role, column in mapping.items() if role != SUBGROUP}
    if path.suffix.lower() == ".npz":
        images, frame = _read_medmnist(path, [])
    elif path.is_dir() or path.suffix.lower() == ".zip":
        images, frame, problems = _read_folders(path, said)
    else:
        images, frame, problems = _read_listed(path, rename_columns(read_table(path, encoding=encoding), columns), said)
    if not images:
        reason = f" (the first: {problems[0]})" if problems else ""
        raise InputError(f"{path} holds no picture that can be read{reason}; expected a folder a class with pictures")
    slices = _subgroups(frame, mapping.get(SUBGROUP, ""))
    splits, protocol = _splits(path, frame, seed)
    frame = frame.assign(**{Columns.SPLIT: splits})
    return ImageTable(
        name=path.stem,
        task=task,
        frame=frame,
        sha256=_content_hash(images) if path.is_dir() else sha256_file(path),
        protocol=protocol,
        licence=CLIENTS_OWN,
        names={},
        images=tuple(images),
        columns=ImageColumns(negative=_nothing_found(frame[Columns.LABEL].unique()), slices=slices),
        problems=problems,
    )


def _subgroups(frame: pd.DataFrame, named: str) -> tuple[str, ...]:
    """Return the column of subgroups, under its own name: the one that is named, or one that is called so."""
    if named and named not in frame.columns:
        raise UnknownNameError("column", named, map(str, frame.columns))
    return tuple(column for column in (named or SUBGROUP,) if column in frame.columns)


def _nothing_found(labels: Sequence[str]) -> str | None:
    """Return the label that stands for nothing found, where one is called so; ``--set negative=LABEL`` says another."""
    known = [label for label in labels if _NOTHING.fullmatch(normalise(label))]
    return known[0] if len(known) == 1 else None


def _splits(path: Path, frame: pd.DataFrame, seed: int) -> tuple[NDArray[np.str_], str]:
    """Return the split of each picture and its protocol: what the file says, in its usual spellings, or one made."""
    written = frame[Columns.SPLIT].str.strip().str.lower()
    if (written == "").all():
        made = make_splits(frame[PATIENT], frame[Columns.LABEL], seed)
        return made, f"stratified 70/10/20, patients together, seed {seed}"
    if strange := sorted(set(written) - {*SPLITS, ""}):
        raise InputError(f"{path.name}: got split {strange[0]!r}; expected train, val or test")
    if (blank := written == "").any():
        first = frame[IMAGE][blank].iloc[0]
        raise InputError(
            f"{path.name}: {blank.sum()} of {len(frame)} pictures are in no split ({first}); put in all or none"
        )
    own = written.map(SPLITS).to_numpy(str)
    if Split.DEV.value in own or not {Split.TRAIN.value, Split.TEST.value} <= {*own}:
        return own, "the file's own split"
    rows = np.flatnonzero(own == Split.TRAIN.value)
    dev = make_splits(frame[PATIENT].iloc[rows], frame[Columns.LABEL].iloc[rows], seed) == Split.DEV.value
    own[rows[dev]] = Split.DEV.value
    return own, "the file's own split; a tenth of train, patients together, is dev"


_Read = tuple[list[NDArray[np.uint8]], pd.DataFrame, tuple[str, ...]]


def _read_medmnist(path: Path, names: Sequence[str]) -> tuple[list[NDArray[np.uint8]], pd.DataFrame]:
    """Read ``train_images``, ``train_labels``, ``val_...`` and ``test_...``; labels are numbers of the names."""
    images: list[NDArray[np.uint8]] = []
    frames = []
    try:
        with np.load(path, allow_pickle=False) as archive:
            for key, split in (("train", Split.TRAIN), ("val", Split.DEV), ("test", Split.TEST)):
                pixels, numbers = archive[f"{key}_images"], np.atleast_2d(archive[f"{key}_labels"].T).T
                if numbers.shape[1] != 1:
                    raise InputError(f"{path.name} has {numbers.shape[1]} labels a picture; expected one")
                labels = [names[number] if names else str(number) for number in numbers[:, 0]]
                if pixels.dtype != np.uint8 or numbers.min(initial=0) < 0:
                    raise InputError(
                        f"{path.name} has pixels of {pixels.dtype} or labels below 0; expected uint8 and 0, 1, ..."
                    )
                images += list(pixels)
                frames.append(pd.DataFrame({Columns.LABEL: labels}).assign(split=split.value, file_split=key))
    except (OSError, ValueError, TypeError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not as MedMNIST's archives are: {str(error)[:120]}") from error
    frame = pd.concat(frames, ignore_index=True)
    numbers_in = frame.groupby("file_split", sort=False).cumcount().astype(str)
    frame[IMAGE] = frame.pop("file_split") + "/" + numbers_in
    return images, frame.assign(**{PATIENT: frame[IMAGE]})


def _read_folders(path: Path, reviewed: Mapping[str, str]) -> _Read:
    rows: list[dict[str, str]] = []
    images: list[NDArray[np.uint8]] = []
    problems: list[str] = []
    read: list[tuple[PurePosixPath, Picture, str]] = []
    filled: set[PurePosixPath] = set()
    for name, pictures in read_archive(path) if path.is_file() else walk_pictures(path):
        filled.add(name.parent)
        if isinstance(pictures, RefusedError):
            problems.append(str(pictures))
        else:
            read += [(name, shrunk(picture), _said(picture, reviewed)) for picture in pictures]
    for (name, picture, said), place in zip(read, places([name for name, _, _ in read]), strict=True):
        if label := said or place.label:
            images.append(picture.pixels)
            rows.append(_row(picture, str(name), label, place.split, place.patient))
        else:
            problems.append(f"{name.name} lies in no class's folder")
    if path.is_dir():
        folders = [each for each in sorted(path.rglob("*")) if each.is_dir() and not each.name.startswith(".")]
        leaves = {each.relative_to(path) for each in folders} - {each.relative_to(path).parent for each in folders}
        empty = sorted(leaf.as_posix() for leaf in leaves if PurePosixPath(leaf.as_posix()) not in filled)
        problems += [f"the folder of class {name!r} holds no picture" for name in empty]
    return images, pd.DataFrame(rows, columns=[IMAGE, Columns.LABEL, Columns.SPLIT, PATIENT]), tuple(problems)


def _said(picture: Picture, reviewed: Mapping[str, str]) -> str:
    return reviewed.get(picture_sha256(picture.pixels), "") if reviewed else ""


def _read_listed(path: Path, listed: pd.DataFrame, reviewed: Mapping[str, str]) -> _Read:
    for column in (IMAGE, Columns.LABEL):
        if column not in listed.columns:
            given = ", ".join(map(str, listed.columns))
            raise InputError(
                f"{path.name} has no column {column!r}; it has: {given}; name it with --map {column}=COLUMN"
            )
    rows: list[dict[str, str]] = []
    images: list[NDArray[np.uint8]] = []
    problems: list[str] = []
    for record in listed.to_dict(orient="records"):
        try:
            pictures = list(read_pictures(path.parent / str(record[IMAGE])))
        except InputError as error:
            problems.append(str(error))
            continue
        for picture in pictures:
            label = _said(picture, reviewed) or str(record[Columns.LABEL]).strip()
            if not label:
                problems.append(f"{record[IMAGE]} has no label")
                continue
            images.append(shrunk_pixels(picture.pixels))
            known = _row(picture, str(record[IMAGE]), label, str(record.get(Columns.SPLIT, "")))
            own = {str(name): str(value) for name, value in record.items() if value != ""}
            rows.append({**known, **own, IMAGE: known[IMAGE], Columns.LABEL: label})
    return images, pd.DataFrame(rows).fillna(""), tuple(problems)


def _row(picture: Picture, path: str, label: str, split: str, patient: str = "") -> dict[str, str]:
    frame = picture.name.partition("#")[2]
    name = f"{path}#{frame}" if frame else path
    return {IMAGE: name, Columns.LABEL: label, Columns.SPLIT: split, PATIENT: picture.patient or patient or path}


def _content_hash(images: Sequence[NDArray[np.uint8]]) -> str:
    digest = sha256()
    for image in images:
        digest.update(str(image.shape).encode() + image.tobytes())
    return digest.hexdigest()
