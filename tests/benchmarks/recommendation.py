"""Figures of the recommender on MovieLens 100K.

::

    python -m tests.benchmarks.recommendation ours random-811 --seeds 3
    python -m tests.benchmarks.recommendation cold --seeds 3

``ours`` reports test twice: fitted on train alone and, of random splits, asked with train alone, as RecBole's models
are; and with train and dev, as a product would be. ``cold`` hides a fifth of the users, or of the items, from
everything that is fitted.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.data.splits import Split
from foundation.evaluation.comparison import compare_values
from foundation.evaluation.metrics import mean_interval
from foundation.recipes.recipe import Recipe
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.evaluation import model_lists
from solutions.recommendation.events import Events
from solutions.recommendation.measures import Lists, top_items, user_measures
from solutions.recommendation.models.ease import Ease
from solutions.recommendation.models.text import centred
from solutions.recommendation.protocols import Protocol, find_protocol, inner_folds
from solutions.recommendation.recommender import FEW_LIKES, Hybrid, HybridSettings, user_blocks
from solutions.recommendation.tables import EventTable, load_card_events
from solutions.recommendation.training import fit_hybrid
from solutions.recommendation.wishes import item_vectors

Figures = dict[str, NDArray[np.float64]]
_COLD_ITEMS = 0.2
_NEW_USERS = 0.2


def say(**facts: object) -> None:
    """Print a line of JSON."""
    plain = {name: fact.item() if isinstance(fact, np.generic) else fact for name, fact in facts.items()}
    sys.stdout.write(json.dumps(plain) + "\n")
    sys.stdout.flush()


def megabytes() -> float:
    """Return the most memory that this process has taken so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def split_by(protocol: Protocol, seed: int) -> EventTable:
    """Return MovieLens 100K, split by a protocol and a seed."""
    return load_card_events("ml100k", "top-n").under(protocol.value, seed)


def vectors_of(catalogue: Catalogue) -> NDArray[np.float32]:
    return item_vectors(catalogue, load_encoder(DEFAULT_BACKBONE))


def ours(table: EventTable, seed: int, *splits: Split) -> tuple[Lists, float, Events]:
    """Lists for the test users of a hybrid that is fitted on some splits, and the seconds that it took."""
    started = time.perf_counter()
    fitted = fit_hybrid(table, vectors_of(table.catalogue), Recipe(method="hybrid", seed=seed), *splits)
    seconds = time.perf_counter() - started
    known, truth = table.events_of(Split.TRAIN, Split.DEV), table.events_of(Split.TEST)
    # in order of time the event before the asked one is always read, as SASRec does; of random ones what was fitted on
    read = known if table.by.by_time else table.events_of(*splits)
    asked = read.take(np.flatnonzero(np.isin(read.users, truth.users)))
    return fresh_lists(fitted.hybrid, asked, known), seconds, truth


def fresh_lists(hybrid: Hybrid, asked: Events, known: Events) -> Lists:
    """Rank what is not known of the users; what is asked with may be less than that."""
    had = known.matrix().tocsr()
    blocks = []
    for found, scores in hybrid.rank(asked):
        fresh = np.asarray(had[found.users, found.items]).ravel() == 0
        blocks.append((found.users[fresh], found.items[fresh], scores[fresh]))
    return top_items(blocks)


def report_ours(protocol: Protocol, seeds: int) -> None:
    for splits in ((Split.TRAIN,), (Split.TRAIN, Split.DEV)):
        found: list[dict[str, float]] = []
        for seed in range(seeds):
            table = split_by(protocol, seed)
            if splits == (Split.TRAIN,) and not len(table.events_of(Split.DEV)):
                continue
            lists, seconds, truth = ours(table, seed, *splits)
            measured = user_measures(lists, truth)
            interval = mean_interval(measured["ndcg_at_10"])
            found.append({name: float(values.mean()) for name, values in measured.items()} | {"seconds": seconds})
            say(
                fitted_on=[split.value for split in splits],
                seed=seed,
                **found[-1],
                low=interval.low,
                high=interval.high,
            )
        for name in found[0] if found else ():
            values = [each[name] for each in found]
            say(figure=name, mean=np.mean(values), least=min(values), most=max(values), seeds=len(values))


