"""What the methods share that train layers of an image network: hooks say which tensors move and what is kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import set_seed

from foundation.errors import InputError
from foundation.network import Network
from foundation.training.classifier import HEAD_SCALE, weighted_cross_entropy
from foundation.training.heads import class_directions, score
from foundation.training.images.augmentation import Augmentation
from foundation.training.loop import Schedule, train_network
from foundation.training.method import Amount, Count, Fitted, Labelled, Share, TrainingJob
from foundation.training.runs import run_folder
from foundation.vision.encoder import ImageEncoder, squared
from foundation.vision.ensemble import joined

__all__ = ["ImageFineTuning"]

# Dimensions of a convolution's weights. Normalisation keeps its precision: variances may be large or tiny.
_CONVOLUTION_DIMENSIONS = 4

_History = tuple[dict[str, float], ...]


@dataclass(frozen=True)
class ImageFineTuning(ABC):
    """Training of a network's layers and a head on images that are changed a little every time.

    Parameters
    ----------
    epochs : int
    learning_rate : float
        Of the head; part k of the network from the top has ``learning_rate * layer_decay ** k``.
    layer_decay : float
        Howard, Ruder (2018), arXiv:1801.06146, section 3.2.
    label_smoothing : float
        Szegedy et al. (2016), arXiv:1512.00567, section 7.
    dropout : float
        Of the vector that the head reads.
    turn, shift, zoom, contrast, noise, flip
        See ``Augmentation``.
    warmup, batch_size, accumulation, patience, average
        See ``Schedule``.
    weight_decay : float
    members : int
        Networks, each trained from a seed of its own, that answer as one (see ``Ensemble``): as many times the time of
        training and of an answer. The history is that of the first.
    """

    epochs: Count = 10
    learning_rate: Amount = 3e-3
    layer_decay: Amount = 0.9
    label_smoothing: Share = 0.0  # it would flatten the ranking by confidence that referral lives on
    dropout: Share = 0.2
    turn: float = 10.0
    shift: float = 0.06
    zoom: float = 0.1
    contrast: float = 0.25
    noise: float = 0.02
    flip: bool = True
    warmup: Amount = 0.1
    weight_decay: Amount = 0.01
    batch_size: Count = 32
    accumulation: Count = 1
    patience: Count = 4
    average: bool = True
    members: Count = 1

    @property
    def needs_dev(self) -> bool:
        """Between the mean of the epochs and the best one is decided, and the confidence calibrated, on dev."""
        return True

    @property
    def class_weight(self) -> str:
        """Balanced: the share of the sick in a training set is seldom the share in the clinic."""
        return "balanced"

    def fit(self, job: TrainingJob[ImageEncoder]) -> Fitted:
        """Train, and return the network of the mean of the epochs, or of the one that is clearly better on dev."""
        if self.members < 1:
            raise InputError(f"members: got {self.members}; expected 1 or more")
        dev = job.held_out()
        trained = [self._trained(self._member(job, number)) for number in range(self.members)]
        network = joined([member for member, _ in trained])
        return Fitted(network, network.logits(dev.items), dev.targets, trained[0][1], self)

    def _member(self, job: TrainingJob[ImageEncoder], number: int) -> TrainingJob[ImageEncoder]:
        """Return the job of one member, which has a seed of its own and tells of its part of the work."""

        def listener(done: int, total: int, what: str) -> None:
            job.listener(number * total + done, self.members * total, what)

        return replace(job, seed=job.seed * self.members + number, listener=listener)

    def _trained(self, job: TrainingJob[ImageEncoder]) -> tuple[Network[Any], _History]:
        set_seed(job.seed)
        tuned = self._tunable(job.encoder)
        model = _ImageModel(
            tuned, torch.tensor(job.class_weight, dtype=torch.float32), self.dropout, self.label_smoothing
        )
        model.head.weight.data.copy_(torch.from_numpy(class_directions(job)))
        augmentation = Augmentation(self.turn, self.shift, self.zoom, self.contrast, self.noise, self.flip)
        size = tuned.preparation.size
        with run_folder(self, *job.decisive()) as folder:
            history = train_network(
                model,
                list(self._groups(model, tuned)),
                _Squares(job.train, size, augmentation.transform(size)),
                _Squares(job.held_out(), size),
                schedule=self._schedule(),
                collate=_collate,
                score=score,
                folder=folder,
                seed=job.seed,
                listener=job.listener,
            )
        weight, bias = model.head.weight.detach(), model.head.bias.detach()
        return Network(self._kept(tuned), (HEAD_SCALE * weight).numpy(), bias.numpy().copy()), history

    def _schedule(self) -> Schedule:
        """Average the second half: before, steps are long, and running figures of normalisation far apart."""
        half = self.epochs // 2 + 1
        return Schedule(
            self.epochs, self.warmup, self.batch_size, self.accumulation, self.patience, self.average, average_from=half
        )

    @abstractmethod
    def _tunable(self, encoder: ImageEncoder) -> ImageEncoder:
        """Return a copy of the encoder in which what is to be trained requires a gradient."""

    def _kept(self, tuned: ImageEncoder) -> ImageEncoder:
        """Return what answers after training, its convolutions rounded to half precision: its file is half as large."""
        tuned.network.eval().requires_grad_(False)
        for parameter in tuned.network.parameters():
            if parameter.dim() == _CONVOLUTION_DIMENSIONS:
                parameter.copy_(parameter.half())
        return tuned

    def _groups(self, model: "_ImageModel", tuned: ImageEncoder) -> Iterator[dict[str, Any]]:
        parts: list[list[nn.Module]] = [[model.head], *tuned.network.layer_groups()]
        for depth, modules in enumerate(parts):
            parameters = [value for module in modules for value in module.parameters() if value.requires_grad]
            if parameters:
                rate = self.learning_rate * self.layer_decay**depth
                yield {"params": parameters, "lr": rate, "weight_decay": self.weight_decay}


class _ImageModel(nn.Module):
    """Network, mean over the image, dropout, linear head over a vector of fixed length, weighted cross-entropy."""

    def __init__(
        self, encoder: ImageEncoder, class_weight: torch.Tensor, dropout: float, label_smoothing: float
    ) -> None:
        super().__init__()
        self.network = encoder.network
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.dimensions, len(class_weight))
        nn.init.zeros_(self.head.bias)
        self.register_buffer("class_weight", class_weight, persistent=False)
        self.label_smoothing = label_smoothing
        self.mean, self.std = encoder.record.mean, encoder.record.std

    def forward(self, pixels: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return ``loss`` and ``logits`` (n, classes) of images (n, 3, h, w) with values 0 to 1."""
        normal = ((pixels * 255 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        pooled = self.network(normal).mean(dim=(2, 3))
        logits = self.head(self.dropout(HEAD_SCALE * nn.functional.normalize(pooled, dim=1)))
        weight = self.get_buffer("class_weight")
        return {"loss": weighted_cross_entropy(logits, labels, weight, self.label_smoothing), "logits": logits}


class _Squares(torch.utils.data.Dataset[dict[str, Any]]):
    """Images as squares, made once: an epoch only changes them."""

    def __init__(self, data: Labelled, size: int, change: Callable[[torch.Tensor], torch.Tensor] | None = None) -> None:
        self.squares = np.stack([squared(image, size) for image in data.items])
        self.targets = data.targets
        self.change = change
        self.lengths = [1] * len(data.items)

    def __len__(self) -> int:
        return len(self.squares)

    def __getitem__(self, row: int) -> dict[str, Any]:
        pixels = torch.from_numpy(self.squares[row]).permute(2, 0, 1).float() / 255
        return {"pixels": self.change(pixels) if self.change else pixels, "label": int(self.targets[row])}


def _collate(rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    return {
        "pixels": torch.stack([row["pixels"] for row in rows]),
        "labels": torch.tensor([row["label"] for row in rows]),
    }
