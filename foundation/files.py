"""Files that are whole or absent: written under a temporary name, then renamed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from foundation.errors import BundleError, ColonnadeError, InputError

__all__ = ["atomic_file", "atomic_folder", "check_writable", "md5_file", "read_json", "sha256_file", "write_json"]


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def md5_file(path: Path) -> str:
    """Return the MD5 of a file as 32 hexadecimal digits, for publishers who name no other hash."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as JSON that people can read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read an object, or say which file cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} is not readable JSON ({error}); train again, or restore the file") from error
    if not isinstance(content, dict):
        raise BundleError(f"{path} is not a JSON object; train again, or restore the file")
    return content


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it there on success, remove it on any failure.

    Raises
    ------
    ColonnadeError
        When the folder cannot be written or the disk is full. What stood at ``path`` before is untouched.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_file(Path(folder) / "a.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    ...     [entry.name for entry in Path(folder).iterdir()]
    ['a.txt']
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(path)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; rename it there on success, replacing what stood there."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary, former = _temporary(path), _temporary(path)
        temporary.mkdir()
        try:
            yield temporary
            if path.exists():
                path.replace(former)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(former, ignore_errors=True)


def check_writable(folder: Path, option: str) -> None:
    """Find out before long work, not after it, that a folder cannot be written, be it there or yet to be made.

    Raises
    ------
    InputError
        Where it, or the nearest folder above it that is there, is no folder or may not be written to.
    """
    place = folder.expanduser().absolute()
    nearest = next(each for each in (place, *place.parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise InputError(f"{option}: {folder} cannot be written: {nearest} is no folder that you may write to")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ColonnadeError(
            f"cannot write {path}: {reason}; free space, or choose another place (COLONNADE_HOME, --out, --output)"
        ) from error


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid4().hex}")
