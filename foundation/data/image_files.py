"""Pictures in folders: found, read one by one, and made small enough for a table of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from foundation.data.archives import RefusedError, read_archive
from foundation.data.pictures import PICTURE_SUFFIXES, Picture, is_picture_file, read_picture, read_pictures
from foundation.data.tables import TABLE_SUFFIXES, iter_table
from foundation.errors import InputError

__all__ = [
    "FoundPicture",
    "found_pictures",
    "load_unlabelled_images",
    "picture_files",
    "picture_of",
    "shrunk",
    "shrunk_pixels",
    "walk_pictures",
]

# Longer sides are scaled down when a table is read: a network sees less, and ten thousand scans would fill the memory.
_LONGEST_SIDE = 256


def walk_pictures(root: Path) -> Iterator[tuple[PurePosixPath, list[Picture] | RefusedError]]:
    """Yield the path of each picture file below a folder, with what is in it or why it cannot be read."""
    for path in sorted(root.rglob("*")):
        name = PurePosixPath(path.relative_to(root).as_posix())
        if is_picture_file(path) and not any(part.startswith(".") for part in name.parts):
            try:
                yield name, list(read_pictures(path))
            except InputError as error:
                yield name, RefusedError(str(error))


def load_unlabelled_images(folder: Path) -> tuple[NDArray[np.uint8], ...]:
    """Read all pictures of a folder, whatever the folders in it are called; what is broken is passed over.

    Raises
    ------
    InputError
        It is no folder, or holds no picture that can be read.
    """
    read = (pictures for _, pictures in walk_pictures(folder) if not isinstance(pictures, RefusedError))
    images = tuple(shrunk_pixels(picture.pixels) for pictures in read for picture in pictures)
    if not images:
        raise InputError(f"{folder} holds no pictures; expected a folder with {', '.join(PICTURE_SUFFIXES)} in it")
    return images


@dataclass(frozen=True, eq=False)
class FoundPicture:
    """A cell of a table of pictures: written, it is the picture's name.

    Attributes
    ----------
    name : str
        Where it lies, with ``#3`` for the third frame or slice of several.
    content : Picture or RefusedError
        What it shows, as ``shrunk``, or why it cannot be read.
    """

    name: str
    content: Picture | RefusedError

    def __str__(self) -> str:
        return self.name


def picture_files(source: Path, column: str, rows: int, encoding: str = "utf-8") -> Iterator[pd.DataFrame]:
    """Yield the pictures of a folder, a zip archive or a file, or those that a table names, in blocks of ``rows``.

    Each frame or slice of a file is a row of its own. Paths in a table are relative to the table.

    Raises
    ------
    InputError
        The source is missing or holds no picture; an archive or a file that is given by itself cannot be read.
    """
    if source.suffix.lower() in TABLE_SUFFIXES:
        for frame in iter_table(source, rows, encoding):
            paths = [str(source.parent / str(path)) for path in frame.get(column, [])]
            yield frame.assign(**{column: paths}) if paths else frame
        return
    found = found_pictures(source)
    block = list(islice(found, rows))
    if not block:
        raise InputError(f"{source} holds no pictures; expected {', '.join(PICTURE_SUFFIXES)} in it")
    while block:
        yield pd.DataFrame({column: block})
        block = list(islice(found, rows))


def found_pictures(source: Path) -> Iterator[FoundPicture]:
    """Yield the pictures of a folder, a zip archive or a file, each frame or slice by itself; one that is broken too.

    Raises
    ------
    InputError
        The source is missing, or is an archive or a file that cannot be read.
    """
    for name, content in _contents(source):
        place = str(source / name)
        if isinstance(content, RefusedError):
            yield FoundPicture(place, content)
            continue
        for number, picture in enumerate(content, start=1):
            yield FoundPicture(place if len(content) == 1 else f"{place}#{number}", shrunk(picture))


def _contents(source: Path) -> Iterator[tuple[PurePosixPath, list[Picture] | RefusedError]]:
    if source.is_dir():
        return walk_pictures(source)
    if not source.is_file():
        raise InputError(f"{source} does not exist; expected pictures (a folder, a zip archive or a file), or a table")
    if source.suffix.lower() == ".zip":
        return read_archive(source)
    alone: list[Picture] | RefusedError = list(read_pictures(source))
    return iter([(PurePosixPath(), alone)])


def picture_of(cell: FoundPicture | str) -> Picture:
    """Return the picture of a cell, as ``shrunk``; a path is read, of several frames or slices the middle one.

    Raises
    ------
    InputError
        It cannot be read.
    """
    if not isinstance(cell, FoundPicture):
        return shrunk(read_picture(Path(cell)))
    if isinstance(cell.content, RefusedError):
        raise cell.content
    return cell.content


def shrunk(picture: Picture) -> Picture:
    """Return the picture with its longer side scaled down to 256 pixels, where it has more."""
    return replace(picture, pixels=shrunk_pixels(picture.pixels))


def shrunk_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels whose longer side has at most 256 of them."""
    from PIL import Image

    longest = max(pixels.shape[:2])
    if longest <= _LONGEST_SIDE:
        return pixels
    scale = _LONGEST_SIDE / longest
    shape = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(pixels).resize(shape, Image.Resampling.LANCZOS))
