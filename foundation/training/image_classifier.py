"""A scikit-learn classifier whose input is images."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from foundation.errors import InputError
from foundation.progress import Listener, silent
from foundation.training.encoder_classifier import EncoderClassifier
from foundation.training.method import Method, Modality
from foundation.vision.backbone import DEFAULT_BACKBONE
from foundation.vision.encoder import ImageEncoder, Pixels, load_image_encoder

__all__ = ["ImageClassifier"]


class ImageClassifier(EncoderClassifier):
    """Classify images with a network and a head, fitted by the method of your choice.

    Parameters
    ----------
    backbone : str
        A known backbone, a local folder or a Hub id.
    method : str or Method
        ``"probe"``, ``"full"``, ``"lora"``, or a configured method such as ``Full(epochs=3)``.
    size : int
        Side of the square that images are scaled to, in pixels.
    stem_stride : {1, 2}
        1 for images of 28 to 64 pixels (see ``EfficientNetLite0``).
    class_weight : {"auto", "balanced", None}
    seed : int
    listener : Listener

    Examples
    --------
    >>> dark, light = np.zeros((8, 32, 32), np.uint8), np.full((8, 32, 32), 200, np.uint8)
    >>> model = ImageClassifier(method="probe", size=32)
    >>> model.fit([*dark, *light], ["dark"] * 8 + ["light"] * 8)  # doctest: +SKIP
    """

    modality: ClassVar = Modality.IMAGE

    def __init__(
        self,
        backbone: str = DEFAULT_BACKBONE,
        method: str | Method = "probe",
        size: int = 128,
        stem_stride: int = 2,
        class_weight: str | None = "auto",
        seed: int = 0,
        listener: Listener = silent,
    ) -> None:
        self.backbone = backbone
        self.method = method
        self.size = size
        self.stem_stride = stem_stride
        self.class_weight = class_weight
        self.seed = seed
        self.listener = listener

    def _encoder(self, unlabelled: Sequence[Pixels]) -> ImageEncoder:
        encoder = load_image_encoder(self.backbone, self.size, self.stem_stride)
        if not len(unlabelled):
            return encoder
        from foundation.training.images.pretrain import ImagePretrain

        return ImagePretrain().fit(encoder, self._checked(unlabelled), self.seed, self.listener)

    def _checked(self, items: Sequence[Any]) -> list[Pixels]:
        images = list(items)
        for at, image in enumerate(images):
            if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape[2:] not in ((), (3,)):
                got = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
                raise InputError(
                    f"image {at} is {got}; expected uint8 of shape (height, width) or (height, width, 3); "
                    "read files with foundation.data.pictures.read_picture"
                )
        return images
