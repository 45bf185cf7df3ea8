"""Any transformers image model as a network from images to feature maps."""

from typing import Any

import torch
from torch import nn

__all__ = ["FeatureMaps"]


class FeatureMaps(nn.Module):
    """Feature maps of a convolutional model, or the patch tokens of a transformer laid out as one.

    Parameters
    ----------
    model : PreTrainedModel
        Whose ``last_hidden_state`` is (n, channels, h, w), or (n, tokens, channels) with the patches last.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        config = model.config
        self.channels = int((getattr(config, "hidden_sizes", None) and config.hidden_sizes[-1]) or config.hidden_size)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return feature maps, shape (n, channels, h, w), of normalised images, shape (n, 3, height, width)."""
        hidden: torch.Tensor = self._hidden(images)
        if hidden.dim() == 4:
            return hidden
        side = int((hidden.shape[1]) ** 0.5)  # a class token or two come first and are left out
        patches = hidden[:, -side * side :]
        return patches.transpose(1, 2).reshape(len(hidden), -1, side, side)

    def layer_groups(self) -> list[list[nn.Module]]:
        """Return the network as one group: one learning rate."""
        return [[self.model]]

    def _hidden(self, images: torch.Tensor) -> torch.Tensor:
        if self.model.config.model_type in ("vit", "deit", "dinov2"):
            images_at_any_size: torch.Tensor = self.model(images, interpolate_pos_encoding=True).last_hidden_state
            return images_at_any_size
        output: torch.Tensor = self.model(images).last_hidden_state
        return output
