"""``pretrain`` of images: the network learns to tell pictures apart before it is told what they show.

Bardes, Ponce, LeCun (2022), "VICReg: variance-invariance-covariance regularization for self-supervised learning",
arXiv:2105.04906: two changed copies of a picture shall have the same vector, while the vectors of a batch vary and
their parts say different things. It needs neither negatives, so that small batches do, nor a second network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch
from torch import nn
from transformers import set_seed

from foundation.errors import InputError
from foundation.progress import Listener, silent
from foundation.training.images.augmentation import Augmentation
from foundation.training.loop import Schedule, train_network
from foundation.training.runs import run_folder
from foundation.vision.encoder import ImageEncoder, Pixels, squared

__all__ = ["ImagePretrain"]

_FEWEST_IMAGES = 100
# Weights of the three terms, section 4.2 of the paper.
_INVARIANCE, _VARIANCE, _COVARIANCE = 25.0, 25.0, 1.0


@dataclass(frozen=True)
class ImagePretrain:
    """Training of all layers on pictures without labels.

    Parameters
    ----------
    epochs : int
    learning_rate : float
    width : int
        Of the vectors that are compared; the projector that makes them is thrown away.
    batch_size : int
    turn, shift, zoom, contrast, noise, flip
        See ``Augmentation``; more than in training, since what does not change cannot be ignored.

    Examples
    --------
    >>> ImagePretrain(epochs=2).width
    256
    """

    epochs: int = 3
    learning_rate: float = 5e-4
    width: int = 256
    batch_size: int = 64
    turn: float = 15.0
    shift: float = 0.12
    zoom: float = 0.25
    contrast: float = 0.5
    noise: float = 0.05
    flip: bool = True

    def fit(
        self, encoder: ImageEncoder, images: Sequence[Pixels], seed: int = 0, listener: Listener = silent
    ) -> ImageEncoder:
        """Return a copy of the encoder that has seen the pictures; the last epoch is kept.

        Raises
        ------
        InputError
            There are too few pictures.
        """
        if len(images) < _FEWEST_IMAGES:
            raise InputError(f"got {len(images)} unlabelled pictures; expected {_FEWEST_IMAGES} or more")
        set_seed(seed)
        tuned = encoder.tunable_copy()
        size = tuned.preparation.size
        squares = np.stack([squared(image, size) for image in images])
        change = Augmentation(self.turn, self.shift, self.zoom, self.contrast, self.noise, self.flip).transform(size)
        model = _Siblings(tuned, self.width)
        with run_folder(self, encoder.content_sha256(), seed, sha256(squares.tobytes()).hexdigest()) as folder:
            train_network(
                model,
                [{"params": list(model.parameters()), "lr": self.learning_rate, "weight_decay": 1e-4}],
                _TwoViews(squares, change),
                None,
                schedule=Schedule(
                    self.epochs, warmup=0.1, batch_size=self.batch_size, accumulation=1, patience=1, average=False
                ),
                collate=lambda rows: {name: torch.stack([row[name] for row in rows]) for name in ("first", "second")},
                score=None,
                folder=folder,
                seed=seed,
                listener=listener,
            )
        tuned.network.eval().requires_grad_(False)
        return tuned


class _TwoViews(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Each picture twice, as it may look on two days."""

    def __init__(self, squares: Pixels, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.squares = squares
        self.change = change
        self.lengths = [1] * len(squares)

    def __len__(self) -> int:
        return len(self.squares)

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        pixels = torch.from_numpy(self.squares[row]).permute(2, 0, 1).float() / 255
        return {"first": self.change(pixels), "second": self.change(pixels)}


class _Siblings(nn.Module):
    """Network, mean over the image, projector, and the three terms of the loss."""

    def __init__(self, encoder: ImageEncoder, width: int) -> None:
        super().__init__()
        self.network = encoder.network
        self.projector = nn.Sequential(
            nn.Linear(encoder.dimensions, 2 * width),
            nn.BatchNorm1d(2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, width),
        )
        self.mean, self.std = encoder.record.mean, encoder.record.std

    def train(self, mode: bool = True) -> "_Siblings":
        """Leave the running figures of normalisation where they are: those of a batch are far from them."""
        super().train(mode)
        self.network.eval()
        return self

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return ``loss`` of two views of images, each (n, 3, h, w) with values 0 to 1."""
        both = (torch.cat([first, second]) * 255 - self.mean) / self.std
        pooled = self.network(both.contiguous(memory_format=torch.channels_last)).mean(dim=(2, 3))
        one, other = self.projector(pooled).chunk(2)
        spread = (_spread(one) + _spread(other)) / 2
        loss = _INVARIANCE * nn.functional.mse_loss(one, other) + spread
        return {"loss": loss}


def _spread(vectors: torch.Tensor) -> torch.Tensor:
    """Return what vectors cost that are all alike, or whose parts repeat each other."""
    deviations = torch.sqrt(vectors.var(dim=0) + 1e-4)
    centred = vectors - vectors.mean(dim=0)
    covariance = centred.T @ centred / (len(vectors) - 1)
    between = covariance - torch.diag(covariance.diagonal())
    return _VARIANCE * torch.relu(1 - deviations).mean() + _COVARIANCE * between.square().sum() / vectors.shape[1]
