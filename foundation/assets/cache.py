"""The cache of assets: every file in it has the pinned bytes, or is not used."""

import logging
import shutil
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from filelock import FileLock

from foundation.assets.catalog import Asset, Member
from foundation.assets.sources import retrieve
from foundation.errors import AssetError, IntegrityError, OfflineError
from foundation.progress import Listener, silent
from foundation.settings import settings

__all__ = ["Status", "fetch", "status", "verify"]

logger = logging.getLogger(__name__)


class Status(str, Enum):
    """What the cache holds of an asset's member."""

    PRESENT = "present"
    ABSENT = "absent"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class _Place:
    """Where an asset's files lie: ``folder`` holds verified ones, ``staging`` what is on its way."""

    folder: Path
    staging: Path
    lock: Path


def _place(asset: Asset) -> _Place:
    root = settings().home / "assets"
    return _Place(root / asset.name, root / ".staging" / asset.name, root / ".locks" / f"{asset.name}.lock")


def status(asset: Asset) -> Status:
    """Tell whether all members are in the cache, by presence alone (``verify`` reads the bytes)."""
    folder = _place(asset).folder
    present = all((folder / member.path).is_file() for member in asset.members)
    return Status.PRESENT if present else Status.ABSENT


def verify(asset: Asset) -> dict[str, Status]:
    """Compare every cached member with its pinned hash.

    Returns
    -------
    dict of str to Status
        By member path.
    """
    folder = _place(asset).folder
    return {member.path: _inspect(folder / member.path, member) for member in asset.members}


def _inspect(path: Path, member: Member) -> Status:
    if not path.is_file():
        return Status.ABSENT
    return Status.PRESENT if member.is_pinned(path) else Status.DAMAGED


@cache
def _verified(asset: Asset, folder: Path) -> bool:
    """Hash once per process what is read often; ``fetch`` clears the memory when it changes a file."""
    return all(_inspect(folder / member.path, member) is Status.PRESENT for member in asset.members)


def fetch(asset: Asset, listener: Listener = silent) -> Path:
    """Return a folder with all members of an asset, verified, fetching what is missing or damaged.

    Two processes that ask at once wait for each other; an interrupted download is continued or restarted, and never
    leaves a half-written file in the cache.

    Parameters
    ----------
    asset : Asset
        What to fetch.
    listener : Listener
        Told of bytes done.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    AssetError
        No source delivered the pinned bytes; ``OfflineError`` where the network is forbidden, ``IntegrityError`` where
        a source delivered other bytes.
    """
    place = _place(asset)
    if _verified(asset, place.folder):
        return place.folder
    place.lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.lock):
        for member in asset.members:
            found = _inspect(place.folder / member.path, member)
            if found is Status.DAMAGED:
                logger.warning("%s of asset %s is damaged and is fetched again", member.path, asset.name)
            if found is not Status.PRESENT:
                _obtain(asset, member, place, listener)
        shutil.rmtree(place.staging, ignore_errors=True)
        _verified.cache_clear()
    return place.folder


def _obtain(asset: Asset, member: Member, place: _Place, listener: Listener) -> None:
    failures: list[str] = []
    for source in _sources(asset, member):
        staged = place.staging / f"{member.path.replace('/', '__')}"
        staged.parent.mkdir(parents=True, exist_ok=True)
        try:
            retrieve(source, staged, listener)
        except (AssetError, OSError) as error:
            logger.info("source %s failed: %s", source, error)
            failures.append(str(error))
            continue
        if member.is_pinned(staged):
            (place.folder / member.path).parent.mkdir(parents=True, exist_ok=True)
            staged.replace(place.folder / member.path)
            return
        staged.unlink()
        failures.append(f"{source}: other bytes than the pinned hash {(member.sha256 or member.md5)[:12]}...")
    raise _explain(asset, member, failures)


def _sources(asset: Asset, member: Member) -> list[str]:
    """List the sources to try: the local copy first, the network only where it is allowed."""
    local = settings().assets
    copies = [f"file:{local / asset.name / member.path}"] if local else []
    existing = [copy for copy in copies if Path(copy.removeprefix("file:")).is_file()]
    return existing if settings().offline else [*existing, *member.sources]


def _explain(asset: Asset, member: Member, failures: list[str]) -> AssetError:
    by_hand = f"or put the file at COLONNADE_ASSETS/{asset.name}/{member.path}"
    if any("other bytes" in failure for failure in failures):
        return IntegrityError(f"{asset.name}/{member.path} was not used: {'; '.join(failures)}; {by_hand}")
    if settings().offline:
        return OfflineError(
            f"{asset.name}/{member.path} is not on this machine and COLONNADE_OFFLINE=1 forbids the network; "
            f"run 'colonnade assets fetch {asset.name}' once with the network, {by_hand}"
        )
    return AssetError(f"{asset.name}/{member.path} could not be fetched: {'; '.join(failures)}; {by_hand}")
