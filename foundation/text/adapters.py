"""Low-rank adapters: several tasks over one backbone in memory, and in one batch.

Hu et al. (2022), "LoRA: low-rank adaptation of large language models", arXiv:2106.09685. The files are peft's own, so
``PeftModel.from_pretrained`` reads them too.
"""

import copy
import json
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from foundation.network import Network
from foundation.progress import Listener, silent
from foundation.text.encoder import TextEncoder
from foundation.text.tuned import with_tensors

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

__all__ = ["AdaptedEncoder", "Adapter", "adapt", "inject", "merge", "mixed_logits", "sharing_copy"]

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True, eq=False)
class Adapter:
    """The low-rank updates of one task.

    Attributes
    ----------
    config : dict
        Of a ``peft.LoraConfig``.
    tensors : mapping of name to ndarray of float32
    """

    config: Mapping[str, Any]
    tensors: Mapping[str, NDArray[np.float32]]

    def save(self, folder: Path) -> None:
        """Write the two files that peft reads."""
        from safetensors.numpy import save_file

        save_file({name: np.ascontiguousarray(value) for name, value in self.tensors.items()}, folder / WEIGHTS_FILE)
        (folder / CONFIG_FILE).write_text(json.dumps(self.config, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the two files; ``OSError`` or ``ValueError`` where they are not what they should be."""
        from safetensors.numpy import load_file

        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        return cls(config, load_file(folder / WEIGHTS_FILE))


class AdaptedEncoder(TextEncoder):
    """An encoder that answers through its adapter and shares everything else.

    Parameters
    ----------
    shared : TextEncoder
    bank : PeftModel
        Holds the adapters of all tasks over the shared backbone.
    name : str
        Of this one's in the bank.
    adapter : Adapter
    lock : RLock
        Of the bank.
    """

    def __init__(self, shared: TextEncoder, bank: "PeftModel", name: str, adapter: Adapter, lock: RLock) -> None:
        super().__init__(bank, shared.tokenizer, shared.record, shared.sha256, tuned=shared.tuned)
        self.shared = shared
        self.name = name
        self.adapter = adapter
        self.lock = lock

    def content_sha256(self) -> str:
        """Return a hash of the shared weights and of the adapter."""
        digest = sha256(self.shared.content_sha256().encode())
        for name, value in sorted(self.adapter.tensors.items()):
            digest.update(name.encode() + np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()

    def pooled(
        self,
        texts: Sequence[str],
        *,
        prefix: str | None = None,
        listener: Listener = silent,
        adapters: Sequence[str] | None = None,
    ) -> NDArray[np.float32]:
        """Return the mean of each text's token vectors, each through its own of ``adapters`` where they are named."""
        named = [self.name] * len(texts) if adapters is None else adapters
        with self.lock:  # peft names the adapters of a batch by hooks on the modules that all share
            return super().pooled(texts, prefix=prefix, listener=listener, adapters=named)


def adapt(encoder: TextEncoder, adapter: Adapter) -> AdaptedEncoder:
    """Put an adapter over an encoder; it leaves memory with the returned object."""
    bank = _bank(encoder)
    name = uuid4().hex
    adapted = AdaptedEncoder(encoder, bank.add(name, adapter), name, adapter, bank.lock)
    weakref.finalize(adapted, bank.remove, name)
    return adapted


def mixed_logits(
    networks: Sequence[Network[TextEncoder]], texts: Sequence[str], listener: Listener = silent
) -> list[NDArray[np.float64]]:
    """Return each text's class scores by its own network, in one pass over the backbone that all share.

    Parameters
    ----------
    networks : sequence of Network, length n
        Of adapted encoders over one backbone.
    texts : sequence of str, length n

    Returns
    -------
    list of ndarray, shape (classes of the network,)
    """
    encoders = [network.encoder for network in networks]
    if not encoders:
        return []
    first = encoders[0]
    if not all(isinstance(encoder, AdaptedEncoder) and encoder.model is first.model for encoder in encoders):
        raise ValueError("networks do not share a backbone; expected adapters over one encoder")
    assert isinstance(first, AdaptedEncoder)  # noqa: S101  # for mypy: all() above has checked it
    names = [encoder.name for encoder in encoders if isinstance(encoder, AdaptedEncoder)]
    vectors = first.pooled(texts, listener=listener, adapters=names)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [network.scores(vector[None])[0] for network, vector in zip(networks, vectors, strict=True)]


def merge(adapted: AdaptedEncoder) -> TextEncoder:
    """Return an encoder of its own with the adapter multiplied into its weights: quicker, and as large as they are."""
    tensors = {}
    layer: Any
    for name, layer in adapted.model.get_base_model().named_modules():
        if adapted.name in getattr(layer, "lora_A", ()):
            weight = layer.get_base_layer().weight + layer.get_delta_weight(adapted.name)
            tensors[f"{name}.weight"] = weight.detach().numpy()
    return with_tensors(adapted.shared, tensors)


def sharing_copy(model: "PreTrainedModel") -> "PreTrainedModel":
    """Copy the modules and share every tensor: layers can be wrapped without the original's noticing."""
    tensors = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})


def inject(model: Any, config: Any, name: str = "default") -> "PeftModel":
    """Wrap the layers that a peft configuration names."""
    import warnings

    from peft import get_peft_model

    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5 for an attribute by its former name
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        wrapped: PeftModel = get_peft_model(model, config, adapter_name=name)
    return wrapped


class _Bank:
    """All adapters over one backbone."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._model: PeftModel | None = None
        self.lock = RLock()

    def add(self, name: str, adapter: Adapter) -> "PeftModel":
        from peft import LoraConfig, set_peft_model_state_dict

        config = LoraConfig(**adapter.config)
        with self.lock:
            if self._model is None:
                self._model = inject(sharing_copy(self._encoder.model), config, name)
            else:
                self._model.add_adapter(name, config)
            set_peft_model_state_dict(self._model, _as_tensors(adapter), adapter_name=name)
            return self._model.eval()

    def remove(self, name: str) -> None:
        with self.lock:
            others = [other for other in self._model.peft_config if other != name] if self._model is not None else []
            if self._model is not None and others:
                self._model.set_adapter(others[0], inference_mode=True)
                self._model.delete_adapter(name)
            else:  # peft keeps one at least
                self._model = None


@lru_cache(maxsize=4)
def _bank(encoder: TextEncoder) -> _Bank:
    return _Bank(encoder)


def _as_tensors(adapter: Adapter) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(value)) for name, value in adapter.tensors.items()}
