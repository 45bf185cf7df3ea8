"""``full``: every layer of the encoder is trained, through the Hugging Face Trainer."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score
from torch import nn
from transformers import (
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from foundation.errors import InputError
from foundation.progress import Listener
from foundation.text.encoder import TextEncoder, mean_pool
from foundation.text.network import TextNetwork
from foundation.training.method import Fitted, LabelledTexts

if TYPE_CHECKING:
    from transformers import PreTrainedModel

__all__ = ["Full", "PooledClassifier", "layer_groups"]


@dataclass(frozen=True)
class Full:
    """Fine-tuning with layer-wise learning-rate decay, the embedding table frozen.

    The table holds four fifths of a multilingual encoder's weights, and most of its rows never occur in a client's
    texts: frozen, it costs no gradient, no optimiser state and no place in the bundle.

    Parameters
    ----------
    epochs : int
    learning_rate : float
        Of the head; layer k from the top has ``learning_rate * layer_decay ** k``.
    layer_decay : float
        Howard, Ruder (2018), "Universal language model fine-tuning", arXiv:1801.06146, section 3.2.
    label_smoothing : float
        Szegedy et al. (2016), arXiv:1512.00567, section 7.
    warmup : float
        Share of the steps in which the rate rises; it then falls along a cosine.
    batch_size, max_tokens : int
        Texts a step, and where a training text is cut (prediction reads all of it).
    """

    epochs: int = 6
    learning_rate: float = 3e-4
    layer_decay: float = 0.85
    label_smoothing: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 0.01
    batch_size: int = 16
    max_tokens: int = 128

    @property
    def needs_dev(self) -> bool:
        """The best epoch is chosen, and the confidence calibrated, on dev."""
        return True

    @property
    def class_weight(self) -> None:
        """None, as in docs/RESULTS.md; weights were not measured again since the loss weighs examples."""
        return

    def fit(
        self,
        encoder: TextEncoder,
        train: LabelledTexts,
        dev: LabelledTexts | None,
        class_weight: NDArray[np.float64],
        seed: int,
        listener: Listener,
    ) -> Fitted:
        """Train, keep the epoch with the best macro-F1 on dev, and return the network of that epoch."""
        if dev is None:
            raise InputError("method full chooses its best epoch on dev rows and got none; give dev=(texts, labels)")
        set_seed(seed)
        tuned = encoder.tunable_copy()
        model = PooledClassifier(tuned.model, torch.tensor(class_weight, dtype=torch.float32), self.label_smoothing)
        keeper = _BestEpoch(model, listener)
        with tempfile.TemporaryDirectory() as scratch:
            trainer = Trainer(
                model=model,
                args=self._arguments(scratch, seed),
                train_dataset=_examples(encoder, train, self.max_tokens),
                eval_dataset=_examples(encoder, dev, self.max_tokens),
                data_collator=DataCollatorWithPadding(encoder.tokenizer),
                compute_metrics=_metrics,
                optimizers=(self._optimizer(model), None),
                callbacks=[keeper],
            )
            trainer.remove_callback(_console_callback())
            trainer.train()
        model.load_state_dict(keeper.best, strict=False)
        model.eval()
        weight, bias = (part.detach().numpy().copy() for part in (model.head.weight, model.head.bias))
        network = TextNetwork(tuned, weight, bias, tuned=True)
        return Fitted(network, network.logits(dev.texts), dev.targets, tuple(keeper.history))

    def _arguments(self, folder: str, seed: int) -> TrainingArguments:
        return TrainingArguments(
            output_dir=folder,
            num_train_epochs=self.epochs,
            per_device_train_batch_size=self.batch_size,
            per_device_eval_batch_size=64,
            lr_scheduler_type="cosine",
            warmup_steps=self.warmup,
            train_sampling_strategy="group_by_length",
            eval_strategy="epoch",
            save_strategy="no",
            report_to="none",
            logging_strategy="epoch",
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            dataloader_pin_memory=False,
            seed=seed,
        )

    def _optimizer(self, model: "PooledClassifier") -> torch.optim.Optimizer:
        groups = [
            {"params": parameters, "lr": self.learning_rate * self.layer_decay**depth}
            for depth, parameters in layer_groups(model)
        ]
        return torch.optim.AdamW(groups, lr=self.learning_rate, weight_decay=self.weight_decay)


class PooledClassifier(nn.Module):
    """Encoder, mean pooling, dropout, linear head, weighted cross-entropy: what the Trainer sees."""

    def __init__(self, encoder: "PreTrainedModel", class_weight: torch.Tensor, label_smoothing: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(encoder.config.hidden_size, len(class_weight))
        nn.init.zeros_(self.head.weight)  # the first loss is log(classes), whatever the encoder's scale
        nn.init.zeros_(self.head.bias)
        self.register_buffer("class_weight", class_weight, persistent=False)
        self.label_smoothing = label_smoothing

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Return ``logits`` and, with labels, ``loss``."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits = self.head(self.dropout(mean_pool(hidden, attention_mask)))
        return {"logits": logits} if labels is None else {"loss": self._loss(logits, labels), "logits": logits}

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Weigh each example by its class.

        ``cross_entropy(weight=...)`` would weigh the smoothed mass of the other classes too, which caps the confidence
        of common classes below that of rare ones and leaves a ranking by confidence without meaning.
        """
        losses = nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=self.label_smoothing)
        weights = self.get_buffer("class_weight")[labels]
        return (losses * weights).sum() / weights.sum()


