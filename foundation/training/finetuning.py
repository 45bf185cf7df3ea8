"""What all methods share that train encoder layers: hooks say which tensors move and what is kept of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import nn
from transformers import TrainerCallback, set_seed

from foundation.network import Network
from foundation.progress import Listener
from foundation.text.encoder import TextEncoder
from foundation.training.activations import ActivationCache, collate, plain_attention, transformer_layers
from foundation.training.classifier import LayerClassifier, LayerStack
from foundation.training.heads import class_directions, score
from foundation.training.loop import Schedule, train_network
from foundation.training.method import Amount, Count, Fitted, Labelled, Share, TrainingJob
from foundation.training.runs import process_rank, run_folder

__all__ = ["FineTuning", "LayerTuning", "layer_groups", "trainable_copy"]


@dataclass(frozen=True)
class LayerTuning(ABC):
    """Training of encoder layers, the embedding table frozen; a child says what is scored and what it costs to err.

    The table holds four fifths of a multilingual encoder's weights, and most of its rows never occur in a client's
    texts: frozen, it costs no gradient, no optimiser state and no place in the bundle.

    Parameters
    ----------
    epochs : int
    learning_rate : float
        Of what stands on the layers; layer k from the top has ``learning_rate * layer_decay ** k``.
    layer_decay : float
        Howard, Ruder (2018), "Universal language model fine-tuning", arXiv:1801.06146, section 3.2.
    frozen_layers : int
        Layers from the bottom that stay as they are and are run once.
    token_dropout : float
        See ``LayerStack``.
    warmup, batch_size, accumulation, patience, average
        See ``Schedule``.
    dropout : float
        Of hidden units in training.
    weight_decay : float
    max_tokens : int
        Where a training text is cut (prediction reads all of it).
    """

    epochs: Count = 4
    learning_rate: Amount = 1.5e-4
    layer_decay: Amount = 0.85
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    token_dropout: Share = 0.0
    dropout: Share = 0.1
    warmup: Amount = 0.1
    weight_decay: Amount = 0.01
    batch_size: Count = 16
    accumulation: Count = 1
    patience: Count = 3
    average: bool = True
    max_tokens: Count = 128

    @property
    def needs_dev(self) -> bool:
        """Between the mean of the epochs and the best one is decided, and the confidence calibrated, on dev."""
        return True

    @property
    def class_weight(self) -> None:
        """None, as in docs/RESULTS.md; weights were not measured again since the loss weighs examples."""
        return

    def fit(self, job: TrainingJob[Any]) -> Fitted:
        """Train, and return the network of the mean of the epochs, or of the one that is clearly better on dev."""
        dev = job.held_out()
        with run_folder(self, *job.decisive()) as folder:
            network, history = self._train_in(folder, job)
            fitted = Fitted(network, network.logits(dev.items), dev.targets, history, self)
            # inside: while a refit is not done, the run that it follows keeps its checkpoint
            return self._after(fitted, job)

    def train(self, job: TrainingJob[Any]) -> tuple[Network[Any], tuple[dict[str, float], ...]]:
        """Train and return the network that ``train_network`` leaves, and the history."""
        with run_folder(self, *job.decisive()) as folder:
            return self._train_in(folder, job)

    def _after(self, fitted: Fitted, job: TrainingJob[Any]) -> Fitted:
        """Return what is answered with, given what was fitted to train and chosen on dev."""
        return fitted

    def _train_in(self, folder: Path, job: TrainingJob[Any]) -> tuple[Network[Any], tuple[dict[str, float], ...]]:
        set_seed(job.seed)
        tuned = self._tunable(job)
        model = self._model(job, tuned)
        _set_dropout(model.layers, self.dropout)
        with plain_attention(tuned):

            def rows(data: Labelled, name: str) -> Any:
                return self._rows(tuned, data, folder / f"{name}-{process_rank()}.f16", job.listener)

            history = train_network(
                model,
                self._groups(model),
                rows(job.train, "train"),
                rows(job.dev, "dev") if job.dev else None,
                schedule=self._schedule(),
                collate=self._collate,
                score=self._score,
                metric=self._metric,
                folder=folder,
                seed=job.seed,
                listener=job.listener,
                callbacks=self._callbacks(tuned),
            )
        return self._network(job, model, tuned), history

    _metric: ClassVar[str] = "macro_f1"
    _collate: ClassVar[Callable[..., Any]] = staticmethod(collate)
    _score: ClassVar[Callable[..., dict[str, float]]] = staticmethod(score)

    @abstractmethod
    def _tunable(self, job: TrainingJob[Any]) -> TextEncoder:
        """Return a copy of the encoder in which what is to be trained requires a gradient."""

    @abstractmethod
    def _model(self, job: TrainingJob[Any], tuned: TextEncoder) -> LayerStack:
        """Return what is trained."""

    @abstractmethod
    def _network(self, job: TrainingJob[Any], model: Any, tuned: TextEncoder) -> Network[Any]:
        """Return what answers after training."""

    def _rows(self, tuned: TextEncoder, data: Labelled, scratch: Path, listener: Listener) -> Any:
        """Return what a batch is made of."""
        prefix = tuned.record.query_prefix
        texts = [prefix + text for text in data.items]
        return ActivationCache(tuned, texts, data.targets, self.frozen_layers, self.max_tokens, scratch, listener)

    def _callbacks(self, tuned: TextEncoder) -> Sequence[TrainerCallback]:
        return ()

    def _schedule(self) -> Schedule:
        return Schedule(self.epochs, self.warmup, self.batch_size, self.accumulation, self.patience, self.average)

    def _groups(self, model: LayerStack) -> list[dict[str, Any]]:
        return [
            {
                "params": parameters,
                "lr": self.learning_rate * self.layer_decay**depth,
                "weight_decay": self.weight_decay,
            }
            for depth, parameters in layer_groups(model)
        ]


@dataclass(frozen=True)
class FineTuning(LayerTuning):
    """Training of encoder layers and a linear head.

    Parameters
    ----------
    label_smoothing, r_drop, adversarial : float
        See ``LayerClassifier``.
    refit : bool
        Whether, when dev has told how sure the network may be, another is trained in the same way on train and dev
        together, and answers. Its confidence is that of the first, which knew less.
    """

    label_smoothing: Share = 0.1
    r_drop: Amount = 0.0
    adversarial: Share = 0.0
    refit: bool = False

    def _after(self, fitted: Fitted, job: TrainingJob[TextEncoder]) -> Fitted:
        if not self.refit:
            return fitted
        network, _ = self.train(job.with_dev())
        return replace(fitted, network=network, saw_dev=True)

    def _model(self, job: TrainingJob[TextEncoder], tuned: TextEncoder) -> LayerClassifier:
        model = LayerClassifier(
            transformer_layers(tuned)[self.frozen_layers :],
            torch.tensor(job.class_weight, dtype=torch.float32),
            tuned.dimensions,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            token_dropout=self.token_dropout,
            r_drop=self.r_drop,
            adversarial=self.adversarial,
            penalty=self._penalty(tuned),
        )
        model.head.weight.data.copy_(torch.from_numpy(class_directions(job)))
        return model

    def _network(self, job: TrainingJob[TextEncoder], model: LayerClassifier, tuned: TextEncoder) -> Network[Any]:
        return Network(self._kept(tuned), *model.linear_head())

    def _kept(self, tuned: TextEncoder) -> TextEncoder:
        """Return the encoder that answers after training."""
        return tuned

    def _penalty(self, tuned: TextEncoder) -> Callable[[], torch.Tensor] | None:
        return None


def trainable_copy(encoder: TextEncoder, frozen_layers: int) -> TextEncoder:
    """Return a copy of an encoder in which the layers above ``frozen_layers`` are trained, and nothing else."""
    tuned = encoder.tunable_copy()
    tuned.model.requires_grad_(False)
    for layer in transformer_layers(tuned)[frozen_layers:]:
        layer.requires_grad_(True)
    return tuned


def layer_groups(model: LayerStack) -> Iterator[tuple[int, list[nn.Parameter]]]:
    """Yield trainable parameters by depth from the top: the head, where there is one, is 0, the last layer 1."""
    inside = {id(parameter) for parameter in model.layers.parameters()}
    if head := [parameter for parameter in model.parameters() if id(parameter) not in inside]:
        yield 0, head
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
