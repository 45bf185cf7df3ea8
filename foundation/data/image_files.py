"""Pictures in folders: found, read one by one, and made small enough for a table of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from foundation.data.archives import RefusedError
from foundation.data.pictures import PICTURE_SUFFIXES, Picture, is_picture_file, read_pictures
from foundation.data.tables import iter_table
from foundation.errors import InputError

__all__ = ["load_unlabelled_images", "picture_files", "shrunk", "shrunk_pixels", "walk_pictures"]

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


def picture_files(source: Path, column: str, rows: int, encoding: str = "utf-8") -> Iterator[pd.DataFrame]:
    """Yield the pictures of a folder, or those that a table names in a column, in blocks of at most ``rows``.

    Paths in a table are relative to the table.

    Raises
    ------
    InputError
        A folder holds no picture.
    """
    if not source.is_dir():
        for frame in iter_table(source, rows, encoding):
            paths = [str(source.parent / str(path)) for path in frame.get(column, [])]
            yield frame.assign(**{column: paths}) if paths else frame
        return
    files = [str(path) for path in sorted(source.rglob("*")) if is_picture_file(path)]
    if not files:
        raise InputError(f"{source} holds no pictures; expected {', '.join(PICTURE_SUFFIXES)} in it")
    for start in range(0, len(files), rows):
        yield pd.DataFrame({column: files[start : start + rows]})


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