def layer_groups(model: PooledClassifier) -> Iterator[tuple[int, list[nn.Parameter]]]:
    """Yield trainable parameters by depth from the top: the head is 0, the last layer 1, the embeddings last."""
    layers: list[nn.Module] = list(model.encoder.get_submodule("encoder.layer").children())
    yield 0, list(model.head.parameters())
    for depth, layer in enumerate(reversed(layers), start=1):
        yield depth, list(layer.parameters())
    grouped = {id(parameter) for layer in layers for parameter in layer.parameters()}
    rest = [p for p in model.encoder.parameters() if p.requires_grad and id(p) not in grouped]
    yield len(layers) + 1, rest


class _BestEpoch(TrainerCallback):
    """Keep the trained tensors of the epoch with the best macro-F1 on dev."""

    def __init__(self, model: PooledClassifier, listener: Listener) -> None:
        self.model = model
        self.listener = listener
        self.score = -1.0
        self.best: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.listener(state.global_step, state.max_steps, "training")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        measured = metrics or {}
        names = ("eval_loss", "eval_accuracy", "eval_macro_f1")
        self.history.append({"epoch": float(state.epoch or 0), **{name: measured[name] for name in names}})
        if measured["eval_macro_f1"] > self.score:
            self.score = measured["eval_macro_f1"]
            trained = (item for item in self.model.named_parameters() if item[1].requires_grad)
            self.best = {name: parameter.detach().clone() for name, parameter in trained}


def _examples(encoder: TextEncoder, data: LabelledTexts, max_tokens: int) -> list[dict[str, Any]]:
    prefixed = [encoder.record.query_prefix + text for text in data.texts]
    encoded = encoder.tokenizer(prefixed, truncation=True, max_length=max_tokens)
    return [
        {"input_ids": ids, "attention_mask": mask, "labels": int(target)}
        for ids, mask, target in zip(encoded["input_ids"], encoded["attention_mask"], data.targets, strict=True)
    ]


def _metrics(prediction: Any) -> dict[str, float]:
    predicted = np.argmax(prediction.predictions, axis=1)
    return {
        "accuracy": accuracy_score(prediction.label_ids, predicted),
        "macro_f1": f1_score(prediction.label_ids, predicted, average="macro", zero_division=0),
    }


def _console_callback() -> type[TrainerCallback]:
    """Return the callback that prints each log line: a library does not print."""
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback
