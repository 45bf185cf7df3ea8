"""``full``: every layer of the network is trained."""

from dataclasses import dataclass

from foundation.training.images.finetuning import ImageFineTuning
from foundation.vision.encoder import ImageEncoder

__all__ = ["Full"]


@dataclass(frozen=True)
class Full(ImageFineTuning):
    """Fine-tuning of all layers, the lower ones more slowly.

    Examples
    --------
    >>> Full(epochs=3).needs_dev
    True
    """

    def _tunable(self, encoder: ImageEncoder) -> ImageEncoder:
        return encoder.tunable_copy()
