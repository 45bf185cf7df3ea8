"""A file of requests is a file of answers, whatever stands in its rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from foundation.data.tables import ColumnKind, read_table
from foundation.errors import InputError
from solutions import batch
from solutions.base import Solution, SolutionSpec, Words
from solutions.batch import check_file, predict_file, predict_frame


@dataclass(frozen=True)
class Length:
    """How long a text is."""

    length: str
    confidence: float = 1.0
    abstained: bool = False
    reasons: tuple[str, ...] = ()
    model: str = "ruler"


class Ruler(Solution[str, Length]):
    """Measures texts."""

    spec: ClassVar = SolutionSpec(name="ruler", title=Words(en="r", zh="尺"), summary=Words(en="r", zh="尺"), tasks=())
    request_columns: ClassVar = {"text": ColumnKind.TEXT}

    @classmethod
    def load(cls, bundles: Mapping[str, Path] | None = None, listener: Any = None) -> "Ruler":
        return cls()

    def records(self) -> Mapping[str, Any]:
        return {}

    @classmethod
    def request(cls, row: Mapping[str, str]) -> str:
        if not row["text"]:
            raise InputError("the text is empty")
        return row["text"]

    @classmethod
    def row(cls, response: Length) -> dict[str, Any]:
        return {"length": response.length, "long": len(response.length) > 1}

    @classmethod
    def _train(cls, table: Any, recipe: Any, listener: Any) -> Any:
        raise NotImplementedError

    @classmethod
    def _evaluate(cls, bundle: Path, table: Any, listener: Any) -> Any:
        raise NotImplementedError

    def _predict(self, requests: Sequence[str]) -> list[Length]:
        if "unknown" in requests:
            raise InputError("that is not known")
        return [Length(str(len(request))) for request in requests]


@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
@pytest.mark.parametrize("texts", [["", "", "three", "four", ""], ["a", "b", "", "", "c"], ["", "", ""]])
def test_rows_without_an_answer_keep_the_columns_of_the_others(
    tmp_path: Path, texts: list[str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_BLOCK_ROWS", 2)
    pd.DataFrame({"id": [f"r{at}" for at in range(len(texts))], "text": texts}).to_csv(tmp_path / "in.csv", index=False)
    outcome = predict_file(Ruler(), tmp_path / "in.csv", tmp_path / f"out{kind}", mapping={})
    assert (outcome.answered, outcome.refused) == (len([text for text in texts if text]), texts.count(""))
    written = read_table(tmp_path / f"out{kind}")
    assert written["id"].tolist() == [f"r{at}" for at in range(len(texts))]
    assert [bool(error) for error in written["error"]] == [not text for text in texts]
    for text, row in zip(texts, written.to_dict("records"), strict=True):
        assert str(row.get("length", "")) == (str(len(text)) if text else "")
    if kind == ".jsonl":
        for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines():
            json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_a_file_that_nothing_can_be_read_of_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_BLOCK_ROWS", 2)
    pd.DataFrame({"id": range(50), "text": [""] * 50}).to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(
        InputError, match=r"in.csv: none of the first 40 rows can be answered; row 1, the text is empty"
    ):
        predict_file(Ruler(), tmp_path / "in.csv", tmp_path / "out.csv", mapping={})
    assert not (tmp_path / "out.csv").exists()


def test_what_one_row_asks_for_in_vain_ends_no_other() -> None:
    scored = predict_frame(Ruler(), pd.DataFrame({"text": ["a", "unknown", "ccc"]}), "t")
    assert scored["length"].fillna("").tolist() == ["1", "", "3"]
    assert scored["error"].tolist() == ["", "that is not known", ""]


def test_a_row_is_a_row_whatever_it_is_called() -> None:
    frame = pd.DataFrame({"text": ["a", "bb", None]}, index=[7, 7, 3])
    scored = predict_frame(Ruler(), frame, "t")
    assert scored.index.tolist() == [7, 7, 3]
    assert scored["length"].fillna("").tolist() == ["1", "2", ""]
    assert scored["error"].tolist() == ["", "", "the text is empty"]
    with pytest.raises(InputError, match="t has the column 'text' twice"):
        predict_frame(Ruler(), pd.concat([frame, frame], axis=1), "t")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_columns_that_come_late_are_kept_or_told(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_BLOCK_ROWS", 2)
    rows = [{"text": "a"}, {"text": "b"}, {"id": 1}, {"id": 2}, {"text": "c", "id": 3}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    out = tmp_path / f"out{suffix}"
    if suffix == ".csv":
        with pytest.raises(InputError, match=r"from row 3 on: the column 'id' is not in the first rows.* \.jsonl"):
            predict_file(Ruler(), tmp_path / "in.jsonl", out, mapping={})
        assert not out.exists()
        return
    outcome = predict_file(Ruler(), tmp_path / "in.jsonl", out, mapping={})
    assert (outcome.answered, outcome.refused) == (3, 2)
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row.get("id") for row in written] == [None, None, 1, 2, 3]


def test_a_file_is_not_written_over_itself(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\na\n", encoding="utf-8")
    with pytest.raises(InputError, match="is the file that is read"):
        check_file(Ruler, tmp_path / "in.csv", tmp_path / "in.csv", {})
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        check_file(Ruler, tmp_path / "in.csv", tmp_path / "out.csv", {})


def test_no_column_of_a_client_is_lost(tmp_path: Path) -> None:
    rows = {"length": ["mine"], "error": ["E42"], "text": ["body"], "headline": ["abc"]}
    pd.DataFrame(rows).to_csv(tmp_path / "in.csv", index=False)
    predict_file(Ruler(), tmp_path / "in.csv", tmp_path / "out.csv", mapping={"text": "headline"})
    assert read_table(tmp_path / "out.csv").to_dict("records") == [
        {
            "own_length": "mine",
            "own_error": "E42",
            "own_text": "body",
            "text": "abc",
            "length": "3",
            "long": "False",
            "error": "",
        }
    ]
    # what was scored before is scored again, and nothing piles up
    predict_file(Ruler(), tmp_path / "out.csv", tmp_path / "again.csv", mapping={})
    assert read_table(tmp_path / "again.csv").equals(read_table(tmp_path / "out.csv"))
