"""``colonnade predict``: a file of requests to a file of answers."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.progress import progress_bar
from apps.cli.tables import ClientOption, EncodingOption, bundles_of, parse_pairs

__all__ = ["predict"]


def predict(
    vertical: Annotated[str, typer.Argument(help="finance, ...")],
    input_path: Annotated[
        Path, typer.Option("--input", help="CSV, TSV, JSONL, Parquet or Excel; of images a folder, zip or file too.")
    ],
    output_path: Annotated[Path, typer.Option("--output", help="CSV or JSONL to write.")],
    task: Annotated[str | None, typer.Option(help="Write this task's columns alone.")] = None,
    mapping: Annotated[str, typer.Option("--map", help="Your column names: text=headline.")] = "",
    encoding: EncodingOption = "utf-8",
    bundle: Annotated[list[Path] | None, typer.Option(help="A bundle's folder; may be given once a task.")] = None,
    client: ClientOption = None,
) -> None:
    """Answer every row of a file. Rows that cannot be read get a reason in the column 'error'; the rest goes on."""
    from solutions.batch import check_file, predict_file
    from solutions.client import Client
    from solutions.registry import find_solution

    solution = find_solution(vertical)
    if task:
        solution.spec.task(task)
    theirs = Client.open(client) if client else None
    named = theirs.bundles(vertical) if theirs else {}
    named |= bundles_of(vertical, bundle or [])
    columns = parse_pairs("--map", mapping)
    check_file(solution, input_path, output_path, columns, encoding)
    with progress_bar() as listener:
        solution.prepare([spec.name for spec in solution.spec.tasks if spec.name not in named], listener)
        ready = solution.load(named, listener)
        outcome = predict_file(
            ready.of_client(theirs.folder, listener) if theirs else ready,
            input_path,
            output_path,
            mapping=columns,
            encoding=encoding,
            task=task,
            listener=listener,
        )
    typer.echo(f"{output_path}: {outcome.answered:,} rows answered", nl=not outcome.refused)
    if outcome.refused:
        typer.echo(f", {outcome.refused:,} not (first: {outcome.first_refusal}; see the column 'error')")
