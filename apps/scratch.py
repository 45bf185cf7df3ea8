"""Files that a page makes for a visitor to download: they go when the server stops."""

import tempfile
from functools import cache
from pathlib import Path

__all__ = ["scratch_file"]


@cache
def _scratch() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="colonnade-")


def scratch_file(name: str) -> Path:
    """Return a path of this name in a folder of its own."""
    return Path(tempfile.mkdtemp(dir=_scratch().name)) / name
