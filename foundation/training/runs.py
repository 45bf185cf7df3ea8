"""Where a run lives while it goes on, and what it leaves.

A run has a folder ``COLONNADE_HOME/runs/KEY``, where KEY is a hash of everything that decides the figures; whoever asks
for the same run after a crash finds its checkpoints there. A run that has ended leaves its logs only.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from foundation.settings import settings

__all__ = ["is_main_process", "kept_runs", "process_rank", "run_folder"]

# What a run needs until it ends; a method keeps beside a checkpoint what is not in it.
_SCRATCH = ("checkpoint-*", "epoch-*", "allocation-*", "*.f16", "*.json")
# What only a run that has not ended needs of a checkpoint: two thirds of it.
_MOMENTS = "checkpoint-*/optimizer.pt"
# The ended runs of a whole that has not ended.
_kept: ContextVar[list[Path] | None] = ContextVar("kept", default=None)


@contextmanager
def run_folder(*decisive: object) -> Iterator[Path]:
    """Yield the folder of the run that these values decide; one process at a time, and only logs stay at the end.

    Parameters
    ----------
    decisive : object
        Everything that the figures depend on, with a ``repr`` that tells it apart.
    """
    key = sha256("\n".join(map(repr, decisive)).encode()).hexdigest()[:16]
    folder = settings().home / "runs" / key
    folder.mkdir(parents=True, exist_ok=True)
    if not is_main_process():
        yield folder
        return
    with FileLock(folder / ".lock"):
        yield folder
        if (kept := _kept.get()) is None:
            _remove(folder, *_SCRATCH)
        else:
            kept.append(folder)
            _remove(folder, "*.f16", _MOMENTS)


@contextmanager
def kept_runs() -> Iterator[None]:
    """Keep the networks of the runs inside until all of them are done.

    Several runs make one model: an encoder that first reads texts without labels, candidates, halves, a second
    training. What was killed between two of them so goes on with the second.
    """
    if _kept.get() is not None:  # a part of a greater whole
        yield
        return
    kept: list[Path] = []
    token = _kept.set(kept)
    try:
        yield
        for folder in kept:
            with FileLock(folder / ".lock"):  # somebody who asked for the same may be reading it
                _remove(folder, *_SCRATCH)
    finally:
        _kept.reset(token)


def process_rank() -> int:
    """Return the number of this process among those that ``torchrun`` or ``accelerate`` started; 0 if it is alone."""
    return int(os.environ.get("RANK", "0"))


def is_main_process() -> bool:
    """Tell whether this process is the one that writes bundles and speaks."""
    return process_rank() == 0


def _remove(folder: Path, *patterns: str) -> None:
    for scratch in [path for pattern in patterns for path in folder.glob(pattern)]:
        shutil.rmtree(scratch) if scratch.is_dir() else scratch.unlink()
