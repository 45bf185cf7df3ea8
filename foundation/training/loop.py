"""One training loop for every method that has gradients: the Hugging Face Trainer, with checkpoints and logs.

Asking again for the same run after a crash goes on from its last whole checkpoint and ends with the same figures (see
``runs``). Started by ``torchrun`` or ``accelerate launch``, the processes share each batch.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.integrations.integration_utils import TensorBoardCallback
from transformers.trainer_callback import PrinterCallback

from foundation.errors import ColonnadeError, InputError
from foundation.progress import Listener
from foundation.settings import Tracking, settings
from foundation.training.averaging import EpochWeights, swap_weights
from foundation.training.runs import is_main_process
from foundation.training.sampling import SeededSampler

__all__ = ["Schedule", "train_network"]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs : int
    warmup : float
        Share of the steps in which the learning rate rises; it then falls along a cosine.
    batch_size : int
        Examples a step, over all processes.
    accumulation : int
        Passes that a batch is cut into, for long texts on little memory; the figures stay what they are.
    patience : int
        Epochs without a better score on dev after which training ends.
    average : bool
        Whether the mean of the weights after ``average_from`` and every later epoch is what is kept, unless one epoch
        is clearly better on dev.
    average_from : int
        The first epoch leaves the encoder on its way; a network with normalisation layers needs more.
    """

    epochs: int
    warmup: float
    batch_size: int
    accumulation: int
    patience: int
    average: bool
    average_from: int = 2


def train_network(
    model: nn.Module,
    parameters: Sequence[dict[str, Any]],
    train: "torch.utils.data.Dataset[Any]",
    dev: "torch.utils.data.Dataset[Any] | None",
    *,
    schedule: Schedule,
    collate: Callable[..., Any],
    score: Callable[[Any], dict[str, float]] | None,
    metric: str = "macro_f1",
    folder: Path,
    seed: int,
    listener: Listener,
    callbacks: Sequence[TrainerCallback] = (),
) -> tuple[dict[str, float], ...]:
    """Train in place, and return one record an epoch.

    The model is left at the mean of its epochs, or at its best epoch on dev where that is clearly better; where no mean
    is taken, at its best epoch, and without dev at its last.

    Parameters
    ----------
    model : Module
        Returns ``loss`` and ``logits``.
    parameters : sequence of dict
        Parameter groups of the optimiser, each with its learning rate.
    train, dev : Dataset
        With ``lengths``, by which texts are put into batches.
    score : callable
        From a Hugging Face ``EvalPrediction`` to metrics; without it, the loss chooses the epoch.
    metric : str
        The one of them that chooses the epoch, a share of 1.
    folder : Path
        Of ``run_folder``.

    Returns
    -------
    tuple of dict
        ``epoch``, ``loss``, ``dev_loss`` and the metrics; ``mean`` is in the last: the score of the mean of the epochs.
    """
    set_seed(seed)
    checkpoint = _last_whole_checkpoint(folder)
    arguments = _arguments(folder, schedule, seed, best=(metric if score else "loss") if dev is not None else None)
    if checkpoint and (done := _stopped_after(checkpoint)):
        arguments.num_train_epochs = done
    weights = EpochWeights(folder, schedule.average_from) if schedule.average else None
    trackers = _trackers(folder)
    stopping = [EarlyStoppingCallback(schedule.patience)] if dev is not None else []
    trainer = _GroupedTrainer(
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=dev,
        data_collator=collate,
        compute_metrics=score,
        optimizers=(torch.optim.AdamW(parameters, fused=True), None),
        callbacks=[*stopping, *filter(None, [weights]), _Progress(listener), *trackers, *callbacks],
    )
    trainer.remove_callback(PrinterCallback)  # a library does not print
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
    except (OSError, RuntimeError) as error:
        if shutil.disk_usage(folder).free > _LEAST_FREE:
            raise
        raise ColonnadeError(
            f"the disk of {folder} is full; free space, or choose another place with COLONNADE_HOME; "
            "the same command goes on from the last checkpoint"
        ) from error
    history = list(_history(trainer.state.log_history))
    if weights and (mean := weights.mean()):
        if dev is None:
            swap_weights(model, mean)
        else:
            history[-1]["mean"] = _settle(trainer, model, mean, metric)
    trainer.accelerator.wait_for_everyone()  # what all have read, the main process now removes
    model.eval()
    return tuple(history)


