"""``colonnade demo``: the web hub."""

from typing import Annotated

import typer

from apps.cli.progress import progress_bar

__all__ = ["demo"]


def demo(
    vertical: Annotated[str | None, typer.Argument(help="One vertical; all of them where left out.")] = None,
    port: Annotated[int, typer.Option(help="Where to serve; 0 takes a free one.", min=0, max=65535)] = 7860,
    host: Annotated[str, typer.Option(help="127.0.0.1 is this machine alone; 0.0.0.0 lets others in.")] = "127.0.0.1",
    client: Annotated[str | None, typer.Option(help="A client's hub: their colours, words and models.")] = None,
) -> None:
    """Serve the web hub. The first start trains what is not shipped, later ones load it."""
    from solutions.client import Client
    from solutions.registry import find_solution, solutions

    theirs = Client.open(client) if client else None
    if theirs:
        from apps.brand import brand_of
        from foundation.settings import keep_said_in

        keep_said_in(theirs.said)
    brand = brand_of(theirs) if theirs else None
    names = [vertical] if vertical else theirs.settings.verticals if theirs else list(solutions())
    loaded = {}
    with progress_bar() as listener:
        for name, solution in {name: find_solution(name) for name in names}.items():
            typer.echo(f"{name}: preparing (a first start fetches what it needs, and trains what is not shipped)")
            own = theirs.bundles(name) if theirs else {}
            solution.prepare([spec.name for spec in solution.spec.tasks if spec.name not in own], listener)
            ready = solution.load(own, listener)
            loaded[name] = ready.of_client(theirs.folder, listener) if theirs else ready

    from apps.server import open_to_all, serve

    if open_to_all(host):
        warning = (
            "whoever reaches this machine reads these pages, inbox and all; COLONNADE_PASSWORD asks for a password"
        )
        typer.secho(warning, fg="yellow", err=True)
    serve(
        loaded,
        host,
        port,
        announce=lambda address: typer.echo(f"Colonnade is at {address} (Ctrl-C stops it)"),
        brand=brand,
    )
