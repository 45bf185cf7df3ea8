"""NIfTI volumes as slices; the header's free text, which may name somebody, is not read."""

import gzip
import math
import zlib
from collections.abc import Iterator

import numpy as np

from foundation.data.pictures import MOST_FRAMES, Picture, check_size, to_bytes
from foundation.errors import InputError

__all__ = ["read_nifti"]

# 512 x 512 slices, 512 of them; unpacked at four bytes a voxel that is half a gigabyte.
_MOST_VOXELS = 512**3
# What is brighter is an artefact or a clip, and would darken the rest (the default of most viewers).
_PERCENTILES = (0.5, 99.5)


def read_nifti(content: bytes, name: str) -> Iterator[Picture]:
    """Yield the slices along the third axis, of the first volume of several, turned as viewers show them.

    Raises
    ------
    InputError
        It is no NIfTI file, too big, has one axis only, or holds values that are no numbers.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        whole = _unzipped(content, name)
        image = nibabel.Nifti1Image.from_bytes(whole)
        shape = image.shape
        if len(shape) < 2 or min(shape) < 1 or math.prod(map(int, shape)) > _MOST_VOXELS:
            raise InputError(f"{name} has the shape {shape}; expected two axes or more and at most {_MOST_VOXELS:,}")
        values = np.asarray(image.dataobj, dtype=np.float32)
    except (
        ImageFileError,
        HeaderDataError,
        WrapStructError,
        OSError,
        EOFError,
        ValueError,
        TypeError,
        OverflowError,
        zlib.error,
    ) as error:
        raise InputError(f"{name} is no whole NIfTI file ({str(error)[:80]})") from error
    while values.ndim > 3:
        values = values[..., 0]
    if values.ndim == 2:
        values = values[..., None]
    check_size(values.shape[0], values.shape[1], name)
    if values.shape[2] > MOST_FRAMES:
        raise InputError(f"{name} has {values.shape[2]:,} slices; expected at most {MOST_FRAMES:,}")
    if not np.isfinite(values).all():
        wrong = float((~np.isfinite(values)).mean())
        raise InputError(f"{name}: {wrong:.1%} of its values are no numbers (NaN or infinite); export it anew")
    low, high = np.percentile(values, _PERCENTILES)
    for number in range(values.shape[2]):
        pixels = to_bytes(np.rot90(values[..., number]).astype(np.float64), float(low), float(high))
        yield Picture(pixels, name if values.shape[2] == 1 else f"{name}#{number + 1}")


def _unzipped(content: bytes, name: str) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    import io

    # eight bytes a voxel is the widest type; a gzip bomb stops here
    most = _MOST_VOXELS * 8
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        whole = stream.read(most + 1)
    if len(whole) > most:
        raise InputError(f"{name} unpacks to more than {most / 1e9:.1f} GB and was not read")
    return whole
