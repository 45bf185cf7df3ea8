"""Picture files of every usual kind as 8-bit arrays, with limits: what is broken or too big is one clear line.

PNG, JPEG, TIFF and BMP by Pillow, DICOM and NIfTI by the modules beside this one.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import IO

import numpy as np
from numpy.typing import NDArray

from foundation.data.lettering import has_lettering
from foundation.errors import InputError

__all__ = [
    "MOST_PIXELS",
    "PICTURE_SUFFIXES",
    "Picture",
    "holds_picture",
    "is_picture",
    "is_picture_file",
    "picture_sha256",
    "read_picture",
    "read_pictures",
    "to_bytes",
]

#: More than any slide scanner's overview; a file that claims more is refused before it is unpacked.
MOST_PIXELS = 50_000_000
_MOST_BYTES = 200_000_000
# Of one file's frames or pages together: a few kilobytes of a TIFF may claim a thousand pages of the size above.
_MOST_UNPACKED = 1_000_000_000
# A cine loop of half a minute; what is longer is video.
MOST_FRAMES = 1_000
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".nii", ".nii.gz")
_KINDS = "PNG, JPEG, TIFF, BMP, DICOM or NIfTI"


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture, or one frame of several.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width) or (height, width, 3)
    name : str
        Of the file, with ``#3`` for the third frame of several.
    facts : mapping of str to str
        What a header says that identifies nobody.
    patient : str
        A pseudonym by which pictures of one patient are kept together; empty where none is known.
    lettering : bool
        Whether there seem to be letters in it, as ``read_pictures`` finds out (``foundation.data.lettering``).
    """

    pixels: NDArray[np.uint8]
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    patient: str = ""
    lettering: bool = False


def is_picture(name: str) -> bool:
    """Tell by its name whether a file is of a kind that is read here.

    Examples
    --------
    >>> is_picture("scan.NII.gz"), is_picture("notes.txt")
    (True, False)
    """
    return name.lower().endswith(PICTURE_SUFFIXES)


def holds_picture(name: str, opened: Callable[[], IO[bytes]]) -> bool:
    """Tell whether a file is of a kind that is read here: by its name, or else as DICOM by its beginning.

    Archives of DICOM files write names without a suffix: ``IM000001``, ``1.2.840.7``.

    Parameters
    ----------
    name : str
    opened : callable
        Opens the file; called only where its name leaves it open.

    Examples
    --------
    >>> [holds_picture(name, lambda: io.BytesIO(bytes(128) + b"DICM")) for name in ("a.png", "IM000001", "notes.txt")]
    [True, True, False]
    """
    suffix = PurePath(name).suffix
    if is_picture(name) or (suffix and not suffix[1:].isdigit()):
        return is_picture(name)
    with opened() as stream:
        return _is_dicom(stream.read(132))


def is_picture_file(path: Path) -> bool:
    """Tell it of a file on the disk; one that must not be opened holds none."""
    try:
        return path.is_file() and holds_picture(path.name, lambda: path.open("rb"))
    except OSError:
        return False


def _is_dicom(content: bytes) -> bool:
    return content[128:132] == b"DICM"


def picture_sha256(pixels: NDArray[np.uint8]) -> str:
    """Return by what a picture is known where it may not be kept: who has it can find it again, and nobody else."""
    return sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def read_picture(path: Path) -> Picture:
    """Read a file that holds one picture; of several frames or slices, the middle one.

    Raises
    ------
    InputError
        See ``read_pictures``.
    """
    pictures = list(read_pictures(path))
    return pictures[len(pictures) // 2]


def read_pictures(path: Path, content: bytes | None = None) -> Iterator[Picture]:
    """Yield the pictures of a file: one, or its frames, pages or slices in their order; letters in them are noted.

    Parameters
    ----------
    path : Path
        Its name tells the kind, unless the content does.
    content : bytes, optional
        Of a file that is in memory already.

    Raises
    ------
    InputError
        The file is missing, empty, of another kind, broken off, too big, or holds no picture.
    """
    if content is None:
        if not path.is_file():
            raise InputError(f"{path} does not exist; expected a picture: {_KINDS}")
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path.name} has {path.stat().st_size / 1e6:,.0f} MB; expected at most 200 MB")
        content = path.read_bytes()
    if not content:
        raise InputError(f"{path.name} is empty; expected a picture: {_KINDS}")
    held = 0
    for picture in _frames(content, path.name):
        held += picture.pixels.nbytes
        if held > _MOST_UNPACKED:
            raise InputError(f"{path.name} unpacks to more than {_MOST_UNPACKED / 1e9:.0f} GB of pictures; split it")
        yield replace(picture, lettering=has_lettering(picture.pixels))


