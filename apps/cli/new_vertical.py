"""``colonnade new-vertical``: a package of one's own that adds a vertical, and already passes the contract."""

import keyword
import re
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from foundation.errors import InputError, UnknownNameError

__all__ = ["new_vertical"]

_TEMPLATES = Path(__file__).parents[1] / "templates"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
#: Template by file; ``{package}`` is the package's name.
_FILES = {
    "pyproject.toml": "pyproject.toml.tmpl",
    "README.md": "README.md.tmpl",
    "{package}/__init__.py": "init.py.tmpl",
    "{package}/schema.py": "schema.py.tmpl",
    "{package}/pipeline.py": "pipeline.py.tmpl",
    "{package}/page.py": "page.py.tmpl",
    "{package}/datasets/{package}_sample/README.md": "card.md.tmpl",
    "{package}/datasets/{package}_sample/sample.csv": "sample.csv",
    "tests/test_contract.py": "test_contract.py.tmpl",
}


def new_vertical(
    name: Annotated[str, typer.Argument(help="Small letters, digits and dashes: claims.")],
    task: Annotated[str, typer.Option(help="What it reads: text.")] = "text",
    title: Annotated[str, typer.Option(help="What people read; the name where left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder to write; the name where left out.")] = None,
) -> None:
    """Write a package with a vertical: pipeline, page, card, sample, tests and README. Install it, and it is there."""
    from foundation.files import atomic_folder, sha256_file
    from solutions.base import solutions

    known = sorted(folder.name for folder in _TEMPLATES.iterdir() if folder.is_dir())
    if task not in known:
        raise UnknownNameError("kind of new vertical", task, known)
    package = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(package):
        raise InputError(f"got the name {name!r}; expected small letters, digits and dashes, such as claims")
    if name in solutions():
        raise InputError(f"there is a vertical {name!r} already; choose another name")
    target = out or Path(name)
    if target.exists():
        raise InputError(f"{target} is there already; give another --out")
    places = {
        "name": name,
        "package": f"{package}_vertical",
        "class_name": "".join(part.title() for part in package.split("_")),
        "title": re.sub(r"[\"\\{}<>]", "", title) or name.replace("-", " ").capitalize(),
        "sha256": sha256_file(_TEMPLATES / task / "sample.csv"),
    }
    with atomic_folder(target) as temporary:
        for file, template in _FILES.items():
            path = temporary / file.format(package=places["package"])
            path.parent.mkdir(parents=True, exist_ok=True)
            source = (_TEMPLATES / task / template).read_text(encoding="utf-8")
            written = Template(source).substitute(places) if template.endswith(".tmpl") else source
            path.write_text(written, encoding="utf-8")
    typer.echo(f"{target}: {len(_FILES)} files; README.md says what is where")
    typer.echo(f"next: pip install --no-deps --editable {target} && colonnade demo {name}")
