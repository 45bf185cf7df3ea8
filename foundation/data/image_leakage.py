"""Pictures that stand in two splits: the same pixels, near-duplicates, and patients with pictures on both sides.

Slices of one patient in train and test have inflated published accuracies by 29 to 55 points (Yagis et al. 2021,
Scientific Reports 11:22544). Near-duplicates are candidates by perceptual hash (a 64-bit hash of the low frequencies,
at most four bits apart) whose thumbnails also agree: hashes alone would call most chest X-rays the same.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from foundation.data.leakage import Leakage
from foundation.data.splits import Split

__all__ = ["find_image_leakage", "leaked_rows", "perceptual_hashes"]

_THUMBNAIL = 32
_FREQUENCIES = 8
_MOST_BITS = 4
# Of two thumbnails without their means; re-encoded and rescaled copies of real pictures stay above it.
_LEAST_CORRELATION = 0.995
_BLOCK = 512
_NOWHERE = 99  # rank of a picture that belongs to no split
# Candidates whose thumbnails are compared at once.
_PAIRS = 4_096


def find_image_leakage(images: Sequence[NDArray[np.uint8]], splits: Sequence[str], patients: Sequence[str]) -> Leakage:
    """Look for dev pictures in train, and for test pictures in train and dev.

    Parameters
    ----------
    images : sequence of ndarray of uint8, length n
    splits, patients : sequence of str, length n

    Returns
    -------
    Leakage
        Its examples name patients that stand in two splits.
    """
    exact, near, shared = leaked_rows(images, splits, patients)
    names = sorted({patients[row] for row in shared})[:5]
    return Leakage(len(exact), len(near), tuple((name, name) for name in names), patients=len(shared))


def leaked_rows(
    images: Sequence[NDArray[np.uint8]], splits: Sequence[str], patients: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return rows of dev and test that are exact copies of earlier ones, near-duplicates, or of earlier patients.

    An empty picture is a copy of nothing: volumes begin and end with such slices.
    """
    order = np.array([_rank(split) for split in splits])
    keys = np.array([image.tobytes() + str(image.shape).encode() for image in images], dtype=object)
    thumbnails = np.stack([_thumbnail(image) for image in images])
    hashes, profiles = perceptual_hashes(thumbnails), _profiles(thumbnails)
    shared = _rows_seen_earlier(np.array(patients, dtype=object), order)
    order[~profiles.any(axis=1)] = _NOWHERE
    exact = _rows_seen_earlier(keys, order)
    near: set[int] = set()
    for rank in (1, 2):
        later, earlier = np.flatnonzero(order == rank), np.flatnonzero(order < rank)
        for start in range(0, len(later), _BLOCK):
            rows = later[start : start + _BLOCK]
            close = np.bitwise_count(hashes[rows, None] ^ hashes[None, earlier]) <= _MOST_BITS
            pairs = np.argwhere(close)
            for first in range(0, len(pairs), _PAIRS):
                at, other = pairs[first : first + _PAIRS].T
                alike = (profiles[rows[at]] * profiles[earlier[other]]).sum(axis=1) >= _LEAST_CORRELATION
                near |= set(rows[at[alike]].tolist())
    return exact, np.array(sorted(near - set(exact.tolist())), dtype=np.int64), shared


def perceptual_hashes(thumbnails: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a 64-bit hash a picture: which of its lowest frequencies are above their median.

    Parameters
    ----------
    thumbnails : ndarray, shape (n, 32, 32)

    Returns
    -------
    ndarray of uint64, shape (n,)

    References
    ----------
    Zauner (2010), "Implementation and benchmarking of perceptual image hash functions", section 3.2.1.
    """
    low = dctn(thumbnails, axes=(1, 2))[:, :_FREQUENCIES, :_FREQUENCIES].reshape(len(thumbnails), -1)
    bits = low > np.median(low, axis=1, keepdims=True)
    hashes: NDArray[np.uint64] = (bits.astype(np.uint64) << np.arange(64, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    return hashes


def _rank(split: str) -> int:
    """Order the splits; what belongs to none of them (another laboratory's pictures) is left out."""
    ranks = {Split.TRAIN.value: 0, Split.DEV.value: 1, Split.TEST.value: 2}
    return ranks.get(split, _NOWHERE)


def _rows_seen_earlier(keys: NDArray[np.object_], order: NDArray[np.int64]) -> NDArray[np.int64]:
    known: set[object] = set()
    found: list[int] = []
    for rank in range(3):
        rows = np.flatnonzero(order == rank)
        found += [int(row) for row in rows if keys[row] in known]
        known |= {keys[row] for row in rows}
    return np.array(sorted(found), dtype=np.int64)


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    from PIL import Image

    small = Image.fromarray(image).convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _profiles(thumbnails: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = thumbnails.reshape(len(thumbnails), -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    profiles: NDArray[np.float64] = centred / np.maximum(lengths, 1e-9)
    return profiles
