"""``colonnade feedback``."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.progress import progress_bar
from apps.cli.shown import show_report

__all__ = ["feedback"]


def feedback(
    vertical: Annotated[str, typer.Argument(help="recommendation.")],
    task: Annotated[str | None, typer.Option(help="One task; the vertical's first where left out.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="A bundle's folder; the incumbent where left out.")] = None,
    client: Annotated[str | None, typer.Option(help="A client's hub: what was said there, of their model.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Estimate what a model would earn from what people chose on the page, before anybody sees that model."""
    from foundation.settings import keep_said_in
    from solutions.client import Client
    from solutions.registry import find_solution

    solution = find_solution(vertical)
    name = solution.spec.task(task or solution.spec.tasks[0].name).name
    if client:
        theirs = Client.open(client)
        keep_said_in(theirs.said)
        bundle = bundle or theirs.model(vertical, name)
    with progress_bar() as listener:
        if bundle is None:
            solution.prepare([name], listener)
        report = solution.evaluate_feedback(name, bundle)
    if as_json:
        typer.echo(report.to_json())
    else:
        show_report(report)
