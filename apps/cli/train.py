"""``colonnade train``."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.progress import progress_bar
from apps.cli.tables import (
    DataOption,
    DataRootOption,
    DatasetOption,
    EncodingOption,
    ItemsOption,
    MapOption,
    ProtocolOption,
    labelled_table,
    parse_pairs,
    read_unlabelled,
)
from foundation.errors import InputError
from foundation.files import check_writable

if TYPE_CHECKING:
    from foundation.data.labelled import LabelledTable
    from foundation.recipes.recipe import Recipe, Trained
    from solutions.base import TaskSpec

__all__ = ["parse_budget", "train"]

_SECONDS = {"s": 1, "m": 60, "h": 3600}


def train(
    vertical: Annotated[str, typer.Argument(help="finance, ...")],
    task: Annotated[str, typer.Option(help="What to learn, e.g. tone or topic.")],
    dataset: DatasetOption = None,
    data: DataOption = None,
    mapping: MapOption = "",
    items: ItemsOption = None,
    protocol: ProtocolOption = None,
    encoding: EncodingOption = "utf-8",
    data_root: DataRootOption = None,
    method: Annotated[
        str | None,
        typer.Option(help="probe (seconds), fewshot, lora, adalora, full, auto; else what suits the data."),
    ] = None,
    options: Annotated[str, typer.Option("--set", help="Hyper-parameters: epochs=4,learning_rate=1e-4.")] = "",
    budget: Annotated[str, typer.Option(help="Time for --method auto, e.g. 90s, 10m, 1h.")] = "",
    backbone: Annotated[str | None, typer.Option(help="Name, local folder or Hub id of the encoder.")] = None,
    class_weight: Annotated[str, typer.Option(help="balanced, none, or auto: what suits the method.")] = "auto",
    beside: Annotated[
        str | None, typer.Option("--with", help="Cards to train on as well, or none; the card's own where left out.")
    ] = None,
    unlabelled: Annotated[
        Path | None, typer.Option(help="A table of texts, or a folder of pictures, that the encoder sees first.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
    leaks: Annotated[
        str, typer.Option(help="Of images in two splits: refuse, drop (leave them out) or keep.")
    ] = "refuse",
    cv: Annotated[int, typer.Option(help="Only measure: train this many times, each without one part.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the bundle here, and leave the incumbent as it is.")] = None,
) -> None:
    """Train a model from labelled texts and let it answer from now on (or write it to --out).

    Interrupted, the same command goes on where it stopped.
    """
    from solutions.registry import find_solution

    solution = find_solution(vertical)
    spec = solution.spec.task(task)
    if leaks not in ("refuse", "drop", "keep"):
        raise InputError(f"--leaks: got {leaks!r}; expected refuse, drop or keep")
    _check_options(f"{vertical}/{task}", spec.reads, {"--cv": cv, "--unlabelled": unlabelled, "--with": beside})
    if class_weight not in ("auto", "balanced", "none"):
        raise InputError(f"--class-weight: got {class_weight!r}; expected auto, balanced or none")
    if out is not None:
        _check_out(out)
    chosen = parse_pairs("--set", options)
    if budget:
        if method != "auto":
            raise InputError("--budget is the time that --method auto may take; give both, or neither")
        chosen["budget"] = str(parse_budget(budget))
    its_columns = mapping if data or not unlabelled else ""  # else they are those of the unlabelled texts
    table = labelled_table(solution, spec, dataset, data, its_columns, encoding, data_root, items, protocol)
    table = replace(table, companions=_companions(beside, table, data_root))

    usual, its_options = _usual(spec, table.name)

    from foundation.recipes.recipe import Recipe

    recipe = Recipe(
        method=method or usual,
        backbone=backbone,
        class_weight=None if class_weight == "none" else class_weight,
        seed=seed,
        options=chosen if method else {**its_options, **chosen},
        unlabelled=read_unlabelled(unlabelled, spec.reads, parse_pairs("--map", mapping), encoding),
        leaks=leaks,
        figures=spec.figures,
    )
    if cv:
        _cross_validate(table, recipe, cv)
        return
    with progress_bar() as listener:
        trained = solution.train(table, recipe, listener)

    from foundation.training.runs import is_main_process

    if is_main_process():
        if out is not None:
            trained.save(out)
        _tell(trained, out or trained.install())
        given = {"--dataset": dataset, "--data": data, "--map": its_columns, "--items": items, "--protocol": protocol}
        given |= {"--encoding": encoding if encoding != "utf-8" else None, "--bundle": out}
        named = "".join(f" {option} {shlex.quote(str(value))}" for option, value in given.items() if value)
        typer.echo(f"next: colonnade evaluate {vertical} --task {task}{named}")


def _check_out(out: Path) -> None:
    """Find out before an hour of training, not after it, that the bundle cannot be written, or is no new one."""
    place = out.expanduser().absolute()
    bundle = place.is_dir() and ((place / "bundle.json").is_file() or not any(place.iterdir()))
    if place.exists() and not bundle:
        raise InputError(f"--out: {out} is there already and holds no bundle; give the name of a new folder")
    check_writable(place.parent, "--out")


def _usual(spec: "TaskSpec", dataset: str) -> tuple[str, Mapping[str, str]]:
    """Return the method where a person names none, and its hyper-parameters.

    The task's own suits its own data. Other texts may be a hundred, or as many again: they get what takes seconds.
    """
    own = dataset == spec.default_dataset or spec.reads != "text"
    return (spec.method or "probe", spec.options) if own else ("probe", {})


def parse_budget(text: str) -> float:
    """Read a time such as ``90s``, ``10m`` or ``1.5h`` as seconds.

    Examples
    --------
    >>> parse_budget("10m")
    600.0
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", text.strip().lower())
    if not found or not float(found[1]):
        raise InputError(f"--budget: got {text!r}; expected a time such as 90s, 10m or 1h")
    return float(found[1]) * _SECONDS[found[2]]


