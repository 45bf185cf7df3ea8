import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foundation.data.tables import (
    ColumnKind,
    check_columns,
    iter_table,
    read_table,
    rename_columns,
    write_table,
)
from foundation.data.times import parse_times
from foundation.errors import InputError, UnknownNameError

FRAME = pd.DataFrame({"text": ["利润上升", "profit, fell"], "code": ["007", "010"]})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".xlsx"])
def test_every_kind_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    writers = {
        ".csv": lambda: FRAME.to_csv(path, index=False),
        ".tsv": lambda: FRAME.to_csv(path, index=False, sep="\t"),
        ".jsonl": lambda: FRAME.to_json(path, orient="records", lines=True, force_ascii=False),
        ".parquet": lambda: FRAME.to_parquet(path),
        ".xlsx": lambda: FRAME.to_excel(path, index=False),
    }
    writers[suffix]()
    assert read_table(path).to_dict("records") == FRAME.to_dict("records")


def test_excel_mark_in_utf8_is_no_part_of_the_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\na\n", encoding="utf-8-sig")
    assert read_table(tmp_path / "a.csv").columns.tolist() == ["text"]


def test_gbk_is_recognised_and_read_when_named(tmp_path: Path) -> None:
    path = tmp_path / "gbk.csv"
    path.write_text("text\n央行下调利率\n", encoding="gb18030")
    with pytest.raises(InputError, match=r"not UTF-8 .*it looks like gb18030: save it as UTF-8, or .*--encoding"):
        read_table(path)
    assert read_table(path, "gb18030").loc[0, "text"] == "央行下调利率"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; expected a header line"),
        (b"text\n", "has no rows"),
        (b'text,label\n"unclosed,1\n', "not a well-formed csv table"),
        (b"a,b\n1,2\n1,2,3\n", "not a well-formed csv table: Expected 2 fields in line 3, saw 3"),
        (b"a,b\nnice, really,1\nbad,2\n", "not a well-formed csv table: Expected 2 fields in line 2, saw 3"),
    ],
)
def test_bad_csv_is_one_line(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(InputError, match=expected) as raised:
        read_table(tmp_path / "bad.csv")
    assert "\n" not in str(raised.value)


def test_missing_file_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv does not exist; expected a file of kind .csv"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    with pytest.raises(InputError, match=r"is of kind '.pdf'; expected"):
        read_table(tmp_path / "a.pdf")
    with pytest.raises(InputError, match="unknown encoding 'klingon'"):
        (tmp_path / "a.csv").write_text("text\na\n")
        read_table(tmp_path / "a.csv", "klingon")


@pytest.mark.parametrize("name", ["broken.parquet", "broken.xlsx", "broken.jsonl"])
def test_broken_binary_files_are_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no such format \x00")
    with pytest.raises(InputError, match="is not a well-formed") as raised:
        read_table(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_blocks_hold_all_rows_in_order(tmp_path: Path) -> None:
    pd.DataFrame({"n": map(str, range(1000))}).to_csv(tmp_path / "a.csv", index=False)
    blocks = list(iter_table(tmp_path / "a.csv", rows=64))
    assert max(map(len, blocks)) == 64
    assert pd.concat(blocks)["n"].tolist() == [str(n) for n in range(1000)]


def test_check_names_row_and_column() -> None:
    frame = pd.DataFrame({"text": ["a", "  ", ""], "tone": ["good", "good", "bad"]})
    kinds = {"text": ColumnKind.TEXT, "tone": ColumnKind.LABEL}
    with pytest.raises(InputError, match=r"t.csv, row 2, column 'text': got '  ', expected a text .*\(2 such rows\)"):
        check_columns(frame, kinds, {}, "t.csv")
    with pytest.raises(InputError, match=r"row 3, column 'tone': got 'bad', expected one of good, fine"):
        check_columns(frame, {"tone": ColumnKind.LABEL}, {"tone": ["good", "fine"]}, "t.csv")
    with pytest.raises(InputError, match=r"t.csv has no column 'label'; it has: text, tone; .*--map label=COLUMN"):
        check_columns(frame, {"label": ColumnKind.LABEL}, {}, "t.csv")


def test_check_finds_what_is_no_number_and_no_time() -> None:
    frame = pd.DataFrame({"n": ["1", "two"], "t": ["2026-03-02 09:30", "yesterday"]})
    with pytest.raises(InputError, match="row 2, column 'n': got 'two', expected a number"):
        check_columns(frame, {"n": ColumnKind.NUMBER}, {}, "t.csv")
    with pytest.raises(InputError, match="row 2, column 't': got 'yesterday', expected a time"):
        check_columns(frame, {"t": ColumnKind.TIME}, {}, "t.csv")


def test_numbers_and_holes_of_typed_formats(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", None], "score": [1.5, float("nan")], "n": [1, 2]})
    for name in ("a.parquet", "a.jsonl"):
        path = tmp_path / name
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_json(path, orient="records", lines=True)
        assert read_table(path).to_dict("records") == [
            {"text": "a", "score": 1.5, "n": 1},
            {"text": "", "score": "", "n": 2},
        ]


def test_a_text_of_fifty_megabytes_is_refused_in_one_line() -> None:
    frame = pd.DataFrame({"text": ["fine", "word " * 10_000_000]})
    with pytest.raises(
        InputError, match=r"row 2, column 'text': got 'word .*\(50,000,000 characters\), expected"
    ) as raised:
        check_columns(frame, {"text": ColumnKind.TEXT}, {}, "t.csv")
    assert len(str(raised.value)) < 300


def test_rename_swaps_and_suggests() -> None:
    frame = pd.DataFrame({"text": ["body"], "headline": ["head"]})
    assert rename_columns(frame, {"text": "headline"}).to_dict("records") == [{"text": "head"}]
    with pytest.raises(UnknownNameError, match="unknown column 'headlin'; known: headline, text; did you mean"):
        rename_columns(frame, {"text": "headlin"})


@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
def test_appended_blocks_are_one_table(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"out{kind}"
    write_table(FRAME.iloc[:1], path, append=False, kind=kind)
    write_table(FRAME.iloc[1:], path, append=True, kind=kind)
    assert read_table(path).to_dict("records") == FRAME.to_dict("records")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_whole_numbers_stay_whole_where_one_is_missing(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    rows = [{"item": 7, "price": 3.0}, {"price": 2.5}, {"item": 9007199254740993, "price": 1e300}]
    whole = pa.table({"item": [7, None, 9007199254740993], "price": [3.0, 2.5, 1e300]})
    pq.write_table(whole, path) if suffix == ".parquet" else path.write_text("\n".join(map(json.dumps, rows)))
    read = read_table(path)
    assert [str(cell) for cell in read["price"]] == ["3", "2.5", "1e+300"]
    assert [str(cell) for cell in read["item"]][:2] == ["7", ""]
    if suffix == ".parquet":
        assert str(read["item"].iloc[2]) == "9007199254740993"


def test_a_line_that_is_no_object_and_a_wrong_utf16_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n[1, 2]\n', encoding="utf-8")
    with pytest.raises(InputError, match="not a well-formed jsonl table"):
        read_table(tmp_path / "a.jsonl")
    (tmp_path / "a.csv").write_text("text\nplain\n", encoding="utf-8")
    with pytest.raises(InputError, match="is not UTF-16"):
        read_table(tmp_path / "a.csv", "utf-16")


def test_missing_cells_are_null_in_json(tmp_path: Path) -> None:
    write_table(pd.DataFrame({"a": [1.5, None]}), tmp_path / "a.jsonl", append=False, kind=".jsonl")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"a": 1.5}, {"a": None}]
    assert "NaN" not in lines[1]


def test_a_date_that_begins_with_its_day_turns_no_other_around() -> None:
    cells = ["2024-01-05", "2024年2月3日", "13/04/2024", "01/05/2024", "20240506", "2024-05-06T08:00+08:00", "never"]
    read = parse_times(pd.Series(cells))
    expected = ["2024-01-05", "2024-02-03", "2024-04-13", "2024-05-01", "2024-05-06", "2024-05-06", ""]
    assert read.dt.strftime("%Y-%m-%d").fillna("").tolist() == expected
    assert parse_times(pd.Series(["01/05/2024", "2024-02-03"])).dt.month.tolist() == [1, 2]
