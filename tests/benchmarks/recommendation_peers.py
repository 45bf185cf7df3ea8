"""Peers of the recommender on the same split of MovieLens 100K, measured by the same code, compared user by user.

::

    python -m tests.benchmarks.recommendation_peers random-811 --python PEERS/bin/python --models ALS EASE BPR LightGCN
    python -m tests.benchmarks.recommendation_peers leave-one-out --python PEERS/bin/python --models EASE SASRec

``--python`` is that of an environment with RecBole 1.2.1 (see ``recbole_lists``); ALS is implicit's, in our own.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foundation.data.splits import Split
from foundation.evaluation.comparison import compare_values
from solutions.recommendation.measures import Lists, top_items, user_measures
from solutions.recommendation.protocols import Protocol, find_protocol
from solutions.recommendation.tables import EventTable
from tests.benchmarks.recommendation import megabytes, ours, say, split_by


def als_lists(table: EventTable) -> tuple[Lists, float]:
    """Return the lists of implicit's ALS with its defaults."""
    from implicit.als import AlternatingLeastSquares

    train, known, truth = (
        table.events_of(Split.TRAIN),
        table.events_of(Split.TRAIN, Split.DEV),
        table.events_of(Split.TEST),
    )
    model = AlternatingLeastSquares(random_state=0)
    started = time.perf_counter()
    model.fit(train.matrix(), show_progress=False)
    seconds = time.perf_counter() - started
    scores = model.user_factors @ model.item_factors.T
    scores[known.users, known.items] = -np.inf
    users = np.unique(truth.users)
    rows = [(np.full(scores.shape[1], user), np.arange(scores.shape[1]), scores[user]) for user in users]
    return top_items(rows), seconds


def peer_lists(model: str, table: EventTable, python: Path, epochs: int) -> tuple[Lists, dict[str, Any]]:
    """Return the lists of one of RecBole's models, fitted on the same split in an environment of its own."""
    events, truth = table.events_of(*Split), table.events_of(Split.TEST)
    frame = pd.DataFrame({"user_id:token": np.array(events.user_ids)[events.users], "item_id:token": events.items})
    # the place among the user's events, so that RecBole's sort by time finds our order
    frame["timestamp:float"] = np.arange(len(events))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "ours"
        folder.mkdir()
        frame.to_csv(folder / "ours.inter", sep="\t", index=False)
        for split, name in ((Split.TRAIN, "train"), (Split.DEV, "valid"), (Split.TEST, "test")):
            rows = table.frame["split"].to_numpy() == split.value
            frame[rows].to_csv(folder / f"ours.{name}.inter", sep="\t", index=False)
        known = table.events_of(Split.TRAIN, Split.DEV)
        had = {
            known.user_ids[user]: [str(item) for item in known.of_user(int(user)).items]
            for user in np.unique(truth.users)
        }
        (folder / "known.json").write_text(json.dumps(had))
        kind = "sequential" if model == "SASRec" else "general"
        script = Path(__file__).with_name("recbole_lists.py")
        subprocess.run([python, script, model, str(folder), kind, str(epochs)], check=True, cwd=scratch)
        answer = json.loads((folder / f"{model}.json").read_text())
    numbers = {name: number for number, name in enumerate(events.user_ids)}
    users = np.array([numbers[name] for name in answer["lists"]])
    items = np.array([[int(item) for item in row] for row in answer.pop("lists").values()])
    return Lists(users, items), answer


def report_peers(protocol: Protocol, models: Sequence[str], python: Path, epochs: int) -> None:
    table = split_by(protocol, 0)
    lists, seconds, truth = ours(table, 0, Split.TRAIN)
    mine = user_measures(lists, truth)
    gains = {name: mine[name].mean() for name in ("ndcg_at_10", "recall_at_10")}
    say(model="hybrid, train alone", **gains, seconds=seconds, megabytes=megabytes())
    for model in models:
        if model == "ALS":
            found, took = als_lists(table)
            facts: dict[str, Any] = {"seconds": took}
        else:
            found, facts = peer_lists(model, table, python, epochs)
        theirs = user_measures(found, truth)
        difference = compare_values("ndcg_at_10", theirs["ndcg_at_10"], mine["ndcg_at_10"]).difference
        gains = {name: theirs[name].mean() for name in ("ndcg_at_10", "recall_at_10")}
        apart = [difference.value, difference.low, difference.high]
        say(model=model, **gains, **facts, ours_minus_theirs=apart, times_our_seconds=facts["seconds"] / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol")
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--models", nargs="*", default=["EASE", "BPR"])
    parser.add_argument("--epochs", type=int, default=0, help="At most so many; RecBole's own where 0.")
    given = parser.parse_args()
    report_peers(find_protocol(given.protocol), given.models, given.python, given.epochs)


if __name__ == "__main__":
    main()
