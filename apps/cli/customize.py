"""``colonnade customize``: a client's data in, a model in its own folder that answers only where it is better."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.progress import progress_bar
from apps.cli.shown import show_comparisons
from apps.cli.tables import EncodingOption, ItemsOption, parse_pairs, read_unlabelled
from apps.cli.train import parse_budget
from foundation.errors import InputError

if TYPE_CHECKING:
    from solutions.base import Solution, TaskSpec
    from solutions.client import Client
    from solutions.client_data import ClientData, ClientFile
    from solutions.customise import Judgement

__all__ = ["customize"]

# What people say of pictures and shelves is learned from beside what it is about.
_BESIDE = {
    "image": "reviews keep hashes of pictures, not pictures; give the pictures too",
    "events": "what people took is added to your events; give these too",
}


def customize(
    vertical: Annotated[str, typer.Argument(help="finance, ...")],
    name: Annotated[str, typer.Option("--client", help="Folder of the client below clients/: acme-bank.")],
    task: Annotated[str | None, typer.Option(help="The vertical's first where left out.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="What the client gives: CSV, Excel, JSONL, Parquet; of images also a folder or a zip."),
    ] = None,
    items: ItemsOption = None,
    from_feedback: Annotated[
        bool,
        typer.Option("--from-feedback", help="Learn from what people said; of images and events beside --data."),
    ] = False,
    knowledge: Annotated[
        Path | None, typer.Option(help="Of support: articles to answer from; a table, Markdown, or a folder of both.")
    ] = None,
    dialogues: Annotated[
        Path | None,
        typer.Option(help="Of support: old conversations (conversation, who, text), of which articles are proposed."),
    ] = None,
    mapping: Annotated[
        str,
        typer.Option("--map", help="Their columns: text=message,label=class[,split=,group=,time=]; user=,item=; who=."),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Take the columns that were guessed.")] = False,
    unlabelled: Annotated[
        Path | None, typer.Option(help="A table of texts, or a folder of pictures, that the encoder sees first.")
    ] = None,
    budget: Annotated[str, typer.Option(help="Time for fitting; under 3m only the quick method.")] = "15m",
    accept: Annotated[str, typer.Option(help="Why you take a candidate that is not better, now or later.")] = "",
    rollback: Annotated[bool, typer.Option("--rollback", help="Return to the model before the latest one.")] = False,
    encoding: EncodingOption = "utf-8",
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 0,
) -> None:
    """Fit a model to a client's data and let it answer for that client, if a paired test says that it is better."""
    from foundation.settings import keep_said_in
    from solutions.client import Client
    from solutions.client_data import ClientFile
    from solutions.customise import customise
    from solutions.registry import find_solution

    solution = find_solution(vertical)
    spec = solution.spec.task(task or solution.spec.tasks[0].name)
    if spec.method is None:
        raise InputError(
            f"{vertical}/{spec.name} needs no training: see 'colonnade demo {vertical} --help' for its own data"
        )
    seconds = parse_budget(budget)
    if knowledge:
        _take_knowledge(solution, name, knowledge, encoding)
    if dialogues:
        _propose_articles(vertical, name, dialogues, parse_pairs("--map", mapping), encoding)
    if (knowledge or dialogues) and not (data or from_feedback):
        return
    if items and spec.reads == "events" and not (data or from_feedback or rollback or accept):
        _add_items(solution, spec.name, name, items, parse_pairs("--map", mapping), encoding)
        return
    _check_options(spec, data, from_feedback=from_feedback, again=bool(rollback or accept))
    if not (data or from_feedback):
        _choose_again(vertical, spec.name, name, rollback=rollback, accept=accept)
        return
    client = Client.open_or_new(name, vertical)
    _look_at(data, spec, vertical, encoding)
    with progress_bar() as listener:
        solution.prepare([spec.name], listener)
    if from_feedback and client.said.is_dir():  # before they have a hub, what was said on the suite's pages is theirs
        keep_said_in(client.said)
    columns = parse_pairs("--map", mapping) or client.settings.data.get(vertical, {}).get(spec.name, {})
    said = solution.feedback(spec.name) if from_feedback else None
    if said is not None:
        kept = client.keep_feedback(said, vertical, spec.name)
    if data:
        given = ClientFile(data, spec.name, columns, encoding, items, said)
    else:
        given = ClientFile(kept, spec.name, {"text": "text", "label": "label"})
    seen_first = read_unlabelled(unlabelled, spec.reads, given.mapping, encoding)
    read = _read(solution, spec, client, given, yes=yes or bool(given.mapping))
    with progress_bar() as listener:
        client, judgement = customise(
            solution,
            spec,
            read.table,
            client,
            budget=seconds,
            unlabelled=seen_first,
            columns=read.columns if data else {},
            accept=accept,
            seed=seed,
            listener=listener,
        )
    _tell(client, judgement, vertical, spec.name, accept)


def _check_options(spec: "TaskSpec", data: Path | None, *, from_feedback: bool, again: bool) -> None:
    """Raise ``InputError`` where two options say different things."""
    beside = _BESIDE.get(spec.reads)
    if data and from_feedback and not beside:
        raise InputError("got both --data and --from-feedback; expected one of them")
    if from_feedback and beside and not data:
        raise InputError(f"{beside}, with --data")
    if again and (data or from_feedback):
        raise InputError("got --rollback or --accept, and something to learn from; expected one of them")


