"""A file of requests to a file of answers, in blocks: memory does not grow with the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from foundation.data.tables import check_columns, rename_columns, write_table
from foundation.errors import InputError, UnknownNameError
from foundation.files import atomic_file
from foundation.progress import Listener, silent
from solutions.base import Solution

__all__ = ["BatchOutcome", "check_file", "predict_file", "predict_frame"]

_BLOCK_ROWS = 512
# An answer's columns are known from the first one. A file whose first ten thousand rows have none is refused.
_MOST_WAITING = 20
_ERROR, _MODEL = "error", "model"


@dataclass(frozen=True)
class BatchOutcome:
    """How many rows were answered, how many not, and why the first was not."""

    answered: int
    refused: int
    first_refusal: str


def check_file(
    solution: type[Solution[Any, Any]], source: Path, target: Path, mapping: Mapping[str, str], encoding: str = "utf-8"
) -> None:
    """Raise what is wrong with a file, or with where its answers shall go, before models are loaded for it.

    Raises
    ------
    InputError
        As ``predict_file``.
    UnknownNameError
        ``mapping`` names a column that the solution does not read.
    """
    _kind(target)
    if target.is_dir():
        raise InputError(f"--output {target} is a folder; give the name of a file")
    if target.exists() and source.exists() and target.samefile(source):
        raise InputError(f"--output {target} is the file that is read; give another name")
    for wanted in mapping:
        if wanted not in solution.request_columns:
            raise UnknownNameError(f"column that {solution.spec.name} reads", wanted, solution.request_columns)
    first = next(solution.requests_of(source, 1, encoding))
    _check_columns(solution, rename_columns(first, mapping), source.name, 1)


def predict_file(
    solution: Solution[Any, Any],
    source: Path,
    target: Path,
    *,
    mapping: Mapping[str, str],
    encoding: str = "utf-8",
    task: str | None = None,
    listener: Listener = silent,
) -> BatchOutcome:
    """Answer each row of ``source`` and write it, with the answer's columns added, to ``target``.

    Nothing stands at ``target`` before all of it does: an interrupted run leaves what was there.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or ``target`` is of a kind that cannot be written; or none of the first
        ten thousand rows can be answered.
    """
    kind = _kind(target)
    answered, refused, first = 0, 0, ""
    waiting: list[pd.DataFrame] = []
    columns: list[str] = []
    with atomic_file(target) as temporary:
        for given in solution.requests_of(source, _BLOCK_ROWS, encoding):
            done = answered + refused
            own = {name: _own(name) for name, column in mapping.items() if name in given.columns and name != column}
            frame = rename_columns(given.rename(columns=own), mapping)
            if done:  # JSON leaves out what a row has not: such a row is told so, and the rest goes on
                frame = frame.assign(**{name: "" for name in solution.request_columns if name not in frame.columns})
            scored = predict_frame(solution, frame, source.name, first_row=done + 1, task=task)
            wrong = scored[_ERROR] != ""
            if wrong.any() and not first:
                at = int(wrong.to_numpy().argmax())
                first = f"row {done + at + 1}, {scored[_ERROR].iloc[at]}"
            waiting.append(scored)
            answered, refused = answered + int((~wrong).sum()), refused + int(wrong.sum())
            if answered:
                append, columns = bool(columns), columns or list(waiting[-1].columns)
                block = pd.concat(waiting)
                if kind == ".csv":
                    _check_known(block, columns, source.name, done + 1)
                    block = block.reindex(columns=columns)
                write_table(block, temporary, append=append, kind=kind)
                waiting.clear()
            elif len(waiting) == _MOST_WAITING:
                raise InputError(f"{source.name}: none of the first {refused:,} rows can be answered; {first}")
            listener(answered + refused, 0, "rows")
        if waiting:
            write_table(pd.concat(waiting), temporary, append=False, kind=kind)
    return BatchOutcome(answered, refused, first)


def predict_frame(
    solution: Solution[Any, Any], frame: pd.DataFrame, name: str, first_row: int = 1, task: str | None = None
) -> pd.DataFrame:
    """Return the frame with the answer's columns and ``error`` added, one row a row, in the same order.

    A column of the frame that is called as one of these is called ``own_...`` then, unless the frame was scored before:
    it has all of them, and they are replaced. With ``task``, columns of other tasks are not added.

    Raises
    ------
    InputError
        A column that is read is missing, or there twice.
    """
    _check_columns(type(solution), frame, name, first_row)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"{name} has the column {twice!r} twice; rename one of them")
    requests: list[Any] = []
    for row in frame.astype(object).where(frame.notna(), "").to_dict(orient="records"):
        try:
            requests.append(solution.request(row))
        except InputError as error:
            requests.append(error)
    answers = iter(_answers(solution, [request for request in requests if not isinstance(request, InputError)]))
    outcomes = [request if isinstance(request, InputError) else next(answers) for request in requests]
    rows = [{} if isinstance(outcome, InputError) else solution.row(outcome) for outcome in outcomes]
    told = [str(outcome) if isinstance(outcome, InputError) else "" for outcome in outcomes]
    cells = _of_task(solution, pd.DataFrame(rows, index=range(len(rows))).assign(**{_ERROR: told}), task)
    taken = [column for column in cells.columns if column in frame.columns]
    # of rows that all have errors, a model and an error are all that is there to know a scored file by
    scored_before = len(taken) == len(cells.columns) and (len(cells.columns) > 1 or _MODEL in frame.columns)
    kept = frame.drop(columns=taken) if scored_before else frame.rename(columns={name: _own(name) for name in taken})
    return kept.reset_index(drop=True).join(cells).set_index(frame.index)


def _own(name: str) -> str:
    return f"own_{name}"


def _answers(solution: Solution[Any, Any], requests: Sequence[Any]) -> list[Any]:
    """Answer all at once; where one asks for what there is not, an unknown item, each alone, and its error is told."""
    try:
        return list(solution.predict(requests))
    except InputError as error:
        if len(requests) == 1:
            return [error]
        return [answer for request in requests for answer in _answers(solution, [request])]


def _check_known(block: pd.DataFrame, columns: Sequence[str], name: str, first_row: int) -> None:
    """Raise ``InputError`` where rows have a column that the first rows had not: a CSV cannot hold it any more."""
    if late := [str(column) for column in block.columns if column not in columns]:
        raise InputError(
            f"{name}, from row {first_row} on: the column {late[0]!r} is not in the first rows, "
            "so a .csv cannot hold it; give --output a name that ends in .jsonl"
        )


def _kind(target: Path) -> str:
    kind = target.suffix.lower()
    if kind not in (".csv", ".jsonl"):
        raise InputError(f"--output {target}: cannot write kind {kind or 'unknown'!r}; expected .csv or .jsonl")
    return kind


def _check_columns(solution: type[Solution[Any, Any]], frame: pd.DataFrame, name: str, first_row: int) -> None:
    there = [column in frame.columns for column in solution.request_columns]
    if not (any(there) if solution.any_column else all(there)):
        check_columns(frame, solution.request_columns, {}, name, first_row)  # raises, naming the columns there are


def _of_task(solution: Solution[Any, Any], cells: pd.DataFrame, task: str | None) -> pd.DataFrame:
    others = [spec.name for spec in solution.spec.tasks if task not in (None, spec.name)]
    columns = [
        column for column in cells.columns if column in others or column.startswith(tuple(f"{o}_" for o in others))
    ]
    return cells.drop(columns=columns)
