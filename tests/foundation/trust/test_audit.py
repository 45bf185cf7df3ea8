import pandas as pd
import pytest

from foundation.data.cards import Names
from foundation.data.columns import guess_mapping
from foundation.errors import InputError
from foundation.trust.audit import Problem, audit

KNOWN = {"positive": Names(en="Positive", zh="正面"), "negative": Names(en="Negative", zh="负面")}


def found(rows: list[tuple[str, ...]], columns: tuple[str, ...] = ("text", "label")) -> dict[Problem, tuple[int, ...]]:
    frame = pd.DataFrame(rows, columns=list(columns))
    return {finding.problem: finding.rows for finding in audit(frame, KNOWN).findings}


FILLER = [("profit rose in the north", "positive"), ("sales fell in the south", "negative")]
FILLER += [("orders grew in the west", "positive"), ("orders shrank in the east", "negative")]
FILLER += [("a prize for the team", "positive"), ("a fine for the bank", "negative")]


@pytest.mark.parametrize(
    ("rows", "problem", "numbers"),
    [
        ([("...", "positive")], Problem.NO_TEXT, (7,)),
        ([("costs", " ")], Problem.NO_LABEL, (7,)),
        ([("Profit rose, in the north!", "positive")], Problem.COPY, (7,)),
        ([("Profit rose, in the north!", "negative")], Problem.CONTRADICTION, (1, 7)),
        ([("profit rose in the norths", "positive")], Problem.NEAR_COPY, (1, 7)),
        ([("costs are high", "dull")], Problem.RARE_LABEL, (7,)),
        ([("write to a@example.com", "positive")], Problem.PERSONAL, (7,)),
        ([("costs are high", "负面"), ("taxes are high", "NEGATIVE")], Problem.RENAMED_LABEL, (7, 8)),
        ([("costs are high", "negativ"), ("taxes are high", "negativ")], Problem.LIKE_A_LABEL, (7, 8)),
    ],
)
def test_each_problem_is_found_in_its_rows(
    rows: list[tuple[str, str]], problem: Problem, numbers: tuple[int, ...]
) -> None:
    assert found([*FILLER, *rows]) == {problem: numbers}


def test_nothing_is_found_where_nothing_is() -> None:
    assert found(FILLER) == {}


def test_what_is_also_in_test_is_not_learned() -> None:
    rows = [(*row, "train") for row in FILLER] + [("profit rose in the norths", "positive", "test")]
    assert found(rows, ("text", "label", "split")) == {Problem.IN_TWO_SPLITS: (1,)}


def test_personal_data_is_in_no_finding_and_not_learned() -> None:
    audited = audit(pd.DataFrame([*FILLER, ("write to a@example.com", "负面")], columns=["text", "label"]), KNOWN)
    assert "example.com" not in str(audited.findings)
    assert audited.frame["text"].iloc[-1] == "write to [e-mail]"
    assert audited.frame["label"].iloc[-1] == "negative"


def test_nothing_that_can_be_learned_is_an_error() -> None:
    with pytest.raises(InputError, match="no row can be learned from: 1 rows, no label: left out"):
        audit(pd.DataFrame([("costs", "")], columns=["text", "label"]), KNOWN)


def test_columns_are_guessed_by_name_and_by_content() -> None:
    by_name = pd.DataFrame({"label": ["a", "b"], "正文": ["x", "y"]})
    assert guess_mapping(by_name, "tone") == {"text": "正文", "label": "label"}
    by_content = pd.DataFrame({"a": ["x1", "x2", "x3", "x4"], "b": ["a long text"] * 4, "c": ["p", "q", "p", "q"]})
    assert guess_mapping(by_content, "tone") == {"text": "b", "label": "c"}


def test_columns_that_cannot_be_guessed_are_named() -> None:
    with pytest.raises(InputError, match="no column looks as if it held labels; the columns are text, id"):
        guess_mapping(pd.DataFrame({"text": ["x", "y"], "id": ["1", "2"]}), "tone")
    with pytest.raises(InputError, match="empty or merged cells"):
        guess_mapping(pd.DataFrame({"text": ["x"], "Unnamed: 1": ["y"]}), "tone")
