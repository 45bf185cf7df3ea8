"""``full`` on pairs: the encoder is trained so that texts which mean the same lie near each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import nn

from foundation.network import Network
from foundation.pairs import split_pair
from foundation.progress import Listener
from foundation.text.encoder import TextEncoder
from foundation.text.pairs import PairEncoder
from foundation.training import activations
from foundation.training.activations import ActivationCache, transformer_layers
from foundation.training.classifier import LayerStack
from foundation.training.finetuning import LayerTuning, trainable_copy
from foundation.training.method import Amount, Count, Labelled, TrainingJob

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Full", "PairContrast", "ranking_loss"]


@dataclass(frozen=True)
class Full(LayerTuning):
    """Contrastive fine-tuning of all layers above ``frozen_layers`` on pairs that are labelled 1 (same) or 0.

    Pairs labelled 0 are the hard negatives; where pairs of 1 stand in one batch, the second text of one is a negative
    of the first text of another as well.

    Parameters
    ----------
    scale : float
        Of cosines in the loss; the larger, the more the hardest pairs count.
    across : bool
        Whether texts of different pairs are negatives of each other.

    Examples
    --------
    >>> Full(epochs=2).needs_dev
    True
    """

    epochs: Count = 3
    learning_rate: Amount = 1e-4
    batch_size: Count = 64
    max_tokens: Count = 64
    scale: float = 20.0
    across: bool = True

    _metric: ClassVar[str] = "auroc"

    def _tunable(self, job: TrainingJob[PairEncoder]) -> TextEncoder:
        return trainable_copy(job.encoder.texts, self.frozen_layers)

    def _model(self, job: TrainingJob[PairEncoder], tuned: TextEncoder) -> "PairContrast":
        layers = transformer_layers(tuned)[self.frozen_layers :]
        return PairContrast(layers, self.scale, across=self.across, token_dropout=self.token_dropout)

    def _network(self, job: TrainingJob[PairEncoder], model: "PairContrast", tuned: TextEncoder) -> Network[Any]:
        encoder, dev = PairEncoder(tuned), job.held_out()
        return Network(encoder, *_head(encoder.encode(dev.items).sum(axis=1), dev.targets, tuned.dimensions))

    def _rows(self, tuned: TextEncoder, data: Labelled, scratch: Path, listener: Listener) -> "_PairRows":
        pairs = [split_pair(item) for item in data.items]
        prefixes = tuned.record.query_prefix, tuned.record.passage_prefix
        texts = [prefix + text for pair in pairs for prefix, text in zip(prefixes, pair, strict=True)]
        targets = np.repeat(data.targets, 2)
        return _PairRows(ActivationCache(tuned, texts, targets, self.frozen_layers, self.max_tokens, scratch, listener))

    @staticmethod
    def _collate(rows: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, torch.Tensor]:
        """Pad a batch: the first texts of all pairs, then the second ones."""
        both = activations.collate([row[0] for row in rows] + [row[1] for row in rows])
        return {**both, "labels": both["labels"][: len(rows)]}

    @staticmethod
    def _score(prediction: Any) -> dict[str, float]:
        return {"auroc": float(roc_auc_score(prediction.label_ids, prediction.predictions))}


class PairContrast(LayerStack):
    """Encoder layers whose vectors' cosines are ranked: every pair that means the same above every one that does not.

    Parameters
    ----------
    layers : iterable of Module
    scale : float
    across : bool
    token_dropout : float
    """

    def __init__(
        self, layers: "Iterable[nn.Module]", scale: float, *, across: bool = True, token_dropout: float = 0.0
    ) -> None:
        super().__init__(layers, token_dropout)
        self.scale = scale
        self.across = across

    def forward(
        self, hidden: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Return ``logits``, the cosines of n pairs, shape (n,), and, with labels, ``loss``.

        ``hidden`` and ``mask`` hold the n first texts and after them the n second ones.
        """
        first, second = self.pooled(hidden, mask).chunk(2)
        cosines = (first * second).sum(dim=-1)
        if labels is None:
            return {"logits": cosines}
        same, other = cosines[labels == 1], cosines[labels == 0]
        if self.across:
            between = first[labels == 1] @ second[labels == 1].T
            other = torch.cat([other, between[~torch.eye(len(between), dtype=torch.bool)]])
        return {"loss": ranking_loss(self.scale * same, self.scale * other), "logits": cosines}


def ranking_loss(same: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return log(1 + the sum of exp(other - same) over all couples of the two): 0 where each ``same`` is far above.

    Su (2022), "CoSENT: a more effective sentence embedding scheme", kexue.fm/archives/8847, equation 7; of pairs with
    two labels it bounds how often a rank is wrong, as AUROC and Spearman's correlation count it.

    Parameters
    ----------
    same, other : Tensor, shapes (p,) and (q,)

    Examples
    --------
    >>> round(float(ranking_loss(torch.tensor([0.0]), torch.tensor([0.0]))), 4)
    0.6931
    """
    couples = (other[None, :] - same[:, None]).flatten()
    return torch.logsumexp(torch.cat([couples.new_zeros(1), couples]), dim=0)


class _PairRows(torch.utils.data.Dataset[tuple[dict[str, Any], dict[str, Any]]]):
    """The pairs of texts that follow each other in a cache."""

    def __init__(self, texts: ActivationCache) -> None:
        self._texts = texts
        lengths = texts.lengths
        self.lengths = [max(pair) for pair in zip(lengths[::2], lengths[1::2], strict=True)]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._texts[2 * row], self._texts[2 * row + 1]


def _head(
    cosines: NDArray[np.float32], targets: NDArray[np.int64], dimensions: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a head over products of vectors that reads their cosine alone, as Platt (1999) maps scores to shares."""
    platt = LogisticRegression(C=1e4).fit(cosines[:, None], targets)
    slope, level = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    sides = np.array([-0.5, 0.5], dtype=np.float32)
    weight: NDArray[np.float32] = np.repeat(sides[:, None] * np.float32(slope), dimensions, axis=1)
    return weight, (sides * np.float32(level))
