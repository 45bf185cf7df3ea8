"""A bar on stderr that listens to long work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from foundation.progress import Listener, silent

__all__ = ["progress_bar"]


@contextmanager
def progress_bar() -> Iterator[Listener]:
    """Yield a listener that draws one bar a piece of work, with the time left; silent where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def listen(done: int, total: int, what: str) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total or None)
            progress.update(bars[what], completed=done, total=total or None)
            if total and done >= total:
                progress.remove_task(bars.pop(what))

        yield listen
