"""DICOM: pixels as they are meant to be seen, and of the header nothing that identifies anybody.

De-identification keeps a list of harmless elements and drops everything else, unknown and private elements included.
That is stricter than the Basic Application Level Confidentiality Profile (DICOM PS3.15, table E.1-1), which lists what
to remove. A patient is known by a pseudonym only. A file whose header says that text is burnt into its pixels is
refused; other text is looked for in every picture (``foundation/data/lettering.py``), and not removed.
"""

import io
import secrets
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foundation.data.pictures import MOST_FRAMES, Picture, check_size, to_bytes
from foundation.errors import InputError
from foundation.files import atomic_file
from foundation.settings import settings

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["KEPT_ELEMENTS", "kept_facts", "pseudonym", "read_dicom"]

#: What is kept of a header: how the picture was made, never of whom, by whom, where or when.
KEPT_ELEMENTS = (
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "Laterality",
    "PhotometricInterpretation",
    "SliceThickness",
    "PixelSpacing",
    "MagneticFieldStrength",
    "RepetitionTime",
    "EchoTime",
    "KVP",
)
_MOST_CHARACTERS = 64
# PS3.5, A.5: all of the file behind its first group is one deflated stream.
_DEFLATED, _HEAD_BYTES = b"1.2.840.10008.1.2.1.99", 1024


def read_dicom(content: bytes, name: str) -> Iterator[Picture]:
    """Yield the frames of a DICOM file.

    Modality and window are applied as the header says (PS3.3 C.11.1 and C.11.2; the first window of several), of an
    enhanced file that of the frame. Without a window the values of all frames are stretched alike, padding left out;
    MONOCHROME1 is turned so that bright is bright. Compressed transfer syntaxes are decoded by pydicom with gdcm and
    Pillow.

    Raises
    ------
    InputError
        It is no DICOM file, holds no pixels, cannot be decoded, is too big, or says that text is burnt in.
    """
    from pydicom import dcmread
    from pydicom.pixels import apply_color_lut, pixel_array

    if _DEFLATED in content[:_HEAD_BYTES]:
        raise InputError(f"{name} is deflated as a whole, which has no bound; export it with another transfer syntax")
    try:
        dataset = dcmread(io.BytesIO(content))
        columns, rows = int(dataset.get("Columns", 0) or 0), int(dataset.get("Rows", 0) or 0)
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        burnt_in = str(dataset.get("BurnedInAnnotation", "")).upper() == "YES"
        facts, patient = kept_facts(dataset), pseudonym(str(dataset.get("PatientID", "")))
    except Exception as error:  # elements are read when they are asked for, and a broken one raises almost anything
        raise InputError(f"{name} is no whole DICOM file; expected one with its 128-byte preamble") from error
    if "PixelData" not in dataset:
        kind = facts.get("Modality", "") or "unknown modality"
        raise InputError(f"{name} is a DICOM file without pixels ({kind}); expected one with an image in it")
    if burnt_in:
        raise InputError(f"{name} says that text is burnt into its picture, which may name the patient; mask it first")
    check_size(columns, rows, name)
    if not 1 <= frames <= MOST_FRAMES:
        raise InputError(f"{name} has {frames:,} frames; expected at most {MOST_FRAMES:,}")
    palette = facts.get("PhotometricInterpretation") == "PALETTE COLOR"
    try:
        decode = lru_cache(maxsize=1)(lambda number: pixel_array(dataset, index=number))
        limits = None if palette or decode(0).ndim == 3 else _value_range(dataset, decode, frames)
        for number in range(frames):
            raw = apply_color_lut(decode(number), dataset) if palette else decode(number)
            pixels = _shown(raw, _of_frame(dataset, number), limits) if limits else _eight_bits(raw, dataset)
            yield Picture(pixels, name if frames == 1 else f"{name}#{number + 1}", facts, patient)
    except Exception as error:  # each decoder has errors of its own
        syntax = getattr(dataset.file_meta.get("TransferSyntaxUID"), "name", "unknown")
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(f"{name}: its pixels cannot be decoded ({syntax}: {reason})") from error


