"""``colonnade new-vertical``: a package of one's own that adds a vertical, and already passes the contract."""

import keyword
import re
import shlex
import shutil
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from foundation.errors import InputError, UnknownNameError

__all__ = ["new_vertical"]

_COMMON = "common"
_TEMPLATES = Path(__file__).parents[1] / "templates"
_NAME = re.compile(r"(?=.{2,31}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_ALL = "all"  # what ``evaluate all`` means
# In the templates' paths: the package's folder, and that of its sample.
_PACKAGE, _SAMPLE = "PACKAGE", "SAMPLE"
_FILLED = ".tmpl"
# Of the drawn sample: so many pictures a kind, of so many pixels a side.
_PICTURES, _SIDE = 40, 64


def new_vertical(
    name: Annotated[str, typer.Argument(help="Small letters, digits and dashes: claims.")],
    task: Annotated[str, typer.Option(help="What it does: text, image, tabular or ranking.")] = "text",
    title: Annotated[str, typer.Option(help="What people read; the name where left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder to write; the name where left out.")] = None,
) -> None:
    """Write a package with a vertical: pipeline, page, card, sample, tests and README. Install it, and it is there."""
    from foundation.files import atomic_folder, sha256_file
    from solutions.registry import solutions

    known = sorted(folder.name for folder in _TEMPLATES.iterdir() if folder.is_dir() and folder.name != _COMMON)
    if task not in known:
        raise UnknownNameError("kind of new vertical", task, known)
    package = name.replace("-", "_")
    if not _NAME.fullmatch(name) or keyword.iskeyword(package):
        raise InputError(f"got the name {name!r}; expected small letters, digits and dashes, such as claims")
    if name == _ALL:
        raise InputError(f"{_ALL!r} names every vertical; choose another name")
    if name in solutions():
        raise InputError(f"there is a vertical {name!r} already; choose another name")
    target = out or Path(name)
    if target.exists():
        raise InputError(f"{target} is there already; give another --out")
    places = {
        "name": name,
        "package": f"{package}_vertical",
        "class_name": "".join(part.title() for part in package.split("_")),
        "title": " ".join(re.sub(r"[\"\\{}<>]", "", title).split()) or name.replace("-", " ").capitalize(),
    }
    with atomic_folder(target) as temporary:
        sample = temporary / places["package"] / "datasets" / f"{places['package']}_sample"
        copied = [_copied(_TEMPLATES / kind, temporary, places["package"]) for kind in (_COMMON, task)]
        if task == "image":
            _draw_pictures(sample)
        places["sha256"] = sha256_file(sample / "sample.csv")
        for path in [path for paths in copied for path in paths if path.suffix == _FILLED]:
            written = Template(path.read_text(encoding="utf-8")).substitute(places)
            path.with_suffix("").write_text(written, encoding="utf-8")
            path.unlink()
        files = sum(path.is_file() for path in temporary.rglob("*"))
    typer.echo(f"{target}: {files} files; README.md says what is where")
    typer.echo(f"next: pip install --no-deps --editable {shlex.quote(str(target))} && colonnade demo {name}")


def _copied(template: Path, target: Path, package: str) -> list[Path]:
    """Copy a template's files to where they belong, and return them."""
    copies = []
    for path in sorted(template.rglob("*.*")):
        if path.is_file() and "__pycache__" not in path.parts:
            named = (
                path.relative_to(template).as_posix().replace(_PACKAGE, package).replace(_SAMPLE, f"{package}_sample")
            )
            (target / named).parent.mkdir(parents=True, exist_ok=True)
            copies.append(Path(shutil.copyfile(path, target / named)))
    return copies


def _draw_pictures(folder: Path) -> None:
    """Draw a sample of rings and crosses, and list it as ``sample.csv``.

    Parameters
    ----------
    folder : Path
        Of the card.
    """
    import numpy as np
    from PIL import Image

    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    lines = ["image,kind,split"]
    (folder / "images").mkdir(parents=True)
    for kind in ("ring", "cross"):
        for at in range(_PICTURES):
            y, x = generator.uniform(18, _SIDE - 18, 2)
            size, shade = generator.uniform(9, 15), generator.uniform(90, 160)
            down, right = np.abs(rows - y), np.abs(columns - x)
            ring = np.abs(np.hypot(down, right) - size) < 2.5
            cross = (np.minimum(down, right) < 2.5) & (np.maximum(down, right) < size)
            pixels = 40 + shade * (ring if kind == "ring" else cross) + generator.normal(0, 12, (_SIDE, _SIDE))
            name = f"images/{kind}-{at:02d}.png"
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name)
            lines.append(f"{name},{kind},{'test' if at % 5 == 4 else 'dev' if at % 5 == 3 else 'train'}")
    (folder / "sample.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
