"""The frozen lower part of an encoder, run once: its outputs are all that training reads.

Every epoch would compute the same numbers again. The embedding table (four fifths of a multilingual encoder's weights)
and the frozen layers are left out of training altogether: no forward pass, no gradient, no optimiser state.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from foundation.errors import ColonnadeError, InputError
from foundation.progress import Listener
from foundation.text.encoder import TextEncoder

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ActivationCache", "attention_bias", "collate", "plain_attention", "transformer_layers"]

_BATCH = 32
_NO_ATTENTION = -1e9


def transformer_layers(encoder: TextEncoder) -> "nn.ModuleList":
    """Return the layers of an encoder that is built as BERT is (BERT, RoBERTa, XLM-RoBERTa, ...), bottom first.

    Raises
    ------
    InputError
        The encoder is built otherwise: its layers cannot be taken apart here.
    """
    layers: nn.ModuleList | None = getattr(getattr(encoder.model, "encoder", None), "layer", None)
    if layers is None or not hasattr(encoder.model, "embeddings"):
        raise InputError(
            f"backbone {encoder.record.name} ({type(encoder.model).__name__}) is not built as BERT is; "
            "use method probe, or another backbone"
        )
    return layers


class ActivationCache(torch.utils.data.Dataset[dict[str, Any]]):
    """Token vectors after the embeddings and the frozen layers, on the disk in half precision.

    Parameters
    ----------
    encoder : TextEncoder
    texts : sequence of str
        With the prefixes that the encoder wants.
    targets : ndarray of int
    frozen_layers : int
        How many layers from the bottom are run here; the rest is trained.
    max_tokens : int
        Where a text is cut. Prediction reads all of it.
    path : Path
        A scratch file of ``2 * d`` bytes a token, 77 KB for a sentence of a hundred tokens at 384 dimensions.
    listener : Listener

    Raises
    ------
    ColonnadeError
        The disk is full.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        texts: Sequence[str],
        targets: NDArray[np.int64],
        frozen_layers: int,
        max_tokens: int,
        path: Path,
        listener: Listener,
    ) -> None:
        encoded = encoder.tokenizer(list(texts), truncation=True, max_length=min(max_tokens, encoder.record.max_tokens))
        tokens: list[list[int]] = encoded["input_ids"]
        self.targets = targets
        self.lengths = [len(row) for row in tokens]
        self._starts = np.zeros(len(tokens), dtype=np.int64)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("wb") as stream:
                self._write(stream, encoder, tokens, frozen_layers, listener)
        except OSError as error:
            raise ColonnadeError(
                f"cannot write {path}: {error.strerror}; free space, or choose another place with COLONNADE_HOME"
            ) from error
        self._vectors = np.memmap(path, dtype=np.float16, mode="r").reshape(-1, encoder.dimensions)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> dict[str, Any]:
        vectors = self._vectors[self._starts[row] : self._starts[row] + self.lengths[row]]
        return {"hidden": torch.from_numpy(vectors.astype(np.float32)), "label": int(self.targets[row])}

    def _write(
        self,
        stream: BinaryIO,
        encoder: TextEncoder,
        tokens: Sequence[Sequence[int]],
        frozen_layers: int,
        listener: Listener,
    ) -> None:
        embed, lower = encoder.model.get_submodule("embeddings"), transformer_layers(encoder)[:frozen_layers]
        order = np.argsort(self.lengths, kind="stable")
        encoder.model.eval()
        written = 0
        with torch.inference_mode():
            for start in range(0, len(order), _BATCH):
                rows = order[start : start + _BATCH]
                ids = pad_sequence([torch.tensor(tokens[row]) for row in rows], batch_first=True)
                mask = _mask([self.lengths[row] for row in rows])
                hidden = embed(input_ids=ids)
                for layer in lower:
                    hidden = layer(hidden, attention_bias(mask))
                for row, vectors in zip(rows, hidden.half().numpy(), strict=True):
                    self._starts[row] = written
                    stream.write(vectors[: self.lengths[row]].tobytes())
                    written += self.lengths[row]
                listener(min(start + _BATCH, len(order)), len(order), "running the frozen layers")


def attention_bias(mask: torch.Tensor) -> torch.Tensor:
    """Return what is added to attention scores, shape (n, 1, 1, tokens): 0 for a token, far below it for padding.

    The layers broadcast it; PyTorch's fused kernels would copy it out for every layer.
    """
    return torch.zeros(mask.shape).masked_fill_(~mask, _NO_ATTENTION)[:, None, None, :]


@contextmanager
def plain_attention(encoder: TextEncoder) -> Iterator[None]:
    """Let the layers multiply scores and values one after the other, and not in one fused kernel.

    At the lengths of sentences, PyTorch 2.13's kernel takes four times as long to go backwards on a CPU.
    """
    before = encoder.model.config._attn_implementation
    encoder.model.set_attn_implementation("eager")
    try:
        yield
    finally:
        encoder.model.set_attn_implementation(before)


def collate(rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Pad a batch: ``hidden`` (n, tokens, d), ``mask`` (n, tokens), ``labels`` (n,)."""
    hidden = pad_sequence([row["hidden"] for row in rows], batch_first=True)
    mask = _mask([len(row["hidden"]) for row in rows])
    return {"hidden": hidden, "mask": mask, "labels": torch.tensor([row["label"] for row in rows])}


def _mask(lengths: Sequence[int]) -> torch.Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
