"""The real default encoder: dequantised once, right to the digit, and readable by others."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from foundation.settings import settings
from foundation.text.backbone import DEFAULT_BACKBONE, prepare_backbone
from foundation.text.encoder import TextEncoder, load_encoder

pytestmark = pytest.mark.slow

# Written for this test.
PAIRS = (
    ("The central bank lowered its key rate today.", "央行今天下调了基准利率。"),
    ("My parcel has still not arrived.", "我的包裹还没有到。"),
    ("The company will build a second factory in the north.", "公司将在北部建第二座工厂。"),
    ("How do I change my password?", "怎么修改密码？"),
    ("Heavy rain delayed the harvest of wheat.", "大雨推迟了小麦的收割。"),
    ("The film is slow but beautifully shot.", "这部电影节奏慢，但拍得很美。"),
)


@pytest.fixture(scope="module")
def folder(real_home: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLONNADE_HOME", str(real_home))
        patch.setenv("COLONNADE_OFFLINE", "1")
        settings.cache_clear()
        yield prepare_backbone(DEFAULT_BACKBONE)
    settings.cache_clear()


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TextEncoder:
    return load_encoder(DEFAULT_BACKBONE)


def test_vectors_are_those_of_the_reference(encoder: TextEncoder) -> None:
    """First eight numbers of two texts, as the dequantised weights gave them when the format was first read."""
    vectors = encoder.encode(["How do I get a refund for my order?", "央行宣布下调存款准备金率"])
    expected = [
        [0.06985, -0.05623, -0.02359, -0.06716, 0.06114, -0.02918, 0.03988, 0.04407],
        [0.05511, -0.02577, -0.01611, -0.04424, 0.04791, -0.02520, 0.00350, 0.06254],
    ]
    np.testing.assert_allclose(vectors[:, :8], expected, atol=2e-5)


def test_a_translation_is_nearer_than_any_other_text(encoder: TextEncoder) -> None:
    english, chinese = (encoder.encode([pair[side] for pair in PAIRS]) for side in (0, 1))
    likeness = english @ chinese.T
    assert (likeness.argmax(axis=1) == np.arange(len(PAIRS))).all()
    assert (likeness.argmax(axis=0) == np.arange(len(PAIRS))).all()


def test_it_is_dequantised_once(folder: Path) -> None:
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert prepare_backbone(DEFAULT_BACKBONE) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # sentence-transformers' own
def test_sentence_transformers_reads_the_folder_and_agrees(folder: Path, encoder: TextEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = ["Profit rose.", "利润上升。"]
    np.testing.assert_allclose(model.encode(texts, prompt_name="query"), encoder.encode(texts), atol=1e-5)
