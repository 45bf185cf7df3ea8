"""``pretrain``: the encoder reads a client's unlabelled texts before it is fitted to labels.

Gururangan et al. (2020), "Don't stop pretraining: adapt language models to domains and tasks", arXiv:2004.10964.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import nn
from transformers import DataCollatorForLanguageModeling, set_seed

from foundation.errors import InputError
from foundation.progress import Listener, silent
from foundation.text.encoder import TextEncoder
from foundation.training.activations import attention_bias, plain_attention, transformer_layers
from foundation.training.classifier import fast_bfloat16
from foundation.training.loop import Schedule, train_network
from foundation.training.runs import run_folder

__all__ = ["Pretrain", "Pretrained"]

# Fewer texts than this teach nothing and leave too few to check on.
_FEWEST_TEXTS = 50
_CHECKED_SHARE = 0.1


@dataclass(frozen=True)
class Pretrained:
    """An encoder that has read a client's texts, and how that went."""

    encoder: TextEncoder
    history: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Pretrain:
    """Masked language modelling over the words that occur.

    A multilingual vocabulary has a quarter of a million pieces, of which a client's texts use a few thousand. The
    prediction is over those alone: the last matrix product, which would cost more than the encoder, all but vanishes.

    Parameters
    ----------
    epochs : int
    learning_rate : float
    masked : float
        Share of the tokens to be guessed (Devlin et al. 2019, arXiv:1810.04805, section 3.1).
    batch_size, max_tokens : int

    Examples
    --------
    >>> Pretrain(epochs=2).masked
    0.15
    """

    epochs: int = 3
    learning_rate: float = 1e-4
    masked: float = 0.15
    batch_size: int = 16
    max_tokens: int = 128

    def fit(self, encoder: TextEncoder, texts: Sequence[str], seed: int = 0, listener: Listener = silent) -> Pretrained:
        """Train all layers (not the embedding table) to guess hidden words, and keep the best epoch.

        A tenth of the texts is held out to choose it.

        Raises
        ------
        InputError
            There are too few texts, or the tokenizer has no mask.
        """
        distinct = sorted({text.strip() for text in texts} - {""})
        if len(distinct) < _FEWEST_TEXTS:
            raise InputError(f"got {len(distinct)} distinct unlabelled texts; expected {_FEWEST_TEXTS} or more")
        if encoder.tokenizer.mask_token_id is None:
            raise InputError(f"backbone {encoder.record.name} has no mask token; it cannot be pre-trained on texts")
        set_seed(seed)
        tuned = encoder.tunable_copy()
        train, held_out = self._split(tuned, distinct, seed)
        model = _WordGuesser(tuned, sorted({piece for row in train.rows + held_out.rows for piece in row}))
        layers = [parameter for parameter in model.parameters() if parameter.requires_grad]
        with run_folder(self, encoder.content_sha256(), seed, distinct) as folder, plain_attention(tuned):
            history = train_network(
                model,
                [{"params": layers, "lr": self.learning_rate, "weight_decay": 0.01}],
                train,
                held_out,
                schedule=Schedule(
                    self.epochs, warmup=0.1, batch_size=self.batch_size, accumulation=1, patience=2, average=False
                ),
                collate=DataCollatorForLanguageModeling(encoder.tokenizer, mlm_probability=self.masked),
                score=None,
                folder=folder,
                seed=seed,
                listener=listener,
            )
        tuned.model.eval()
        return Pretrained(tuned, history)

    def _split(self, encoder: TextEncoder, texts: Sequence[str], seed: int) -> tuple["_Pieces", "_Pieces"]:
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(texts), generator=generator).tolist()
        rows = encoder.tokenizer(
            [encoder.record.query_prefix + texts[at] for at in order], truncation=True, max_length=self.max_tokens
        )["input_ids"]
        checked = ceil(len(rows) * _CHECKED_SHARE)
        return _Pieces(rows[checked:]), _Pieces(rows[:checked])


class _Pieces(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(self, rows: list[list[int]]) -> None:
        self.rows = rows
        self.lengths = [len(row) for row in rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> dict[str, Any]:
        return {"input_ids": self.rows[at]}


class _WordGuesser(nn.Module):
    """Encoder layers and a head that scores the vocabulary that occurs, tied to the frozen embedding table."""

    def __init__(self, encoder: TextEncoder, vocabulary: Sequence[int]) -> None:
        super().__init__()
        self.layers = transformer_layers(encoder)
        self._embed = [encoder.model.get_submodule("embeddings").requires_grad_(False)]  # a list: not to be saved
        width = encoder.dimensions
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(len(vocabulary)))
        table: torch.Tensor = encoder.model.get_input_embeddings().weight
        columns = torch.full((len(table),), -100)
        columns[torch.tensor(vocabulary)] = torch.arange(len(vocabulary))
        self.register_buffer("columns", columns, persistent=False)
        self.register_buffer("words", table[torch.tensor(vocabulary)].detach().clone(), persistent=False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            hidden = self._embed[0](input_ids=input_ids)
        bias = attention_bias(attention_mask.bool())
        with torch.autocast(hidden.device.type, torch.bfloat16, enabled=fast_bfloat16()):
            for layer in self.layers:
                hidden = layer(hidden, bias)
            hidden_there = self.transform(hidden[labels != -100])
            logits = hidden_there @ self.get_buffer("words").T
        targets = self.get_buffer("columns")[labels[labels != -100]]
        loss = nn.functional.cross_entropy(logits.float() + self.bias, targets, reduction="sum")
        return {"loss": loss / max(1, len(targets))}