_READ_BY = {"--cv": ("text", "rows", "image"), "--unlabelled": ("text", "image"), "--with": ("text",)}


def _check_options(task: str, reads: str, given: Mapping[str, object]) -> None:
    """Refuse options that mean nothing to a task."""
    for option, value in given.items():
        if value and reads not in _READ_BY[option]:
            raise InputError(f"{option} is for {' and '.join(_READ_BY[option])}; {task} reads {reads}: leave it out")


def _companions(names: str | None, table: "LabelledTable", data_root: Path | None) -> tuple["LabelledTable", ...]:
    from foundation.data.labelled import load_card_table

    if names is None:
        return table.companions
    wanted = [name.strip() for name in names.split(",") if name.strip() and name.strip() != "none"]
    return tuple(load_card_table(name, table.task, data_root) for name in wanted)


def _cross_validate(table: "LabelledTable", recipe: "Recipe", folds: int) -> None:
    from foundation.recipes.cross_validate import cross_validate

    with progress_bar() as listener:
        measured = cross_validate(table, recipe, folds, listener)
    for name, figure in measured.summary().items():
        each = " ".join(f"{value:.3f}" for value in measured.folds[name])
        typer.echo(f"{name} {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f} over {folds} folds: {each})")
    typer.echo("nothing was saved; without --cv the same command trains on all train rows")


def _tell(trained: "Trained", folder: Path) -> None:
    record = trained.bundle.record
    typer.echo(f"{record.data['name']}: {trained.leakage.summary()}")
    for earlier, later in trained.leakage.examples[:1]:
        typer.echo(f"  for example {later[:80]!r}, and earlier {earlier[:80]!r}")
    for tried in trained.history:
        if "tried" in tried:
            typer.echo(f"tried {_line(tried)}")
    figures = ", ".join(f"{name} {figure.value:.3f}" for name, figure in trained.metrics.items())
    typer.echo(f"held-out rows: {figures}")
    typer.echo(f"{folder} ({record.data['rows']} rows, method {record.method['name']})")


def _line(tried: Mapping[str, Any]) -> str:
    settings = (
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in tried.items()
    )
    return ", ".join(settings).removeprefix("tried ")
