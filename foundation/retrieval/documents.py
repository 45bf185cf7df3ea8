"""What can be found: documents of a title, a body, and the ways in which people have asked for them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

from foundation.errors import InputError

__all__ = ["Document", "check_documents", "read_documents", "with_phrasings", "write_documents"]


@dataclass(frozen=True)
class Document:
    """A thing that answers questions.

    Attributes
    ----------
    id : str
        What an answer names as its source. Translations of one document may share an id if their languages differ.
    title : str
        Of an FAQ, the question.
    body : str
        Of an FAQ, the answer.
    topic : str
        What it is about, as an intent for example; may be empty.
    language : str
        ISO 639-1; may be empty.
    phrasings : tuple of str
        Questions that people asked and that this document answered.
    """

    id: str
    title: str
    body: str
    topic: str = ""
    language: str = ""
    phrasings: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Of everything that its vector is made of."""
        return sha256(json.dumps([self.title, self.body, self.phrasings]).encode()).hexdigest()


def check_documents(documents: Sequence[Document]) -> None:
    """Refuse what cannot be searched or named.

    Raises
    ------
    InputError
        There is none, one has neither title nor body, or two of one language have one id.
    """
    if not documents:
        raise InputError("the knowledge base is empty; expected one article or more")
    seen: set[tuple[str, str]] = set()
    for document in documents:
        if not (document.title.strip() and document.body.strip()):
            raise InputError(f"article {document.id!r} has no question or no answer; expected both")
        key = (document.id, document.language)
        if key in seen:
            raise InputError(f"two articles have the id {document.id!r}; expected one a language")
        seen.add(key)


def with_phrasings(documents: Sequence[Document], questions: Sequence[str], answers: Sequence[str]) -> list[Document]:
    """Return the documents with questions that they answered as phrasings of theirs, in every language of them."""
    asked: dict[str, list[str]] = {}
    for question, answer in zip(questions, answers, strict=True):
        asked.setdefault(answer, []).append(question)
    return [replace(document, phrasings=(*document.phrasings, *asked.get(document.id, ()))) for document in documents]


def write_documents(documents: Sequence[Document]) -> str:
    """Return JSON lines."""
    return "".join(json.dumps(asdict(document), ensure_ascii=False) + "\n" for document in documents)


def read_documents(text: str) -> list[Document]:
    """Read what ``write_documents`` wrote."""
    # "\n" alone ends a line: an article may hold other line separators
    records = [json.loads(line) for line in text.split("\n") if line]
    return [Document(**{**record, "phrasings": tuple(record["phrasings"])}) for record in records]
