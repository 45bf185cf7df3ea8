from datetime import datetime

import pandas as pd
import pytest

from foundation.errors import InputError, UnknownNameError
from solutions.finance.monitor.files import FileSource

HEAD = "time,text\n"


def titles(batch) -> list[str]:
    return [item.title for item in batch.items]


def read_on(source: FileSource) -> list[str]:
    position, found = "", []
    while (batch := source.poll(position)).more:
        found += titles(batch)
        position = batch.position
    return found + titles(batch)


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


def test_a_file_that_grows_keeps_the_order_of_day_and_month(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text,time\nOne,28/04/2024\nTwo,03/05/2024\n", encoding="utf-8")
    first = FileSource(file).poll("")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("Three,04/05/2024\nFour,2024-05-06\n")
    second = FileSource(file).poll(first.position)
    assert [each.time.strftime("%m-%d") for each in [*first.items, *second.items]] == [
        "04-28",
        "05-03",
        "05-04",
        "05-06",
    ]
    file.write_text("text,time\nFive,04/05/2024\n", encoding="utf-8")  # another file: nothing is known of its order
    assert FileSource(file).poll(second.position).items[0].time.month == 4


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "b.csv").write_text(HEAD + "2026-03-02,late\n")
    pd.DataFrame({"time": ["2026-03-01"], "text": ["early"]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "notes.txt").write_text("no table")
    assert read_on(FileSource(tmp_path)) == ["early", "late"]


def test_long_files_come_in_blocks_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("solutions.finance.monitor.files._BLOCK_BYTES", 64)
    file = tmp_path / "news.csv"
    file.write_text(HEAD + "".join(f"2026-03-02,item {number} {'x' * (number * 7 % 90)}\n" for number in range(50)))
    assert [title.split()[1] for title in read_on(FileSource(file))] == [str(number) for number in range(50)]


def test_a_file_that_always_grows_does_not_put_off_the_rest(tmp_path):
    file = tmp_path / "news.csv"
    file.write_text(HEAD + "2026-03-02,one\n")
    position = ""
    for number in range(3):
        batch = FileSource(file).poll(position)
        assert len(batch.items) == 1
        assert not batch.more, "all that was there when it was asked has been read"
        position = batch.position
        with file.open("a") as stream:
            stream.write(f"2026-03-02,item {number}\n")


def test_of_a_folder_every_file_has_its_turn(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(HEAD + f"2026-03-02,{name}\n")
    batch = FileSource(tmp_path).poll("")
    assert titles(batch) == ["a", "b"]
    for number in range(2):
        for name in ("a", "b"):
            with (tmp_path / f"{name}.csv").open("a") as stream:
                stream.write(f"2026-03-02,{name} {number}\n")
        batch = FileSource(tmp_path).poll(batch.position)
        assert titles(batch) == [f"a {number}", f"b {number}"]
        assert not batch.more


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


def test_a_quote_within_a_cell_stops_nothing(tmp_path):
    file = tmp_path / "news.csv"
    file.write_text(HEAD + '2026-03-02,a 5" pipe burst\n2026-03-02,"two\nlines"\n2026-03-02,good\n')
    assert read_on(FileSource(file)) == ['a 5" pipe burst', "two\nlines", "good"]


def test_a_quote_that_nothing_closes_costs_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr("solutions.finance.monitor.files._BLOCK_BYTES", 64)
    monkeypatch.setattr("solutions.finance.monitor.files._LONGEST_RECORD", 128)
    file = tmp_path / "news.csv"
    file.write_text(HEAD + '2026-03-02,"open\n' + "".join(f"2026-03-02,item {at:02}\n" for at in range(20)))
    found = read_on(FileSource(file))
    assert [title for title in found if title.startswith("item")] == [f"item {at:02}" for at in range(20)]


def test_a_file_that_became_shorter_is_read_from_its_beginning(tmp_path):
    file = tmp_path / "news.csv"
    file.write_text(HEAD + "2026-03-02,first of the old file\n")
    batch = FileSource(file).poll("")
    file.write_text(HEAD + "2026-03-03,new\n")
    assert titles(FileSource(file).poll(batch.position)) == ["new"]


def test_a_bad_file_in_a_folder_is_told_once_and_read_when_mended(tmp_path):
    (tmp_path / "a.csv").write_text("time,headline\n2026-03-02,x\n")
    (tmp_path / "b.csv").write_text(HEAD + "2026-03-02,fine\n")
    (tmp_path / "c.csv").symlink_to(tmp_path / "gone.csv")
    source = FileSource(tmp_path)
    batch = source.poll("")
    assert titles(batch) == ["fine"]
    assert [refused.where for refused in batch.refused] == ["a.csv"]
    again = source.poll(batch.position)
    assert (again.items, again.refused, again.position) == ((), [], batch.position)
    (tmp_path / "a.csv").write_text(HEAD + "2026-03-02,mended at last\n")
    assert titles(source.poll(again.position)) == ["mended at last"]


def test_what_stands_behind_the_last_line_end_counts_once_nobody_writes(tmp_path):
    (tmp_path / "news.csv").write_text(HEAD + "2026-03-02,one\n2026-03-02,two")
    assert read_on(FileSource(tmp_path / "news.csv")) == ["one"]
    assert read_on(FileSource(tmp_path / "news.csv", ended=True)) == ["one", "two"]


def test_a_mark_a_half_letter_and_a_lost_year(tmp_path):
    lines = ['{"text": "with a mark"}', '{"text": "half \\ud800"}', '{"text": "lost", "time": "1970-01-01"}']
    (tmp_path / "news.jsonl").write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    batch = FileSource(tmp_path / "news.jsonl").poll("")
    assert titles(batch) == ["with a mark"]
    assert [refused.reason.split(" (")[0] for refused in batch.refused] == [
        "holds half of a letter",
        "has a time in the year 1970; expected when it was published",
    ]


def test_a_json_record_may_leave_out_what_it_has_not(tmp_path):
    path = tmp_path / "api.jsonl"
    path.write_text(
        '{"text": "one", "story": "of one"}\n{"text": "two"}\n{"event": "heartbeat"}\n{"text": "ni\\u0000ne"}\n',
        encoding="utf-8",
    )
    batch = FileSource(path, columns={"body": "story"}).poll("")
    assert [(item.title, item.body) for item in batch.items] == [("one", "of one"), ("two", ""), ("ni ne", "")]
    assert [refused.reason for refused in batch.refused] == ["has no text"]
    with pytest.raises(UnknownNameError, match=r"unknown column of .*api.jsonl 'stories'; .*did you mean 'story'"):
        FileSource(path, columns={"body": "stories"}).poll("")


def test_in_a_folder_a_header_of_another_encoding_and_a_folder_stop_no_other_file(tmp_path):
    (tmp_path / "a.csv").write_bytes("文字,time\n利润,2026-03-02\n".encode("gb18030"))
    (tmp_path / "b.csv").mkdir()
    (tmp_path / "c.csv").write_text("text\n" + "loan" * 50_000 + "\ngood\n", encoding="utf-8")
    batch = FileSource(tmp_path).poll("")
    assert [len(item.title) for item in batch.items] == [200_000, 4]
    assert "a.csv is not UTF-8; name its encoding" in batch.refused[0].reason
    with pytest.raises(InputError, match="is not UTF-8; name its encoding"):
        FileSource(tmp_path / "a.csv").poll("")
