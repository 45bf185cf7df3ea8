"""A client's model: fitted within a time, and put in the place of the one that answers only where it is better."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foundation.bundle import Bundle, Savable, read_record
from foundation.data.cards import Names
from foundation.data.labelled import LabelledTable
from foundation.errors import InputError
from foundation.evaluation.comparison import ALL_ROWS, Comparison, Verdict, compare, compare_values
from foundation.incumbents import incumbent
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.recipes.recipe import Recipe, Trained
from foundation.trust.calibration import DIAL
from solutions.base import Solution, TaskSpec
from solutions.client import Client, Replacement
from solutions.client_readme import write_readme
from solutions.client_rows import earlier_rows, keep_rows

__all__ = ["Judgement", "accept_last", "customise", "decide", "judge", "known_labels", "publish", "roll_back"]

# Under this many seconds only the quick method is tried.
_QUICK = 180.0
# A loss on the suite's own rows is told; one that is surely greater than this keeps a candidate out.
_MOST_FORGOTTEN = 0.05
# So many of the suite's rows are learned beside a client's, in less than a minute; of more, the card's own alone.
_MOST_ROWS = 5000
# Of these several methods are known: the quick one, and ``auto`` where there is time.
_SEVERAL = ("text", "image")
# What a client gave before is kept, and learned from again, of texts and rows; pictures and histories are too personal.
_KEPT = ("text", "rows")


@dataclass(frozen=True)
class Judgement:
    """A candidate beside the model that answers now.

    Attributes
    ----------
    own : tuple of Comparison
        On the client's held-out rows.
    trivial : Comparison
        On the same rows, beside a plain answer: a model that does not know the client's labels is no rival.
    trivial_name : str
        What that answer is.
    ours : tuple of Comparison
        On the test rows of the suite's own set: what was forgotten.
    lost : tuple of str
        Labels that it does not know any more.
    """

    own: tuple[Comparison, ...]
    trivial: Comparison
    trivial_name: str
    ours: tuple[Comparison, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the candidate takes over."""
        return not self.objections

    @property
    def objections(self) -> tuple[str, ...]:
        """Why it does not."""
        found = []
        if self.own[0].verdict is not Verdict.BETTER:
            found.append(f"on the client's rows it is {_said(self.own[0])} than the model that answers now")
        if self.trivial.verdict is not Verdict.BETTER:
            found.append(f"it is {_said(self.trivial)} than {self.trivial_name}")
        if self.ours and self.ours[0].difference.high < -_MOST_FORGOTTEN:
            loss = -self.ours[0].difference.value
            found.append(f"it forgot: accuracy on the suite's own rows falls by {loss:.1%}")
        if self.lost:
            found.append(f"it does not know {', '.join(self.lost)} any more: add rows of these")
        return tuple(found)

    @property
    def reason(self) -> str:
        """Say in a line why it takes over, or why not."""
        return "; ".join(self.objections) or f"better on the client's rows: {self.own[0].summary()}"


def known_labels(solution: type[Solution[Any, Any]], task: str, client: Client) -> dict[str, Names]:
    """Return the labels of the model that answers now, with the client's own names for them."""
    record = read_record(client.model(solution.spec.name, task))
    names = {label: Names(**given) for label, given in record.labels.items()}
    return names | client.settings.names.get(solution.spec.name, {}).get(task, {})


def customise(
    solution: type[Solution[Any, Any]],
    spec: TaskSpec,
    table: LabelledTable,
    client: Client,
    *,
    budget: float,
    unlabelled: Sequence[Any] = (),
    columns: Mapping[str, str] | None = None,
    accept: str = "",
    seed: int = 0,
    listener: Listener = silent,
) -> tuple[Client, Judgement]:
    """Fit a candidate, compare it with what answers now, and put it in its place where it is better.

    Parameters
    ----------
    budget : float
        Seconds. Of texts and images, three minutes or more are spent on trying several methods on dev (``auto``).
    columns : mapping, optional
        How the client's file was read, to be read so again.
    accept : str
        Why a person wants the candidate in any case.
    """
    name, slow = solution.spec.name, budget >= _QUICK
    several = {"method": "auto", "options": {"budget": str(budget)}} if slow else {"method": "probe"}
    chosen: dict[str, Any] = several if spec.reads in _SEVERAL else {"method": spec.method}
    ours = solution.card_table(spec.default_dataset, spec.name) if spec.reads == "text" else None
    recipe = Recipe(
        **chosen,
        unlabelled=tuple(unlabelled),
        seed=seed,
        leaks="drop",
        figures=spec.figures,
        more_labels=True,
        # where the suite's model ended; not the client's former one, which may have seen rows that are held out now
        start=Bundle.load(incumbent(name, spec.name), listener) if ours else None,
        risk=_borne(client, name, spec.name),
    )
    # the suite's own rows are learned too, so that its labels are kept, and what the client gave before
    before = earlier_rows(client, table, name) if spec.reads in _KEPT else None
    given = [table, before] if before else [table]
    beside = replace(table, companions=(*_suite_rows(ours), *given[1:]))
    trained = solution.train(beside, recipe, listener)
    judgement = judge(solution, client.model(name, spec.name), trained.bundle, table, ours)
    settled = publish(client, trained, judgement, columns or {}, accept)
    if spec.reads in _KEPT:
        keep_rows(settled, given, name, settled.history[-1].candidate)
    return settled, judgement


