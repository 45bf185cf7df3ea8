"""Lower layers that a tuned encoder has in common with its backbone: one copy in memory, and one pass for both.

Where a text is read by both, one after the other (its intent by the tuned one, the articles by the plain one), the
second finds what the layers in common made of it.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from foundation.text.packed import frozen

if TYPE_CHECKING:
    from torch import nn

__all__ = ["share_lower_layers"]

# Batches of at most so many tokens are remembered: the messages of a moment, and no long document (1.5 MB a layer).
_REMEMBERED_TOKENS = 1024


def share_lower_layers(model: "nn.Module", backbone: "nn.Module", moved: Collection[str]) -> int:
    """Let a model answer through its backbone's layers, from the lowest to the last before one that training moved.

    Parameters
    ----------
    model, backbone : Module
        Built alike; nothing is shared where that is not as BERT is.
    moved : collection of str
        Names of the model's tensors that are not the backbone's.

    Returns
    -------
    int
        How many layers are shared.
    """
    layers, below = (getattr(getattr(each, "encoder", None), "layer", None) for each in (model, backbone))
    if layers is None or below is None or any(name.startswith("embeddings.") for name in moved):
        return 0
    for at in range(len(layers)):
        if any(name.startswith(f"encoder.layer.{at}.") for name in moved):
            return at
        layers[at] = _remembering(below[at])
    return len(layers)


class _Remembering:
    """Mixed into a layer: what came in last, and what went out.

    Only of frozen weights and without gradients. A copy remembers nothing, since its weights may move.
    """

    _weights: tuple[Tensor, ...] = ()
    _last: tuple[Tensor, Tensor | None, Tensor] | None = None

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor | None = None, *others: Any, **named: Any
    ) -> Tensor:
        layer: Any = super()
        last = self._last
        if last and frozen(self._weights) and _same(last[0], hidden_states) and _same(last[1], attention_mask):
            return last[2]
        told: Tensor = layer.forward(hidden_states, attention_mask, *others, **named)
        if self._weights and frozen(self._weights) and hidden_states.shape[:-1].numel() <= _REMEMBERED_TOKENS:
            self._last = hidden_states, attention_mask, told
        return told

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_weights", "_last")}


def _remembering(layer: "nn.Module") -> "nn.Module":
    kind = type(layer)
    if not issubclass(kind, _Remembering):
        layer.__class__ = type(kind.__name__, (_Remembering, kind), {"__module__": kind.__module__})
    layer._weights = tuple(layer.parameters())  # type: ignore[assignment]  # asked for at each pass: named once
    return layer


def _same(first: Tensor | None, second: Tensor | None) -> bool:
    if first is None or second is None:
        return first is second
    return first is second or torch.equal(first, second)
