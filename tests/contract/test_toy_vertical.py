"""A client's package adds a vertical: it appears on the command line and in the hub, and no file of ours is edited."""

import os
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from tests.conftest import COLONNADE, as_installed

PACKAGE = """
from dataclasses import dataclass

from foundation.data.tables import ColumnKind
from foundation.errors import InputError
from solutions.base import Solution, SolutionSpec, Words


@dataclass(frozen=True)
class Shout:
    text: str


@dataclass(frozen=True)
class Answer:
    text: str
    confidence: float = 1.0
    abstained: bool = False
    reasons: tuple = ()
    model: str = "toy-shout-0"


class Toy(Solution):
    spec = SolutionSpec("toy", Words("Toy shop", "玩具店"), Words("Shouts.", "大声说。"), ())
    request_columns = {"text": ColumnKind.TEXT}

    @classmethod
    def load(cls, bundles=None, listener=None):
        return cls()

    def _predict(self, requests):
        return [Answer(request.text.upper()) for request in requests]

    def records(self):
        return {}

    @classmethod
    def request(cls, row):
        if not row["text"]:
            raise InputError("got nothing; expected a text")
        return Shout(row["text"])

    @classmethod
    def row(cls, response):
        return {"shouted": response.text}

    @classmethod
    def _train(cls, table, recipe, listener):
        raise InputError("a toy does not learn")

    @classmethod
    def _evaluate(cls, bundle, table, listener):
        raise InputError("a toy has no figures")


def page(solution, words):
    import gradio as gr

    gr.HTML("<p id='toy'>" + words.pick(solution.spec.summary) + "</p>")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An installed package, made by hand."""
    site = tmp_path / "site"
    as_installed(site, "toy_shop", solutions="toy = toy_shop:Toy", pages="toy = toy_shop:page")
    (site / "toy_shop.py").write_text(PACKAGE, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COLONNADE_")}
    places = {"PYTHONPATH": str(site), "COLONNADE_HOME": str(tmp_path / "home"), "COLONNADE_OFFLINE": "1"}
    return kept | places | {"PYTHONUNBUFFERED": "1"}


def test_it_is_on_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\nhello\n\n你好\n", encoding="utf-8")
    command = [COLONNADE, "predict", "toy", "--input", str(tmp_path / "in.csv"), "--output", str(tmp_path / "out.csv")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()[:2] == [
        "text,shouted,error",
        "hello,HELLO,",
    ]
    wrong = subprocess.run(
        [COLONNADE, "train", "toyy", "--task", "x"], env=environment, capture_output=True, text=True, check=False
    )
    assert "known: finance, medical, recommendation, support, toy; did you mean 'toy'?" in wrong.stderr


@pytest.fixture
def address(environment: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen(
        [COLONNADE, "demo", "toy", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    said: Queue[str] = Queue()
    reader = threading.Thread(target=lambda: [said.put(line) for line in process.stdout or ()], daemon=True)
    reader.start()
    try:
        while not (found := re.search(r"http://\S+", said.get(timeout=90))):
            pass
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=30)
        reader.join(timeout=10)
        process.stdout.close()


def test_it_is_in_the_hub(address: str) -> None:
    def page(path: str) -> str:
        with urllib.request.urlopen(f"{address}{path}", timeout=30) as response:
            return response.read().decode()

    landing = page("/zh/")
    assert "玩具店" in landing or r"\u73a9\u5177\u5e97" in landing  # the page carries its content as JSON
    assert "Toy shop" in page("/en/")
    # with the slash at its end it is the address of a page that opened later, beside the hub of a first start
    for path in ("/en/toy", "/en/toy/", "/en/toy/?from=mail"):
        assert "id='toy'" in page(path).replace("\\u0027", "'").replace("\\u003c", "<")
