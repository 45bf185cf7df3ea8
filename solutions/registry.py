"""How verticals are found.

A vertical is a package with a subclass of :class:`Solution` named in its ``__init__`` as ``solution``. Those in the
folder ``solutions/`` are found by scanning it; a client's own package registers one in the entry-point group
``colonnade.solutions``. Finding them imports neither torch nor transformers.
"""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from foundation.errors import InputError, UnknownNameError
from solutions.base import Solution

__all__ = ["find_solution", "solutions"]

ENTRY_POINTS = "colonnade.solutions"


@cache
def solutions() -> Mapping[str, type[Solution[Any, Any]]]:
    """Return every vertical by name: those of this folder, then those of installed packages."""
    import solutions as package

    folders = [module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg]
    found = [import_module(f"solutions.{name}").solution for name in sorted(folders)]
    found += [entry.load() for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)]
    by_name: dict[str, type[Solution[Any, Any]]] = {}
    for solution in found:
        name = solution.spec.name
        if name in by_name:
            raise InputError(f"two verticals are called {name!r}: {by_name[name].__module__} and {solution.__module__}")
        by_name[name] = solution
    return by_name


def find_solution(name: str) -> type[Solution[Any, Any]]:
    """Return a vertical by name.

    Examples
    --------
    >>> find_solution("finance").spec.task("tone").default_dataset
    'headlines'
    """
    if name not in solutions():
        raise UnknownNameError("vertical", name, solutions())
    return solutions()[name]