def _frames(content: bytes, name: str) -> Iterator[Picture]:
    if _is_dicom(content) or name.lower().endswith(".dcm"):
        from foundation.data.dicom import read_dicom

        yield from read_dicom(content, name)
    elif name.lower().endswith((".nii", ".nii.gz")):
        from foundation.data.nifti import read_nifti

        yield from read_nifti(content, name)
    else:
        yield from _read_by_pillow(content, name)


def _read_by_pillow(content: bytes, name: str) -> Iterator[Picture]:
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # the size is looked at below; Pillow's warning would only say the same in other words
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            file = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "TIFF", "BMP"))
        check_size(file.width, file.height, name)
        frames = getattr(file, "n_frames", 1)
        if frames > MOST_FRAMES:
            raise InputError(f"{name} has {frames:,} pages; expected at most {MOST_FRAMES:,}")
        for number, frame in enumerate(ImageSequence.Iterator(file), start=1):
            check_size(frame.width, frame.height, name)
            upright = ImageOps.exif_transpose(frame)
            yield Picture(_as_pixels(upright), name if frames == 1 else f"{name}#{number}")
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} claims more than {MOST_PIXELS / 1e6:.0f} megapixels and was not unpacked") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name} is no picture that can be read; expected {_KINDS}") from error
    except (OSError, ValueError, TypeError, SyntaxError, EOFError) as error:
        raise InputError(f"{name} is broken off or damaged ({str(error)[:80]}); send the whole file") from error


def check_size(width: int, height: int, name: str) -> None:
    """Refuse a picture that would fill the memory, or that has no side."""
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{name} has {width:,} x {height:,} pixels; expected at most {MOST_PIXELS / 1e6:.0f} megapixels: "
            "scale it down or cut out what matters"
        )
    if min(width, height) < 8:
        raise InputError(f"{name} has {width} x {height} pixels; expected at least 8 x 8")


def _as_pixels(image: "Image.Image") -> NDArray[np.uint8]:  # type: ignore[name-defined]  # noqa: F821 - Pillow is imported late
    """Write any mode as 8-bit grey or colour; colour whose three channels agree is grey."""
    if image.mode in ("I", "F", "I;16", "I;16B", "I;16L"):
        values = np.asarray(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError("holds values that are no numbers")
        return to_bytes(values)
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"), dtype=np.uint8)
    pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    same = np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    return np.ascontiguousarray(pixels[..., 0]) if same else pixels


def to_bytes(values: NDArray[np.float64], low: float | None = None, high: float | None = None) -> NDArray[np.uint8]:
    """Scale values linearly to 0 to 255; what lies outside of ``low`` to ``high`` is cut off.

    Parameters
    ----------
    values : ndarray, any shape, finite
    low, high : float, optional
        The least and greatest value where left out.

    Examples
    --------
    >>> to_bytes(np.array([[0.0, 50.0], [100.0, 400.0]]), 0, 100).tolist()
    [[0, 128], [255, 255]]
    """
    low = float(values.min()) if low is None else low
    high = float(values.max()) if high is None else high
    spread = high - low if high > low else 1.0
    scaled: NDArray[np.uint8] = np.rint(np.clip((values - low) / spread, 0, 1) * 255).astype(np.uint8)
    return scaled
