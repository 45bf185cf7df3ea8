"""Questions, each with the document that answers it: what searching is measured on, and what it is tuned by."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from foundation.data.cards import find_card
from foundation.data.labelled import Columns, LabelledTable, load_card_table
from foundation.errors import InputError
from foundation.pairs import OTHER, SAME, join_pair
from foundation.progress import Listener, silent
from foundation.retrieval.corpus import documents_of_card
from foundation.retrieval.documents import Document, check_documents
from foundation.text.encoder import TextEncoder

__all__ = ["QuestionTable", "load_card_questions", "pairs_of", "with_documents"]

# Documents that look most like the answer and are not, for each question.
_HARD_NEGATIVES = 3


@dataclass(frozen=True, eq=False)
class QuestionTable(LabelledTable):
    """Questions labelled with the id of the document that answers them.

    Attributes
    ----------
    documents : tuple of Document
        All that may be found.
    """

    documents: tuple[Document, ...] = ()


def load_card_questions(name: str, task: str, data_root: Path | None = None) -> LabelledTable:
    """Load a card's questions with its documents; a card of pairs, which has none, gives its pairs."""
    table = load_card_table(name, task, data_root)
    if find_card(name).tasks[task].other:
        return table
    return with_documents(table, documents_of_card(name, data_root))


def pairs_of(table: QuestionTable, encoder: TextEncoder, listener: Listener = silent) -> LabelledTable:
    """Pair each question with the title of its document, and with those that the encoder takes for it most readily.

    Hard negatives as of Karpukhin et al. (2020), "Dense passage retrieval", arXiv:2004.04906, section 3.2, mined by the
    encoder itself. A title that answers the same article in another language is no negative.
    """
    titles = [document.title for document in table.documents]
    ids = np.array([document.id for document in table.documents])
    known = encoder.encode(titles, passages=True, listener=listener)
    near = encoder.encode(table.frame[Columns.TEXT].tolist(), listener=listener) @ known.T
    rows: list[tuple[str, str, str]] = []
    asked = table.frame[[Columns.TEXT, Columns.LABEL, Columns.SPLIT]]
    for at, (question, answer, split) in enumerate(asked.itertuples(index=False)):
        order = np.argsort(-near[at], kind="stable")
        wrong = order[ids[order] != answer][:_HARD_NEGATIVES]
        rows += [(join_pair(question, titles[row]), SAME, split) for row in np.flatnonzero(ids == answer)]
        rows += [(join_pair(question, titles[row]), OTHER, split) for row in wrong]
    frame = pd.DataFrame(rows, columns=[Columns.TEXT, Columns.LABEL, Columns.SPLIT])
    protocol = f"{table.protocol}; each question with its title and the {_HARD_NEGATIVES} likeliest wrong ones"
    return LabelledTable(
        table.name,
        table.task,
        frame,
        table.sha256,
        protocol,
        table.licence,
        names={},
        as_published=table.as_published,
        reads="pairs",
    )


def with_documents(table: LabelledTable, documents: Sequence[Document]) -> QuestionTable:
    """Join questions and documents.

    Raises
    ------
    InputError
        A question is labelled with a document that is not there, or the documents are not as they should be.
    """
    check_documents(documents)
    if strange := sorted(set(table.frame[Columns.LABEL]) - {document.id for document in documents}):
        raise InputError(f"{table.name} has questions for documents that are not there: {', '.join(strange[:3])}")
    plain = {field.name: getattr(table, field.name) for field in fields(LabelledTable)}
    return QuestionTable(**plain, documents=tuple(documents))
