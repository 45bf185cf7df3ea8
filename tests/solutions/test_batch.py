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
from solutions.batch import predict_file


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
