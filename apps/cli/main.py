"""``colonnade``: the verbs, and the one place where an error becomes a line and an exit code.

Importing this module must stay cheap: each verb imports what it needs when it runs.
"""

import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

from apps.cli import (
    assets,
    bench,
    compare,
    customize,
    demo,
    evaluate,
    export,
    feedback,
    new_vertical,
    predict,
    train,
    watch,
)
from foundation import __version__
from foundation.errors import ColonnadeError

__all__ = ["app", "main"]

app = typer.Typer(
    name="colonnade",
    help="Industry AI on one shared foundation-model layer: launch, evaluate and customise, offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("customize")(customize.customize)
app.command("new-vertical")(new_vertical.new_vertical)
app.command("feedback")(feedback.feedback)
app.command("predict")(predict.predict)
app.command("export")(export.export)
app.command("watch")(watch.watch)
app.add_typer(assets.app, name="assets")
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"colonnade {__version__}")
        raise typer.Exit


@app.callback()
def configure(
    debug: Annotated[bool, typer.Option("--debug", help="Show log lines, and the traceback of an error.")] = False,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Set up logging for the process; libraries stay quiet unless asked."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, format="%(name)s: %(message)s")
    if not debug:
        # read by the libraries when they are imported, so that they need not be imported here
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("TQDM_DISABLE", "1")
    if os.environ.get("COLONNADE_OFFLINE") == "1":
        os.environ["HF_HUB_OFFLINE"] = "1"


def main() -> None:
    """Run the command line; a person's mistake is one line on stderr and exit code 2."""
    try:
        app()
    except ColonnadeError as error:
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            raise
        _fail(str(error))
    except OSError as error:
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            raise
        _fail(
            f"{error.filename or 'a file'}: {error.strerror or error}; check the path, its permissions and free space"
        )


def _fail(text: str) -> NoReturn:
    typer.secho(f"colonnade: {text}", fg="red", err=True)
    sys.exit(2)
