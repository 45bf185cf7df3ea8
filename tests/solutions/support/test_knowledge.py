from pathlib import Path

import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.retrieval.lexical import LexicalIndex
from foundation.text.encoder import load_encoder
from solutions.support.knowledge import MOST_ARTICLES, backbone_for, client_knowledge, keep_knowledge, read_articles


def test_tables_are_read_by_the_usual_names(tmp_path: Path) -> None:
    rows = [("Refund?", "Five days.", "refund"), ("No answer", "", "x")]
    pd.DataFrame(rows, columns=["Question", "ANSWER", "Category"]).to_csv(tmp_path / "faq.csv", index=False)
    pd.DataFrame({"问题": ["怎么退货？"], "答案": ["在订单里申请。"]}).to_excel(tmp_path / "faq.xlsx", index=False)
    page = "intro\n# Who pays?\nWe do.\n\nAlways.\n## Empty\n## 多久？\n五天。"
    (tmp_path / "faq.md").write_text(page, encoding="utf-8")
    found = read_articles([tmp_path])
    assert [(each.id, each.title, each.body, each.topic) for each in found] == [
        ("faq.csv-1", "Refund?", "Five days.", "refund"),
        ("faq.md-1", "Who pays?", "We do. Always.", ""),
        ("faq.md-3", "多久？", "五天。", ""),
        ("faq.xlsx-1", "怎么退货？", "在订单里申请。", ""),
    ]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", "text,reply\nx,y\n", r"no column of questions \(it has text, reply\); call one of them 'question'"),
        ("a.csv", "question,label\nx,y\n", "has no column of answers"),
        ("a.csv", "id,question,answer\n1,x,y\n1,z,w\n", "two articles have the id '1'"),
        ("a.csv", "question,answer\nx,\n", "has no row with both a question and an answer"),
        ("a.md", "no heading at all", "has no heading with a text below it"),
        ("a.pdf", "x", "a.pdf"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: str, match: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=match):
        read_articles([tmp_path / name])


def test_of_a_folder_what_is_no_article_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.md").write_text("# Who pays?\nWe do.", encoding="utf-8")
    for name in (".DS_Store", "terms.pdf", ".hidden.csv"):
        (tmp_path / name).write_bytes(b"\x00")
    assert [each.title for each in read_articles([tmp_path])] == ["Who pays?"]
    (tmp_path / "inner" / "a.md").unlink()
    with pytest.raises(InputError, match="holds no articles; expected tables or Markdown in it"):
        read_articles([tmp_path])


def test_articles_of_words_that_say_nothing_can_be_indexed() -> None:
    assert LexicalIndex(["what is it?", "how is it?"]).scores("what is it?").tolist() == [0.0, 0.0]


def test_gbk_markdown_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes("# 问题\n答案".encode("gb18030"))
    with pytest.raises(InputError, match=r"a\.md is not utf-8; save it as UTF-8, or name its encoding"):
        read_articles([tmp_path / "a.md"])
    assert read_articles([tmp_path / "a.md"], "gb18030")[0].title == "问题"
    for encoding in ("utf-16", "klingon"):
        with pytest.raises(InputError, match=f"a.md is not {encoding}"):
            read_articles([tmp_path / "a.md"], encoding)


def test_too_many_are_told(tmp_path: Path) -> None:
    rows = [{"question": f"q{at}", "answer": "a"} for at in range(MOST_ARTICLES + 1)]
    pd.DataFrame(rows).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match="got 2,001 articles; expected at most 2,000"):
        read_articles([tmp_path / "a.csv"])


def test_the_encoder_is_chosen_by_language() -> None:
    assert backbone_for(["refund?"]) == "minilm-l6"
    assert backbone_for(["refund?", "退款"]) == "multilingual-e5-small-q4"


def test_a_clients_articles_are_kept_and_indexed_once(tmp_path: Path, tiny_backbone: Path) -> None:
    encoder = load_encoder(str(tiny_backbone))
    assert client_knowledge(tmp_path, encoder) is None
    (tmp_path / "faq.csv").write_text("question,answer\nprofit?,It rose.\nloss?,It fell.\n", encoding="utf-8")
    assert keep_knowledge(tmp_path / "acme", tmp_path / "faq.csv") == 2
    first = client_knowledge(tmp_path / "acme", encoder)
    assert first is not None
    assert [document.title for document in first.documents] == ["profit?", "loss?"]
    written = (tmp_path / "acme" / "knowledge" / "vectors.npy").stat().st_mtime_ns
    client_knowledge(tmp_path / "acme", encoder)
    assert (tmp_path / "acme" / "knowledge" / "vectors.npy").stat().st_mtime_ns == written
    with pytest.raises(InputError, match="has no heading with a text below it"):
        (tmp_path / "plain.md").write_text("nothing", encoding="utf-8")
        keep_knowledge(tmp_path / "acme", tmp_path / "plain.md")
    assert client_knowledge(tmp_path / "acme", encoder).documents == first.documents  # nothing was lost
    (tmp_path / "acme" / "articles.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="give the articles again with --knowledge"):
        client_knowledge(tmp_path / "acme", encoder)
