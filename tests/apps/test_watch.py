import json
import sys

import pytest

from apps.cli import watch as verb
from apps.cli.main import main
from foundation.errors import ColonnadeError
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.pipeline import Finance
from tests.solutions.finance.monitor.conftest import KeywordFinance, history


@pytest.fixture
def watching(monkeypatch, home, tmp_path):
    """Run the verb on a file of 40 days with a surge on the last, read by key words."""
    monkeypatch.setattr(Finance, "prepare", lambda **_: None)
    monkeypatch.setattr(Finance, "load", lambda **_: KeywordFinance())
    lines = [json.dumps({"text": item.title, "time": f"{item.time}"}) for item in history(40, surge_days=1)]
    (tmp_path / "news.jsonl").write_text("\n".join([*lines, "no json", ""]))

    def run(*options: str) -> None:
        monkeypatch.setattr(sys, "argv", ["colonnade", "watch", "finance", *options])
        with pytest.raises(SystemExit) as left:
            main()
        if left.value.code:
            raise SystemExit(left.value.code)

    return run


def lines_of(count: int) -> str:
    return "".join(json.dumps({"text": f"loan good {number}"}) + "\n" for number in range(count))


def test_a_file_is_watched_and_nothing_is_told_twice(watching, tmp_path, capsys):
    asked = ("--source", f"file:{tmp_path / 'news.jsonl'}", "--once")
    watching(*asked)
    shown = capsys.readouterr()
    told = shown.out
    assert "984 new items" in told
    assert "1 refused; the first: news.jsonl, byte 0, record 985 is not a JSON object" in shown.err
    assert "alert 1: topic:credit, burst:" in told
    assert "  - loan bad" in told
    with (tmp_path / "news.jsonl").open("a") as stream:
        stream.write(lines_of(1))
    watching(*asked)
    assert capsys.readouterr().out == "1 new items\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--source", "ftp://x"), "cannot follow 'ftp://x'; expected file:PATH or rss:https://HOST/PATH"),
        (("--source", "file:none.csv", "--once"), "none.csv does not exist"),
        (("--source", "rss:x"), "got the feed 'x'; expected rss:https://HOST/PATH"),
        (("--source", "file:a.csv", "--alert", "me"), "cannot send alerts to 'me'"),
        (("--source", "file:a.csv", "--store", "oracle:x"), "expected sqlite:///FILE or postgresql"),
    ],
)
def test_mistakes_are_one_line(watching, capsys, options, told):
    with pytest.raises(SystemExit, match="2"):
        watching(*options)
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1


def test_what_fails_later_is_tried_again(watching, monkeypatch, tmp_path, capsys):
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 3:
            raise KeyboardInterrupt

    def lost(self: MonitorStore, source: str) -> None:
        raise ColonnadeError("the disk went away")

    monkeypatch.setattr(
        verb.time, "sleep", lambda seconds: (sleep(seconds), monkeypatch.setattr(MonitorStore, "position", lost))
    )
    watching("--source", f"file:{tmp_path / 'news.jsonl'}", "--every", "5")
    shown = capsys.readouterr()
    assert pauses == [5, 5, 10, 20]
    assert "the disk went away; again in 10 s" in shown.err
    assert "the same command goes on from here" in shown.out
