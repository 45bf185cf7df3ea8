"""Documents from a card, or from a client's own table."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from foundation.data.cards import find_card
from foundation.data.labelled import locate
from foundation.data.tables import read_table, rename_columns
from foundation.errors import InputError, UnknownNameError
from foundation.retrieval.documents import Document

__all__ = ["documents_of_card", "documents_of_table"]


def documents_of_card(name: str, data_root: Path | None = None) -> list[Document]:
    """Return the documents of a card that has any.

    Raises
    ------
    InputError
        The card has none, or its file is not on this machine.

    Examples
    --------
    >>> documents_of_card("tingwell_articles")[0].id
    'kb001'
    """
    corpus = find_card(name).corpus
    if corpus is None:
        raise InputError(f"dataset {name} has no documents to search; expected a card with a corpus")
    frame = read_table(locate(find_card(name), corpus.file, data_root))
    columns = {"id": corpus.id, "title": corpus.title, "body": corpus.body}
    columns |= {key: column for key, column in (("topic", corpus.topic), ("language", corpus.language)) if column}
    return documents_of_table(rename_columns(frame, columns), corpus.file)


def documents_of_table(frame: pd.DataFrame, name: str) -> list[Document]:
    """Make a document of each row; ``title`` and ``body`` are needed, rows without a body are left out.

    Parameters
    ----------
    frame : DataFrame
        ``title`` and ``body``, and where there are any ``id``, ``topic``, ``language``, ``phrasings`` (one a line). A
        cell may be a list of texts.
    name : str
        Of the table, for messages; rows without an id are called after it.
    """
    for column in ("title", "body"):
        if column not in frame.columns:
            raise UnknownNameError(f"column of {name}", column, map(str, frame.columns))
    documents = []
    for at, row in enumerate(frame.to_dict("records"), start=1):
        cells = {key: _text(row.get(key)) for key in ("id", "title", "body", "topic", "language")}
        if cells["title"] and cells["body"]:
            key = cells["id"] or f"{name}-{at}"
            language = cells["language"].lower().replace("_", "-").partition("-")[0]  # zh-CN is zh
            phrasings = _lines(row.get("phrasings"))
            documents.append(Document(key, cells["title"], cells["body"], cells["topic"], language, phrasings))
    if not documents:
        raise InputError(f"{name} has no row with both a question and an answer; choose other columns")
    return documents


def _text(cell: object) -> str:
    if isinstance(cell, (list, tuple, np.ndarray)):
        return "\n".join(_text(part) for part in cell)
    return "" if cell is None or cell != cell else " ".join(str(cell).split())  # noqa: PLR0124 - NaN is not itself


def _lines(cell: object) -> tuple[str, ...]:
    """Return the texts of a cell: of a list, or one a line."""
    texts: Iterable[object] = cell.splitlines() if isinstance(cell, str) else ()
    if isinstance(cell, (list, tuple, np.ndarray)):
        texts = cell
    return tuple(text for text in map(_text, texts) if text)
