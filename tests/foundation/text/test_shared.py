from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from foundation.text.encoder import TextEncoder, _load, load_encoder
from foundation.text.packed import PackedLayer
from foundation.text.trained import load_training, save_training

TEXTS = ["profit rose", "利润上升"]


@pytest.fixture
def plain(tiny_backbone: Path) -> Iterator[TextEncoder]:
    _load.cache_clear()
    yield load_encoder(str(tiny_backbone))
    _load.cache_clear()


@pytest.fixture
def moved(plain: TextEncoder) -> TextEncoder:
    """A copy whose upper layer of two was trained."""
    tuned = plain.tunable_copy()
    with torch.no_grad():
        for parameter in tuned.model.encoder.layer[1].parameters():
            parameter.add_(0.1)
    return tuned


@pytest.fixture
def tuned(plain: TextEncoder, moved: TextEncoder, tmp_path: Path) -> TextEncoder:
    """The same, saved and loaded."""
    save_training(moved, tmp_path)
    return load_training(plain, tmp_path, {file.name for file in tmp_path.iterdir()})


def test_the_lower_layer_is_one_and_read_once(
    plain: TextEncoder, moved: TextEncoder, tuned: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower, upper = tuned.model.encoder.layer
    assert lower is plain.model.encoder.layer[0]
    assert upper is not plain.model.encoder.layer[1]
    read_by, passes = PackedLayer.forward, []

    def counted(layer: PackedLayer, *inputs: Any, **named: Any) -> torch.Tensor:
        passes.extend([1] if layer is lower else [])
        return read_by(layer, *inputs, **named)

    monkeypatch.setattr(PackedLayer, "forward", counted)
    expected = moved.pooled(TEXTS), moved.pooled(TEXTS[:1])
    np.testing.assert_allclose(tuned.pooled(TEXTS), expected[0], atol=1e-5)
    read = plain.pooled(TEXTS)
    assert len(passes) == 1
    assert np.abs(read - expected[0]).max() > 0.01
    np.testing.assert_allclose(tuned.pooled(TEXTS[:1]), expected[1], atol=1e-5)
    assert len(passes) == 2


def test_a_copy_that_is_trained_remembers_nothing(plain: TextEncoder, tuned: TextEncoder) -> None:
    before = tuned.pooled(TEXTS)
    again = tuned.tunable_copy()
    with torch.no_grad():
        for parameter in again.model.encoder.layer[0].parameters():
            parameter.add_(0.1)
    assert np.abs(again.pooled(TEXTS) - before).max() > 0.01
    np.testing.assert_array_equal(tuned.pooled(TEXTS), before)
    np.testing.assert_allclose(plain.pooled(TEXTS), plain.tunable_copy().pooled(TEXTS), atol=1e-5)


def test_its_hash_and_what_it_saves_are_its_own(moved: TextEncoder, tuned: TextEncoder, tmp_path: Path) -> None:
    assert tuned.content_sha256() == moved.content_sha256()
    (tmp_path / "again").mkdir()
    save_training(tuned, tmp_path / "again")
    assert (tmp_path / "again/encoder.safetensors").read_bytes() == (tmp_path / "encoder.safetensors").read_bytes()
