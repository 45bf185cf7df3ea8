"""A vertical that learns while the hub is open already: nobody waits in front of a closed door for what is not shipped.

It learns in a process of its own, of lower priority, so that the pages that are ready answer as they do otherwise.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any

from filelock import FileLock

from foundation.errors import ColonnadeError, InputError
from foundation.settings import settings
from solutions.base import Solution
from solutions.registry import find_solution

__all__ = ["Learner", "Step", "Verticals"]

logger = logging.getLogger(__name__)

_NICENESS = 10
_SECONDS_TO_END = 5.0


@dataclass(frozen=True)
class Step:
    """A piece of work, and how far it is.

    Attributes
    ----------
    what : str
        As a listener is told.
    done, total : int
        ``total`` is 0 where it is not known.
    left : float or None
        Seconds that it will take from here, as fast as it went until here.
    """

    what: str
    done: int
    total: int
    left: float | None = None


class Learner:
    """What a first start does for a vertical, beside the hub.

    Parameters
    ----------
    solution : type of Solution
    tasks : collection of str
        Those to prepare; the vertical must be one that the registry finds.
    load : callable
        Makes the solution that answers, once the tasks are prepared.

    Attributes
    ----------
    step : Step or None
        What it is at.
    problem : str
        Why there will be no page; empty where there will be.
    learnt : bool
        Whether its tasks are prepared, and there is something to load.
    ready : Solution or None
        What answers on its page, once that is open.
    """

    def __init__(
        self, solution: type[Solution[Any, Any]], tasks: Collection[str], load: Callable[[], Solution[Any, Any]]
    ) -> None:
        self.spec = solution.spec
        self.load = load
        self.tasks = tuple(tasks)
        self.step: Step | None = None
        self.problem = ""
        self.learnt = False
        self.ready: Solution[Any, Any] | None = None
        # the server forbids gradio the Hub; whether a vertical may learn from it, its user has said before
        self._hub = os.environ.get("HF_HUB_OFFLINE")
        self._process: BaseProcess | None = None
        self._stopped = False
        self._began = 0.0, 0  # when the step was first heard of, and how far it was then

    def start(self) -> None:
        """Begin; returns at once."""
        context = get_context("spawn")
        heard, told = context.Pipe(duplex=False)
        arguments = (self.spec.name, self.tasks, self._hub, told)
        self._process = context.Process(target=_learn, args=arguments, daemon=True)
        self._process.start()
        told.close()  # the process has its own end: when that is closed, there is no more to hear
        Thread(target=self._follow, args=(self._process, heard), daemon=True).start()

    def stop(self) -> None:
        """End it where it stands; a model is kept whole or not at all."""
        self._stopped = True
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(_SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()

    def required(self) -> None:
        """Raise ``InputError`` where the vertical is not open."""
        if self.problem:
            raise InputError(self.problem)
        if self.ready is None:
            raise InputError(f"{self.spec.name} is learning on this machine; wait until its page is open")

    def fail(self, problem: str) -> None:
        """Say why there will be no page."""
        logger.error("%s: %s", self.spec.name, problem)
        self.problem = problem

    def told(self, done: int, total: int, what: str) -> None:
        """Hear from the process, as a listener does."""
        now = time.monotonic()
        if self.step is None or self.step.what != what or done < self.step.done:
            self._began = now, done
        since, first = self._began
        left = (now - since) / (done - first) * (total - done) if done > first else None
        self.step = Step(what, done, total, left)

    def _follow(self, process: BaseProcess, heard: Connection) -> None:
        """Listen to the process until it ends."""
        with suppress(EOFError, OSError):  # it ended, or was ended in the middle of a word
            while True:
                said = heard.recv()
                if isinstance(said, str):
                    return self.fail(said)
                self.told(*said)
        process.join()
        if process.exitcode == 0:
            self.learnt = True
        elif not self._stopped:
            self.fail(f"learning ended with exit code {process.exitcode}; see what the terminal says")
        return None


#: By name, in the order in which they are shown: those that answer, and those that are learning.
Verticals = Mapping[str, Solution[Any, Any] | Learner]


def _learn(name: str, tasks: Collection[str], hub: str | None, told: Connection) -> None:
    """Prepare a vertical, and tell how far it is; runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the hub, which ends this
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # half-written files are taken away
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    os.environ.pop("HF_HUB_OFFLINE", None)
    if hub is not None:
        os.environ["HF_HUB_OFFLINE"] = hub
    home = settings().home
    with suppress(BrokenPipeError):  # the hub is gone
        try:
            home.mkdir(parents=True, exist_ok=True)
            with FileLock(home / f".{name}.learning.lock"):  # a second hub waits for what the first one learns
                find_solution(name).prepare(tasks, lambda *said: told.send(said))
        except ColonnadeError as error:
            told.send(str(error))
        except OSError as error:
            told.send(f"{name} cannot be learned: {error}")
