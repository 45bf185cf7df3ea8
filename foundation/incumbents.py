"""Which bundle answers for a task: the incumbent, in ``COLONNADE_HOME``."""

import shutil
from pathlib import Path
from uuid import uuid4

from foundation.bundle import Savable, check_files, read_record
from foundation.errors import BundleError
from foundation.files import atomic_file, atomic_folder
from foundation.papers import Papers, write_card_page
from foundation.settings import settings

__all__ = ["adopt", "has_incumbent", "incumbent", "keep_bundle", "needs_adoption", "set_incumbent"]

_INCUMBENT, _ADOPTED = "incumbent", "adopted"


def has_incumbent(solution: str, task: str) -> bool:
    """Tell whether a bundle answers for a task."""
    return (_home(solution, task) / _INCUMBENT).is_file()


def incumbent(solution: str, task: str) -> Path:
    """Return the folder of the bundle that answers for a task.

    Raises
    ------
    BundleError
        There is none yet; the message says how to make one.
    """
    if not has_incumbent(solution, task):
        raise BundleError(
            f"no model for {solution}/{task} in {settings().home}; run 'colonnade train {solution} --task {task}', "
            "or name one with --bundle DIR"
        )
    home = _home(solution, task)
    return home / _pointed(home, _INCUMBENT)


def set_incumbent(bundle: Savable, papers: Papers) -> Path:
    """Save a bundle in ``COLONNADE_HOME`` and let it answer from now on; the former one stays on the disk."""
    home = _home(bundle.record.solution, bundle.record.task)
    folder = keep_bundle(bundle, papers, home)
    (home / _ADOPTED).unlink(missing_ok=True)  # the same training gives the same id: it is one's own now
    _point(home, _INCUMBENT, folder.name)
    return folder


def needs_adoption(shipped: Path) -> bool:
    """Tell whether a bundle that a vertical brings along should answer: none does, or one that another release brought.

    A model that was trained on this machine is never replaced.
    """
    record = read_record(shipped)
    home = _home(record.solution, record.task)
    answering = _pointed(home, _INCUMBENT)
    return not answering or (answering == _pointed(home, _ADOPTED) and answering != record.id)


def adopt(shipped: Path) -> Path:
    """Copy a bundle that a vertical brings along into ``COLONNADE_HOME``, and let it answer from now on.

    Raises
    ------
    BundleError
        A file of it is missing or has another hash.
    """
    record = read_record(shipped)
    check_files(shipped, record)
    home = _home(record.solution, record.task)
    with atomic_folder(home / record.id) as temporary:
        shutil.copytree(shipped, temporary, dirs_exist_ok=True)
        write_card_page(temporary, record.id)
    _point(home, _INCUMBENT, record.id)
    _point(home, _ADOPTED, record.id)
    return home / record.id


def keep_bundle(bundle: Savable, papers: Papers, home: Path) -> Path:
    """Save a bundle in a folder of that name below ``home``, and return it."""
    scratch = home / f".{uuid4().hex}"
    saved = bundle.save(scratch, papers)
    folder = home / saved.record.id
    if folder.exists():
        shutil.rmtree(scratch)  # the same id means the same bytes, and what is there may be in use
    else:
        scratch.replace(folder)
    return folder


def _point(home: Path, role: str, bundle_id: str) -> None:
    with atomic_file(home / role) as temporary:
        temporary.write_text(bundle_id, encoding="utf-8")


def _pointed(home: Path, role: str) -> str:
    """Return the id of the bundle that has a role, or nothing."""
    return (home / role).read_text(encoding="utf-8").strip() if (home / role).is_file() else ""


def _home(solution: str, task: str) -> Path:
    return settings().home / "bundles" / solution / task
