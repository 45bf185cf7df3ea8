import os
import shutil
import subprocess
import tempfile
import uuid
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sqlalchemy as sql

from solutions.base import Decision
from solutions.finance.monitor.items import Batch, Item, item_key
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.schema import FinanceResponse

START = datetime(2026, 1, 1)  # a Thursday, as hour 0 of Unix time


class KeywordFinance:
    """Reads tone and topic off the words, so that a test can say what an item is; only the same words mean alike."""

    def records(self):
        return {"topic": SimpleNamespace(labels={"credit": {}, "trade": {}})}

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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL on a socket of its own; its folder, which is the host to connect to."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    control = shutil.which("pg_ctl") or (str(found[-1]) if found else None)
    if not control:
        pytest.skip("no PostgreSQL on this machine; apt-get install postgresql")
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # pytest's own folders are too long for the name of a socket
    if owner:
        shutil.chown(folder, "postgres", "postgres")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **owner}
    subprocess.run([control, "initdb", "-D", folder / "data", "-o", "-A trust -U colonnade"], check=True, **quiet)
    subprocess.run(
        [control, "start", "-w", "-D", folder / "data", "-o", options, "-l", folder / "log"], check=True, **quiet
    )
    yield str(folder)
    subprocess.run([control, "stop", "-m", "immediate", "-D", folder / "data"], check=True, **quiet)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server) -> str:
    """A database of its own for each test."""
    name = f"test_{uuid.uuid4().hex}"
    engine = sql.create_engine(f"postgresql+psycopg://colonnade@/postgres?host={postgres_server}")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as run:
        run.execute(sql.text(f"create database {name}"))
    engine.dispose()
    return f"postgresql+psycopg://colonnade@/{name}?host={postgres_server}"
