"""An index of documents that is searched by meaning and by words at once.

The vector of a document is the mean direction of its title and of the questions that it answered before, plus three
tenths of its body's: one unit vector a document, so that all of it is searched by one product.

On disk an index is a folder: ``index.json`` (encoder, hashes), ``documents.jsonl``, ``vectors.npy`` and ``lexical/``.
There is no pickle in it.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.errors import BundleError
from foundation.files import atomic_folder, sha256_file
from foundation.progress import Listener, silent
from foundation.retrieval.documents import Document, check_documents, read_documents, write_documents
from foundation.retrieval.lexical import LexicalIndex, search_words
from foundation.retrieval.neighbours import Neighbours
from foundation.text.encoder import TextEncoder

__all__ = ["Hit", "SearchIndex"]

SCHEMA_VERSION = 1
# Both chosen on the train and dev queries of stackfaq, for two encoders (docs/LOG.md). A weight of one would let a body
# that mentions everything win; without the body, an answer's own words are lost.
_BODY_WEIGHT = 0.3
# The best match of words counts as much as 0.4 standard deviations of similarity.
_LEXICAL_WEIGHT = 0.4
# Of either way of searching, this many go into the fusion.
_CANDIDATES = 100
# Pairs of documents whose similarities give the standard deviation.
_SPREAD_PAIRS = 20_000
# Fewer documents do not tell how near two texts are that have nothing to do with each other; these do.
_FEWEST_TO_COMPARE = 3
_UNRELATED = (
    "How do I reset the clock of the oven?",
    "The library opens at nine on weekdays.",
    "Which bus goes to the harbour?",
    "Our cat sleeps on the piano.",
    "The bridge was built of granite.",
    "Tomatoes need sun and water.",
    "怎样更换自行车轮胎？",
    "会议改到星期四下午。",
    "这家餐厅的汤很有名。",
    "月球绕地球一圈要多久？",
    "她在学校教数学。",
    "火车票可以退吗？",
)


@dataclass(frozen=True)
class Hit:
    """A document that was found.

    Attributes
    ----------
    document : Document
    score : float
        By which hits are ranked: standard deviations above the similarity of two documents chosen at random.
    similarity : float
        Cosine of question and document, -1 to 1.
    words : float
        BM25 as a share of the best document's, 0 to 1.
    """

    document: Document
    score: float
    similarity: float
    words: float


class SearchIndex:
    """Documents, their vectors and their words.

    Made by ``build`` or ``load``; it is not changed, a new one is built from it.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        vectors: NDArray[np.float32],
        lexical: LexicalIndex,
        encoder: TextEncoder,
    ) -> None:
        self.documents = documents
        self.encoder = encoder
        self._vectors = vectors
        self._lexical = lexical
        self._neighbours = Neighbours(vectors)
        enough = len(vectors) >= _FEWEST_TO_COMPARE
        self._usual, self._spread = _similarity_at_random(vectors if enough else encoder.encode(_UNRELATED))

    @classmethod
    def build(
        cls,
        documents: Sequence[Document],
        encoder: TextEncoder,
        former: "SearchIndex | None" = None,
        listener: Listener = silent,
    ) -> "SearchIndex":
        """Index documents; only those that ``former`` has not got as they are now are encoded.

        Raises
        ------
        InputError
            See ``check_documents``.
        """
        check_documents(documents)
        known: dict[str, NDArray[np.float32]] = {}
        if former is not None and former.encoder.content_sha256() == encoder.content_sha256():
            rows = zip(former.documents, former._vectors, strict=True)
            known = {document.fingerprint: vector for document, vector in rows}
        fresh = [document for document in documents if document.fingerprint not in known]
        encoded = zip(fresh, _document_vectors(fresh, encoder, listener), strict=True)
        known |= {document.fingerprint: vector for document, vector in encoded}
        return cls.of(documents, np.stack([known[document.fingerprint] for document in documents]), encoder)

    @classmethod
    def of(cls, documents: Sequence[Document], vectors: NDArray[np.float32], encoder: TextEncoder) -> "SearchIndex":
        """Index documents whose vectors are known."""
        lexical = LexicalIndex([_words_of(document) for document in documents])
        return cls(documents, vectors, lexical, encoder)

    def search(self, question: str, count: int = 10) -> list[Hit]:
        """Return the documents that answer a question best, the best first.

        Examples
        --------
        >>> index.search("where is my parcel?")[0].document.id  # doctest: +SKIP
        'kb001'
        """
        return self.search_vector(self.encoder.encode([question])[0], question, count)

    def search_vector(self, vector: NDArray[np.float32], question: str, count: int = 10) -> list[Hit]:
        """Search for a question whose vector is known already."""
        lexical = self._lexical.scores(question)
        best = float(lexical.max(initial=0.0))
        rows = np.union1d(self._neighbours.search(vector, _CANDIDATES), _largest(lexical, _CANDIDATES))
        similarity = self._vectors[rows] @ vector
        words = lexical[rows] / best if best else np.zeros(len(rows))
        scores = (similarity - self._usual) / self._spread + _LEXICAL_WEIGHT * words
        order = np.argsort(-scores, kind="stable")[:count]
        return [
            Hit(self.documents[rows[at]], float(scores[at]), float(similarity[at]), float(words[at])) for at in order
        ]

    @cached_property
    def centre(self) -> NDArray[np.float32]:
        """The mean of the documents' vectors, shape (d,): what all of them have in common."""
        mean: NDArray[np.float32] = self._vectors.mean(axis=0)
        return mean

    @cached_property
    def topics(self) -> frozenset[str]:
        """Topics of the documents."""
        return frozenset(document.topic for document in self.documents)

    def topics_of(self, word: str, language: str) -> Counter[str]:
        """Count the topics of the documents of a language (or of none) that have a word in their titles."""
        return self._topics_by_word.get((word, language), Counter()) + self._topics_by_word.get((word, ""), Counter())

    @cached_property
    def _topics_by_word(self) -> dict[tuple[str, str], Counter[str]]:
        counted: dict[tuple[str, str], Counter[str]] = {}
        for document in self.documents:
            for word in set(search_words(document.title)) if document.topic else ():
                counted.setdefault((word, document.language), Counter())[document.topic] += 1
        return counted

    def save(self, folder: Path) -> None:
        """Write the index, whole or not at all."""
        with atomic_folder(folder) as temporary:
            (temporary / "documents.jsonl").write_text(write_documents(self.documents), encoding="utf-8")
            np.save(temporary / "vectors.npy", self._vectors, allow_pickle=False)
            self._lexical.save(temporary / "lexical")
            files = {_relative(path, temporary): sha256_file(path) for path in _files(temporary)}
            described = {
                "schema_version": SCHEMA_VERSION,
                "backbone": self.encoder.record.name,
                "encoder_sha256": self.encoder.content_sha256(),
                "files": files,
            }
            (temporary / "index.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: TextEncoder) -> "SearchIndex":
        """Read an index whose vectors are of this encoder; they are mapped into memory, not read.

        Raises
        ------
        BundleError
            It is of another encoder or schema version, or a file is not the one that was saved.
        """
        try:
            described = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if described["schema_version"] != SCHEMA_VERSION or described["encoder_sha256"] != encoder.content_sha256():
                raise BundleError(f"{folder} is of another encoder or release; index the documents again")
            for name, expected in described["files"].items():
                if sha256_file(folder / name) != expected:
                    raise BundleError(f"{folder / name} is not the file that was saved; index the documents again")
            documents = read_documents((folder / "documents.jsonl").read_text(encoding="utf-8"))
            vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
            return cls(documents, vectors, LexicalIndex.load(folder / "lexical"), encoder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{folder} cannot be read: {error}; index the documents again") from error


def _document_vectors(documents: Sequence[Document], encoder: TextEncoder, listener: Listener) -> NDArray[np.float32]:
    if not documents:
        return np.empty((0, encoder.dimensions), dtype=np.float32)
    questions = [text for document in documents for text in (document.title, *document.phrasings)]
    counts = [1 + len(document.phrasings) for document in documents]
    asked = encoder.encode(questions, passages=True, listener=listener)
    said = encoder.encode([document.body for document in documents], passages=True, listener=listener)
    starts = np.cumsum([0, *counts[:-1]])
    summed = np.add.reduceat(asked, starts, axis=0)
    return _unit(_unit(summed) + _BODY_WEIGHT * said)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _words_of(document: Document) -> str:
    """Return what is searched by words; the title counts twice."""
    return "\n".join((document.title, document.title, *document.phrasings, document.body))


def _similarity_at_random(vectors: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and standard deviation of the similarity of two documents."""
    pairs = np.random.default_rng(0).integers(0, len(vectors), (_SPREAD_PAIRS if len(vectors) > 200 else 2000, 2))
    apart = pairs[pairs[:, 0] != pairs[:, 1]]
    similarity = np.einsum("nd,nd->n", vectors[apart[:, 0]], vectors[apart[:, 1]])
    return float(similarity.mean()), float(similarity.std()) or 1.0


def _largest(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the rows with the largest scores above 0, at most ``count``; among a million ties a partition is slow."""
    rows = np.flatnonzero(scores)
    return rows if len(rows) <= count else rows[np.argpartition(scores[rows], -count)[-count:]]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
