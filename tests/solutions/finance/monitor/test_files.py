from datetime import datetime

import pandas as pd
import pytest

from foundation.errors import InputError, UnknownNameError
from solutions.finance.monitor.files import FileSource

HEAD = "time,text\n"


def titles(batch) -> list[str]:
    return [item.title for item in batch.items]


def test_a_file_that_grows_is_read_on(tmp_path):
    file = tmp_path / "news.csv"
    file.write_text(HEAD + "2026-03-02 09:30,first\n", encoding="utf-8")
    source = FileSource(file)
    batch = source.poll("")
    assert titles(batch) == ["first"]
    assert batch.items[0].time == datetime(2026, 3, 2, 9, 30)
    assert titles(source.poll(batch.position)) == []
    with file.open("a", encoding="utf-8") as stream:
        stream.write('2026-03-02 09:31,"second,\nof two lines"\n2026-03-02 09:32,"not yet who')
    later = source.poll(batch.position)
    assert titles(later) == ["second,\nof two lines"]
    with file.open("a", encoding="utf-8") as stream:
        stream.write('le"\n')
    assert titles(source.poll(later.position)) == ["not yet whole"]


def test_the_same_item_has_the_same_key_and_zones_become_utc(tmp_path):
    file = tmp_path / "news.jsonl"
    line = '{"text": "央行降准", "time": "2026-03-02T09:30:00+08:00"}\n'
    file.write_text(line + "\n[1]\nnot json\n" + line, encoding="utf-8")
    batch = FileSource(file).poll("")
    assert [item.time for item in batch.items] == [datetime(2026, 3, 2, 1, 30)] * 2
    assert batch.items[0].key == batch.items[1].key
    assert [refused.reason for refused in batch.refused] == ["is not a JSON object"] * 2


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "b.csv").write_text(HEAD + "2026-03-02,late\n")
    pd.DataFrame({"time": ["2026-03-01"], "text": ["early"]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "notes.txt").write_text("no table")
    source, position, found = FileSource(tmp_path), "", []
    while (batch := source.poll(position)).more:
        found += titles(batch)
        position = batch.position
    assert found == ["early", "late"]


def test_long_files_come_in_blocks_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("solutions.finance.monitor.files._BLOCK_BYTES", 64)
    file = tmp_path / "news.csv"
    file.write_text(HEAD + "".join(f"2026-03-02,item {number} {'x' * (number * 7 % 90)}\n" for number in range(50)))
    source, position, found = FileSource(file), "", []
    while (batch := source.poll(position)).more:
        found += titles(batch)
        position = batch.position
    assert [title.split()[1] for title in found] == [str(number) for number in range(50)]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path):
    file = tmp_path / "news.csv"
    file.write_bytes((HEAD + "2026-03-02,good\nsoon,no time\n2026-03-02,...\n1,2,3\n").encode())
    batch = FileSource(file).poll("")
    assert titles(batch) == ["good"]
    assert [refused.reason for refused in batch.refused] == [
        "has a time that cannot be read; expected one such as 2026-03-02 09:30",
        "has no text",
        "has 3 cells where the header has 2",
    ]
    assert batch.refused[0].where == "news.csv, byte 10, record 2"


def test_gbk_is_read_when_it_is_named_and_told_when_not(tmp_path):
    file = tmp_path / "news.csv"
    file.write_bytes((HEAD + "2026-03-02,央行降准\n").encode("gbk"))
    assert titles(FileSource(file, "gb18030").poll("")) == ["央行降准"]
    (refused,) = FileSource(file).poll("").refused
    assert "name it with --encoding" in refused.reason


def test_mistakes_are_one_line(tmp_path):
    with pytest.raises(InputError, match="does not exist; expected a table"):
        FileSource(tmp_path / "none.csv").poll("")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match=r"of kind '\.txt'"):
        FileSource(tmp_path / "a.txt").poll("")
    (tmp_path / "a.csv").write_text("time,headline\n2026-03-02,x\n")
    with pytest.raises(UnknownNameError, match=r"unknown column of .* 'text'; known: headline, time"):
        FileSource(tmp_path / "a.csv").poll("")
    with pytest.raises(UnknownNameError, match="did you mean 'headline'"):
        FileSource(tmp_path / "a.csv", columns={"text": "headlin"}).poll("")
    with pytest.raises(InputError, match="cannot be followed"):
        FileSource(tmp_path / "a.csv", "utf-16").poll("")


def test_a_column_called_error_and_a_rare_line_end_are_nothing_special(tmp_path):
    (tmp_path / "news.csv").write_text("time,text,error\n2026-03-02,fine,none\n", encoding="utf-8")
    assert titles(FileSource(tmp_path / "news.csv").poll("")) == ["fine"]
    (tmp_path / "news.jsonl").write_text('{"text": "one\u2028line"}\n', encoding="utf-8")
    assert titles(FileSource(tmp_path / "news.jsonl").poll("")) == ["one\u2028line"]
