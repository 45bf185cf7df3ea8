"""``colonnade demo``: the web hub."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.progress import progress_bar
from foundation.progress import Listener, silent

if TYPE_CHECKING:
    from solutions.base import Solution
    from solutions.client import Client

__all__ = ["demo"]


def demo(
    vertical: Annotated[str | None, typer.Argument(help="One vertical; all of them where left out.")] = None,
    port: Annotated[int, typer.Option(help="Where to serve; 0 takes a free one.", min=0, max=65535)] = 7860,
    host: Annotated[str, typer.Option(help="127.0.0.1 is this machine alone; 0.0.0.0 lets others in.")] = "127.0.0.1",
    client: Annotated[str | None, typer.Option(help="A client's hub: their colours, words and models.")] = None,
) -> None:
    """Serve the web hub. What is not shipped is learned beside it at the first start; later ones load it."""
    from apps.learning import Learner
    from solutions.client import Client
    from solutions.registry import find_solution, solutions

    theirs = Client.open(client) if client else None
    if theirs:
        from apps.brand import brand_of
        from foundation.settings import keep_said_in

        keep_said_in(theirs.said)
    brand = brand_of(theirs) if theirs else None
    names = [vertical] if vertical else theirs.settings.verticals if theirs else list(solutions())
    verticals: dict[str, Solution[Any, Any] | Learner] = {}
    with progress_bar() as listener:
        for solution in map(find_solution, names):
            name, own = solution.spec.name, theirs.bundles(solution.spec.name) if theirs else {}
            tasks = [spec.name for spec in solution.spec.tasks if spec.name not in own]
            if solution.untrained(tasks):
                typer.echo(f"{name}: learns beside the hub, once; its page says how far it is")
                verticals[name] = Learner(solution, tasks, partial(_load_late, solution, theirs))
                continue
            typer.echo(f"{name}: preparing (a first start fetches what it needs)")
            solution.prepare(tasks, listener)
            verticals[name] = _load(solution, theirs, listener)

    from apps.server import open_to_all, serve

    if open_to_all(host):
        warning = (
            "whoever reaches this machine reads these pages, inbox and all; COLONNADE_PASSWORD asks for a password"
        )
        typer.secho(warning, fg="yellow", err=True)
    serve(
        verticals,
        host,
        port,
        announce=lambda address: typer.echo(f"Colonnade is at {address} (Ctrl-C stops it)"),
        brand=brand,
    )


def _load(
    solution: "type[Solution[Any, Any]]", theirs: "Client | None", listener: Listener = silent
) -> "Solution[Any, Any]":
    """Load a vertical: of a client with their models and what else is theirs."""
    ready = solution.load(theirs.bundles(solution.spec.name) if theirs else {}, listener)
    return ready.of_client(theirs.folder, listener) if theirs else ready


def _load_late(solution: "type[Solution[Any, Any]]", theirs: "Client | None") -> "Solution[Any, Any]":
    """Load what has learned beside the hub, and say so to whoever waits at the terminal."""
    ready = _load(solution, theirs)
    typer.echo(f"{solution.spec.name}: has learned; its page opens in a moment")
    return ready
