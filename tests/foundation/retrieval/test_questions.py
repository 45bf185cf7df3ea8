from dataclasses import replace
from pathlib import Path

import pytest

from foundation.data.labelled import load_own_table
from foundation.retrieval.documents import Document
from foundation.retrieval.questions import QuestionTable, pairs_of, with_documents
from foundation.text.encoder import load_encoder

DOCUMENTS = [
    Document("a", "profit rises", "The profit rises."),
    Document("a", "利润上升", "利润上升。", language="zh"),
    Document("b", "loss grows", "The loss grows."),
    Document("c", "bank rate", "The rate of the bank."),
]


@pytest.fixture
def table(tmp_path: Path) -> QuestionTable:
    path = tmp_path / "asked.csv"
    path.write_text("text,label,split\nprofit up,a,train\nloss up,b,test\n", encoding="utf-8")
    return with_documents(load_own_table(path, "retrieval", {}), DOCUMENTS)


def test_each_question_is_paired_with_its_titles_and_with_wrong_ones(table: QuestionTable, tiny_backbone: Path) -> None:
    pairs = pairs_of(table, load_encoder(str(tiny_backbone))).frame
    found = {(text, label, split) for text, label, split in pairs.itertuples(index=False)}
    same = {(text, split) for text, label, split in found if label == "1"}
    assert same == {
        ("profit up\nprofit rises", "train"),
        ("profit up\n利润上升", "train"),
        ("loss up\nloss grows", "test"),
    }
    other = {text for text, label, split in found if label == "0"}
    # a question of a is no negative of either title of a; two titles are left for it, three for a question of b
    assert {text for text in other if text.startswith("profit")} == {"profit up\nloss grows", "profit up\nbank rate"}
    assert len([text for text in other if text.startswith("loss")]) == 3


def test_the_nearest_wrong_titles_are_taken(table: QuestionTable, tiny_backbone: Path) -> None:
    encoder = load_encoder(str(tiny_backbone))
    many = [*DOCUMENTS, *(Document(f"x{at}", f"margin {at}", "Text.") for at in range(6))]
    pairs = pairs_of(replace(table, documents=tuple(many)), encoder).frame
    (question,) = encoder.encode(["loss up"])
    near = encoder.encode([document.title for document in many], passages=True) @ question
    best = sorted(range(len(many)), key=lambda at: -near[at])
    expected = [f"loss up\n{many[at].title}" for at in best if many[at].id != "b"][:3]
    asked = pairs[(pairs["label"] == "0") & pairs["text"].str.startswith("loss")]
    assert asked["text"].tolist() == expected
