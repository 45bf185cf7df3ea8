"""The mean of a run's weights: networks that one run passes through lie in one basin, and its middle errs less."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from foundation.files import atomic_file

__all__ = ["EpochWeights", "swap_weights"]


class EpochWeights(TrainerCallback):
    """The trained weights at the end of each epoch, kept on disk so that a run which goes on after a crash has all.

    Parameters
    ----------
    folder : Path
        Of the run.
    first : int
        The first epoch that counts; those before it are on their way there.

    References
    ----------
    Izmailov et al. (2018), "Averaging weights leads to wider optima and better generalization", arXiv:1803.05407;
    Wortsman et al. (2022), "Model soups", arXiv:2203.05482, for fine-tuning.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self.folder = folder
        self.first = first

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """Write the weights, before the checkpoint of this epoch is written."""
        epoch = round(state.epoch or 0)
        if state.is_world_process_zero and epoch >= self.first:
            with atomic_file(self.folder / f"epoch-{epoch}.safetensors") as temporary:
                save_file(_trained(given["model"]), temporary)

    def mean(self) -> dict[str, torch.Tensor]:
        """Return the mean over the epochs from the first that counts on; nothing when there are not two of them."""
        epochs = sorted(self.folder.glob("epoch-*.safetensors"))
        if len(epochs) < 2:
            return {}
        total = load_file(epochs[0])
        for path in epochs[1:]:
            for name, value in load_file(path).items():
                total[name] += value
        return {name: value / len(epochs) for name, value in total.items()}


def swap_weights(model: nn.Module, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Give a model these weights, and return those that they replace."""
    former = _trained(model)
    state = model.state_dict()  # its tensors are the model's own
    with torch.no_grad():
        for name, value in weights.items():
            state[name].copy_(value)
    return former


def _trained(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copy what training moves: parameters with a gradient, and the running figures of normalisation layers."""
    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    return {
        name: value.detach().clone()
        for name, value in model.state_dict().items()
        if value.is_floating_point() and name not in frozen
    }
