from dataclasses import replace
from pathlib import Path

import pytest

from foundation.data.labelled import LabelledTable, load_own_table
from foundation.errors import InputError
from foundation.recipes.evaluate_retrieval import evaluate_retrieval
from foundation.retrieval.documents import Document, with_phrasings
from foundation.retrieval.questions import with_documents
from foundation.text.encoder import load_encoder

DOCUMENTS = [
    Document("a", "profit rises", "The profit rises."),
    Document("b", "loss grows", "The loss grows."),
    Document("b", "亏损增长", "亏损增长。", language="zh"),
]


@pytest.fixture
def table(tmp_path: Path) -> LabelledTable:
    rows = [
        ("profit rises", "a", "test"),
        ("亏损增长", "b", "test"),
        ("loss grows", "a", "test"),
        ("xyz", "a", "train"),
    ]
    path = tmp_path / "asked.csv"
    path.write_text("text,label,split\n" + "\n".join(map(",".join, rows)), encoding="utf-8")
    return load_own_table(path, "retrieval", {})


def test_figures_by_hand(table: LabelledTable, tiny_backbone: Path) -> None:
    """Two of three questions are titles of their document; the third is the other's title, and there are two."""
    report = evaluate_retrieval(with_documents(table, DOCUMENTS), load_encoder(str(tiny_backbone)), "support")
    assert report.metrics["top1"].value == pytest.approx(2 / 3)
    assert report.metrics["recall_at_10"].value == 1.0
    assert report.metrics["mrr"].value == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert report.dataset.rows == 3
    assert set(report.baselines) == {"bm25", "with_train_questions"}


def test_questions_become_phrasings_of_every_language() -> None:
    taught = with_phrasings(DOCUMENTS, ["x", "y"], ["b", "b"])
    assert [document.phrasings for document in taught] == [(), ("x", "y"), ("x", "y")]


def test_a_question_for_no_document_is_told(table: LabelledTable, tiny_backbone: Path) -> None:
    with pytest.raises(InputError, match="questions for documents that are not there: a"):
        with_documents(table, DOCUMENTS[1:])
    with pytest.raises(InputError, match="no test rows"):
        empty = replace(table, frame=table.frame[table.frame["split"] == "train"])
        evaluate_retrieval(with_documents(empty, DOCUMENTS), load_encoder(str(tiny_backbone)), "support")
