"""How long work tells that it is going on, without knowing who listens.

A listener is a function ``(done, total, what)``; the command line passes one that draws a bar, a web page one that
moves its own. ``total`` is 0 while it is not known.
"""

from collections.abc import Callable

__all__ = ["Listener", "silent"]

Listener = Callable[[int, int, str], None]


def silent(done: int, total: int, what: str) -> None:
    """Listen to nothing."""
