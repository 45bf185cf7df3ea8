"""Options that name labelled data, shared by the verbs that read it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foundation.errors import InputError

if TYPE_CHECKING:
    from foundation.data.labelled import LabelledTable
    from solutions.base import Solution, TaskSpec

__all__ = [
    "ClientOption",
    "DataOption",
    "DataRootOption",
    "DatasetOption",
    "EncodingOption",
    "ItemsOption",
    "MapOption",
    "ProtocolOption",
    "bundles_of",
    "labelled_table",
    "parse_pairs",
    "read_unlabelled",
]

_PAIRS = {
    "--map": "wanted=given pairs, such as text=headline,label=tone",
    "--set": "name=value pairs, such as epochs=4,learning_rate=1e-4",
}

# Of files that were passed over.
_MOST_TOLD = 10

DatasetOption = Annotated[str | None, typer.Option(help="Name of a dataset card; the task's own where left out.")]
DataOption = Annotated[
    Path | None,
    typer.Option(help="Your own CSV, TSV, JSONL, Parquet or Excel; of images also a folder, a zip or .npz."),
]
MapOption = Annotated[str, typer.Option("--map", help="Your column names: text=headline,label=tone[,split=part].")]
ItemsOption = Annotated[
    Path | None,
    typer.Option(help="Of recommendation: your table of items (item, title, text, tags); of support: your articles."),
]
ProtocolOption = Annotated[
    str | None,
    typer.Option(help="Of recommendation: how events are split (leave-one-out, random-811, ratio-75-25, global-time)."),
]
ClientOption = Annotated[
    str | None, typer.Option("--client", help="A client whose own models answer, where they have any: acme-bank.")
]
EncodingOption = Annotated[str, typer.Option(help="Of your file: utf-8, gb18030, ...")]
DataRootOption = Annotated[
    Path | None, typer.Option(help="Local copies of public sets, a folder per card name.", envvar="COLONNADE_DATA")
]


def parse_pairs(option: str, text: str) -> dict[str, str]:
    """Read ``text=headline,label=tone``.

    Examples
    --------
    >>> parse_pairs("--map", "text=headline, label=tone")
    {'text': 'headline', 'label': 'tone'}
    """
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if wrong := [left for left, equals, right in pairs if not (left.strip() and equals and right.strip())]:
        raise InputError(f"{option}: got {wrong[0]!r}; expected {_PAIRS[option]}")
    named = [left.strip() for left, _, _ in pairs]
    if twice := next((name for name in named if named.count(name) > 1), ""):
        raise InputError(f"{option}: got {twice!r} twice; expected it once")
    return {left.strip(): right.strip() for left, _, right in pairs}


def bundles_of(vertical: str, folders: Sequence[Path]) -> dict[str, Path]:
    """Return by task the bundles that were named, or raise ``InputError`` where one is of something else."""
    from foundation.bundle import read_record

    named: dict[str, Path] = {}
    for folder in folders:
        record = read_record(folder)
        if record.solution != vertical:
            raise InputError(f"{folder} is a model of {record.solution}/{record.task}; expected one of {vertical}")
        if record.task in named:
            raise InputError(f"got two models of {vertical}/{record.task}; expected one --bundle a task")
        named[record.task] = folder
    return named


def labelled_table(
    solution: "type[Solution[Any, Any]]",
    spec: "TaskSpec",
    dataset: str | None,
    data: Path | None,
    mapping: str,
    encoding: str,
    data_root: Path | None,
    items: Path | None = None,
    protocol: str | None = None,
) -> "LabelledTable":
    """Load what the options name: a card, or a file of one's own; ``protocol`` splits events in another way."""
    if dataset and data:
        raise InputError("got both --dataset and --data; expected one of them")
    if mapping and not data:
        raise InputError("--map names the columns of your own file; give it with --data FILE")
    if items and not data:
        raise InputError("--items says what your own events or questions are about; give it with --data FILE")
    if data:
        table = solution.own_table(data, spec.name, parse_pairs("--map", mapping), encoding, items)
    else:
        table = solution.card_table(dataset or spec.default_dataset, spec.name, data_root)
    for problem in table.problems[:_MOST_TOLD]:
        typer.echo(f"left out: {problem}", err=True)
    if more := len(table.problems[_MOST_TOLD:]):
        typer.echo(f"left out: {more:,} more", err=True)
    return table.under(protocol) if protocol else table


def read_unlabelled(path: Path | None, reads: str, mapping: Mapping[str, str], encoding: str) -> tuple[Any, ...]:
    """Read what an encoder sees before it is fitted: the column ``text`` of a table, or the pictures of a folder."""
    if path is None:
        return ()
    if reads == "image":
        from foundation.data.image_files import load_unlabelled_images

        return load_unlabelled_images(path)
    from foundation.data.tables import ColumnKind, check_columns, read_table, rename_columns

    named = {wanted: given for wanted, given in mapping.items() if wanted == "text"}
    frame = rename_columns(read_table(path, encoding), named)
    check_columns(frame, {"text": ColumnKind.TEXT}, {}, path.name)
    return tuple(frame["text"])
