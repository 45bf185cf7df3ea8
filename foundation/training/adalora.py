"""``adalora``: as ``lora``, with the rank spent where it pays."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from foundation.files import atomic_file
from foundation.text.adapters import Adapter, adapt, inject, sharing_copy
from foundation.text.encoder import TextEncoder
from foundation.training.activations import transformer_layers
from foundation.training.finetuning import FineTuning
from foundation.training.lora import InjectedEncoder
from foundation.training.method import Amount, Count, TrainingJob

if TYPE_CHECKING:
    from peft import PeftModel

__all__ = ["Adalora"]

_PEFT_EPSILON = 1e-5  # added to the number of ranks in peft's own forward pass
_IMPORTANCE = ("ipt", "exp_avg_ipt", "exp_avg_unc")  # what the allocator remembers of every step
_ORTHOGONALITY = 0.5  # peft's default, between the 0.1 and 0.5 of the paper's tables


@dataclass(frozen=True)
class Adalora(FineTuning):
    """Adaptive low-rank adaptation: every map begins at ``first_rank``, and the least important singular values go.

    After training the singular values are multiplied in, and what stays is a plain adapter of as many ranks as each
    map kept: it loads, merges and mixes as one of ``lora`` does.

    Parameters
    ----------
    first_rank, rank : int
        Rank at the start, and on average at the end.
    alpha : int
    targets : tuple of str

    References
    ----------
    Zhang et al. (2023), "Adaptive budget allocation for parameter-efficient fine-tuning", arXiv:2303.10512; the
    pruning runs from a tenth of the steps to two thirds, as in its appendix. The best epoch is one of those after it.
    """

    epochs: Count = 8
    learning_rate: Amount = 2e-3
    layer_decay: Amount = 1.0
    patience: Count = 1000  # the ranks are settled by the schedule: stopping before its end would leave them unsettled
    average: bool = False  # nor has the mean of epochs their ranks
    first_rank: Count = 6
    rank: Count = 4
    alpha: Count = 16
    targets: tuple[str, ...] = ("query", "key", "value")

    def _tunable(self, job: TrainingJob[TextEncoder]) -> TextEncoder:
        from peft import AdaLoraConfig

        steps = self.epochs * ceil(len(job.train.items) / self.batch_size)
        config = AdaLoraConfig(
            init_r=self.first_rank,
            target_r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=0.0,
            target_modules=list(self.targets),
            layers_to_transform=list(range(self.frozen_layers, len(transformer_layers(job.encoder)))),
            total_step=steps,
            tinit=steps // 10,
            tfinal=steps // 3,
            deltaT=max(1, steps // 100),
        )
        return InjectedEncoder(job.encoder, inject(sharing_copy(job.encoder.model), config))

    def _penalty(self, tuned: TextEncoder) -> Callable[[], torch.Tensor]:
        """Keep both factors near orthogonal (equation 4): only then are their scales singular values."""
        factors = [
            parameter if "lora_A" in name else parameter.T
            for name, parameter in tuned.model.named_parameters()
            if "lora_A" in name or "lora_B" in name
        ]

        def penalty() -> torch.Tensor:
            distances = [torch.norm(factor @ factor.T - torch.eye(len(factor))) for factor in factors]
            return _ORTHOGONALITY * torch.stack(distances).mean()

        return penalty

    def _callbacks(self, tuned: TextEncoder) -> Sequence[TrainerCallback]:
        assert isinstance(tuned, InjectedEncoder)  # noqa: S101  # what _tunable returned
        return (_Allocation(tuned.peft),)

    def _kept(self, tuned: TextEncoder) -> TextEncoder:
        assert isinstance(tuned, InjectedEncoder)  # noqa: S101  # what _tunable returned
        return adapt(tuned.shared, as_lora(tuned.peft))


def as_lora(peft: "PeftModel") -> Adapter:
    """Multiply the singular values in, and drop those that are zero."""
    from peft.tuners.adalora import SVDLinear

    tensors: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    module: Any
    for name, module in peft.named_modules():
        if isinstance(module, SVDLinear):
            ranks[name.removeprefix("base_model.model.")], factors = _multiplied(module)
            tensors |= {f"{name}.{factor}.weight": value for factor, value in factors.items()}
    config = {
        "r": 1,
        "lora_alpha": 1,
        "rank_pattern": ranks,
        "alpha_pattern": ranks,  # the scale is alpha / rank, and is in the matrices already
        "target_modules": sorted(ranks),
        "peft_type": "LORA",
        "inference_mode": True,
    }
    return Adapter(config, tensors)


def _multiplied(module: Any) -> tuple[int, dict[str, Any]]:
    """Return the rank and the two factors of one map."""
    first, second = module.lora_A["default"], module.lora_B["default"]
    values = module.lora_E["default"] * module.scaling["default"] / (module.ranknum["default"] + _PEFT_EPSILON)
    kept = values[:, 0].nonzero()[:, 0]
    if not len(kept):
        kept = torch.tensor([0])  # a rank of zero cannot be written down: one row of zeros
    factors = {"lora_A": (first * values)[kept], "lora_B": second[:, kept]}
    return len(kept), {name: factor.detach().numpy() for name, factor in factors.items()}


class _Allocation(TrainerCallback):
    """Let peft take ranks away after each step, and let a resumed run know what it had seen."""

    def __init__(self, peft: "PeftModel") -> None:
        self.peft = peft
        self.allocator: Any = peft.base_model.rankallocator

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if not state.global_step:
            return
        with safe_open(_path(args, state), "pt") as kept:
            for name in kept.keys():  # noqa: SIM118  # it is no mapping
                part, _, parameter = name.partition("/")
                getattr(self.allocator, part)[parameter] = kept.get_tensor(name)
            self._config.rank_pattern = json.loads(kept.metadata()["ranks"])

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        model: Any = self.peft.base_model
        model.update_and_allocate(state.global_step)

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Let no epoch be the best whose ranks were not settled yet: it would have more of them than were asked for."""
        if (state.best_global_step or 0) < self._config.total_step - self._config.tfinal:
            state.best_metric = None

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write before the checkpoint of this epoch is: one that is whole has it beside it."""
        if state.is_world_process_zero:
            importance = {
                f"{part}/{name}": value.contiguous()
                for part in _IMPORTANCE
                for name, value in getattr(self.allocator, part).items()
            }
            with atomic_file(_path(args, state)) as temporary:
                save_file(importance, temporary, {"ranks": json.dumps(self._config.rank_pattern)})

    @property
    def _config(self) -> Any:
        return self.peft.peft_config["default"]


def _path(args: TrainingArguments, state: TrainerState) -> Path:
    return Path(str(args.output_dir)) / f"allocation-{state.global_step}.safetensors"
