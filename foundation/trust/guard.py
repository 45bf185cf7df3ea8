"""Whether a picture is of the kind that a model was trained on at all, with a reason for people."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foundation.trust.scope import Scope
from foundation.vision.encoder import ImageEncoder, Pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Guard", "Verdict", "is_colourful"]

# Standard deviation of the pixel values, of 255: a lens cap or an empty slice has less.
_LEAST_SPREAD = 4.0
# Mean difference between the channels, of 255: scanners' and JPEG's tints stay below, stains and holidays above.
_COLOURFUL = 6.0


class Verdict(str, Enum):
    """What the guard found."""

    FINE = "fine"
    BLANK = "blank"
    COLOUR = "colour"
    GREY = "grey"
    UNLIKE = "unlike"


@dataclass(frozen=True, eq=False)
class Guard:
    """Refuses blanks, colour where grey was learned (and the other way round), and what looks like nothing learned.

    Attributes
    ----------
    scope : Scope
        Fitted on the training pictures; 97 % of held-out ones pass.
    encoder : ImageEncoder
        The plain one, as it was before training: a tuned one has forgotten what else there is.
    colourful : bool
        Whether the training pictures are in colour.
    """

    scope: Scope
    encoder: ImageEncoder
    colourful: bool

    def verdicts(self, images: "Sequence[Pixels]", logits: NDArray[np.float64]) -> list[Verdict]:
        """Judge pictures, given what the classifier makes of them.

        Parameters
        ----------
        images : sequence of Pixels, length n
        logits : ndarray, shape (n, classes)
        """
        scores = self.scope.scores(self.encoder.encode(images), logits)
        return [self._verdict(image, float(score)) for image, score in zip(images, scores, strict=True)]

    def _verdict(self, image: Pixels, score: float) -> Verdict:
        if float(image.std()) < _LEAST_SPREAD:
            return Verdict.BLANK
        if is_colourful(image) != self.colourful:
            return Verdict.GREY if self.colourful else Verdict.COLOUR
        return Verdict.FINE if score >= self.scope.threshold else Verdict.UNLIKE


def is_colourful(image: Pixels) -> bool:
    """Tell whether a picture has colours, and not just a tint.

    Examples
    --------
    >>> is_colourful(np.zeros((8, 8), dtype=np.uint8))
    False
    >>> is_colourful(np.full((8, 8, 3), (200, 30, 30), dtype=np.uint8))
    True
    """
    if image.ndim == 2:
        return False
    channels = image.astype(np.int16)
    return float(np.abs(channels.max(axis=2) - channels.min(axis=2)).mean()) > _COLOURFUL