def cold(seed: int) -> dict[str, Any]:
    """New items: a fifth is hidden with all its events. New users: a fifth is hidden, and then likes three things."""
    table = split_by(Protocol.LEAVE_ONE_OUT, seed)
    vectors = vectors_of(table.catalogue)
    known, truth = table.events_of(Split.TRAIN, Split.DEV), table.events_of(Split.TEST)
    generator = np.random.default_rng(seed)
    out: dict[str, Any] = {"seed": seed}
    away = generator.random(len(known.user_ids)) < _NEW_USERS
    old, new = known.take(np.flatnonzero(~away[known.users])), known.take(np.flatnonzero(away[known.users]))
    wanted = truth.take(np.flatnonzero(away[truth.users]))
    settings = HybridSettings()
    hybrid = Hybrid(table.catalogue, centred(vectors, vectors.mean(axis=0)), settings, seed)
    hybrid.fit(old, inner_folds(old, table.by, seed))
    # what they like: films that they rated 4 or 5
    likes = new.take(np.flatnonzero(new.weights >= 0.8)).latest(FEW_LIKES)
    lists = top_items((found.users, found.items, scores) for found, scores in hybrid.rank(likes))
    few = user_measures(without(lists, new), wanted)["ndcg_at_10"]
    full = user_measures(model_lists(Ease().fit(old), new), wanted)["ndcg_at_10"]
    out["new_user_3_likes"], out["ease_full_history"] = float(few.mean()), float(full.mean())
    difference = compare_values("ndcg_at_10", full, few).difference
    out["difference"] = [difference.value, difference.low, difference.high]
    return out


def without(lists: Lists, had: Events) -> Lists:
    """Take what the users had, but did not name, off their lists: it cannot be the answer."""
    owned = had.matrix()
    items = lists.items.copy()
    for row, user in enumerate(lists.users):
        mine = [item for item in items[row] if item >= 0 and not owned[user, item]]
        items[row] = [*mine, *[-1] * (items.shape[1] - len(mine))]
    return Lists(lists.users, items)


def cold_items(seed: int) -> dict[str, Any]:
    """A fifth of the items is removed with all events; test events of these are ranked among all items by text."""
    table = split_by(Protocol.RANDOM_811, seed)
    vectors = vectors_of(table.catalogue)
    generator = np.random.default_rng(seed)
    hidden = generator.random(len(table.catalogue)) < _COLD_ITEMS
    known, truth = table.events_of(Split.TRAIN, Split.DEV), table.events_of(*Split)
    seen, wanted = known.take(np.flatnonzero(~hidden[known.items])), truth.take(np.flatnonzero(hidden[truth.items]))
    asked = seen.take(np.flatnonzero(np.isin(seen.users, wanted.users)))
    wanted = wanted.take(np.flatnonzero(np.isin(wanted.users, asked.users)))
    hybrid = Hybrid(table.catalogue, centred(vectors, vectors.mean(axis=0)), HybridSettings(), seed).fit_models(seen)
    out: dict[str, Any] = {"seed": seed, "users": len(np.unique(wanted.users))}
    ways: dict[str, Callable[[Events], NDArray[np.float64]]] = {
        "by_text": hybrid.text_scores,
        "popularity_by_genre": lambda block: genre_popularity(table.catalogue, seen, block),
    }
    for name, score in ways.items():
        blocks = (best(users, block, score(block)) for users, block in user_blocks(asked))
        interval = mean_interval(user_measures(top_items(blocks), wanted)["ndcg_at_10"])
        out[name] = [interval.value, interval.low, interval.high]
    return out


def best(users: NDArray[np.int64], block: Events, scores: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
    """Return users, items and scores of what they have not had."""
    row, item = np.nonzero(block.matrix().toarray() == 0)
    return users[row], item, scores[row, item]


def genre_popularity(catalogue: Catalogue, seen: Events, block: Events) -> NDArray[np.float64]:
    """The mean popularity of an item's genres, weighted by how often the user had each."""
    tags = sorted({tag for own in catalogue.tags for tag in own})
    has = np.array([[tag in own for tag in tags] for own in catalogue.tags], dtype=np.float64)
    count = np.bincount(seen.items, minlength=len(catalogue)).astype(np.float64)
    popular = (has * count[:, None]).sum(axis=0) / np.maximum(has.sum(axis=0), 1)
    taste = block.matrix() @ has
    taste /= np.maximum(taste.sum(axis=1, keepdims=True), 1)
    return np.asarray(taste @ (has * popular / np.maximum(has.sum(axis=1, keepdims=True), 1)).T)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["ours", "cold"])
    parser.add_argument("protocol", nargs="?", default=Protocol.LEAVE_ONE_OUT.value)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if given.what == "ours":
        report_ours(find_protocol(given.protocol), given.seeds)
    else:
        for seed in range(given.seeds):
            say(**cold(seed))
            say(**cold_items(seed))


if __name__ == "__main__":
    main()
