"""``lora``: small matrices beside the frozen layers are trained, and nothing else."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foundation.text.adapters import Adapter, adapt, inject, sharing_copy
from foundation.text.encoder import TextEncoder
from foundation.training.activations import transformer_layers
from foundation.training.finetuning import FineTuning
from foundation.training.method import Amount, Count, TrainingJob

if TYPE_CHECKING:
    from peft import PeftModel

__all__ = ["InjectedEncoder", "Lora"]


class InjectedEncoder(TextEncoder):
    """An encoder whose layers carry an adapter in training.

    Parameters
    ----------
    shared : TextEncoder
        Whose weights are used as they are.
    peft : PeftModel
    """

    def __init__(self, shared: TextEncoder, peft: "PeftModel") -> None:
        super().__init__(peft.get_base_model(), shared.tokenizer, shared.record, shared.sha256, tuned=shared.tuned)
        self.shared = shared
        self.peft = peft


@dataclass(frozen=True)
class Lora(FineTuning):
    """Low-rank adaptation of the attention's query and value maps (Hu et al. 2022, arXiv:2106.09685, section 4.2).

    An adapter of rank 8 over twelve layers is 590 KB; a process holds many over one backbone. Much data wants more:
    all linear maps of a layer (Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, section 4).

    Parameters
    ----------
    rank : int
    alpha : int
        The update is scaled by ``alpha / rank``.
    everywhere : bool
        Whether all linear maps of a layer get an adapter, or query and value alone.
    """

    epochs: Count = 8
    learning_rate: Amount = 1e-3
    layer_decay: Amount = 1.0
    average: bool = False  # the product of two means is not the mean of the products
    rank: Count = 8
    alpha: Count = 16
    everywhere: bool = False

    def _tunable(self, job: TrainingJob[TextEncoder]) -> TextEncoder:
        from peft import LoraConfig

        above = list(range(self.frozen_layers, len(transformer_layers(job.encoder))))
        config = LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=0.0,
            target_modules=["query", "value", *(["key", "dense"] if self.everywhere else [])],
            layers_to_transform=above,
        )
        return InjectedEncoder(job.encoder, inject(sharing_copy(job.encoder.model), config))

    def _kept(self, tuned: TextEncoder) -> TextEncoder:
        from peft import get_peft_model_state_dict

        assert isinstance(tuned, InjectedEncoder)  # noqa: S101  # what _tunable returned
        state = get_peft_model_state_dict(tuned.peft)
        tensors = {name: value.detach().numpy().astype(np.float32) for name, value in state.items()}
        return adapt(tuned.shared, Adapter(plain_config(tuned.peft.peft_config["default"]), tensors))


def plain_config(config: Any) -> dict[str, Any]:
    """Write a ``LoraConfig`` as the JSON that ``LoraConfig(**...)`` reads back, for inference."""
    kept = ("r", "lora_alpha", "rank_pattern", "alpha_pattern", "layers_to_transform", "target_modules")
    values = {name: getattr(config, name) for name in kept}
    targets = values["target_modules"]
    return {
        **values,
        "target_modules": sorted(targets) if isinstance(targets, set) else targets,
        "peft_type": "LORA",
        "inference_mode": True,
    }
