from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import BundleError, InputError
from foundation.retrieval.documents import Document, read_documents, write_documents
from foundation.retrieval.index import SearchIndex
from foundation.retrieval.neighbours import Neighbours
from foundation.text.encoder import TextEncoder, _load, load_encoder

ARTICLES = [
    Document("a", "How do I return a jacket?", "Open the app.", "returns", "en"),
    Document("b", "Where is my parcel?", "Look at the tracking page.", "orders", "en"),
    Document("b", "我的包裹在哪里？", "请查看物流页面。", "orders", "zh"),
    Document("c", "What does a transfer cost?", "It is free.", "fees", "en"),
]


@pytest.fixture
def encoder(tiny_backbone: Path) -> Iterator[TextEncoder]:
    _load.cache_clear()
    yield load_encoder(str(tiny_backbone))
    _load.cache_clear()


def test_vectors_by_hand(encoder: TextEncoder) -> None:
    """The mean direction of title and phrasings, plus three tenths of the body's, at length one."""
    document = replace(ARTICLES[0], phrasings=("send it back",))
    title, phrasing, body = encoder.encode([document.title, "send it back", document.body], passages=True)
    expected = (title + phrasing) / np.linalg.norm(title + phrasing) + 0.3 * body
    (vector,) = SearchIndex.build([document], encoder)._vectors
    assert vector == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_the_title_itself_is_found_first(encoder: TextEncoder) -> None:
    index = SearchIndex.build(ARTICLES, encoder)
    for document in ARTICLES:
        hits = index.search(document.title)
        assert hits[0].document == document
        assert hits[0].words == 1.0
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(-1.001 <= hit.similarity <= 1.001 for hit in hits)


def test_what_is_saved_is_what_is_loaded(encoder: TextEncoder, tmp_path: Path) -> None:
    index = SearchIndex.build(ARTICLES, encoder)
    index.save(tmp_path / "index")
    again = SearchIndex.load(tmp_path / "index", encoder)
    assert again.search("parcel") == index.search("parcel")
    assert not list(tmp_path.rglob("*.pkl"))


def test_a_changed_file_is_named(encoder: TextEncoder, tmp_path: Path) -> None:
    SearchIndex.build(ARTICLES, encoder).save(tmp_path / "index")
    (tmp_path / "index" / "documents.jsonl").write_text("{}\n")
    with pytest.raises(BundleError, match=r"documents\.jsonl is not the file that was saved"):
        SearchIndex.load(tmp_path / "index", encoder)
    with pytest.raises(BundleError, match="index the documents again"):
        SearchIndex.load(tmp_path, encoder)


def test_only_what_changed_is_encoded_again(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    index = SearchIndex.build(ARTICLES, encoder)
    encoded: list[str] = []
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts, **options: encoded.extend(texts) or encode(texts, **options))
    changed = [replace(ARTICLES[0], body="Ask us."), *ARTICLES[1:3], Document("d", "New?", "Yes.")]
    again = SearchIndex.build(changed, encoder, index)
    assert encoded == ["How do I return a jacket?", "New?", "Ask us.", "Yes."]
    assert [hit.document.id for hit in again.search("transfer", 9)].count("c") == 0


@pytest.mark.parametrize(
    ("documents", "match"),
    [
        ([], "knowledge base is empty"),
        ([Document("a", " ", "x")], "'a' has no question or no answer"),
        ([ARTICLES[0], replace(ARTICLES[0], title="Other?")], "two articles have the id 'a'"),
    ],
)
def test_what_cannot_be_searched_is_refused(encoder: TextEncoder, documents: list[Document], match: str) -> None:
    with pytest.raises(InputError, match=match):
        SearchIndex.build(documents, encoder)


@given(st.lists(st.builds(Document, st.text(), st.text(), st.text(), phrasings=st.tuples(st.text())), max_size=5))
def test_documents_to_text_and_back(documents: list[Document]) -> None:
    assert read_documents(write_documents(documents)) == documents


@pytest.mark.parametrize("spread", [1.0, 0.1])
def test_eight_bits_find_nearly_all_that_looking_at_all_finds(spread: float) -> None:
    """Also where all vectors point the same way, as those of texts do: cosines of about 0.99."""
    generator = np.random.default_rng(0)
    vectors = (1 + spread * generator.normal(size=(3000, 32))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    exact, scan = Neighbours(vectors), Neighbours(vectors, most_exact=100)
    shared = [len({*exact.search(query, 10)} & {*scan.search(query, 10)}) for query in vectors[:100]]
    assert np.mean(shared) >= 9.9
    assert len(scan.search(vectors[0], 2999)) == 2999
