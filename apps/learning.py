"""A vertical that learns while the hub is open already: nobody waits in front of a closed door for what is not shipped.

It learns in a process of its own, of lower priority, so that the pages that are ready answer as they do otherwise.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from foundation.errors import ColonnadeError, InputError
from solutions.base import Solution
from solutions.registry import find_solution

__all__ = ["Learner", "Step"]

logger = logging.getLogger(__name__)

_NICENESS = 10


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
        Whether its tasks are prepared.
    ready : Solution or None
        What answers, once it is loaded.
    opened : bool
        Whether its page is served.
    """

    def __init__(
        self, solution: type[Solution[Any, Any]], tasks: Collection[str], load: Callable[[], Solution[Any, Any]]
    ) -> None:
        self.spec = solution.spec
        self.tasks = tuple(tasks)
        self.step: Step | None = None
        self.problem = ""
        self.learnt = False
        self.ready: Solution[Any, Any] | None = None
        self.opened = False
        self._load = load
        self._began = 0.0, 0  # when the step was first heard of, and how far it was then

    def start(self) -> None:
        """Begin; returns at once."""
        context = get_context("spawn")
        heard, told = context.Pipe(duplex=False)
        self._process = context.Process(target=_learn, args=(self.spec.name, self.tasks, told), daemon=True)
        self._process.start()
        told.close()  # the process has its own end: when that is closed, there is no more to hear
        Thread(target=self._follow, args=(heard,), daemon=True).start()

    def stop(self) -> None:
        """End it where it stands; a model is kept whole or not at all."""
        self._process.terminate()

    def load(self) -> None:
        """Make ``ready`` of what was learned."""
        self.ready = self._load()

    def required(self) -> None:
        """Raise ``InputError`` where the vertical is not open."""
        if self.problem:
            raise InputError(self.problem)
        if not self.opened:
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

    def _follow(self, heard: Connection) -> None:
        """Listen to the process until it ends."""
        with suppress(EOFError):
            while True:
                said = heard.recv()
                if isinstance(said, str):
                    return self.fail(said)
                self.told(*said)
        self._process.join()
        if self._process.exitcode:
            return self.fail(f"learning ended with exit code {self._process.exitcode}; see what the terminal says")
        self.learnt = True
        return None


def _learn(name: str, tasks: Collection[str], told: Connection) -> None:
    """Prepare a vertical, and tell how far it is; runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the hub, which ends this
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with suppress(BrokenPipeError):  # the hub is gone
        try:
            find_solution(name).prepare(tasks, lambda *said: told.send(said))
        except ColonnadeError as error:
            told.send(str(error))