def _settle(trainer: Trainer, model: nn.Module, mean: dict[str, torch.Tensor], metric: str) -> float:
    """Leave the model at the mean of its epochs, unless its best epoch was clearly better on dev; return its score.

    The best of several epochs owes part of its score to luck, the mean does not: the epoch must be ahead by more than a
    standard error (the rule of Breiman et al. 1984, "Classification and regression trees", section 3.4.3).
    """
    epoch = swap_weights(model, mean)
    rows: Any = trainer.eval_dataset
    score = float((trainer.predict(rows, metric_key_prefix="mean").metrics or {})[f"mean_{metric}"])
    best = trainer.state.best_metric
    # said so that a mean which is no number, as that of a run which ended in none, is behind as well
    if best is not None and not best - score <= sqrt(best * (1 - best) / len(rows)):
        swap_weights(model, epoch)
    return score


# Less than a checkpoint of the smallest network: when a write failed beside so little space, this is why.
_LEAST_FREE = 64 << 20


class _GroupedTrainer(Trainer):
    def _get_train_sampler(self, train_dataset: Any = None) -> SeededSampler:
        data: Any = self.train_dataset if train_dataset is None else train_dataset
        # all that one step sees, so that processes and passes cut a batch and do not change it
        together = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return SeededSampler(together, data.lengths, self.args.seed)


class _Progress(TrainerCallback):
    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.is_world_process_zero:
            self.listener(state.global_step, state.max_steps, "training")


def _arguments(folder: Path, schedule: Schedule, seed: int, best: str | None) -> TrainingArguments:
    passes = schedule.accumulation * int(os.environ.get("WORLD_SIZE", "1"))
    if schedule.batch_size % passes:
        raise InputError(
            f"batches of {schedule.batch_size} cannot be cut into {passes} equal parts (accumulation times processes); "
            "choose another accumulation or batch_size"
        )
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=schedule.epochs,
        per_device_train_batch_size=schedule.batch_size // passes,
        per_device_eval_batch_size=64,
        gradient_accumulation_steps=schedule.accumulation,
        lr_scheduler_type="cosine",
        warmup_steps=schedule.warmup,  # below 1, the Trainer reads it as a share
        eval_strategy="epoch" if best else "no",
        save_strategy="epoch",
        save_total_limit=2,  # the best and the last; of 1 the Trainer leaves the best alone at the end
        load_best_model_at_end=best is not None,
        restore_callback_states_from_checkpoint=True,  # the epochs without a better score so far
        metric_for_best_model=best,
        greater_is_better=best != "loss",
        prediction_loss_only=best == "loss",
        logging_strategy="epoch",
        report_to="wandb" if settings().tracking is Tracking.WANDB else "none",
        disable_tqdm=True,
        use_cpu=True,  # what is trained is small, and what is around it stays there
        ddp_find_unused_parameters=False,  # every trained tensor takes part in every batch
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        label_names=["labels"],
        seed=seed,
    )


def _trackers(folder: Path) -> list[TrainerCallback]:
    """TensorBoard files lie in the run's folder; Weights & Biases writes there too, and sends nothing by default."""
    if settings().tracking is Tracking.WANDB:
        if not find_spec("wandb"):
            raise InputError("COLONNADE_TRACKING=wandb needs a package that is not here; run pip install 'wandb>=0.22'")
        os.environ.setdefault("WANDB_MODE", "offline")
        os.environ.setdefault("WANDB_DIR", str(folder))
        return []
    if settings().tracking is Tracking.NONE:
        return []
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / "tensorboard")) if is_main_process() else None
    return [TensorBoardCallback(writer)]  # type: ignore[no-untyped-call]  # it has no types


def _last_whole_checkpoint(folder: Path) -> str | None:
    """Return the newest checkpoint that was written to its end: the Trainer's state is the last file of each."""
    for checkpoint in sorted(folder.glob("checkpoint-*"), key=lambda path: -int(path.name.rpartition("-")[2])):
        try:
            json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return str(checkpoint)
    return None


def _stopped_after(checkpoint: str) -> float:
    """Return the epochs after which a run had ended, early or not; 0 if it had not."""
    state = TrainerState.load_from_json(f"{checkpoint}/trainer_state.json")
    ended = state.stateful_callbacks["TrainerControl"]["args"]["should_training_stop"]
    return float(state.epoch or 0) if ended else 0.0


def _history(log: Sequence[dict[str, Any]]) -> Iterator[dict[str, float]]:
    names = {"loss": "loss", "eval_loss": "dev_loss"}
    names |= {f"eval_{metric}": metric for metric in ("accuracy", "macro_f1", "auroc")}
    epochs: dict[float, dict[str, float]] = {}
    for entry in log:
        kept = {name: float(entry[key]) for key, name in names.items() if key in entry}
        epochs.setdefault(float(entry["epoch"]), {}).update(kept)
    yield from ({"epoch": epoch, **figures} for epoch, figures in epochs.items() if figures)
