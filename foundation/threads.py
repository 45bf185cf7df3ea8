"""Two pieces of work side by side, a thread each."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from foundation.progress import Listener

__all__ = ["beside", "one_thread"]

ResultT = TypeVar("ResultT")


class _GivenUpError(Exception):
    """Nobody waits for the work any more."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Take one thread for torch's operations, where waking and awaiting another may cost more than it does.

    An epoch of the sequence model of MovieLens takes 5.5 to 8 s on two threads of an idle machine and 24 to 50 s where
    one of its cores is taken, by another process or by the host of a virtual machine; on one thread it takes 7 s in
    either case. Of single answers at 50,000 items the slowest in twenty took 99 ms on two threads and 2 ms on one,
    because the threads of the linear algebra are still awake.
    """
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


@contextmanager
def beside(work: Callable[[Listener], ResultT]) -> Iterator["Future[ResultT]"]:
    """Do work in a thread of its own while the block goes on; each has half of the cores for its linear algebra.

    Threads that share their cores with those of one another's matrices wait more than they work. Torch's operations
    take one thread in both: a new thread begins with the count that was set last.

    Parameters
    ----------
    work : callable
        Is given a listener to tell how far it is. Where the block fails, or Ctrl-C ends it, that raises, so that the
        work ends at its next step.

    Yields
    ------
    Future
        Of what the work returns.

    Examples
    --------
    >>> with beside(lambda listener: sum(range(4))) as total:
    ...     product = 2 * 3
    >>> product, total.result()
    (6, 6)
    """
    from threadpoolctl import threadpool_limits

    half = max(1, (os.cpu_count() or 1) // 2)
    given_up = Event()

    def listener(*_: object) -> None:
        if given_up.is_set():
            raise _GivenUpError

    with one_thread(), threadpool_limits(half, "blas"), ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(work, listener)
        except BaseException:
            given_up.set()
            raise
