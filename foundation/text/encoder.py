"""Texts to vectors, in the order given, whatever their length."""

import copy
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foundation.errors import AssetError
from foundation.progress import Listener, silent
from foundation.text.backbone import TextBackbone, backbone_record, backbone_sha256, prepare_backbone

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

__all__ = ["TextEncoder", "load_encoder", "mean_pool"]

# Texts that the last requests asked for, 1.5 KB each: tone and topic of one text cost one pass.
_MEMO_TEXTS = 8192
_BATCH_WINDOWS = 32
# A window is cut by characters and tokenised again, which may add a piece at either end.
_SLACK_TOKENS = 4


def mean_pool(hidden: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """Average the token vectors of each text, padding left out.

    Parameters
    ----------
    hidden : Tensor, shape (n, tokens, d)
    mask : Tensor, shape (n, tokens)
        1 for a token, 0 for padding.

    Returns
    -------
    Tensor, shape (n, d)
    """
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


class TextEncoder:
    """An encoder with mean pooling.

    Parameters
    ----------
    model, tokenizer
        As ``AutoModel`` and ``AutoTokenizer`` load them; the model may be wrapped by peft.
    record : TextBackbone
        Prefixes and the longest window.
    sha256 : str
        Of the files it was loaded from.
    tuned : bool
        Whether its layers were trained since.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: "PreTrainedTokenizerBase",
        record: TextBackbone,
        sha256: str,
        *,
        tuned: bool = False,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.record = record
        self.sha256 = sha256
        self.tuned = tuned
        self._memo: dict[str, NDArray[np.float32]] = {}
        self._lock = RLock()

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.model.config.hidden_size)

    def encode(
        self, texts: Sequence[str], *, passages: bool = False, listener: Listener = silent
    ) -> NDArray[np.float32]:
        """Return one L2-normalised vector a text.

        A text longer than the encoder's window is cut into windows whose vectors are averaged by their numbers of
        tokens; nothing is dropped. An empty text is the vector of the bare prefix. Windows of like length share a
        batch, so little is spent on padding; the order of the texts is kept.

        Parameters
        ----------
        texts : sequence of str, length n
        passages : bool
            Use the prefix of passages (what is searched) and not of queries.
        listener : Listener
            Told of windows done.

        Returns
        -------
        ndarray of float32, shape (n, d)

        Examples
        --------
        >>> encoder = load_encoder("multilingual-e5-small-q4")  # doctest: +SKIP
        >>> encoder.encode(["Profit rose.", "利润上升。"]).shape  # doctest: +SKIP
        (2, 384)
        """
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        prefix = self.record.passage_prefix if passages else self.record.query_prefix
        with self._lock:
            keys = [prefix + text for text in texts]
            # what is already known is taken out first: remembering the rest may push it out of the memory
            vectors = {key: self._memo[key] for key in keys if key in self._memo}
            missing = [(key, text) for key, text in dict(zip(keys, texts, strict=True)).items() if key not in vectors]
            if missing:
                pooled = self.pooled([text for _, text in missing], prefix=prefix, listener=listener)
                pooled /= np.linalg.norm(pooled, axis=1, keepdims=True)
                vectors.update(zip((key for key, _ in missing), pooled, strict=True))
                self._remember(vectors)
        return np.stack([vectors[key] for key in keys])

    def pooled(
        self,
        texts: Sequence[str],
        *,
        prefix: str | None = None,
        listener: Listener = silent,
        adapters: Sequence[str] | None = None,
    ) -> NDArray[np.float32]:
        """Return the mean of each text's token vectors, not normalised and not remembered; shape (n, d).

        ``adapters`` names one of the model's adapters for each text (see ``foundation.text.adapters``).
        """
        import torch

        prefix = self.record.query_prefix if prefix is None else prefix
        windows = [(row, window) for row, text in enumerate(texts) for window in self.windows(text, prefix)]
        encoded = self.tokenizer(
            [prefix + window for _, window in windows], truncation=True, max_length=self.record.max_tokens
        )
        lengths = np.array([len(ids) for ids in encoded["input_ids"]])
        order = np.argsort(-lengths, kind="stable")
        total = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        tokens = np.zeros((len(texts), 1), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(order), _BATCH_WINDOWS):
                batch = order[start : start + _BATCH_WINDOWS]
                inputs = self.tokenizer.pad(
                    {
                        "input_ids": [encoded["input_ids"][i] for i in batch],
                        "attention_mask": [encoded["attention_mask"][i] for i in batch],
                    },
                    return_tensors="pt",
                )
                rows = [windows[i][0] for i in batch]
                named = {} if adapters is None else {"adapter_names": [adapters[row] for row in rows]}
                hidden = self.model(**inputs, **named).last_hidden_state
                vectors = mean_pool(hidden, inputs["attention_mask"]).numpy()
                np.add.at(total, rows, vectors * lengths[batch, None])
                np.add.at(tokens, rows, lengths[batch, None])
                listener(min(start + _BATCH_WINDOWS, len(order)), len(order), "encoding")
        return total / tokens

    def windows(self, text: str, prefix: str) -> list[str]:
        """Cut a text into pieces that fit the encoder's window, at token borders; a short text is one piece."""
        affix = len(self.tokenizer(prefix)["input_ids"])
        room = self.record.max_tokens - affix - _SLACK_TOKENS
        # a token is at least one character, but for the mark that opens a word: most texts need no look
        if 2 * len(text) <= room:
            return [text]
        spans = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = spans["offset_mapping"]
        if len(offsets) <= room:
            return [text]
        cuts = [offsets[at : at + room] for at in range(0, len(offsets), room)]
        return [text[cut[0][0] : cut[-1][1]] for cut in cuts]

    def tunable_copy(self) -> "TextEncoder":
        """Return a copy whose layers can be trained; the embeddings, most of the memory, are shared and frozen."""
        embeddings = self.model.get_submodule("embeddings").requires_grad_(False)
        model = copy.deepcopy(self.model, {id(embeddings): embeddings}).requires_grad_(True)
        embeddings.requires_grad_(False)
        pooler = getattr(model, "pooler", None)
        if pooler is not None:
            pooler.requires_grad_(False)  # mean pooling does not use it
        return TextEncoder(model, self.tokenizer, self.record, self.sha256, tuned=True)

    def content_sha256(self) -> str:
        """Return a hash of the weights as they are now: ``sha256`` where they are those of the files."""
        if not self.tuned:
            return self.sha256
        digest = sha256(self.sha256.encode())
        for name, parameter in self.model.named_parameters():
            if not name.startswith("embeddings."):
                digest.update(name.encode() + parameter.detach().numpy().tobytes())
        return digest.hexdigest()

    def _remember(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        self._memo.update(vectors)
        for key in list(self._memo)[: max(0, len(self._memo) - _MEMO_TEXTS)]:
            del self._memo[key]


def load_encoder(name: str, listener: Listener = silent) -> TextEncoder:
    """Load a backbone by name; the same name gives the same object, so that tasks share one copy in memory.

    Raises
    ------
    InputError, AssetError
        As ``prepare_backbone``; also when the folder holds no model that can be loaded.
    """
    return _load(prepare_backbone(name, listener), name)


@lru_cache(maxsize=4)
def _load(folder: Path, name: str) -> TextEncoder:
    import torch
    from transformers import AutoModel, AutoTokenizer

    from foundation.text.packed import pack

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model = AutoModel.from_pretrained(folder, trust_remote_code=False, use_safetensors=True, dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise AssetError(f"{folder} cannot be loaded as a text backbone: {first}") from error
    return TextEncoder(pack(model.eval()), tokenizer, backbone_record(name), backbone_sha256(folder))
