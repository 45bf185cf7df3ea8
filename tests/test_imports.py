"""Imports point one way, and public names are what ``__all__`` says."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("foundation", "solutions", "apps")
# A module may import modules of its own group and of the groups before it.
LAYERS = (
    (
        "foundation.errors",
        "foundation.settings",
        "foundation.progress",
        "foundation.files",
        "foundation.network",
        "foundation.papers",
        "foundation.pairs",
        "foundation.rows",
        "foundation.assets",
        "foundation.store",
    ),
    ("foundation.data", "foundation.text", "foundation.vision"),
    ("foundation.training", "foundation.trust", "foundation.evaluation", "foundation.retrieval"),
    ("foundation.bundle", "foundation.incumbents"),
    ("foundation.recipes",),
    ("solutions",),
    ("apps",),
)
# Inside these groups no member may import another: they are siblings, not layers.
APART = (
    {"foundation.data", "foundation.text", "foundation.vision"},
    {"foundation.training", "foundation.trust", "foundation.evaluation", "foundation.retrieval"},
)
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in PACKAGES}


def group_of(name: str) -> tuple[int, str] | None:
    for level, members in enumerate(LAYERS):
        for member in members:
            if name == member or name.startswith(f"{member}."):
                return level, member
    return None


def violation(name: str, other: str) -> str | None:
    own, its = group_of(name), group_of(other)
    if own is None or its is None:
        return None
    if its[0] > own[0]:
        return f"{name} imports upward: {other}"
    if own[1] != its[1] and any({own[1], its[1]} <= siblings for siblings in APART):
        return f"{name} imports sideways: {other}"
    verticals = [part.split(".")[1] for part in (name, other) if part.startswith("solutions.") and is_vertical(part)]
    if len(set(verticals)) == 2:
        return f"{name} imports another vertical: {other}"
    return None


def is_vertical(name: str) -> bool:
    return (ROOT / "solutions" / name.split(".")[1]).is_dir()


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    found = [violation(module_name(path), other) for other in sorted(imported(path))]
    assert not [text for text in found if text]


def test_the_rules_find_what_they_are_for() -> None:
    assert violation("foundation.data.tables", "foundation.bundle")
    assert violation("foundation.trust.calibration", "foundation.training.probe")
    assert violation("solutions.base", "apps.hub")
    assert not violation("apps.hub", "solutions.base")


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_all_names_exist_and_are_public(path: Path) -> None:
    module = importlib.import_module(module_name(path))
    for name in getattr(module, "__all__", ()):
        assert hasattr(module, name)
        assert not name.startswith("_")


def test_every_code_file_is_one_sitting() -> None:
    assert not [path for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > 300]


def test_datasets_holds_no_python() -> None:
    assert not list((ROOT / "datasets").rglob("*.py"))