def _eight_bits(colours: NDArray[Any], dataset: "Dataset") -> NDArray[np.uint8]:
    """Scale colours of more than eight bits; a palette's are of 16 where its entries are."""
    if colours.dtype == np.uint8:
        return colours
    bits = 16 if "RedPaletteColorLookupTableDescriptor" in dataset else int(dataset.BitsStored)
    return to_bytes(colours.astype(np.float64), 0, 2**bits - 1)


def _of_frame(dataset: "Dataset", number: int) -> "Dataset":
    """Return a header with the rescale and window of one frame, which enhanced files keep apart (PS3.3 C.7.6.16)."""
    header = dataset.copy()
    for name, at in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", number)):
        groups = dataset.get(name) or ()
        for macro in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            if at < len(groups) and groups[at].get(macro):
                header.update(groups[at][macro][0])
    return header


def _value_range(
    dataset: "Dataset", decode: Callable[[int], NDArray[Any]], frames: int
) -> tuple[float | None, float | None]:
    """Return the least and the greatest value of all frames, padding left out; nothing where they have windows."""
    from pydicom.pixels import apply_modality_lut

    first = _of_frame(dataset, 0)
    if "VOILUTSequence" in first or _window(first):
        return None, None
    padding = dataset.get("PixelPaddingValue")
    limits = []
    for number in range(frames):
        raw = decode(number)
        values = apply_modality_lut(raw, _of_frame(dataset, number))
        kept = values if padding is None else values[raw != padding]
        limits += [float(kept.min()), float(kept.max())] if kept.size else []
    return min(limits, default=None), max(limits, default=None)


def _window(header: "Dataset") -> tuple[float, float] | None:
    """Return from where to where the window's ramp runs: width - 1 values around centre - 0.5 (C.11.2.1.2.1)."""
    centre, width = _first(header, "WindowCenter"), _first(header, "WindowWidth")
    if centre is None or not width:
        return None
    half = max(width - 1, 1.0) / 2
    return centre - 0.5 - half, centre - 0.5 + half


def _shown(raw: NDArray[Any], header: "Dataset", limits: tuple[float | None, float | None]) -> NDArray[np.uint8]:
    """Apply rescale and window, or stretch the values, and turn MONOCHROME1."""
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    values = apply_modality_lut(raw, header)
    if "VOILUTSequence" in header:
        pixels = to_bytes(np.asarray(apply_voi_lut(values, header), dtype=np.float64))
    else:
        pixels = to_bytes(values.astype(np.float64), *(_window(header) or limits))
    return 255 - pixels if str(header.get("PhotometricInterpretation", "")) == "MONOCHROME1" else pixels


def _first(dataset: "Dataset", element: str) -> float | None:
    value = dataset.get(element)
    if value is None or value == "":
        return None
    several = not isinstance(value, str | int | float) and hasattr(value, "__len__") and len(value) > 0
    return float(value[0] if several else value)


def kept_facts(dataset: "Dataset") -> dict[str, str]:
    """Return the harmless elements of a header as text; everything else is left behind."""
    facts = {element: str(dataset.get(element, "") or "")[:_MOST_CHARACTERS] for element in KEPT_ELEMENTS}
    return {element: value for element, value in facts.items() if value}


def pseudonym(patient: str) -> str:
    """Return a name for a patient that only this installation can tell; empty for none.

    A keyed hash: without the key in ``COLONNADE_HOME`` the few million numbers of a hospital could be tried out.
    """
    if not patient.strip():
        return ""
    return "p" + blake2b(patient.strip().encode(), key=_key(), digest_size=6).hexdigest()


@cache
def _key() -> bytes:
    path = settings().home / "pseudonym.key"
    if not path.is_file():
        with atomic_file(path) as temporary:
            temporary.write_bytes(secrets.token_bytes(32))
            temporary.chmod(0o600)
    return path.read_bytes()
