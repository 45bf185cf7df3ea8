"""What the Trainer trains: the upper layers of an encoder, mean pooling and a linear head."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from foundation.text.encoder import mean_pool
from foundation.training.activations import attention_bias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["HEAD_SCALE", "LayerClassifier", "LayerStack", "fast_bfloat16", "weighted_cross_entropy"]

#: The head reads unit vectors drawn out to this length, about that of the encoder's own: with unit length its weights
# would have to grow first. It is multiplied into the head's weights after training.
HEAD_SCALE = 16.0


class LayerStack(nn.Module):
    """Encoder layers and mean pooling.

    Parameters
    ----------
    layers : iterable of Module
        Run in this order on the cached activations.
    token_dropout : float
        Share of the tokens that a training text loses, the first one excepted.
    """

    def __init__(self, layers: "Iterable[nn.Module]", token_dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.token_dropout = token_dropout

    def pooled(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return one unit vector a text, shape (n, d)."""
        if self.training and self.token_dropout:
            kept = torch.rand(mask.shape, device=mask.device) >= self.token_dropout
            kept[:, 0] = True
            mask = mask & kept
        bias = attention_bias(mask)
        with torch.autocast(hidden.device.type, torch.bfloat16, enabled=fast_bfloat16()):
            for layer in self.layers:
                hidden = layer(hidden, bias)
        return nn.functional.normalize(mean_pool(hidden.float(), mask), dim=-1)


class LayerClassifier(LayerStack):
    """Encoder layers, mean pooling, dropout, linear head, weighted cross-entropy.

    Parameters
    ----------
    layers, token_dropout
        See ``LayerStack``.
    class_weight : Tensor, shape (classes,)
        1 on average over the training texts.
    dimensions : int
    dropout : float
        Of the vector that the head reads.
    label_smoothing : float
        Szegedy et al. (2016), arXiv:1512.00567, section 7.
    r_drop : float
        Weight of the divergence between two passes with different dropout; it doubles the time.
        Liang et al. (2021), "R-Drop", arXiv:2106.14448.
    adversarial : float
        How far the token vectors of the second pass are moved to where the loss rises fastest, as a share of their
        length; half as much time again. Miyato et al. (2017), "Adversarial training methods for semi-supervised text
        classification", arXiv:1605.07725, section 3.
    penalty : callable, optional
        Added to the loss in training.
    """

    def __init__(
        self,
        layers: "Iterable[nn.Module]",
        class_weight: torch.Tensor,
        dimensions: int,
        *,
        dropout: float = 0.1,
        label_smoothing: float = 0.0,
        token_dropout: float = 0.0,
        r_drop: float = 0.0,
        adversarial: float = 0.0,
        penalty: "Callable[[], torch.Tensor] | None" = None,
    ) -> None:
        super().__init__(layers, token_dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(dimensions, len(class_weight))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("class_weight", class_weight, persistent=False)
        self.label_smoothing = label_smoothing
        self.r_drop = r_drop
        self.adversarial = adversarial
        self.penalty = penalty

    def forward(
        self, hidden: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Return ``logits`` (n, classes) and, with labels, ``loss``."""
        moved = self.training and self.adversarial > 0
        hidden = hidden.detach().requires_grad_() if moved else hidden
        logits = self._logits(hidden, mask)
        if labels is None:
            return {"logits": logits}
        loss = self._loss(logits, labels)
        if self.training and (self.r_drop or moved):
            again = self._logits(_harder(hidden, mask, loss, self.adversarial) if moved else hidden, mask)
            divergence = (_divergence(logits, again) + _divergence(again, logits)) / 2
            loss = (loss + self._loss(again, labels)) / 2 + self.r_drop * divergence
        if self.training and self.penalty:
            loss = loss + self.penalty()
        return {"loss": loss, "logits": logits}

    def _logits(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.dropout(HEAD_SCALE * self.pooled(hidden, mask)))
        return logits

    def linear_head(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weight (classes, d) and bias (classes,) of the head over unit vectors."""
        weight, bias = self.head.weight.detach(), self.head.bias.detach()
        return (HEAD_SCALE * weight).numpy(), bias.numpy().copy()

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return weighted_cross_entropy(logits, labels, self.get_buffer("class_weight"), self.label_smoothing)


def weighted_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, class_weight: torch.Tensor, label_smoothing: float
) -> torch.Tensor:
    """Weigh each example by its class.

    ``cross_entropy(weight=...)`` would weigh the smoothed mass of the other classes too, which caps the confidence of
    common classes below that of rare ones and leaves a ranking by confidence without meaning. Dividing by the number of
    examples, and not by their weights, makes a batch the same as its halves accumulated.
    """
    losses = nn.functional.cross_entropy(logits, labels, reduction="none", label_smoothing=label_smoothing)
    return (losses * class_weight[labels]).mean()


def fast_bfloat16() -> bool:
    """Tell whether this processor multiplies bfloat16 matrices in hardware: several times as fast as float32.

    Weights, optimiser and head stay in float32; prediction does so altogether.
    """
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _harder(hidden: torch.Tensor, mask: torch.Tensor, loss: torch.Tensor, share: float) -> torch.Tensor:
    """Move each text's token vectors by a share of their length to where the loss rises fastest."""
    (gradient,) = torch.autograd.grad(loss, hidden, retain_graph=True)
    length = (hidden.detach() * mask[..., None]).flatten(1).norm(dim=1)
    step: torch.Tensor = share * length / gradient.flatten(1).norm(dim=1).clamp(min=1e-12)
    return hidden.detach() + step[:, None, None] * gradient


def _divergence(logits: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return nn.functional.kl_div(logits.log_softmax(-1), others.log_softmax(-1), reduction="batchmean", log_target=True)
