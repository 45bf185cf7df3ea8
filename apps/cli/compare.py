"""``colonnade compare``: two bundles on the same rows."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.progress import progress_bar
from apps.cli.shown import show_comparisons
from apps.cli.tables import (
    DataOption,
    DataRootOption,
    DatasetOption,
    EncodingOption,
    ItemsOption,
    MapOption,
    ProtocolOption,
    labelled_table,
)
from foundation.errors import InputError

__all__ = ["compare"]


def compare(
    former: Annotated[Path, typer.Argument(help="A bundle's folder.")],
    candidate: Annotated[Path, typer.Argument(help="The folder of another bundle of the same task.")],
    dataset: DatasetOption = None,
    data: DataOption = None,
    mapping: MapOption = "",
    items: ItemsOption = None,
    protocol: ProtocolOption = None,
    encoding: EncodingOption = "utf-8",
    data_root: DataRootOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether the second bundle is better than the first, worse, or not told apart, by a paired test."""
    from foundation.bundle import read_record
    from foundation.evaluation.comparison import compare as compare_outcomes
    from solutions.registry import find_solution

    one, other = read_record(former), read_record(candidate)
    if (one.solution, one.task) != (other.solution, other.task):
        raise InputError(
            f"{former} is of {one.solution}/{one.task}, {candidate} of {other.solution}/{other.task}; "
            "expected two bundles of one task"
        )
    solution = find_solution(one.solution)
    spec = solution.spec.task(one.task)
    table = labelled_table(solution, spec, dataset, data, mapping, encoding, data_root, items, protocol)
    with progress_bar() as listener:
        reports = [solution.evaluate(table, folder, listener) for folder in (former, candidate)]
    first, second = (report.outcomes for report in reports)
    if first is None or second is None:
        raise InputError(f"{one.solution}/{one.task} is not measured row by row; evaluate each bundle")
    told = compare_outcomes(first, second)
    if as_json:
        stamp = asdict(reports[0].dataset)
        found = [asdict(comparison) for comparison in told]
        typer.echo(json.dumps({"former": one.id, "candidate": other.id, "dataset": stamp, "comparisons": found}))
        return
    typer.echo(f"{one.id} (former) and {other.id} (candidate) on {reports[0].dataset.rows} test rows of {table.name}")
    show_comparisons(told)
