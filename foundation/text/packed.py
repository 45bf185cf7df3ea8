"""Linear layers whose weights lie as oneDNN reads them: the same numbers, sooner.

A product of a sentence's few tokens with a layer is over before its weights have been brought into that order; PyTorch
does so anew at every call. Frozen layers keep the ordered copy.
"""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["PackedLinear", "pack"]

# Tokens that the order is chosen for; with more it stays right, and was no slower than the plain one.
_TOKENS = 16
# What TorchInductor calls for a frozen linear layer; there is no public name for it (torch 2.13).
_OPS = torch.ops.mkldnn
_AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(_OPS, "_linear_pointwise")  # type: ignore[no-untyped-call]


class PackedLinear(nn.Linear):
    """A linear layer that, frozen and without gradients, multiplies by an ordered copy of its weights.

    Training is not touched: a layer whose weights may still move, or a call that gradients flow through, is computed
    as ``torch.nn.Linear`` does it. The ordered copy is no parameter: it is neither saved nor copied along.
    """

    _packed: Tensor | None = None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # its name in nn.Linear
        """Return ``input @ weight.T + bias``; shape (..., features in) to (..., features out)."""
        if not _AVAILABLE or torch.is_grad_enabled() or self.weight.requires_grad or input.dtype != torch.float32:
            return super().forward(input)
        if self._packed is None:
            self._packed = _OPS._reorder_linear_weight(self.weight.detach(), _TOKENS)
        multiplied: Tensor = _OPS._linear_pointwise(input, self._packed, self.bias, "none", [], "")
        return multiplied

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied; the ordered weights are not, since those of the copy may move."""
        return {name: value for name, value in self.__dict__.items() if name != "_packed"}


def pack(model: nn.Module) -> nn.Module:
    """Freeze a model and let its linear layers, in place, keep ordered weights from their first use on.

    They take as much memory again as the layers' weights (of ``multilingual-e5-small-q4`` 85 MB).

    Examples
    --------
    >>> layer = nn.Linear(4, 2)
    >>> with torch.inference_mode():
    ...     plain = layer(torch.ones(1, 4))
    ...     torch.allclose(pack(layer)(torch.ones(1, 4)), plain, atol=1e-6)
    True
    """
    for module in model.requires_grad_(False).modules():
        if type(module) is nn.Linear:
            module.__class__ = PackedLinear
    return model
