"""What all methods share that train encoder layers: hooks say which tensors move and what is kept of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, set_seed

from foundation.network import Network
from foundation.text.encoder import TextEncoder
from foundation.training.activations import ActivationCache, collate, plain_attention, transformer_layers
from foundation.training.classifier import LayerClassifier
from foundation.training.heads import class_directions, score
from foundation.training.loop import Schedule, process_rank, run_folder, train_network
from foundation.training.method import Fitted, Labelled, TrainingJob

__all__ = ["FineTuning", "layer_groups"]


@dataclass(frozen=True)
class FineTuning(ABC):
    """Training of encoder layers and a head, the embedding table frozen.

    The table holds four fifths of a multilingual encoder's weights, and most of its rows never occur in a client's
    texts: frozen, it costs no gradient, no optimiser state and no place in the bundle.

    Parameters
    ----------
    epochs : int
    learning_rate : float
        Of the head; layer k from the top has ``learning_rate * layer_decay ** k``.
    layer_decay : float
        Howard, Ruder (2018), "Universal language model fine-tuning", arXiv:1801.06146, section 3.2.
    frozen_layers : int
        Layers from the bottom that stay as they are and are run once.
    label_smoothing, token_dropout, r_drop : float
        See ``LayerClassifier``.
    warmup, batch_size, accumulation, patience, average
        See ``Schedule``.
    dropout : float
        Of hidden units in training.
    weight_decay : float
    max_tokens : int
        Where a training text is cut (prediction reads all of it).
    """

    epochs: int = 4
    learning_rate: float = 1.5e-4
    layer_decay: float = 0.85
    frozen_layers: int = 0
    label_smoothing: float = 0.1
    token_dropout: float = 0.0
    r_drop: float = 0.0
    dropout: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 0.01
    batch_size: int = 16
    accumulation: int = 1
    patience: int = 3
    average: bool = True
    max_tokens: int = 128

    @property
    def needs_dev(self) -> bool:
        """Between the mean of the epochs and the best one is decided, and the confidence calibrated, on dev."""
        return True

    @property
    def class_weight(self) -> None:
        """None, as in docs/RESULTS.md; weights were not measured again since the loss weighs examples."""
        return

    def fit(self, job: TrainingJob[TextEncoder]) -> Fitted:
        """Train, and return the network of the mean of the epochs, or of the one that is clearly better on dev."""
        dev = job.held_out()
        network, history = self.train(job)
        return Fitted(network, network.logits(dev.items), dev.targets, history, self)

    def train(self, job: TrainingJob[TextEncoder]) -> tuple[Network[TextEncoder], tuple[dict[str, float], ...]]:
        """Train and return the network that ``train_network`` leaves, and the history."""
        set_seed(job.seed)
        tuned = self._tunable(job)
        layers = transformer_layers(tuned)[self.frozen_layers :]
        model = LayerClassifier(
            layers,
            torch.tensor(job.class_weight, dtype=torch.float32),
            tuned.dimensions,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            token_dropout=self.token_dropout,
            r_drop=self.r_drop,
            penalty=self._penalty(tuned),
        )
        model.head.weight.data.copy_(torch.from_numpy(class_directions(job)))
        _set_dropout(layers, self.dropout)
        with run_folder(self, *job.decisive()) as folder, plain_attention(tuned):

            def cached(data: Labelled, name: str) -> ActivationCache:
                scratch = folder / f"{name}-{process_rank()}.f16"
                return ActivationCache(tuned, data, self.frozen_layers, self.max_tokens, scratch, job.listener)

            history = train_network(
                model,
                self._groups(model),
                cached(job.train, "train"),
                cached(job.dev, "dev") if job.dev else None,
                schedule=self._schedule(),
                collate=collate,
                score=score,
                folder=folder,
                seed=job.seed,
                listener=job.listener,
                callbacks=self._callbacks(tuned),
            )
        return Network(self._kept(tuned), *model.linear_head()), history

    @abstractmethod
    def _tunable(self, job: TrainingJob[TextEncoder]) -> TextEncoder:
        """Return a copy of the encoder in which what is to be trained requires a gradient."""

    def _kept(self, tuned: TextEncoder) -> TextEncoder:
        """Return what answers after training."""
        return tuned

    def _penalty(self, tuned: TextEncoder) -> Callable[[], torch.Tensor] | None:
        return None

    def _callbacks(self, tuned: TextEncoder) -> Sequence[TrainerCallback]:
        return ()

    def _schedule(self) -> Schedule:
        return Schedule(self.epochs, self.warmup, self.batch_size, self.accumulation, self.patience, self.average)

    def _groups(self, model: LayerClassifier) -> list[dict[str, Any]]:
        return [
            {
                "params": parameters,
                "lr": self.learning_rate * self.layer_decay**depth,
                "weight_decay": self.weight_decay,
            }
            for depth, parameters in layer_groups(model)
        ]


def layer_groups(model: LayerClassifier) -> Iterator[tuple[int, list[nn.Parameter]]]:
    """Yield trainable parameters by depth from the top: the head is 0, the last layer 1."""
    yield 0, list(model.head.parameters())
    for depth, layer in enumerate(reversed(model.layers), start=1):
        yield depth, [parameter for parameter in layer.parameters() if parameter.requires_grad]


def _set_dropout(layers: nn.ModuleList, rate: float) -> None:
    """Drop hidden units, and no attention weights: drawing those would take a tenth of the time."""
    layer: Any
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Dropout):
                module.p = rate
        layer.attention.self.dropout.p = 0.0
