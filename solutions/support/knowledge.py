"""The knowledge base: articles from tables and Markdown, and the index of them in ``COLONNADE_HOME``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.data.tables import TABLE_SUFFIXES, read_table, rename_columns
from foundation.data.workbooks import with_formulas
from foundation.errors import BundleError, InputError
from foundation.files import atomic_file
from foundation.progress import Listener, silent
from foundation.retrieval.corpus import documents_of_card, documents_of_table
from foundation.retrieval.documents import Document, check_documents, read_documents, with_phrasings, write_documents
from foundation.retrieval.index import Hit, SearchIndex
from foundation.settings import settings
from foundation.text.backbone import DEFAULT_BACKBONE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from foundation.text.encoder import TextEncoder

__all__ = [
    "DEFAULT_KNOWLEDGE",
    "backbone_for",
    "best_articles",
    "client_knowledge",
    "index_articles",
    "is_article_file",
    "keep_knowledge",
    "load_knowledge",
    "read_articles",
]

#: The card whose documents answer until others are given.
DEFAULT_KNOWLEDGE = "tingwell_articles"
#: More is no matter of a page: encoding takes a minute for some thousand.
MOST_ARTICLES = 2000
#: Of a client's own, which are indexed once.
MOST_OWN_ARTICLES = 100_000
_OWN_FILE = "articles.jsonl"
# An article on the likeliest intent gains this many standard deviations of similarity, times the intent's probability.
_TOPIC_WEIGHT = 2.0
_HITS = 10
# What clients call their columns, in the order of preference.
_COLUMNS = {
    "title": ("title", "question", "questions", "query", "q", "问题", "标题", "问", "标准问题"),
    "body": ("body", "answer", "answers", "text", "content", "a", "答案", "回答", "内容", "答"),
    "id": ("id", "faq_id", "key", "编号", "序号"),
    "topic": ("topic", "intent", "category", "label", "分类", "类别", "意图"),
    "language": ("language", "lang", "语言"),
    "phrasings": ("phrasings", "similar_questions", "相似问", "相似问题", "扩展问"),
}
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.M)
_HAN = re.compile("[\u3400-\u9fff]")
_MARKDOWN = (".md", ".markdown", ".txt")


def load_knowledge(encoder: "TextEncoder | None" = None, listener: Listener = silent) -> SearchIndex:
    """Return the index of the embedded articles, made at the first call and kept in ``COLONNADE_HOME``.

    Questions that customers asked before are part of it; those of the test split are not.

    Parameters
    ----------
    encoder : TextEncoder, optional
        One that was tuned; the usual one where left out.
    listener : Listener
    """
    from foundation.text.encoder import load_encoder

    asked = load_card_table(DEFAULT_KNOWLEDGE, "retrieval").part(Split.TRAIN, Split.DEV)
    documents = with_phrasings(documents_of_card(DEFAULT_KNOWLEDGE), *asked)
    return index_articles(documents, encoder or load_encoder(DEFAULT_BACKBONE, listener), listener)


def keep_knowledge(folder: Path, source: Path, encoding: str = "utf-8") -> int:
    """Keep a client's articles in the client's folder, in place of those of before; return how many.

    Parameters
    ----------
    folder : Path
        Of the client.
    source : Path
        A table, a Markdown file or a folder of both (see ``read_articles``).
    encoding : str
    """
    documents = read_articles([source], encoding, most=MOST_OWN_ARTICLES)
    with atomic_file(folder / _OWN_FILE) as temporary:
        temporary.write_text(write_documents(documents), encoding="utf-8")
    return len(documents)


def client_knowledge(folder: Path, encoder: "TextEncoder", listener: Listener = silent) -> SearchIndex | None:
    """Return the index of a client's articles; None where there are none. It is made at the first call and kept."""
    path = folder / _OWN_FILE
    if not path.is_file():
        return None
    try:
        documents = read_documents(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}; give the articles again with --knowledge") from error
    return index_articles(documents, encoder, listener, folder / "knowledge")


def backbone_for(texts: Sequence[str]) -> str:
    """Return the encoder that searches such texts best: the English one where nothing is Chinese.

    On the train and dev questions of stackfaq it puts 96.1 % of the right articles first, the multilingual one 89.6 %.
    """
    return DEFAULT_BACKBONE if any(_HAN.search(text) for text in texts) else "minilm-l6"


