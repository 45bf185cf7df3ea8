"""Images to vectors, in the order given, whatever their size."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foundation.progress import Listener, silent
from foundation.vision.backbone import ImageBackbone, load_network

__all__ = ["ImageEncoder", "Pixels", "Preparation", "load_image_encoder", "squared"]

#: An image as it is handed about: uint8, shape (height, width) in grey or (height, width, 3) in colour.
Pixels = NDArray[np.uint8]

_BATCH = 32


@dataclass(frozen=True)
class Preparation:
    """How images are made the input of a network.

    Attributes
    ----------
    size : int
        Side of the square input, in pixels.
    stem_stride : {1, 2}
        See ``EfficientNetLite0``.
    """

    size: int
    stem_stride: int = 2


def squared(image: Pixels, size: int) -> Pixels:
    """Return the image in colour and scaled into a square, its shape kept: what is left over is black.

    Parameters
    ----------
    image : Pixels
    size : int

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)

    Examples
    --------
    >>> squared(np.full((10, 20), 255, dtype=np.uint8), 8)[:, 4, 0].tolist()
    [0, 0, 255, 255, 255, 255, 0, 0]
    """
    from PIL import Image

    height, width = image.shape[:2]
    scale = size / max(height, width)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    resized = np.asarray(Image.fromarray(image).convert("RGB").resize(shape, Image.Resampling.BICUBIC))
    square = np.zeros((size, size, 3), dtype=np.uint8)
    top, left = (size - shape[1]) // 2, (size - shape[0]) // 2
    square[top : top + shape[1], left : left + shape[0]] = resized
    return square


class ImageEncoder:
    """A network whose feature maps are averaged over the image.

    Parameters
    ----------
    network : Module
        From normalised images (n, 3, h, w) to feature maps (n, channels, h', w').
    record : ImageBackbone
    preparation : Preparation
    sha256 : str
        Of the file it was loaded from.
    tuned : bool
        Whether its layers were trained since.
    """

    def __init__(
        self, network: Any, record: ImageBackbone, preparation: Preparation, sha256: str, *, tuned: bool = False
    ) -> None:
        self.network = network
        self.record = record
        self.preparation = preparation
        self.sha256 = sha256
        self.tuned = tuned

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.network.channels)

    def encode(self, images: Sequence[Pixels], /, *, listener: Listener = silent) -> NDArray[np.float32]:
        """Return one L2-normalised vector an image, shape (n, d).

        Parameters
        ----------
        images : sequence of Pixels, length n
            Grey or colour, of any size; memory does not grow with their number, but for the vectors.
        listener : Listener
            Told of images done.
        """
        vectors = np.empty((len(images), self.dimensions), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                batch = self.normalised(images[start : start + _BATCH])
                pooled = self.network(batch).mean(dim=(2, 3))
                vectors[start : start + _BATCH] = nn.functional.normalize(pooled, dim=1).numpy()
                listener(min(start + _BATCH, len(images)), len(images), "looking")
        return vectors

    def normalised(self, images: Sequence[Pixels]) -> torch.Tensor:
        """Return what the network reads, shape (n, 3, size, size)."""
        return self.scaled(np.stack([squared(image, self.preparation.size) for image in images]))

    def scaled(self, squares: Pixels) -> torch.Tensor:
        """Return what the network reads of images that are squared already, shape (n, size, size, 3)."""
        pixels = torch.from_numpy(squares).permute(0, 3, 1, 2).float()
        normal: torch.Tensor = (pixels - self.record.mean) / self.record.std
        return normal.contiguous(memory_format=torch.channels_last)

    def tunable_copy(self) -> "ImageEncoder":
        """Return a copy whose layers can be trained."""
        return self.with_network(copy.deepcopy(self.network).requires_grad_(True))

    def with_network(self, network: Any) -> "ImageEncoder":
        """Return an encoder of the same backbone whose network was trained, or will be."""
        return ImageEncoder(network, self.record, self.preparation, self.sha256, tuned=True)

    def content_sha256(self) -> str:
        """Return a hash of the weights as they are now and of the preparation."""
        digest = sha256(f"{self.sha256} {self.preparation.size} {self.preparation.stem_stride}".encode())
        if self.tuned:
            for name, tensor in self.network.state_dict().items():
                digest.update(name.encode() + tensor.detach().numpy().tobytes())
        return digest.hexdigest()


@lru_cache(maxsize=4)
def load_image_encoder(name: str, size: int, stem_stride: int = 2, listener: Listener = silent) -> ImageEncoder:
    """Load a backbone by name; the same arguments give the same object.

    Raises
    ------
    InputError, AssetError
        As ``load_network``.
    """
    loaded = load_network(name, stem_stride, listener)
    network = loaded.network.requires_grad_(False)
    return ImageEncoder(network, loaded.record, Preparation(size, stem_stride), loaded.sha256)
