"""Several networks that answer as one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from foundation.network import Network
from foundation.vision.encoder import ImageEncoder

__all__ = ["Ensemble", "joined"]


class Ensemble(nn.Module):
    """Feature maps of several networks side by side, each scaled so that its mean over the image has length 1.

    Parameters
    ----------
    members : sequence of Module
        From normalised images (n, 3, h, w) to feature maps (n, channels, h', w'), all of one shape.

    References
    ----------
    Lakshminarayanan, Pritzel, Blundell (2017), "Simple and scalable predictive uncertainty estimation using deep
    ensembles", arXiv:1612.01474.
    """

    def __init__(self, members: Sequence[Any]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.channels = sum(int(member.channels) for member in members)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return feature maps, shape (n, channels of all members, h, w), of normalised images."""
        return torch.cat([_to_unit_mean(member(images)) for member in self.members], dim=1)


def _to_unit_mean(maps: torch.Tensor) -> torch.Tensor:
    length = maps.mean(dim=(2, 3), keepdim=True).norm(dim=1, keepdim=True)
    unit: torch.Tensor = maps / length.clamp(min=1e-12)  # as ``normalize`` does, for one that sees nothing
    return unit


def joined(networks: Sequence[Network[ImageEncoder]]) -> Network[ImageEncoder]:
    """Return one network whose logits are the mean of theirs, where the paper averages probabilities; of one, itself.

    Examples
    --------
    >>> from foundation.vision.encoder import load_image_encoder
    >>> encoder = load_image_encoder("efficientnet-lite0", 32)  # doctest: +SKIP
    >>> one = Network(encoder, np.eye(2, 1280, dtype=np.float32), np.zeros(2, np.float32))  # doctest: +SKIP
    >>> joined([one, one]).weight.shape  # doctest: +SKIP
    (2, 2560)
    """
    if len(networks) == 1:
        return networks[0]
    encoder = networks[0].encoder.with_network(Ensemble([each.encoder.network for each in networks]).eval())
    # the vector of the whole is the members' unit vectors over the root of their number
    weight = np.concatenate([each.weight for each in networks], axis=1) / np.sqrt(np.float32(len(networks)))
    return Network(encoder, weight, np.mean([each.bias for each in networks], axis=0))
