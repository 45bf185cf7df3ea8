"""The live tab looks into the database that the monitor writes, wherever that is."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from apps.locale import Language, locale
from apps.pages.finance.live import Filters, Live
from apps.pages.finance.replay import store_of
from foundation.errors import ColonnadeError
from foundation.settings import settings
from solutions.finance.monitor.monitor import Monitor
from solutions.finance.monitor.records import AlertState
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.watchlist import Company, WatchList
from tests.solutions.finance.monitor.conftest import KeywordFinance, ListSource, history

FILTERS = Filters("topic:credit", 30, True, "")


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
