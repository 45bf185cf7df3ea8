"""From a search index and questions to a report."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foundation.data.splits import Split
from foundation.evaluation.ranking import ranking_metrics
from foundation.evaluation.report import DatasetStamp, Report
from foundation.progress import Listener, silent
from foundation.retrieval.documents import Document, with_phrasings
from foundation.retrieval.index import SearchIndex
from foundation.retrieval.lexical import LexicalIndex
from foundation.retrieval.questions import QuestionTable
from foundation.text.encoder import TextEncoder

__all__ = ["evaluate_retrieval"]

# Hits that are asked for: translations of a document count once.
_DEPTH = 30


def evaluate_retrieval(
    table: QuestionTable,
    encoder: TextEncoder,
    solution: str,
    listener: Listener = silent,
) -> Report:
    """Search for the test questions in the table's documents, which have seen none of the others.

    The baselines are words alone (BM25), and the same index when the train and dev questions are known to it as
    phrasings of the documents that they belong to.

    Parameters
    ----------
    table : QuestionTable
    encoder : TextEncoder
    solution : str
    listener : Listener

    Raises
    ------
    InputError
        There are no test questions.
    """
    questions, answers = table.test_part()
    documents = table.documents
    index = SearchIndex.build(documents, encoder, listener=listener)
    started = time.perf_counter()
    ranks = _ranks(index, questions, answers)
    seconds = time.perf_counter() - started
    lexical = LexicalIndex([f"{document.title}\n{document.body}" for document in documents])
    taught = SearchIndex.build(with_phrasings(documents, *table.part(Split.TRAIN, Split.DEV)), encoder, index, listener)
    others = {
        "bm25": _lexical_ranks(lexical, documents, questions, answers),
        "with_train_questions": _ranks(taught, questions, answers),
    }
    return Report(
        solution=solution,
        task=table.task,
        dataset=DatasetStamp.of_test(
            table, len(questions), f"{len(documents)} documents, no question of train or dev seen"
        ),
        bundle=f"{encoder.record.name}-{encoder.content_sha256()[:8]}",
        metrics=ranking_metrics(ranks),
        baselines={
            name: {metric: figure.value for metric, figure in ranking_metrics(rank).items()}
            for name, rank in others.items()
        },
        per_class={},
        calibration={},
        leakage={},
        seconds=round(seconds, 2),
    )


def _ranks(index: SearchIndex, questions: Sequence[str], answers: Sequence[str]) -> NDArray[np.int64]:
    vectors = index.encoder.encode(questions)
    hits = [index.search_vector(vector, text, _DEPTH) for vector, text in zip(vectors, questions, strict=True)]
    return np.array(
        [_rank([hit.document.id for hit in found], answer) for found, answer in zip(hits, answers, strict=True)]
    )


def _lexical_ranks(
    index: LexicalIndex, documents: Sequence[Document], questions: Sequence[str], answers: Sequence[str]
) -> NDArray[np.int64]:
    ids = [document.id for document in documents]
    orders = [np.argsort(-index.scores(question), kind="stable")[:_DEPTH] for question in questions]
    return np.array([_rank([ids[row] for row in order], answer) for order, answer in zip(orders, answers, strict=True)])


def _rank(found: Sequence[str], answer: str) -> int:
    distinct = list(dict.fromkeys(found))
    return distinct.index(answer) if answer in distinct else _DEPTH
