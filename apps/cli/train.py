"""``colonnade train``."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.progress import progress_bar
from apps.cli.tables import DataOption, DataRootOption, DatasetOption, EncodingOption, MapOption, labelled_table
from foundation.errors import InputError

__all__ = ["train"]


def train(
    vertical: Annotated[str, typer.Argument(help="finance, ...")],
    task: Annotated[str, typer.Option(help="What to learn, e.g. tone or topic.")],
    dataset: DatasetOption = None,
    data: DataOption = None,
    mapping: MapOption = "",
    encoding: EncodingOption = "utf-8",
    data_root: DataRootOption = None,
    method: Annotated[str, typer.Option(help="probe (seconds) or full (minutes, better).")] = "probe",
    backbone: Annotated[str | None, typer.Option(help="Name, local folder or Hub id of the encoder.")] = None,
    class_weight: Annotated[str, typer.Option(help="balanced, none, or auto: what suits the method.")] = "auto",
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the bundle here, and leave the incumbent as it is.")] = None,
) -> None:
    """Train a model from labelled texts and let it answer from now on (or write it to --out)."""
    from solutions.base import find_solution

    solution = find_solution(vertical)
    default = solution.spec.task(task).default_dataset
    if class_weight not in ("auto", "balanced", "none"):
        raise InputError(f"--class-weight: got {class_weight!r}; expected auto, balanced or none")
    table = labelled_table(default, task, dataset, data, mapping, encoding, data_root)

    from foundation.recipes.train_text import TextRecipe
    from foundation.text.backbone import DEFAULT_BACKBONE

    recipe = TextRecipe(method, backbone or DEFAULT_BACKBONE, None if class_weight == "none" else class_weight, seed)
    with progress_bar() as listener:
        trained = solution.train(table, recipe, listener)
    folder = trained.install() if out is None else out
    if out is not None:
        trained.save(out)
    figures = ", ".join(f"{name} {figure.value:.3f}" for name, figure in trained.metrics.items())
    typer.echo(f"{table.name}: {trained.leakage.summary()}")
    for earlier, later in trained.leakage.examples[:1]:
        typer.echo(f"  for example {later[:80]!r}, and earlier {earlier[:80]!r}")
    typer.echo(f"held-out rows: {figures}")
    typer.echo(f"{folder} ({trained.bundle.record.data['rows']} rows, method {method})")
    typer.echo(f"next: colonnade evaluate {vertical} --task {task}{f' --bundle {out}' if out else ''}")
