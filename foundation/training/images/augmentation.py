"""What a picture may look like on another day: turned, shifted, nearer, darker, noisier."""

from collections.abc import Callable
from dataclasses import dataclass
from math import radians
from typing import Any

import torch

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """How much training images are changed; 0 everywhere leaves them as they are.

    Attributes
    ----------
    turn : float
        Largest rotation, in degrees.
    shift, zoom : float
        Largest shift and change of scale, as shares of the side.
    contrast : float
        Largest change of gamma, as a share.
    noise : float
        Largest standard deviation of added noise, of a range of 1.
    flip : bool
        Whether left and right are exchanged in half of the images.
    """

    turn: float
    shift: float
    zoom: float
    contrast: float
    noise: float
    flip: bool

    def transform(self, size: int) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return what changes one image, shape (3, size, size), values 0 to 1.

        The transforms are MONAI's: made for medical images, and tested there. What they draw follows from PyTorch's
        generator, which a checkpoint keeps: a run that goes on after a crash sees the same images.
        """
        from monai.transforms import Compose, RandAdjustContrast, RandAffine, RandFlip, RandGaussianNoise

        steps: list[Any] = [RandFlip(prob=0.5, spatial_axis=1)] if self.flip else []
        if self.turn or self.shift or self.zoom:
            steps.append(
                RandAffine(
                    prob=1.0,
                    rotate_range=radians(self.turn),
                    translate_range=self.shift * size,
                    scale_range=self.zoom,
                    padding_mode="zeros",
                    spatial_size=(size, size),
                    cache_grid=True,
                )
            )
        if self.contrast:
            steps.append(RandAdjustContrast(prob=0.5, gamma=(1 - self.contrast, 1 + self.contrast)))
        if self.noise:
            steps.append(RandGaussianNoise(prob=0.3, std=self.noise))
        changes = Compose(steps)

        def change(image: torch.Tensor) -> torch.Tensor:
            changes.set_random_state(seed=int(torch.randint(2**31, ())))
            changed: torch.Tensor = torch.as_tensor(changes(image)).clamp(0, 1)
            return changed

        return change