def _look_at(data: Path | None, spec: "TaskSpec", vertical: str, encoding: str) -> None:
    """Raise what is wrong with the task or the table before anything is trained for them."""
    from foundation.data.tables import TABLE_SUFFIXES, iter_table

    if spec.reads == "pairs":
        raise InputError(
            f"customize learns from labelled texts, rows, images or events, {vertical}/{spec.name} from pairs; "
            f"give them to 'colonnade train {vertical} --task {spec.name} --data FILE'"
        )
    if data and data.suffix.lower() in TABLE_SUFFIXES:
        next(iter_table(data, 1, encoding))


def _choose_again(vertical: str, task: str, name: str, *, rollback: bool, accept: str) -> None:
    """Return to the model of before, or take the candidate that was refused."""
    from solutions.client import Client
    from solutions.customise import accept_last, roll_back

    client = Client.open(name)
    if rollback:
        client = roll_back(client, vertical, task)
    elif accept:
        client = accept_last(client, vertical, task, accept)
    else:
        raise InputError("say what to learn from: --data FILE or --from-feedback; or --rollback, or --accept WHY")
    typer.echo(f"{vertical}/{task} of {name} is answered by {client.model(vertical, task).name}")


def _take_knowledge(solution: "type[Solution[Any, Any]]", name: str, source: Path, encoding: str) -> None:
    """Keep the client's articles; the hub answers from them from its next start on."""
    from solutions.client import Client
    from solutions.client_readme import write_readme

    client = Client.open_or_new(name, solution.spec.name)
    count = solution.keep_knowledge(client.folder, source, encoding)
    write_readme(client.with_vertical(solution.spec.name))
    typer.echo(f"{count:,} articles of {name}; next: colonnade demo --client {name}")


def _add_items(
    solution: "type[Solution[Any, Any]]", task: str, name: str, items: Path, columns: dict[str, str], encoding: str
) -> None:
    """Let the model that answers the client know of items that have just come."""
    from foundation.data.tables import read_table
    from solutions.client import Client
    from solutions.recommendation.client import add_items

    client, arrivals = Client.open_or_new(name, solution.spec.name), read_table(items, encoding)
    with progress_bar() as listener:
        solution.prepare([task], listener)
        count = add_items(client, task, arrivals, columns, items.name, listener)
    typer.echo(
        f"{count:,} items are recommended from now on by what they say of themselves; the next training counts what "
        f"people do with them; next: colonnade demo --client {name}"
    )


def _propose_articles(vertical: str, name: str, source: Path, columns: dict[str, str], encoding: str) -> None:
    """Write down which articles old conversations ask for; a person reads them before anybody is answered from them."""
    from solutions.client import Client
    from solutions.support.proposals import PROPOSED, keep_proposals

    if vertical != "support":
        raise InputError(f"{vertical} learns from no conversations; leave --dialogues out")
    client = Client.open_or_new(name, vertical)
    with progress_bar() as listener:
        proposals = keep_proposals(client, source, columns, encoding, listener)
    written = client.folder / PROPOSED
    answered = sum(bool(proposal.answered_by) for proposal in proposals)
    typer.echo(
        f"{written}: {len(proposals):,} questions that were asked more than once"
        + (f", of which {answered:,} are answered already" if answered else "")
    )
    typer.echo(
        f"next: read and mend it, then colonnade customize support --client {name} --knowledge {written} "
        "(in a folder with your other articles)"
    )


def _read(
    solution: "type[Solution[Any, Any]]", spec: "TaskSpec", client: "Client", given: "ClientFile", *, yes: bool
) -> "ClientData":
    from solutions.client_data import doubtful_labels
    from solutions.customise import known_labels

    read = solution.client_data(given, known_labels(solution, spec.name, client))
    guessed = ", ".join(f"{wanted}={column}" for wanted, column in read.columns.items())
    if guessed and not yes:
        if not sys.stdin.isatty():
            raise InputError(f"the columns look like {guessed}; say --yes, or --map {guessed.replace(', ', ',')}")
        typer.confirm(f"Columns: {guessed}. Is that right?", abort=True)
    if spec.reads in ("text", "rows"):
        with progress_bar() as listener:
            read = doubtful_labels(read, listener=listener)
    _tell_data(read, spec, guessed)
    return read


def _tell_data(read: "ClientData", spec: "TaskSpec", columns: str) -> None:
    table = read.table
    counts = table.frame["split"].value_counts()
    parts = ", ".join(f"{counts.get(split, 0)} {split}" for split in ("train", "dev", "test"))
    distinct = table.frame["label"].nunique()
    said = f"{distinct} {'items' if spec.reads == 'events' else 'labels'}"
    if spec.reads == "text":
        said += f", {read.chinese:.0%} Chinese"
    typer.echo(
        f"{table.name}: {read.rows:,} rows, {len(table.frame):,} kept ({parts}; {table.protocol}), {said}"
        f"{f'; {columns}' if columns else ''}"
    )
    for finding in read.findings:
        typer.echo(f"- {finding.summary()}")


def _tell(client: "Client", judgement: "Judgement", vertical: str, task: str, accept: str) -> None:
    show_comparisons([told for told in judgement.own if told.group == "all"])
    if judgement.ours:
        typer.echo(f"on the suite's own test rows: {judgement.ours[0].summary()}")
    entry = client.history[-1]
    if entry.accepted:
        said = f"accepted by you ({accept})" if not judgement.accepted else "better"
        typer.echo(
            f"{said}: {entry.candidate} answers for {client.folder.name} from now on, in place of {entry.former}"
        )
    else:
        typer.echo(f"refused: {judgement.reason}; {entry.former} goes on answering")
        typer.echo(
            f"to take it all the same: colonnade customize {vertical} --client {client.folder.name} "
            f"--task {task} --accept WHY"
        )
    typer.echo(f"next: colonnade demo --client {client.folder.name}")
