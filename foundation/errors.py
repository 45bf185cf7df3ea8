"""Every error that a person is meant to read.

::

    ColonnadeError            one line: what was got, what was expected, what to do next
    ├── InputError            what a person gave cannot be used: a file, a column, a label, a text
    │   └── UnknownNameError  a name that is not known; the nearest known one is suggested
    ├── AssetError            a file set cannot be had
    │   ├── OfflineError      the network is needed, and COLONNADE_OFFLINE=1 forbids it
    │   └── IntegrityError    the bytes are not the ones that were pinned
    └── BundleError           a trained model is missing, damaged or of another schema version

The command line and the web pages show ``str(error)`` as it is; a traceback is for ``--debug``.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "AssetError",
    "BundleError",
    "ColonnadeError",
    "InputError",
    "IntegrityError",
    "OfflineError",
    "UnknownNameError",
]


# Of more names than a person reads through, a few show what they look like.
_MOST_TOLD, _A_FEW = 40, 5


class ColonnadeError(Exception):
    """Base of every error whose text is written for a person."""


class InputError(ColonnadeError):
    """What a person gave cannot be used."""


class UnknownNameError(InputError):
    """A name that is not known.

    Parameters
    ----------
    kind : str
        What is named, in words: ``"column"``, ``"dataset"``.
    got : str
        The name as it was given.
    known : iterable of str
        The names that would have been accepted.

    Examples
    --------
    >>> print(UnknownNameError("task", "tome", ["tone", "topic"]))
    unknown task 'tome'; known: tone, topic; did you mean 'tone'?
    >>> print(UnknownNameError("item", "Toy Story", map(str, range(1000))))
    unknown item 'Toy Story'; known: 0, 1, 10, 100, 101, 995 more
    """

    def __init__(self, kind: str, got: str, known: Iterable[str]) -> None:
        names = sorted(known)
        told = names if len(names) <= _MOST_TOLD else [*names[:_A_FEW], f"{len(names) - _A_FEW:,} more"]
        text = f"unknown {kind} {got!r}; known: {', '.join(told) or 'none'}"
        near = difflib.get_close_matches(got, names, n=1)
        super().__init__(f"{text}; did you mean {near[0]!r}?" if near else text)


class AssetError(ColonnadeError):
    """A file set cannot be had from any of its sources."""


class OfflineError(AssetError):
    """The network is needed and forbidden."""


class IntegrityError(AssetError):
    """The bytes of a file are not the pinned ones."""


class BundleError(ColonnadeError):
    """A trained model is missing, damaged or of a schema version that this release cannot read."""
