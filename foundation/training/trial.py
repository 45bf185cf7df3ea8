"""Choosing among methods: what each gave on dev, and what it took."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.special import softmax
from sklearn.metrics import f1_score, log_loss

from foundation.files import atomic_file, read_json, write_json
from foundation.training.method import Fitted, Method, TrainingJob, class_weights

__all__ = ["Chooser", "Stopwatch", "Trial"]


class Chooser:
    """Base of the methods that choose among others."""

    @property
    def needs_dev(self) -> bool:
        """Candidates are compared on dev."""
        return True

    @property
    def class_weight(self) -> None:
        """Left to each candidate."""
        return


class Stopwatch:
    """What was measured so far, kept on the disk: a choice that was killed is made again by the same times.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: list[float] = read_json(path)["seconds"] if path.is_file() else []
        self._asked = 0

    def keep(self, seconds: float) -> float:
        """Return what was measured at this place before, or keep this."""
        if self._asked == len(self._seconds):
            self._seconds.append(seconds)
            with atomic_file(self._path) as temporary:
                write_json(temporary, {"seconds": self._seconds})
        self._asked += 1
        return self._seconds[self._asked - 1]

    def trial(self, method: Method, job: TrainingJob[Any]) -> "Trial":
        """Run a trial, and time it."""
        trial = Trial.run(method, job)
        return replace(trial, seconds=self.keep(trial.seconds))

    @property
    def spent(self) -> float:
        """Seconds in all, up to the place that was asked for last."""
        return sum(self._seconds[: self._asked])


@dataclass(frozen=True)
class Trial:
    """One candidate of ``auto``.

    Attributes
    ----------
    method : Method
    fitted : Fitted
        Its held-out scores are of dev.
    macro_f1, loss : float
        On dev.
    seconds : float
    """

    method: Any
    fitted: Fitted
    macro_f1: float
    loss: float
    seconds: float

    @classmethod
    def run(cls, method: Method, job: TrainingJob[Any]) -> Self:
        """Fit, and measure on dev."""
        if job.weighing == "auto":
            its_own = class_weights(method.class_weight, job.train.targets, len(job.class_weight))
            job = replace(job, class_weight=its_own)
        started = time.monotonic()
        fitted = method.fit(job if method.needs_dev else replace(job, dev=None))
        seconds = time.monotonic() - started
        dev = job.held_out()
        logits = fitted.held_out_logits if method.needs_dev else fitted.network.logits(dev.items)
        return cls(
            method,
            replace(fitted, held_out_logits=logits, held_out_targets=dev.targets),
            float(f1_score(dev.targets, logits.argmax(axis=1), average="macro", zero_division=0)),
            float(log_loss(dev.targets, softmax(logits, axis=1), labels=np.arange(logits.shape[1]))),
            seconds,
        )

    def rank(self) -> tuple[float, float]:
        """Order by macro-F1, then by log loss."""
        return self.macro_f1, -self.loss

    def record(self) -> dict[str, Any]:
        """Return what a bundle keeps of it."""
        names = ("epochs", "learning_rate", "frozen_layers")
        settings = {name: getattr(self.method, name) for name in names if hasattr(self.method, name)}
        tried = {"tried": type(self.method).__name__.lower(), **settings}
        return {**tried, "macro_f1": self.macro_f1, "dev_loss": self.loss, "seconds": round(self.seconds, 1)}
