"""``colonnade demo``: the web hub."""

from typing import Annotated

import typer

from apps.cli.progress import progress_bar

__all__ = ["demo"]


def demo(
    vertical: Annotated[str | None, typer.Argument(help="One vertical; all of them where left out.")] = None,
    port: Annotated[int, typer.Option(help="Where to serve; 0 takes a free one.", min=0, max=65535)] = 7860,
    host: Annotated[str, typer.Option(help="127.0.0.1 is this machine alone; 0.0.0.0 lets others in.")] = "127.0.0.1",
) -> None:
    """Serve the web hub. The first start trains the embedded models, later ones load them."""
    from solutions.base import find_solution, solutions

    chosen = [find_solution(vertical)] if vertical else list(solutions().values())
    with progress_bar() as listener:
        for solution in chosen:
            typer.echo(f"{solution.spec.name}: preparing the model (the first start fetches and trains it)")
            solution.prepare(listener=listener)
        loaded = {solution.spec.name: solution.load(listener=listener) for solution in chosen}

    from apps.server import serve

    serve(loaded, host, port, announce=lambda address: typer.echo(f"Colonnade is at {address} (Ctrl-C stops it)"))
