"""``colonnade export``."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.tables import ClientOption, bundles_of
from foundation.errors import InputError

__all__ = ["export"]


def export(
    vertical: Annotated[str, typer.Argument(help="finance, ...")],
    task: Annotated[str, typer.Option(help="Whose model, e.g. tone.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, tokenizer and pooling.")],
    bundle: Annotated[Path | None, typer.Option(help="A bundle of your own; the incumbent where left out.")] = None,
    client: ClientOption = None,
) -> None:
    """Write a model's encoder as a folder that transformers and sentence-transformers load."""
    from solutions.registry import find_solution

    spec = find_solution(vertical).spec.task(task)
    if spec.reads not in ("text", "pairs"):
        raise InputError(f"{vertical}/{task} has no encoder of texts; only models of texts can be exported")
    if bundle and task not in (named := bundles_of(vertical, [bundle])):
        raise InputError(f"{bundle} is a model of {vertical}/{next(iter(named))}; expected one of {vertical}/{task}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already; give the name of a new folder")

    from foundation.bundle import Bundle
    from foundation.incumbents import incumbent
    from foundation.text.export import export_encoder
    from foundation.text.pairs import PairEncoder
    from solutions.client import Client

    folder = bundle or (Client.open(client).model(vertical, task) if client else incumbent(vertical, task))
    loaded = Bundle.load(folder)
    encoder = loaded.network.encoder
    export_encoder(encoder.texts if isinstance(encoder, PairEncoder) else encoder, out)
    first = " of foundation.text.figures.compare_figures(text)" if loaded.record.figures else ""
    typer.echo(
        f"{out} ({loaded.record.id}); SentenceTransformer({str(out)!r}) gives the vectors{first} that its head reads"
    )
