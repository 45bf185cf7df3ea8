import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import AssetError
from foundation.text.q4 import dequantise, read_q4


def test_a_block_worked_out_by_hand() -> None:
    # scale -0.25; byte j is low nibble j, high nibble j + 16: 0x1F holds 15 and 1, 0x80 holds 0 and 8
    block = np.float16(-0.25).tobytes() + bytes([0x1F, 0x80]) + bytes([0x88] * 14)
    weights = dequantise(block, 32)
    assert weights.dtype == np.float32
    assert weights[[0, 1, 2]].tolist() == [(15 - 8) * -0.25, (0 - 8) * -0.25, 0.0]
    assert weights[[16, 17, 18]].tolist() == [(1 - 8) * -0.25, 0.0, 0.0]


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_every_weight_is_a_multiple_of_its_blocks_scale(first: bytes, second: bytes) -> None:
    scales = [np.float16(0.5), np.float16(0.125)]
    weights = dequantise(scales[0].tobytes() + first + scales[1].tobytes() + second, 64).reshape(2, 32)
    for row, scale in zip(weights, scales, strict=True):
        steps = row / np.float32(scale)
        assert (steps == np.round(steps)).all()
        assert steps.min() >= -8
        assert steps.max() <= 7


def tiny_file() -> bytes:
    """One layer of hidden size 32, one token of vocabulary, written as the format says."""
    header = b"E5S1" + struct.pack("<I7i", 1, 32, 1, 2, 32, 1, 1, 1) + struct.pack("<fi", 1e-12, 32)
    tokenizer = struct.pack("<5iQ", 1, 0, 2, 1, 3, 1) + struct.pack("<2I", 0, 1) + struct.pack("<f", 0.0) + b"a"
    tokenizer += struct.pack("<iI", 0, 2) + b"xx"
    word = np.float16(0.5).tobytes() + bytes([0x99] * 16)
    bias = np.arange(32, dtype="<f4").tobytes()
    entries = [("emb.word", 1, word), ("l0.q.b", 0, bias)]
    size = sum(2 + len(name) + 21 for name, _, _ in entries)
    at = len(header) + len(tokenizer) + 4 + size
    directory, body = struct.pack("<i", len(entries)), b""
    for name, kind, raw in entries:
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, 32, at + len(body), len(raw))
        body += raw
    return header + tokenizer + directory + body


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "tiny.bin").write_bytes(tiny_file())
    file = read_q4(tmp_path / "tiny.bin")
    assert (file.hidden, file.layers, file.heads) == (32, 1, 2)
    assert file.tensors["embeddings.word_embeddings.weight"].shape == (1, 32)
    assert (file.tensors["embeddings.word_embeddings.weight"] == 0.5).all()
    assert file.tensors["encoder.layer.0.attention.self.query.bias"].tolist() == list(range(32))


@pytest.mark.parametrize("content", [b"", b"GGUF....", tiny_file()[:60]])
def test_what_is_no_such_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.bin").write_bytes(content)
    with pytest.raises(AssetError, match=r"bad.bin: not a readable E5S1 file .*'colonnade assets verify'"):
        read_q4(tmp_path / "bad.bin")
