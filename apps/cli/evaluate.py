"""``colonnade evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.progress import progress_bar
from apps.cli.shown import show_report
from apps.cli.tables import (
    ClientOption,
    DataOption,
    DataRootOption,
    DatasetOption,
    EncodingOption,
    ItemsOption,
    MapOption,
    ProtocolOption,
    labelled_table,
)
from foundation.errors import InputError, UnknownNameError
from foundation.files import check_writable

if TYPE_CHECKING:
    from apps.reporting.page import Skipped
    from foundation.evaluation.report import Report
    from solutions.base import Solution, TaskSpec

__all__ = ["evaluate"]

_FOLDER = Path("colonnade-report")


def evaluate(
    vertical: Annotated[str, typer.Argument(help="finance, ..., or all.")],
    task: Annotated[str | None, typer.Option(help="One task; all of the vertical's where left out.")] = None,
    dataset: DatasetOption = None,
    data: DataOption = None,
    mapping: MapOption = "",
    items: ItemsOption = None,
    protocol: ProtocolOption = None,
    encoding: EncodingOption = "utf-8",
    data_root: DataRootOption = None,
    bundle: Annotated[Path | None, typer.Option(help="A bundle's folder; the incumbent where left out.")] = None,
    client: ClientOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for report.html and results.json; of 'all' colonnade-report.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Measure on a test split: intervals, baselines, calibration, leakage.

    'all' measures every task on its own data, and on each public set of --data-root that a vertical has a card for.
    """
    from apps.reporting.page import Skipped
    from solutions.client import Client
    from solutions.registry import find_solution, solutions

    theirs = Client.open(client) if client else None
    chosen = list(solutions().values()) if vertical == "all" else [find_solution(vertical)]
    every = [(solution, spec) for solution in chosen for spec in solution.spec.tasks]
    if task and task not in {spec.name for _, spec in every}:
        raise UnknownNameError(f"task of {vertical}", task, [spec.name for _, spec in every])
    plan = [(solution, spec, dataset) for solution, spec in every if task in (None, spec.name)]
    if (bundle or dataset or data or protocol) and len(plan) > 1:
        raise InputError("--bundle, --dataset, --data and --protocol are of one task; name it with --task")
    if vertical == "all":
        out = out or _FOLDER
        plan += _public(plan, data_root)
    if out:
        check_writable(out, "--out")
    reports: list[Report] = []
    skipped: list[Skipped] = []
    for solution, spec, name in plan:
        with progress_bar() as listener:
            try:
                table = labelled_table(solution, spec, name, data, mapping, encoding, data_root, items, protocol)
                model = bundle or (theirs.bundles(solution.spec.name).get(spec.name) if theirs else None)
                if model is None:
                    solution.prepare([spec.name], listener)
                report = solution.evaluate(table, model, listener)
            except InputError as error:
                if vertical != "all" or name is None:
                    raise
                skipped.append(Skipped(solution.spec.name, spec.name, name, str(error)))
                continue
        reports.append(report)
        if as_json:
            typer.echo(report.to_json())
        else:
            show_report(report)
    if out:
        _write(out, reports, skipped)
        typer.echo(f"{out / 'report.html'} and {out / 'results.json'}: {len(reports)} reports", err=as_json)
        for one in skipped:
            typer.echo(f"{one.solution}/{one.task} on {one.dataset} was not measured: {one.reason}", err=True)


def _public(
    plan: "list[tuple[type[Solution[Any, Any]], TaskSpec, str | None]]", data_root: Path | None
) -> "list[tuple[type[Solution[Any, Any]], TaskSpec, str | None]]":
    """Return the tasks of every set of ``--data-root`` that has a card, but for those that are measured anyway."""
    from foundation.data.cards import all_cards
    from foundation.settings import settings

    root = data_root or settings().data
    there = [card for name, card in sorted(all_cards().items()) if root and (root / name).is_dir()]
    return [
        (solution, spec, card.name)
        for solution, spec, _ in plan
        for card in there
        if card.solution == solution.spec.name and spec.name in card.tasks and card.name != spec.default_dataset
    ]


def _write(folder: Path, reports: "list[Report]", skipped: "list[Skipped]") -> None:
    """Write what was measured, for machines and for people: the same objects in both."""
    from dataclasses import asdict

    from apps.reporting.page import report_page
    from foundation import __version__
    from foundation.files import atomic_file, write_json

    results = [report.to_dict() for report in reports]
    left_out = [asdict(one) for one in skipped]
    with atomic_file(folder / "results.json") as temporary:
        write_json(temporary, {"colonnade": __version__, "reports": results, "skipped": left_out})
    with atomic_file(folder / "report.html") as temporary:
        temporary.write_text(report_page(reports, skipped), encoding="utf-8")
