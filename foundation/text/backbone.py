"""Text backbones by name: what each expects, and a folder that any Hugging Face class can load.

``multilingual-e5-small-q4`` comes through the package index in 4 bits and is dequantised once; a folder or a Hub id
works too. Known ones carry their prefixes (Wang et al. 2024, arXiv:2402.05672, for e5).
"""

import json
import logging
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from foundation.assets import fetch, find_asset
from foundation.assets.hub import hub_folder
from foundation.errors import InputError
from foundation.files import atomic_folder, sha256_file
from foundation.progress import Listener, silent
from foundation.settings import settings

__all__ = ["BACKBONES", "DEFAULT_BACKBONE", "TextBackbone", "backbone_record", "prepare_backbone"]

logger = logging.getLogger(__name__)

DEFAULT_BACKBONE = "multilingual-e5-small-q4"


@dataclass(frozen=True)
class TextBackbone:
    """What must be known of an encoder before it is loaded.

    Attributes
    ----------
    name : str
        A known name, a Hub id or a local folder.
    query_prefix, passage_prefix : str
        Put before each text, as in the encoder's own training.
    max_tokens : int
        Longest window, special tokens included.
    languages : tuple of str
        ISO 639-1 codes it is good for; ``("*",)`` for a hundred and more.
    """

    name: str
    query_prefix: str = ""
    passage_prefix: str = ""
    max_tokens: int = 512
    languages: tuple[str, ...] = ("*",)


_E5 = TextBackbone("multilingual-e5-small", "query: ", "passage: ")

BACKBONES: dict[str, TextBackbone] = {
    record.name: record
    for record in (
        replace(_E5, name=DEFAULT_BACKBONE),
        _E5,
        # 256 word pieces: "max_seq_length" in its sentence_bert_config.json
        TextBackbone("minilm-l6", max_tokens=256, languages=("en",)),
    )
}

# What loading needs. No *.bin (pickle) and no *.py (code) is ever taken from a hub.
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*.json"]


def backbone_record(name: str) -> TextBackbone:
    """Return the record of a known backbone, or a plain one for a Hub id or a folder.

    Examples
    --------
    >>> backbone_record("multilingual-e5-small-q4").query_prefix
    'query: '
    >>> backbone_record("acme/encoder").max_tokens
    512
    """
    return BACKBONES.get(name, TextBackbone(name))


def prepare_backbone(name: str, listener: Listener = silent) -> Path:
    """Return a folder with ``config.json``, tokenizer and safetensors weights, fetching or making it first.

    Parameters
    ----------
    name : str
        A name of ``BACKBONES``, a local folder, or a Hub id ``OWNER/NAME``.
    listener : Listener
        Told of the bytes of a download.

    Raises
    ------
    InputError
        The name is neither known nor a folder nor a Hub id, or the folder is no model.
    AssetError
        It cannot be fetched.
    """
    if name == DEFAULT_BACKBONE:
        return _dequantised(fetch(find_asset(name), listener))
    if name in BACKBONES:
        return fetch(find_asset(name), listener)
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file() or not list(folder.glob("*.safetensors")):
            raise InputError(f"{folder} is no backbone: expected config.json, a tokenizer and *.safetensors in it")
        return folder
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return hub_folder(name, _HUB_FILES, DEFAULT_BACKBONE)
    known = ", ".join(BACKBONES)
    raise InputError(f"unknown backbone {name!r}; expected one of {known}, a local folder, or a Hub id OWNER/NAME")


def backbone_sha256(folder: Path) -> str:
    """Return one hash over the weights, the configuration and the tokenizer of a backbone folder."""
    files = sorted(path for path in folder.glob("*") if path.suffix in (".safetensors", ".json", ".txt", ".model"))
    return sha256("".join(f"{path.name} {sha256_file(path)}\n" for path in files).encode()).hexdigest()


def _dequantised(asset: Path) -> Path:
    """Write the 4-bit file as a standard folder, once; two processes do not write it at the same time."""
    folder = settings().home / "backbones" / DEFAULT_BACKBONE
    lock = settings().home / "backbones" / f".{DEFAULT_BACKBONE}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        if not folder.is_dir():
            logger.info("dequantising %s into %s", asset, folder)
            with atomic_folder(folder) as temporary:
                _write_folder(asset, temporary)
    return folder


def _write_folder(asset: Path, folder: Path) -> None:
    from safetensors.numpy import save_file

    from foundation.text.q4 import read_q4

    file = read_q4(asset / "e5-small-q4.bin")
    save_file(file.tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "tokenizer.json").write_bytes((asset / "tokenizer.json").read_bytes())
    described = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": file.hidden,
            "intermediate_size": file.feed_forward,
            "layer_norm_eps": file.epsilon,
            "max_position_embeddings": file.positions,
            "num_attention_heads": file.heads,
            "num_hidden_layers": file.layers,
            "pad_token_id": 1,
            "type_vocab_size": file.types,
            "vocab_size": file.vocabulary,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": file.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
        **sentence_transformer_files(_E5, file.hidden),
    }
    (folder / "1_Pooling").mkdir()
    for name, content in described.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def sentence_transformer_files(record: TextBackbone, dimensions: int) -> dict[str, Any]:
    """Return the files that let SentenceTransformer load a folder with the right pooling and prefixes, by name."""
    kind = "sentence_transformers.models"
    prefixed = {"query": record.query_prefix, "document": record.passage_prefix}
    return {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{kind}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{kind}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{kind}.Normalize"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": dimensions, "pooling_mode_mean_tokens": True},
        "config_sentence_transformers.json": {"prompts": prefixed, "default_prompt_name": "query"},
    }
