"""Letters in a picture: what scanners and workstations burn into it may name the patient."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["has_lettering"]

# Strokes are thin, and stand out by so much from what is around them, brighter or darker.
_STROKE, _CONTRAST = 5, 70
_HEIGHTS = (6, 64)  # pixels of a letter
_WIDEST = 1.8  # times its height
_INK = (0.15, 0.85)  # of its box
# So many letters of like height beside each other are a word; fewer are a marker such as L or R.
_LETTERS = 6
_LONGEST_SIDE = 1024


def has_lettering(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether there seems to be a word or a number in a picture: six letters of like height on one line.

    A cheap stand-in for reading: it finds print of 10 to 60 pixels, bright or dark, and misses handwriting.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width) or (height, width, 3)

    References
    ----------
    The top-hat transform of Meyer, as in Soille (2003), "Morphological image analysis", section 4.5: what is brighter
    than its surroundings and narrower than a window.

    Examples
    --------
    >>> has_lettering(np.zeros((64, 64), np.uint8))
    False
    """
    from PIL import Image
    from scipy import ndimage

    image = Image.fromarray(pixels).convert("L")
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    grey = np.asarray(image, dtype=np.int16)
    return any(
        _has_line(ndimage.white_tophat(side, size=(_STROKE, _STROKE)) >= _CONTRAST) for side in (grey, 255 - grey)
    )


def _has_line(strokes: NDArray[np.bool_]) -> bool:
    """Tell whether there is a line of letters."""
    from scipy import ndimage

    labels, count = ndimage.label(strokes, structure=np.ones((3, 3)))
    if count < _LETTERS:
        return False
    ink = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    letters: list[tuple[int, int, float, int]] = []
    for (rows, columns), pieces in zip(ndimage.find_objects(labels), ink, strict=True):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        high, narrow = _HEIGHTS[0] <= height <= _HEIGHTS[1], width <= _WIDEST * height
        if high and narrow and _INK[0] <= pieces / (height * width) <= _INK[1]:
            letters.append((columns.start, columns.stop, (rows.start + rows.stop) / 2, height))
    left, right, middle, height_of = np.array(sorted(letters), dtype=np.float64).reshape(-1, 4).T
    line = np.ones(len(letters), dtype=np.int64)
    for at, height in enumerate(height_of):
        # what ends within a letter's height to the left begins no further away than this
        near = slice(int(np.searchsorted(left, left[at] - (1 + _WIDEST) * _HEIGHTS[1])), at)
        gap = left[at] - right[near]
        beside = (-0.2 * height <= gap) & (gap <= height) & (np.abs(middle[at] - middle[near]) <= 0.3 * height)
        alike = (height_of[near] >= 0.65 * height) & (height_of[near] <= 1.5 * height)
        line[at] = 1 + line[near][beside & alike].max(initial=0)
        if line[at] >= _LETTERS:
            return True
    return False
