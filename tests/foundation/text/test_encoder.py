from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from foundation.errors import AssetError, InputError, OfflineError
from foundation.settings import settings
from foundation.text.backbone import backbone_sha256, prepare_backbone
from foundation.text.encoder import TextEncoder, _load, load_encoder, mean_pool


@pytest.fixture
def encoder(tiny_backbone: Path) -> Iterator[TextEncoder]:
    _load.cache_clear()
    yield load_encoder(str(tiny_backbone))
    _load.cache_clear()


def test_mean_pool_leaves_padding_out() -> None:
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]]])
    assert mean_pool(hidden, torch.tensor([[1, 1, 0]])).tolist() == [[2.0, 3.0]]


def test_vectors_are_float32_and_of_length_one(encoder: TextEncoder) -> None:
    vectors = encoder.encode(["profit rose", "利润上升", ""])
    assert vectors.shape == (3, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_no_text_gives_no_vector(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 32)


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("ab利润 ", max_size=40), min_size=1, max_size=50), st.randoms())
def test_order_is_kept_whatever_the_lengths(encoder: TextEncoder, texts: list[str], random: object) -> None:
    shuffled = list(range(len(texts)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    together = encoder.encode([texts[i] for i in shuffled])
    encoder._memo.clear()
    alone = np.concatenate([encoder.encode([texts[i]]) for i in shuffled])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_long_text_is_read_to_its_end(encoder: TextEncoder) -> None:
    start = "a b c " * 300
    assert len(encoder.windows(start, "")) > 1
    assert not np.allclose(encoder.encode([start])[0], encoder.encode([start + "利 润 " * 300])[0], atol=1e-3)


def test_windows_hold_every_letter_once(encoder: TextEncoder) -> None:
    text = " ".join(f"w{n}" for n in range(900))
    assert "".join(encoder.windows(text, "")).replace(" ", "") == text.replace(" ", "")


def test_long_text_is_the_mean_of_its_windows(encoder: TextEncoder) -> None:
    text = "a b c d " * 300
    windows = encoder.windows(text, "")
    sizes = np.array([len(encoder.tokenizer(window)["input_ids"]) for window in windows], dtype=np.float32)
    expected = (encoder.pooled(windows) * sizes[:, None]).sum(0) / sizes.sum()
    np.testing.assert_allclose(encoder.pooled([text])[0], expected, atol=1e-5)


def test_more_texts_than_the_memory_holds(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundation.text.encoder._MEMO_TEXTS", 3)
    texts = [f"text {n}" for n in range(10)]
    first = encoder.encode(texts)
    assert len(encoder._memo) == 3
    np.testing.assert_array_equal(encoder.encode(texts[-3:]), first[-3:])
    np.testing.assert_allclose(encoder.encode(texts), first, atol=1e-6)


def test_the_same_name_is_loaded_once(tiny_backbone: Path) -> None:
    shared = load_encoder(str(tiny_backbone))
    assert load_encoder(str(tiny_backbone), lambda *_: None) is shared, "who listens is nothing to load anew for"


def test_tunable_copy_shares_only_the_table(encoder: TextEncoder) -> None:
    tuned = encoder.tunable_copy()
    assert tuned.model.get_input_embeddings().weight is encoder.model.get_input_embeddings().weight
    with torch.no_grad():
        tuned.model.encoder.layer[0].output.dense.weight.zero_()
    assert encoder.model.encoder.layer[0].output.dense.weight.abs().sum() > 0


def test_unknown_backbone(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"unknown backbone 'minilm'; expected one of .* or a Hub id OWNER/NAME"):
        prepare_backbone("minilm")
    with pytest.raises(InputError, match=r"is no backbone: expected config.json"):
        prepare_backbone(str(tmp_path))
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    settings.cache_clear()
    with pytest.raises(OfflineError, match="backbone acme/encoder would come from the Hub"):
        prepare_backbone("acme/encoder")


def test_damaged_folder_is_one_line(tiny_backbone: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(AssetError, match="cannot be loaded as a text backbone") as raised:
        load_encoder(str(tmp_path))
    assert "\n" not in str(raised.value)
    assert backbone_sha256(tmp_path) != backbone_sha256(tiny_backbone)
