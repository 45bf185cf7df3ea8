"""``lora``: small matrices beside the frozen 1 x 1 convolutions are trained, and added to them at the end."""

from dataclasses import dataclass

from foundation.errors import InputError
from foundation.training.images.finetuning import ImageFineTuning
from foundation.training.method import Count
from foundation.vision.backbone import DEFAULT_BACKBONE
from foundation.vision.encoder import ImageEncoder

__all__ = ["Lora"]


@dataclass(frozen=True)
class Lora(ImageFineTuning):
    """Low-rank adaptation of the convolutions that mix channels (Hu et al. 2022, arXiv:2106.09685).

    Nine tenths of the network's weights are in those. A few thousand numbers move, so that a handful of images cannot
    pull it far; the running figures of normalisation follow the new images.

    Parameters
    ----------
    rank : int
    alpha : int
        The update is scaled by ``alpha / rank``.
    targets : tuple of str
        Names of the convolutions that get an adapter.
    """

    average: bool = False  # the product of two means is not the mean of the products
    rank: Count = 8
    alpha: Count = 16
    targets: tuple[str, ...] = ("expand_conv", "project_conv", "conv_head")

    def _tunable(self, encoder: ImageEncoder) -> ImageEncoder:
        from peft import LoraConfig, inject_adapter_in_model

        tuned = encoder.tunable_copy()
        names = [name.rpartition(".")[2] for name, _ in tuned.network.named_modules()]
        if not set(names) & set(self.targets):
            raise InputError(f"lora adapts the convolutions of {DEFAULT_BACKBONE}; of this backbone take full or probe")
        tuned.network.requires_grad_(False)
        config = LoraConfig(r=self.rank, lora_alpha=self.alpha, lora_dropout=0.0, target_modules=list(self.targets))
        inject_adapter_in_model(config, tuned.network)
        return tuned

    def _kept(self, tuned: ImageEncoder) -> ImageEncoder:
        from peft.tuners.lora import LoraLayer

        for parent in list(tuned.network.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, LoraLayer):
                    layer.merge()
                    setattr(parent, name, layer.get_base_layer())
        return super()._kept(tuned)