def best_articles(
    knowledge: SearchIndex, vector: "NDArray[np.float32]", question: str, intents: Mapping[str, float], language: str
) -> list[Hit]:
    """Return the ten best articles, each in the customer's language where it is written in it.

    Parameters
    ----------
    knowledge : SearchIndex
    vector : ndarray, shape (d,)
        Of the question, of unit length.
    question : str
    intents : mapping of intent to its probability
        What an article is about counts as far as the customer is likely to ask for it.
    language : str
    """
    found = knowledge.search_vector(vector, question, 2 * _HITS)
    weighed = [replace(hit, score=hit.score + _TOPIC_WEIGHT * intents.get(hit.document.topic, 0.0)) for hit in found]
    best: dict[str, Hit] = {}
    for hit in sorted(weighed, key=lambda hit: -hit.score):
        former = best.get(hit.document.id)
        if former is None:
            best[hit.document.id] = hit
        elif hit.document.language == language:
            best[hit.document.id] = replace(former, document=hit.document)
    return list(best.values())[:_HITS]


def index_articles(
    documents: Sequence[Document],
    encoder: "TextEncoder",
    listener: Listener = silent,
    folder: Path | None = None,
) -> SearchIndex:
    """Index articles; what was indexed in this folder before is encoded again only where it changed."""
    folder = folder or settings().home / "knowledge" / DEFAULT_KNOWLEDGE
    former = _former(folder, encoder)
    if former is not None and list(former.documents) == list(documents):
        return former
    index = SearchIndex.build(documents, encoder, former, listener)
    index.save(folder)
    return index


def read_articles(paths: Sequence[Path], encoding: str = "utf-8", most: int = MOST_ARTICLES) -> list[Document]:
    """Read articles from tables (CSV, TSV, JSONL, Parquet, Excel), from Markdown, and from folders of both.

    What else lies in a folder, or is hidden, is passed over.

    Of a table, the columns of question and answer are known by their usual names; of Markdown, each heading is a
    question and what stands below it the answer.

    Raises
    ------
    InputError
        A file is of another kind or has no such columns, nothing is found, there are too many, or ids are used twice.
    """
    documents = [document for path in paths for document in _articles_of(path, encoding)]
    if len(documents) > most:
        raise InputError(f"got {len(documents):,} articles; expected at most {most:,} here")
    check_documents(documents)
    return documents


def is_article_file(path: Path) -> bool:
    """Tell by its name whether a file of a folder may hold articles."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.suffix.lower() in (*_MARKDOWN, *TABLE_SUFFIXES)


def _articles_of(path: Path, encoding: str) -> list[Document]:
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if is_article_file(file.relative_to(path)) and file.is_file()]
        if not files:
            raise InputError(f"{path.name} holds no articles; expected tables or Markdown in it")
        return [document for file in files for document in _articles_of(file, encoding)]
    if path.suffix.lower() in _MARKDOWN:
        return _sections(path, encoding)
    frame = with_formulas(read_table(path, encoding))  # proposals that were written for Excel come back
    lower = {str(column).strip().lower(): str(column) for column in frame.columns}
    found = {ours: next((lower[name] for name in theirs if name in lower), None) for ours, theirs in _COLUMNS.items()}
    for ours, usual in (("title", "question"), ("body", "answer")):
        if found[ours] is None:
            columns = ", ".join(map(str, frame.columns))
            raise InputError(f"{path.name} has no column of {usual}s (it has {columns}); call one of them {usual!r}")
    given = {ours: theirs for ours, theirs in found.items() if theirs}
    return documents_of_table(rename_columns(frame, given), path.name)


def _sections(path: Path, encoding: str) -> list[Document]:
    try:
        text = path.read_text(encoding=encoding).removeprefix("\ufeff")
    except (UnicodeError, LookupError) as error:
        raise InputError(f"{path.name} is not {encoding}; save it as UTF-8, or name its encoding") from error
    heads = list(_HEADING.finditer(text))
    ends = [*(head.start() for head in heads), len(text)][1:]
    bodies = [" ".join(text[head.end() : end].split()) for head, end in zip(heads, ends, strict=True)]
    found = [
        Document(f"{path.name}-{at}", head[1], body)
        for at, (head, body) in enumerate(zip(heads, bodies, strict=True), start=1)
        if body
    ]
    if not found:
        raise InputError(f"{path.name} has no heading with a text below it; write each question as '# Question'")
    return found


def _former(folder: Path, encoder: "TextEncoder") -> SearchIndex | None:
    try:
        return SearchIndex.load(folder, encoder) if folder.is_dir() else None
    except BundleError:
        return None  # of another encoder or release, or damaged: it is made anew
