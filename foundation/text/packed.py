"""Frozen layers in the order and the number of steps that oneDNN likes: the same numbers, sooner.

A product of a sentence's few tokens with a layer is over before its weights have been brought into the order that they
are read in; PyTorch does so anew at every call. Frozen layers keep the ordered copy. A whole layer of BERT is a dozen
operations then and not the calls of its modules, which took a fifth of a short sentence's time.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, scaled_dot_product_attention
from transformers.activations import GELUActivation
from transformers.models.bert.modeling_bert import BertLayer

__all__ = ["PackedLayer", "PackedLinear", "frozen", "pack"]

# Tokens that the order is chosen for; with more it stays right, and was no slower than the plain one.
_TOKENS = 16
# What TorchInductor calls for a frozen linear layer; there is no public name for it (torch 2.13).
_OPS = torch.ops.mkldnn
_AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(_OPS, "_linear_pointwise")  # type: ignore[no-untyped-call]


class _Ordered:
    """Weights (out, in) and bias (out,) as oneDNN reads them."""

    def __init__(self, *layers: nn.Linear) -> None:
        weight = torch.cat([layer.weight.detach() for layer in layers])
        biases = [layer.bias for layer in layers if layer.bias is not None]
        self.weight: Tensor = _OPS._reorder_linear_weight(weight, _TOKENS)
        self.bias = torch.cat([bias.detach() for bias in biases]) if biases else None

    def __call__(self, inputs: Tensor, then: str = "none") -> Tensor:
        multiplied: Tensor = _OPS._linear_pointwise(inputs, self.weight, self.bias, then, [], "none")
        return multiplied


class _Packed(nn.Module):
    """A module that answers by a copy of its weights while they cannot move.

    Training is not touched: a module whose weights may still move, or a call that gradients flow through, is computed
    as its own class does it. The copy is no parameter: it is neither saved nor copied along.
    """

    _copy: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied; the ordered weights are not, since those of the copy may move."""
        return {name: value for name, value in self.__dict__.items() if name != "_copy"}


class PackedLinear(_Packed, nn.Linear):
    """A linear layer that, frozen and without gradients, multiplies by an ordered copy of its weights."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # its name in nn.Linear
        """Return ``input @ weight.T + bias``; shape (..., features in) to (..., features out)."""
        if not _answers(input, (self.weight,)):
            return nn.Linear.forward(self, input)
        if self._copy is None:
            self._copy = _Ordered(self)
        multiplied: Tensor = self._copy(input)
        return multiplied


class PackedLayer(_Packed, BertLayer):  # type: ignore[no-untyped-call]
    """A layer of BERT that, frozen and without gradients, is a dozen operations.

    One whose linear layers are wrapped, as by peft, is computed module by module.
    """

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor | None = None, *others: Any, **named: Any
    ) -> Tensor:
        """Return the layer's token vectors, shape (n, tokens, d) as they came in.

        Parameters
        ----------
        hidden_states : Tensor, shape (n, tokens, d)
        attention_mask : Tensor, shape (n, 1, tokens or 1, tokens), optional
            Added to the attention's logits, or False where it must not look.
        others, named
            Of a layer that also decodes, which this one does not.
        """
        heads, norms = self.attention.self, (self.attention.output.LayerNorm, self.output.LayerNorm)
        linear = (
            heads.query,
            heads.key,
            heads.value,
            self.attention.output.dense,
            self.intermediate.dense,
            self.output.dense,
        )
        plain = all(type(each) is PackedLinear for each in linear)
        if not (plain and _answers(hidden_states, [each.weight for each in (*linear, *norms)])):
            return BertLayer.forward(self, hidden_states, attention_mask, *others, **named)
        if self._copy is None:
            self._copy = [_Ordered(*linear[:3]), *map(_Ordered, linear[3:])]
        projected, joined, widened, narrowed = self._copy
        n, tokens, d = hidden_states.shape
        split = projected(hidden_states).view(n, tokens, 3, heads.num_attention_heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value, attention_mask)
        attended = attended.transpose(1, 2).reshape(n, tokens, d)
        hidden = _norm(joined(attended) + hidden_states, norms[0])
        return _norm(narrowed(widened(hidden, "gelu")) + hidden, norms[1])


def frozen(weights: Iterable[Tensor]) -> bool:
    """Tell whether no gradient flows here and none of the weights may move."""
    return not torch.is_grad_enabled() and not any(weight.requires_grad for weight in weights)


def _answers(inputs: Tensor, weights: Iterable[Tensor]) -> bool:
    plain = inputs.dtype == torch.float32 and not torch.is_autocast_enabled(inputs.device.type)
    return _AVAILABLE and plain and frozen(weights)


def _norm(hidden: Tensor, norm: nn.LayerNorm) -> Tensor:
    return layer_norm(hidden, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def pack(model: nn.Module) -> nn.Module:
    """Freeze a model and let its layers, in place, keep ordered weights from their first use on.

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
        elif type(module) is BertLayer and _encodes(module):
            module.__class__ = PackedLayer
    return model


def _encodes(layer: Any) -> bool:
    return type(layer.intermediate.intermediate_act_fn) is GELUActivation and not layer.is_decoder
