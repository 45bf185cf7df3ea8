import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from solutions.base import Decision
from solutions.finance.monitor.items import Batch, Item, item_key
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.schema import FinanceResponse

START = datetime(2026, 1, 1)  # a Thursday, as hour 0 of Unix time


class KeywordFinance:
    """Reads tone and topic off the words, so that a test can say what an item is; only the same words mean alike."""

    def records(self):
        tones, topics = {"negative": {}, "positive": {}}, {"credit": {}, "trade": {}}
        return {"topic": SimpleNamespace(labels=topics), "tone": SimpleNamespace(labels=tones)}

    def predict(self, requests):
        return [
            FinanceResponse(
                tone=decision("negative" if "bad" in request.text else "positive", unsure="unsure" in request.text),
                topic=decision("credit" if "loan" in request.text else "trade"),
            )
            for request in requests
        ]

    def vectors(self, texts):
        seeds = [zlib.crc32(text.removeprefix("copy of ").encode()) for text in texts]
        vectors = np.array([np.random.default_rng(seed).normal(size=64) for seed in seeds], np.float32).reshape(-1, 64)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def decision(label: str, unsure: bool = False) -> Decision:
    return Decision(label, 0.9, unsure, {label: 0.9}, "keywords")


class ListSource:
    """Delivers given items, so many at a time; the position is how many were delivered."""

    name = "list:test"

    def __init__(self, items, at_once=100):
        self.items, self.at_once = items, at_once

    def poll(self, position: str) -> Batch:
        at = int(position or 0)
        end = min(at + self.at_once, len(self.items))
        return Batch(self.items[at:end], str(end), more=end < len(self.items))


def item(number: int, text: str, time: datetime = START) -> Item:
    return Item(item_key("list:test", str(number)), "list:test", time, text)


def history(days: int, surge_days: int = 0) -> list[Item]:
    """Return 24 loan items a day, 6 of them bad; in the days of the surge 48, of which 30."""
    items = []
    for hour in range(days * 24):
        surging = hour >= (days - surge_days) * 24
        for index in range(2 if surging else 1):
            bad = (5 * hour + index) % 8 < 5 if surging else hour % 4 == 0
            items.append(
                item(len(items), f"loan {'bad' if bad else 'good'} {hour}.{index}", START + timedelta(hours=hour))
            )
    return items


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path) -> Iterator[MonitorStore]:
    if request.param == "sqlite":
        opened = MonitorStore.at(tmp_path / "monitor.db")
    else:
        opened = MonitorStore(request.getfixturevalue("postgres_url"))
    yield opened
    opened.engine.dispose()
