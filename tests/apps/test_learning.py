"""A vertical that learns beside the hub: in a process of its own, which tells how far it is and ends with the hub."""

import asyncio
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from fastapi import FastAPI
from filelock import FileLock

from apps.learning import Learner, Step
from apps.locale import Language, locale
from apps.server import _opened
from apps.waiting import state
from apps.workshop.page import _Walk
from foundation.errors import InputError
from solutions.finance import solution as finance
from solutions.recommendation import solution as recommendation
from tests.conftest import COLONNADE, as_installed
from tests.contract.test_toy_vertical import PACKAGE

# It learns until a file says how that ends.
SLOW = """
import time
from foundation.errors import InputError
from foundation.settings import settings
from solutions.base import SolutionSpec, TaskSpec, Words
from toy_shop import Toy

LEARNT, FAILED = (settings().home / name for name in ("learnt", "failed"))


class Slow(Toy):
    spec = SolutionSpec(
        "slow", Words("Slow shop", "慢慢店"), Words("Shouts when it has learned.", "学会再喊。"),
        (TaskSpec("shout", Words("Shout", "喊"), "none"),),
    )

    @classmethod
    def untrained(cls, tasks=None):
        return [] if LEARNT.exists() else list(cls.spec.tasks)

    @classmethod
    def prepare(cls, tasks=None, listener=None):
        done = 0
        try:
            while not LEARNT.exists():
                if FAILED.exists():
                    raise InputError("news.csv is empty; expected a header line and rows")
                done = min(done + 1, 60)
                (settings().home / "alive").touch()
                listener(done, 100, "training")
                time.sleep(0.1)
        finally:
            (settings().home / "tidied").touch()
"""


@pytest.fixture
def slow_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    entries = {"solutions": "slow = slow_shop:Slow", "pages": "slow = toy_shop:page"}
    as_installed(site, "slow_shop", **entries)
    (site / "toy_shop.py").write_text(PACKAGE, encoding="utf-8")
    (site / "slow_shop.py").write_text(SLOW, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(site))
    return tmp_path


def ended(learner: Learner, *, begin: bool = True) -> Learner:
    """Start it and wait for its end."""
    if begin:
        learner.start()
    until = time.monotonic() + 60
    while not learner.learnt and not learner.problem:
        assert time.monotonic() < until
        time.sleep(0.05)
    return learner


def test_what_was_prepared_is_loaded() -> None:
    answers = object()
    learner = ended(Learner(finance, [], lambda: answers))
    assert (learner.learnt, learner.ready, learner.problem) == (True, None, "")
    assert state(learner, locale(Language.EN)).startswith("Finance learns on this machine")
    walk = _Walk(locale(Language.EN), {"finance": learner})
    with pytest.raises(InputError, match="finance is learning on this machine"):
        walk.examined("finance/tone", "acme", None, None, "utf-8", None, None, None)
    learner.ready = learner.load()
    assert learner.ready is answers
    with pytest.raises(InputError, match="no file is chosen"):
        walk.examined("finance/tone", "acme", None, None, "utf-8", None, None, None)


def test_a_mistake_in_the_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_HOME", str(tmp_path))
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    learner = ended(Learner(recommendation, ["top-n"], lambda: None))
    assert "COLONNADE_OFFLINE=1 forbids the network" in learner.problem
    assert "未能打开" in state(learner, locale(Language.ZH))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("the model is of another release"), "the model is of another release"),
        (KeyError("x"), "its page could not be made (KeyError); see what the terminal says"),
    ],
)
def test_what_cannot_be_loaded_is_told(error: Exception, said: str) -> None:
    def load() -> None:
        raise error

    learner = Learner(finance, [], load)
    asyncio.run(_opened(FastAPI(), learner, lambda _: FastAPI()))
    assert learner.ready is None
    with pytest.raises(InputError, match=re.escape(said)):
        learner.required()


def test_a_process_that_was_killed_is_told(slow_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system kills one that takes too much memory."""
    monkeypatch.setenv("COLONNADE_HOME", str(slow_home))
    monkeypatch.syspath_prepend(slow_home / "site")
    from slow_shop import Slow

    learner = Learner(Slow, [], lambda: None)
    learner.start()
    until = time.monotonic() + 60
    while learner.step is None or learner.step.done < 3:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert learner._process
    learner._process.kill()
    while not learner.problem:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert learner.problem == f"learning ended with exit code {-signal.SIGKILL}; see what the terminal says"


def test_one_that_learns_already_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_HOME", str(tmp_path))
    learner = Learner(finance, [], lambda: None)
    with FileLock(tmp_path / ".finance.learning.lock"):
        learner.start()
        assert learner._process
        learner._process.join(8)
        assert learner._process.is_alive()
    ended(learner, begin=False)
    assert learner.learnt


def test_the_time_that_is_left_is_that_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of ten were there when it was heard of; three more took six seconds, so that five will take ten."""
    clock = iter([100.0, 106.0])
    monkeypatch.setattr("apps.learning.time.monotonic", lambda: next(clock))
    learner = Learner(finance, [], lambda: None)
    learner.told(2, 10, "training")
    assert learner.step == Step("training", 2, 10, None)
    learner.told(5, 10, "training")
    assert learner.step == Step("training", 5, 10, 10.0)


def test_ctrl_c_ends_the_hub_and_what_learns_beside_it(slow_home: Path) -> None:
    environment = os.environ | {"COLONNADE_HOME": str(slow_home), "COLONNADE_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    hub = subprocess.Popen(
        [COLONNADE, "demo", "slow", "--port", "0"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert hub.stdout
    until = time.monotonic() + 60
    while not (slow_home / "alive").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    os.killpg(hub.pid, signal.SIGINT)  # as a terminal does
    said = hub.communicate(timeout=30)[0]
    first, *others = said.splitlines()
    assert first == "slow: learns beside the hub, once; its page says how far it is"
    assert all(line.startswith("Colonnade is at") for line in others)
    assert (slow_home / "tidied").exists()
    (slow_home / "alive").unlink()
    time.sleep(0.5)
    assert not (slow_home / "alive").exists()
