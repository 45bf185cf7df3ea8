"""The steps of the walk without their looks: read, check, fit, decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.learning import Verticals
from foundation.data.columns import guess_events, guess_label, guess_mapping
from foundation.data.tables import iter_table
from foundation.errors import InputError
from foundation.progress import Listener
from solutions.base import TaskSpec
from solutions.client import Client, Replacement
from solutions.client_data import ClientData, ClientFile, doubtful_labels
from solutions.customise import Judgement, accept_last, customise, known_labels
from solutions.registry import find_solution

__all__ = ["WANTED", "Checked", "accept", "check", "choices", "fit", "guessed"]

#: Which columns of a file must be known, by what a task reads; a time is welcome.
WANTED: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "label"),
    "rows": ("label",),
    "image": (),
    "events": ("user", "item", "time"),
}
_HEAD = 10_000


@dataclass(frozen=True, eq=False)
class Checked:
    """What a client gave, ready to be learned from."""

    client: Client
    vertical: str
    task: str
    data: ClientData

    @property
    def reads(self) -> str:
        """What the task reads."""
        return find_solution(self.vertical).spec.task(self.task).reads


def choices(verticals: Verticals) -> list[tuple[str, TaskSpec]]:
    """Return the verticals and tasks that learn from what a client gives."""
    return [
        (name, spec)
        for name, vertical in verticals.items()
        for spec in vertical.spec.tasks
        if spec.method is not None and spec.reads in WANTED
    ]


def guessed(path: str | None, encoding: str, spec: TaskSpec) -> tuple[list[str], dict[str, str], str]:
    """Return the columns of a file, which of them look like those wanted, and why there is no telling."""
    if not path:
        raise InputError("no file is chosen; choose one with what the model should learn from")
    if spec.reads == "image":
        return [], {}, ""
    frame = next(iter_table(Path(path), _HEAD, encoding))
    columns = [str(column) for column in frame.columns]
    try:
        if spec.reads == "events":
            return columns, guess_events(frame), ""
        return columns, (guess_mapping if spec.reads == "text" else guess_label)(frame, spec.name), ""
    except InputError as problem:
        return columns, {}, str(problem)


def check(
    name: str,
    vertical: str,
    task: str,
    given: tuple[str | None, str | None, str],
    columns: Sequence[str | None],
    listener: Listener,
) -> Checked:
    """Look through what a client gave: a file, for events one of items, and their encoding; columns as ``WANTED``."""
    path, items, encoding = given
    if not path:
        raise InputError("no file is chosen; choose one with what the model should learn from")
    solution = find_solution(vertical)
    reads = solution.spec.task(task).reads
    named = dict(zip(WANTED[reads], columns, strict=False))
    if any(not column for wanted, column in named.items() if wanted != "time"):
        raise InputError("a column is not chosen; choose each of them")
    client = Client.open_or_new(name.strip(), vertical)
    solution.prepare([task], listener)
    mapping = {wanted: column for wanted, column in named.items() if column}
    file = ClientFile(Path(path), task, mapping, encoding, Path(items) if items else None)
    data = solution.client_data(file, known_labels(solution, task, client))
    if reads in ("text", "rows"):
        data = doubtful_labels(data, listener=listener)
    return Checked(client, vertical, task, data)


def fit(checked: Checked, client_name: str, budget: float, listener: Listener) -> tuple[Judgement, Replacement]:
    """Fit a candidate, compare it, and let it answer where it is better; the client's name is as it stands now."""
    if client_name.strip() != checked.client.folder.name:
        raise InputError("the client's name was changed after the file was looked through; look it through again")
    solution = find_solution(checked.vertical)
    spec, table = solution.spec.task(checked.task), checked.data.table
    # as it is now: what was learned from the same file a moment ago may answer already
    client = Client.open_or_new(checked.client.folder.name, checked.vertical)
    client, judgement = customise(
        solution, spec, table, client, budget=budget, columns=checked.data.columns, listener=listener
    )
    return judgement, client.history[-1]


def accept(checked: Checked, why: str) -> Replacement:
    """Let the refused candidate answer, since a person says why."""
    if not why.strip():
        raise InputError("no reason is given; say why the candidate should answer all the same")
    client = accept_last(Client.open(checked.client.folder.name), checked.vertical, checked.task, why.strip())
    return client.history[-1]
