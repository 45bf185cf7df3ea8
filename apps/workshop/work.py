"""The steps of the walk without their looks: read, check, fit, decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundation.data.columns import guess_mapping
from foundation.errors import InputError
from foundation.progress import Listener
from foundation.text.backbone import DEFAULT_BACKBONE
from solutions.base import Solution, TaskSpec, find_solution
from solutions.client import Client, Replacement
from solutions.client_data import ClientData, doubtful_labels, read_client_file, read_rows
from solutions.customise import Judgement, accept_last, customise, known_labels

__all__ = ["Checked", "accept", "check", "choices", "fit", "guessed"]


@dataclass(frozen=True, eq=False)
class Checked:
    """A client's rows, ready to be learned from."""

    client: Client
    vertical: str
    task: str
    data: ClientData


def choices(loaded: Mapping[str, Solution[Any, Any]]) -> list[tuple[str, TaskSpec]]:
    """Return the verticals and tasks that learn from a table of labelled texts."""
    return [
        (name, spec)
        for name, solution in loaded.items()
        for spec in solution.spec.tasks
        if spec.method is not None and spec.reads == "text"
    ]


def guessed(path: str | None, encoding: str, task: str) -> tuple[list[str], dict[str, str], str]:
    """Return the columns of a file, which of them look like texts and labels, and why there is no telling."""
    if not path:
        raise InputError("no file is chosen; choose a table with a column of texts and one of labels")
    frame = read_rows(Path(path), encoding)
    columns = [str(column) for column in frame.columns]
    try:
        return columns, guess_mapping(frame, task), ""
    except InputError as problem:
        return columns, {}, str(problem)


def check(
    name: str, vertical: str, task: str, path: str, encoding: str, columns: Sequence[str | None], listener: Listener
) -> Checked:
    """Look a file through; ``columns`` are those of texts and labels."""
    if not all(columns):
        raise InputError("a column is not chosen; choose the one of the texts and the one of the labels")
    solution = find_solution(vertical)
    client = Client.open_or_new(name.strip(), vertical)
    solution.prepare(client.tasks_to_prepare(vertical, [task]), listener)
    mapping = dict(zip(("text", "label"), map(str, columns), strict=True))
    data = read_client_file(Path(path), task, known_labels(solution, task, client), mapping, encoding)
    return Checked(client, vertical, task, doubtful_labels(data, DEFAULT_BACKBONE, listener=listener))


def fit(checked: Checked, budget: float, listener: Listener) -> tuple[Judgement, Replacement]:
    """Fit a candidate, compare it, and let it answer where it is better."""
    solution = find_solution(checked.vertical)
    spec, table = solution.spec.task(checked.task), checked.data.table
    client, judgement = customise(
        solution, spec, table, checked.client, budget=budget, columns=checked.data.columns, listener=listener
    )
    return judgement, client.history[-1]


def accept(checked: Checked, why: str) -> Replacement:
    """Let the refused candidate answer, since a person says why."""
    if not why.strip():
        raise InputError("no reason is given; say why the candidate should answer all the same")
    client = accept_last(Client.open(checked.client.folder.name), checked.vertical, checked.task, why.strip())
    return client.history[-1]
