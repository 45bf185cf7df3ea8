"""A client's events: looked through, and a model of them beside the one that answers now."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from foundation.bundle import Savable
from foundation.data.columns import guess_events
from foundation.data.labelled import CLIENTS_OWN
from foundation.data.splits import Split
from foundation.data.tables import iter_table
from foundation.errors import InputError
from foundation.evaluation.outcomes import Outcomes
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.trust.audit import Finding, Problem
from solutions.client import Client
from solutions.client_data import ClientData, ClientFile
from solutions.contest import Contest
from solutions.customise import decide
from solutions.recommendation.bundle import RecommenderBundle
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.evaluation import hybrid_lists, model_lists
from solutions.recommendation.events import Events
from solutions.recommendation.measures import Lists, top_items, user_measures
from solutions.recommendation.tables import EventTable, load_own_events, own_catalogue

__all__ = ["add_items", "event_contest", "read_client_events", "unseen"]

_POPULARITY = "popularity"


def read_client_events(given: ClientFile) -> ClientData:
    """Read, look through and split a client's events; faults are counted, and the first is shown.

    Raises
    ------
    InputError
        See ``load_own_events``; or users or items cannot be told by the names of the columns.
    """
    columns = dict(given.mapping)
    if not {"user", "item"} <= set(columns):
        head = next(iter_table(given.path, 1000, given.encoding))
        columns = {**guess_events(head), **columns}
    table = load_own_events(given.path, given.task, columns, given.items, encoding=given.encoding, more=given.feedback)
    faults = table.events.faults
    counted = {
        Problem.REPEATED_EVENT: faults.repeated,
        Problem.UNKNOWN_ITEM: faults.unknown_items,
        Problem.BAD_EVENT: faults.impossible_times + faults.incomplete,
    }
    found = tuple(Finding(problem, (), faults.example, count) for problem, count in counted.items() if count)
    return ClientData(table, columns, len(table.frame) + sum(counted.values()), found)


def event_contest(former: Path, candidate: Savable, table: EventTable) -> Contest:
    """Let two recommenders, and what is popular, rank all items for the users of a table's test events.

    All three are told what the users did until then. Events that the former learned from are no test of it, and are
    left out for all. It ranks what it knows of the table's items; for a user who had none of these it finds nothing.

    Raises
    ------
    InputError
        No test event is left, or the candidate is no recommender.
    """
    if not isinstance(candidate, RecommenderBundle):
        raise InputError(f"{candidate.record.id} is no recommender; train it with 'colonnade train'")
    incumbent = RecommenderBundle.load(former)
    known, truth = table.events_of(Split.TRAIN, Split.DEV), table.events_of(Split.TEST)
    truth = unseen(truth.take(np.flatnonzero(np.isin(truth.users, known.users))), table, incumbent)
    asked = known.take(np.flatnonzero(np.isin(known.users, truth.users)))
    users = tuple(known.user_ids[user] for user in np.unique(truth.users))

    def measured(lists: Lists) -> Outcomes:
        return Outcomes(users, user_measures(lists, truth))

    return Contest(
        former=measured(_former_lists(incumbent, asked, table.catalogue)),
        candidate=measured(hybrid_lists(candidate.hybrid, asked, candidate.confidence)[0]),
        plain=measured(model_lists(candidate.hybrid.models[_POPULARITY], asked)),
        plain_name="showing what is popular",
        metric="ndcg_at_10",
    )


def unseen(truth: Events, table: EventTable, incumbent: RecommenderBundle) -> Events:
    """Return the events that a model has not learned from, or raise ``InputError`` where there is none."""
    past, ids = incumbent.histories, incumbent.hybrid.catalogue.ids
    seen = {(past.user_ids[user], ids[item]) for user, item in zip(past.users, past.items, strict=True)}
    pairs = zip(truth.users, truth.items, strict=True)
    ours = table.catalogue.ids
    left = truth.take(np.flatnonzero([(truth.user_ids[user], ours[item]) not in seen for user, item in pairs]))
    if not len(left):
        raise InputError(f"{table.name} holds no event to judge by that {incumbent.record.id} did not learn from")
    return left


def add_items(
    client: Client, task: str, items: pd.DataFrame, mapping: Mapping[str, str], name: str, listener: Listener = silent
) -> int:
    """Add items that have just come to the model that answers a client, without training; return how many.

    Parameters
    ----------
    items : DataFrame
        See ``own_catalogue``, as of ``mapping`` and ``name``.
    """
    former = client.model("recommendation", task)
    bundle = RecommenderBundle.load(former)
    if bundle.record.data["licence"] != CLIENTS_OWN:
        known = bundle.record.data["name"]
        raise InputError(f"{client.folder.name} is answered from {known}; give its own events first, with --data FILE")
    arrivals = own_catalogue(items, mapping, name, bundle.hybrid.catalogue.numbers)
    card = (former / "CARD.md").read_text(encoding="utf-8").replace(bundle.record.id, "{id}")
    told = f"{len(arrivals)} items of {name}; nobody has had any of them yet"
    papers = Papers(
        f"{card.rstrip()}\n\n- **Added without training**: {told}.\n",
        (former / "splits.csv").read_text(encoding="utf-8"),
    )
    decide(client, bundle.with_items(arrivals, listener), papers, f"{len(arrivals)} items of {name} added")
    return len(arrivals)


def _former_lists(incumbent: RecommenderBundle, asked: Events, catalogue: Catalogue) -> Lists:
    """Ask a model that may have other items, and write its answers in the numbers of this catalogue."""
    theirs = {item: number for number, item in enumerate(incumbent.hybrid.catalogue.ids)}
    ours = {item: number for number, item in enumerate(catalogue.ids)}
    to_theirs = np.array([theirs.get(item, -1) for item in catalogue.ids])
    to_ours = np.array([ours.get(item, -1) for item in incumbent.hybrid.catalogue.ids])
    items = to_theirs[asked.items]
    kept = np.flatnonzero(items >= 0)
    histories = replace(asked.take(kept), items=items[kept], item_count=len(theirs))
    if not len(kept):
        return top_items([])
    lists = hybrid_lists(incumbent.hybrid, histories, incumbent.confidence, there=to_ours >= 0)[0]
    return Lists(lists.users, np.where(lists.items >= 0, to_ours[lists.items], -1))