def _suite_rows(ours: LabelledTable | None) -> tuple[LabelledTable, ...]:
    """Return what of the suite's own is learned again; the encoder that is started from knows what is left out."""
    if ours is None:
        return ()
    every = (ours, *ours.companions)
    return every if sum(len(table.frame) for table in every) <= _MOST_ROWS else every[:1]


def _borne(client: Client, solution: str, task: str) -> float | None:
    """Return the share of wrong answers that a client bears; None where the settings do not say."""
    risk = client.settings.risk.get(solution, {}).get(task)
    dial = {str(share): share for share in DIAL}
    if risk and risk not in dial:
        raise InputError(f"risk of {solution}/{task}: got {risk!r}; expected one of {', '.join(dial)}")
    return dial[risk] if risk else None


def judge(
    solution: type[Solution[Any, Any]],
    former: Path,
    candidate: Savable,
    table: LabelledTable,
    ours: LabelledTable | None,
) -> Judgement:
    """Compare two models on the client's test rows by a paired test, and on the suite's own.

    Parameters
    ----------
    former : Path
        Folder of the model that answers now.
    table : LabelledTable
        The client's.
    ours : LabelledTable or None
        The suite's; left out where the client's labels are others by nature, as of images.
    """
    met = solution.contest(former, candidate, table)
    own, plain, candidates = tuple(compare(met.former, met.candidate)), met.plain, met.candidate
    trivial = compare_values(met.metric, plain.values[met.metric], candidates.values[met.metric], cluster=plain.cluster)
    if ours is None:
        return Judgement(own, trivial, met.plain_name)
    again = solution.contest(former, candidate, ours)
    lost = tuple(label for label in read_record(former).labels if label not in candidate.record.labels)
    return Judgement(own, trivial, met.plain_name, tuple(compare(again.former, again.candidate)), lost)


def decide(
    client: Client,
    bundle: Savable,
    papers: Papers,
    why: str,
    *,
    accepted: bool = True,
    columns: Mapping[str, str] | None = None,
    own: Sequence[Comparison] = (),
    ours: Sequence[Comparison] = (),
) -> Client:
    """Keep a model, write down why it answers from now on or does not, and let it answer if so.

    Parameters
    ----------
    columns : mapping, optional
        How the client's file was read, to be read so again.
    own, ours : sequence of Comparison
        On the client's rows and on the suite's, where it was compared.
    """
    record = bundle.record
    former = read_record(client.model(record.solution, record.task)).id
    folder = client.keep(bundle, papers)
    entry = _entry(record.solution, record.task, former, folder.name, accepted=accepted, why=why)
    client.record(replace(entry, own=list(map(asdict, own)), ours=list(map(asdict, ours))))
    chosen = folder.name if accepted else former
    return _settled(client.with_bundle(record.solution, record.task, chosen, columns or {}))


def publish(
    client: Client, trained: Trained, judgement: Judgement, columns: Mapping[str, str], accept: str = ""
) -> Client:
    """Let a candidate answer where it is better or a person says so.

    Parameters
    ----------
    accept : str
        Why a person wants it all the same; empty where nobody does.
    """
    return decide(
        client,
        trained.bundle,
        trained.papers,
        accept or judgement.reason,
        accepted=judgement.accepted or bool(accept),
        columns=columns,
        own=(*judgement.own, judgement.trivial),
        ours=judgement.ours,
    )


def accept_last(client: Client, vertical: str, task: str, why: str) -> Client:
    """Let the latest candidate answer that was refused, since a person says so."""
    last = next((entry for entry in reversed(client.history) if (entry.vertical, entry.task) == (vertical, task)), None)
    if last is None or last.accepted:
        raise InputError(f"no refused candidate of {vertical}/{task} is there; fit one with --data FILE")
    client.record(_entry(vertical, task, last.former, last.candidate, accepted=True, why=why))
    return _settled(client.with_bundle(vertical, task, last.candidate, {}))


def roll_back(client: Client, vertical: str, task: str) -> Client:
    """Return to the model that answered before the latest replacement.

    Raises
    ------
    InputError
        There was none.
    """
    now = client.settings.bundles.get(vertical, {}).get(task)
    last = next((entry for entry in reversed(client.history) if entry.accepted and entry.candidate == now), None)
    if now is None or last is None:
        raise InputError(f"{client.folder.name} has no model of its own for {vertical}/{task}; nothing to go back from")
    client.record(_entry(vertical, task, now, last.former, accepted=True, why="rolled back"))
    return _settled(client.with_bundle(vertical, task, last.former, {}))


def _settled(client: Client) -> Client:
    write_readme(client)
    return client


def _entry(vertical: str, task: str, former: str, candidate: str, *, accepted: bool, why: str) -> Replacement:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return Replacement(when, vertical, task, former, candidate, accepted, getpass.getuser(), why)


def _said(comparison: Comparison) -> str:
    """Put a verdict before *than*."""
    gap = comparison.difference
    figures = f"{comparison.former:.3f} to {comparison.candidate:.3f}, {gap.low:+.3f} to {gap.high:+.3f}"
    said = {Verdict.BETTER: "better", Verdict.WORSE: "worse", Verdict.ALIKE: "not surely better"}[comparison.verdict]
    return f"{said} ({comparison.metric} {figures} on {comparison.rows} {ALL_ROWS} rows)".replace(f" {ALL_ROWS}", "")
