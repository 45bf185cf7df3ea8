"""What the recommender costs as it grows, on generated events: fit, memory, and an answer for one user.

::

    python -m tests.benchmarks.recommendation_scale [--plot docs/recommendation_scale.svg]
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.events import Events
from solutions.recommendation.models.text import centred
from solutions.recommendation.protocols import Protocol, inner_folds
from solutions.recommendation.recommender import Hybrid, HybridSettings
from tests.benchmarks.recommendation import megabytes, say

SIZES = ((100_000, 5_000), (300_000, 15_000), (1_000_000, 50_000))


def scale(sizes: Sequence[tuple[int, int]], epochs: int) -> list[dict[str, Any]]:
    """Fit and answer on generated events; vectors are random, since reading 50,000 texts is measured elsewhere."""
    measured: list[dict[str, Any]] = []
    for events_wanted, items in sizes:
        events = generated(events_wanted, items)
        generator = np.random.default_rng(0)
        vectors = generator.normal(size=(items, 384)).astype(np.float32)
        names = tuple(map(str, range(items)))
        catalogue = Catalogue(names, {"en": names}, {}, ((),) * items, {}, {})
        hybrid = Hybrid(catalogue, centred(vectors, vectors.mean(axis=0)), HybridSettings(epochs=epochs))
        started = time.perf_counter()
        hybrid.fit(events, inner_folds(events, Protocol.LEAVE_ONE_OUT))
        total = time.perf_counter() - started
        users = generator.choice(np.unique(events.users), 200, replace=False)
        answered = []
        for user in users:
            one = events.of_user(int(user))
            one = replace(one, users=np.zeros(len(one), np.int64), user_ids=("one",))
            started = time.perf_counter()
            list(hybrid.rank(one))
            answered.append(1000 * (time.perf_counter() - started))
        figures = {
            "events": len(events),
            "items": items,
            "seconds": total,
            "p50_ms": np.quantile(answered, 0.5),
            "p95_ms": np.quantile(answered, 0.95),
            "megabytes": megabytes(),
        }
        say(**figures)
        measured.append(figures)
    return measured


def generated(count: int, items: int) -> Events:
    """Return events with popularity by Zipf's law, tastes in fifty groups, 50 events a user, in the order of time."""
    generator = np.random.default_rng(0)
    users = count // 50
    weight = 1 / np.arange(1, items + 1) ** 0.8
    weight /= weight.sum()
    group_of_item, group_of_user = generator.integers(50, size=items), generator.integers(50, size=users)
    user = np.repeat(np.arange(users), 60)
    item = generator.choice(items, size=len(user), p=weight)
    own = group_of_item[item] == group_of_user[user]
    kept = own | (generator.random(len(user)) < 0.8)
    user, item = user[kept], item[kept]
    unique = np.unique(user * items + item)
    user, item = unique // items, unique % items
    time_of = 1.6e9 + generator.random(len(user)) * 3e7
    order = np.lexsort((item, time_of, user))
    names = tuple(f"u{number}" for number in range(users))
    return Events(user[order], item[order], time_of[order], np.ones(len(user), np.float32), names, items)


def plot(measured: Sequence[dict[str, Any]], target: Path) -> None:
    """Draw seconds and milliseconds against the number of items."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    items = [row["items"] for row in measured]
    left.plot(items, [row["seconds"] for row in measured], marker="o", color="#0072B2")
    left.set(xlabel="items (20 events each)", ylabel="seconds to fit", ylim=(0, None))
    right.plot(items, [row["p95_ms"] for row in measured], marker="o", color="#0072B2")
    right.set(xlabel="items", ylabel="p95 of an answer, ms", ylim=(0, None))
    figure.savefig(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    measured = scale(SIZES, given.epochs)
    if given.plot:
        plot(measured, given.plot)


if __name__ == "__main__":
    main()
