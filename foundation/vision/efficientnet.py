"""EfficientNet-Lite0 as a plain PyTorch module, and its ImageNet weights without the package that carries them.

The weights are those of the TensorFlow release in a PyTorch checkpoint of 2020; the module pads as TensorFlow does, so
that they give the same numbers at any image size.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn

__all__ = ["EfficientNetLite0", "read_checkpoint"]

# (blocks, kernel, stride of the first, expansion, channels): Tan, Le (2019), arXiv:1905.11946, table 1; the Lite
# variant of the TensorFlow release has no squeeze-and-excitation, ReLU6, and keeps stem and head at their width.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280
# The release's momentum of 0.01 is for hundreds of thousands of steps: in a few hundred the running figures of a new
# kind of picture would never be reached.
_EPSILON, _MOMENTUM = 1e-3, 0.1


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's ``SAME``: the odd pixel goes to the right and below."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        height, width = (
            max((-(-size // stride) - 1) * stride + kernel - size, 0)
            for size, stride, kernel in zip(images.shape[-2:], self.stride, self.kernel_size, strict=True)
        )
        padded = nn.functional.pad(images, (width // 2, width - width // 2, height // 2, height - height // 2))
        filtered: torch.Tensor = self._conv_forward(padded, self.weight, self.bias)
        return filtered


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


class _Block(nn.Module):
    """Inverted residual block: widen, filter each channel, narrow; added to its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.widens = expansion != 1
        if self.widens:
            self.expand_conv = _SameConv(inputs, hidden, 1, bias=False)
            self.bn0 = _norm(hidden)
        self.depthwise_conv = _SameConv(hidden, hidden, kernel, stride, groups=hidden, bias=False)
        self.bn1 = _norm(hidden)
        self.project_conv = _SameConv(hidden, outputs, 1, bias=False)
        self.bn2 = _norm(outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = images
        if self.widens:
            hidden = nn.functional.relu6(self.bn0(self.expand_conv(hidden)))
        hidden = nn.functional.relu6(self.bn1(self.depthwise_conv(hidden)))
        narrowed: torch.Tensor = self.bn2(self.project_conv(hidden))
        return images + narrowed if self.adds else narrowed


class EfficientNetLite0(nn.Module):
    """Feature maps of images.

    Parameters
    ----------
    stem_stride : {1, 2}
        1 keeps the full resolution at the first layer, for images of 28 to 64 pixels, as networks for CIFAR do.

    Examples
    --------
    >>> with torch.inference_mode():
    ...     tuple(EfficientNetLite0().eval()(torch.zeros(1, 3, 64, 64)).shape)
    (1, 1280, 2, 2)
    """

    channels = _HEAD

    def __init__(self, stem_stride: int = 2) -> None:
        super().__init__()
        self.conv_stem = _SameConv(3, _STEM, 3, stem_stride, bias=False)
        self.bn0 = _norm(_STEM)
        widths = [_STEM, *(channels for *_, channels in _STAGES)]
        self.blocks = nn.ModuleList(
            _Block(inputs if first == 0 else outputs, outputs, kernel, stride if first == 0 else 1, expansion)
            for (inputs, outputs), (count, kernel, stride, expansion, _) in zip(pairwise(widths), _STAGES, strict=True)
            for first in range(count)
        )
        self.conv_head = _SameConv(widths[-1], _HEAD, 1, bias=False)
        self.bn1 = _norm(_HEAD)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return feature maps, shape (n, 1280, h, w), of normalised images, shape (n, 3, height, width)."""
        hidden = nn.functional.relu6(self.bn0(self.conv_stem(images)))
        for block in self.blocks:
            hidden = block(hidden)
        return nn.functional.relu6(self.bn1(self.conv_head(hidden)))

    def layer_groups(self) -> list[list[nn.Module]]:
        """Return the parts of the network from the output down, for learning rates that fall with depth."""
        return [[self.conv_head, self.bn1], *([block] for block in reversed(self.blocks)), [self.conv_stem, self.bn0]]


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Read the checkpoint's tensors under this module's names; the classifier of ImageNet is left out.

    The file is a PyTorch archive; ``weights_only`` reads tensors from it and runs nothing.
    """
    state: Mapping[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    named = {name.replace("._", ".").removeprefix("_"): tensor.contiguous() for name, tensor in state.items()}
    return {name: tensor for name, tensor in named.items() if not name.startswith("fc.")}
