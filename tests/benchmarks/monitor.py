"""Measure the monitor's database at a million items: how fast they come in, and how long the page waits for an answer.

    python -m tests.benchmarks.monitor [--items 1000000] [--url sqlite:///FILE] [--headlines 2000]
    python -m tests.benchmarks.monitor --replay 60

Items are made up, a year of them, in 10 topics and 50 companies; every eighth is a copy. With ``--headlines`` so many
of financial_phrasebank and zh_finance_sentiment are then read end to end (models, folding, watch list, counts), into an
empty store and into the full one. Prints one JSON object; times are the slowest of five.

``--replay`` tells an archive of 24 items an hour for so many minutes, an hour of it every half a second, and prints the
memory in between; tone and topic are read off a word, since what grows is not the model.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from solutions.finance.monitor.items import Batch, Item, item_key
from solutions.finance.monitor.monitor import Monitor, time_of
from solutions.finance.monitor.records import ReadItem
from solutions.finance.monitor.replay import Archive, replay
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.monitor.stories import WINDOW
from solutions.finance.pipeline import Finance
from solutions.finance.surge.baseline import DAY
from tests.solutions.finance.monitor.conftest import KeywordFinance

__all__ = ["measure", "read_end_to_end", "replay_for"]

_YEAR = 365 * DAY
_START = 490_000  # an hour of 2025
_TOPICS, _COMPANIES, _AT_ONCE = 10, 50, 1000
_LOOKS, _BATCH = 5, 256
_HOUR_EVERY = 0.5


def measure(store: MonitorStore, count: int) -> dict[str, Any]:
    """Fill a store and ask what the page asks."""
    rates, started = [], time.perf_counter()
    for batch in _batches(count):
        store.add(batch, "made", str(len(rates)))
        rates.append(len(batch) / (time.perf_counter() - started))
        started = time.perf_counter()
    end = _START + _YEAR
    topics = [f"topic:{number}" for number in range(_TOPICS)]
    tenth = max(1, len(rates) // 10)
    return {
        "items": count,
        "items_per_second": {
            "first_tenth": round(float(np.median(rates[:tenth]))),
            "last_tenth": round(float(np.median(rates[-tenth:]))),
        },
        "milliseconds": {
            "last_hour": _slowest(store.last_hour),
            "series_60_days": _slowest(lambda: store.series(end - 60 * DAY)),
            "series_365_days": _slowest(lambda: store.series(end - 365 * DAY)),
            "plot_365_days": _slowest(lambda: store.counts(["topic:0"], end - 365 * DAY, end)),
            "detector_week": _slowest(lambda: store.counts(topics, end - 7 * DAY, end)),
            "stories_of_a_day": _slowest(lambda: store.behind("topic:0", end - DAY, end)),
            "all_stories_of_two_weeks": _slowest(lambda: store.behind("topic:0", end - 14 * DAY, end, bad_only=False)),
            "known_keys": _slowest(lambda: store.known([item_key("made", str(number)) for number in range(256)])),
            "alerts": _slowest(store.alerts),
            "recall_after_a_restart": _slowest(lambda: store.since(end - WINDOW)),
        },
    }


class _Wire:
    """A source that delivers headlines, a batch at a time."""

    name = "wire"

    def __init__(self, headlines: Sequence[str], hour: int) -> None:
        self._headlines, self._hour = headlines, hour

    def poll(self, position: str) -> Batch:
        """Deliver one headline first, so that what a restart recalls is no part of the rate; then batches."""
        first = int(position or 0)
        end = min(first + (_BATCH if first else 1), len(self._headlines))
        items = [
            Item(item_key(self.name, str(number)), self.name, time_of(self._hour), self._headlines[number])
            for number in range(first, end)
        ]
        return Batch(items, str(end), more=end < len(self._headlines))


def read_end_to_end(store: MonitorStore, headlines: Sequence[str]) -> dict[str, float]:
    """Let a monitor read headlines into a store, and tell how long it recalled and how many a second it read then."""
    hour = _START + _YEAR
    started = time.perf_counter()
    monitor = Monitor(Finance.load(), store, [_Wire(headlines, hour)])
    turn = monitor.turn(time_of(hour + 1))
    begun = time.perf_counter()
    while turn.more:
        turn = monitor.turn(time_of(hour + 1))
    seconds = time.perf_counter() - begun
    return {"start_seconds": round(begun - started, 1), "items_per_second": round((len(headlines) - 1) / seconds, 1)}


def replay_for(minutes: float) -> dict[str, Any]:
    """Tell an archive again for a while, and return how much memory the process held after each tenth of the time."""
    seconds = 60 * minutes
    hours = int(seconds / _HOUR_EVERY)
    words = ("loan good", "loan bad", "trade good", "trade bad")
    generator = np.random.default_rng(0)
    items = [
        Item(item_key("wire", str(number)), "wire", time_of(_START + number // 24), f"{words[word]} {number}")
        for number, word in enumerate(generator.choice(4, 24 * hours, p=(0.35, 0.15, 0.35, 0.15)))
    ]
    archive, resident, started = Archive(items), [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        monitor = Monitor(KeywordFinance(), MonitorStore.at(Path(folder) / "replay.db"), [archive])
        for hour, _ in enumerate(replay(monitor, archive, lambda: timedelta(hours=1))):
            if hour % (hours // 10) == 0:
                resident.append(_resident_mb())
            time.sleep(max(0.0, started + hour * _HOUR_EVERY - time.monotonic()))
    return {"minutes": round((time.monotonic() - started) / 60, 1), "items": len(items), "resident_mb": resident}


def _resident_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() >> 20


def _batches(count: int) -> Iterator[list[ReadItem]]:
    generator = np.random.default_rng(0)
    story = ""
    for first in range(0, count, _AT_ONCE):
        batch = []
        for number in range(first, min(first + _AT_ONCE, count)):
            hour = _START + number * _YEAR // count
            key = item_key("made", str(number))
            copy = bool(story) and generator.random() < 1 / 8
            story = story if copy else key
            series = {f"topic:{generator.integers(_TOPICS)}": 1.0}
            if generator.random() < 0.3:
                series[f"company:{generator.integers(_COMPANIES)}"] = 0.7
            item = Item(key, "made", time_of(hour) + timedelta(minutes=number % 60), f"Made-up headline {number}")
            tone = "negative" if generator.random() < 0.3 else "neutral"
            novelty = 0.1 if copy else 1.0
            batch.append(ReadItem(item, hour, "0", tone, 0.9, False, {} if copy else series, story, novelty))
        yield batch


def _slowest(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(_LOOKS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return round(1000 * max(times), 1)


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--url", help="a database that is empty; a temporary SQLite file where left out")
    parser.add_argument("--headlines", type=int, default=0)
    parser.add_argument("--replay", type=float, default=0.0, help="minutes; nothing else is then measured")
    parser.add_argument("--data-root", type=Path, default=Path("../shared/data"))
    asked = parser.parse_args()
    if asked.replay:
        print(json.dumps(replay_for(asked.replay)))  # noqa: T201  # its output is what it is for
        return
    # half of each language, and others for the full store: the encoder remembers what it has read
    headlines = [
        text
        for card in ("financial_phrasebank", "zh_finance_sentiment")
        for text in load_card_table(card, "tone", asked.data_root).part(Split.TRAIN)[0][: asked.headlines]
    ]
    with tempfile.TemporaryDirectory() as folder:
        read = {}
        if headlines:
            read["empty"] = read_end_to_end(MonitorStore.at(Path(folder) / "empty.db"), headlines[::2])
        store = MonitorStore(asked.url) if asked.url else MonitorStore.at(Path(folder) / "monitor.db")
        figures = measure(store, asked.items)
        if headlines:
            read["full"] = read_end_to_end(store, headlines[1::2])
        print(json.dumps({**figures, "headlines": read}))  # noqa: T201  # its output is what it is for
        store.engine.dispose()


if __name__ == "__main__":
    main()
