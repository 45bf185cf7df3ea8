"""The live tab looks into the database that the monitor writes, wherever that is."""

import re
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sql

from apps.locale import Language, locale
from apps.pages.finance.live import Filters, Live
from apps.pages.finance.replay import store_of
from foundation.errors import ColonnadeError
from foundation.settings import settings
from solutions.finance.monitor.monitor import Monitor, time_of
from solutions.finance.monitor.records import AlertState
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.monitor.tables import hours, items, series_items
from solutions.finance.watchlist import Company, WatchList
from tests.solutions.finance.monitor.conftest import KeywordFinance, ListSource, history

FILTERS = Filters("topic:credit", 30, True, "")
FIRST_HOUR, TWO_MONTHS = 490_000, 60 * 24


@pytest.fixture
def live() -> Live:
    return Live(locale(Language.EN), {"credit": "Credit", "trade": "Trade"}, {"negative": "Negative"})


def test_alerts_of_a_postgresql_are_shown_and_acknowledged(
    live: Live, home: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLONNADE_STORE", postgres_url)
    settings.cache_clear()
    store = MonitorStore(postgres_url)
    source = ListSource(history(40, surge_days=1), at_once=2000)
    while Monitor(KeywordFinance(), store, [source], dial=1).turn(datetime(2026, 1, 1) + timedelta(days=41)).more:
        pass
    assert store.alerts()
    summary, _, _, _, stories, alerts, *_ = live.look(None, FILTERS, None)
    assert "Alerts that wait for you: 1" in summary
    assert "loan bad" in stories
    assert re.search(r"\d+% new", stories)
    assert "Credit" in alerts
    assert "same hour" not in alerts
    live.act(AlertState.ACKNOWLEDGED, None, FILTERS, store.alerts()[0].id, "seen")
    assert store.alerts()[0].state is AlertState.ACKNOWLEDGED
    (chosen,) = live.look(None, FILTERS, None)[6].choices
    assert chosen[0].endswith("acknowledged"), "a wrong click can be taken back"
    live.act(AlertState.OPEN, None, FILTERS, chosen[1], "too early")
    assert store.alerts()[0].state is AlertState.OPEN
    assert [change["note"] for change in store.changes(chosen[1])[1:]] == ["seen", "too early"]
    store.engine.dispose()
    if shown := store_of(None):
        shown.engine.dispose()


def test_alerts_of_one_hour_name_each_other(live: Live, home: Path) -> None:
    store = MonitorStore.at(home / "monitor.db")
    source = ListSource(history(40, surge_days=1), at_once=2000)
    watched = WatchList((Company("Harlund", ("loan",)),))
    monitor = Monitor(KeywordFinance(), store, [source], watch_list=watched, dial=1)
    while monitor.turn(datetime(2026, 1, 1) + timedelta(days=41)).more:
        pass
    hours = [alert.hour for alert in store.alerts()]
    *_, alerts, _, _ = live.look(None, FILTERS, None)
    assert alerts.count("Raised in the same hour") == sum(hours.count(hour) > 1 for hour in hours) > 0
    assert re.search(r"Raised in the same hour: #\d (Credit|Harlund)\.", alerts)


def test_a_database_that_is_away_is_told(live: Live, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_STORE", f"postgresql+psycopg://me:secret@/news?host={home}")
    settings.cache_clear()
    with pytest.raises(ColonnadeError, match="does not take it") as told:
        live.look(None, FILTERS, None)
    assert "secret" not in str(told.value)


def test_nothing_is_made_where_nothing_was_watched(live: Live, home: Path) -> None:
    assert store_of(None) is None
    assert not home.exists()


def fill(store: MonitorStore, count: int) -> None:
    """Write so many items of two months, one after the other through the hours, every fourth bad, at once."""
    numbers = np.arange(count)
    frame = pd.DataFrame({"id": numbers + 1, "hour": FIRST_HOUR + numbers % TWO_MONTHS})
    frame["story"] = frame["key"] = [f"{number:032}" for number in numbers]
    frame["title"] = [f"loan {number}" for number in numbers]
    frame["time"] = [time_of(hour) for hour in frame["hour"]]
    frame["tone"] = np.where(numbers % 4 == 0, "negative", "positive")
    told = {"source": "test", "link": "", "topic": "credit", "tone_confidence": 0.9, "unsure": False, "novelty": 1.0}
    member = frame[["hour"]].assign(series="topic:credit", item=frame["id"], negative=numbers % 4 == 0, relevance=1.0)
    sums = member.groupby(["series", "hour"], as_index=False).agg(items=("item", "size"), negative=("negative", "sum"))
    with store.begin() as run:
        for table, rows in ((items, frame.assign(**told)), (series_items, member), (hours, sums)):
            if len(rows):
                run.execute(sql.insert(table), rows.to_dict("records"))


@pytest.mark.alone
@pytest.mark.parametrize("count", [10, 100_000])
def test_the_page_shows_all_that_is_stored_and_as_much_as_a_person_reads(live: Live, home: Path, count: int) -> None:
    fill(MonitorStore.at(home / "monitor.db"), count)
    started = time.perf_counter()
    summary, view, _, figure, stories, *_ = live.look(None, replace(FILTERS, days=90, bad_only=False), None)
    assert time.perf_counter() - started < 1.5
    assert view["visible"]
    assert "Topics and companies" in summary
    assert stories.count("<li>") == 8
    assert figure.data[-1].customdata.sum() == count


def test_an_empty_database_says_how_to_begin(live: Live, home: Path) -> None:
    MonitorStore.at(home / "monitor.db")
    told, view, *_ = live.look(None, FILTERS, None)
    assert "colonnade watch" in told
    assert not view["visible"]
