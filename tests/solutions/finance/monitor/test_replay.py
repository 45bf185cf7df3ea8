from datetime import timedelta
from types import SimpleNamespace

import pytest

from foundation.errors import InputError
from solutions.finance.monitor.files import FileSource
from solutions.finance.monitor.monitor import Monitor
from solutions.finance.monitor.replay import Archive, Event, read_archive, read_events, replay, report
from solutions.finance.monitor.store import MonitorStore
from tests.solutions.finance.monitor.conftest import START, KeywordFinance, ListSource, history, item

SURGE = START + timedelta(days=39)


def told_again(items, step, dial=1.0) -> MonitorStore:
    archive = Archive(items)
    store = MonitorStore("sqlite://")
    shares = list(replay(Monitor(KeywordFinance(), store, [archive], dial=dial), archive, lambda: step))
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    return store


def alerts_of(store: MonitorStore) -> list[tuple[str, int, int, int]]:
    return [(alert.series, alert.hour, alert.items, alert.negative) for alert in store.alerts()]


def test_its_speed_changes_no_alert():
    items = history(40, surge_days=1)
    slow, fast = told_again(items, timedelta(hours=5)), told_again(items, timedelta(days=9))
    assert alerts_of(slow) == alerts_of(fast)
    assert len(alerts_of(slow)) == 1


def test_what_comes_later_changes_nothing_before():
    items = history(40, surge_days=1)
    known = [each for each in items if each.time < SURGE + timedelta(hours=12)]
    later = [item(10_000 + at, "loan bad", SURGE + timedelta(hours=12 + at % 200)) for at in range(3000)]
    (first, *_) = sorted(alerts_of(told_again([*later, *known], timedelta(days=1))), key=lambda alert: alert[1])
    assert [first] == alerts_of(told_again(items, timedelta(days=1)))


def test_the_report_tells_delay_and_false_alarms():
    store = told_again(history(40, surge_days=1), timedelta(days=1), dial=0.5)
    (alert,) = store.alerts()
    planted = Event("topic:credit", SURGE, SURGE + timedelta(days=1))
    missed = Event("topic:trade", SURGE, SURGE + timedelta(days=1))
    told = report(store, [planted, missed], dial=0.5)
    hours = alert.hour + 1 - (SURGE - START) / timedelta(hours=1) - store.first_hour()
    assert told.delays == ((planted, hours), (missed, None))
    assert 0 < hours <= 24
    assert (told.alerts, told.false_alarms) == (1, 0)
    assert told.weeks == pytest.approx((40 - 21) / 7, abs=0.02)
    assert told.accepted == pytest.approx(0.5 * told.weeks)
    assert report(store, [missed], dial=0.5).false_alarms == 1


def test_series_that_are_raised_together_are_one_false_alarm():
    alerts = [SimpleNamespace(id=at, hour=hour, series=series) for at, (hour, series) in enumerate(
        [(5000, "topic:credit"), (5000, "company:Harlund"), (5001, "topic:credit")])]  # fmt: skip
    store = SimpleNamespace(alerts=lambda: alerts, utc_offset=0, first_hour=lambda: 0, last_hour=lambda: 6000)
    told = report(store, [], dial=1)
    assert (told.alerts, told.moments, told.false_alarms) == (3, 2, 2)


def test_an_archive_tells_nothing_before_its_time():
    archive = Archive([item(1, "later", START + timedelta(days=1)), item(0, "now", START)], now=START)
    batch = archive.poll("")
    assert [each.title for each in batch.items] == ["now"]
    assert not batch.more
    archive.now += timedelta(days=1)
    assert [each.title for each in archive.poll(batch.position).items] == ["later"]


def test_a_whole_source_is_read():
    assert len(read_archive(ListSource(history(2), at_once=7)).items) == 48


def test_an_archive_without_items_is_one_line(tmp_path):
    (tmp_path / "news.csv").write_text("text,time\n!!!,2026-01-01\n")
    with pytest.raises(InputError, match=r"has no items to replay; the first row: news.csv, .* has no text"):
        read_archive(FileSource(tmp_path / "news.csv"))


def test_events_are_read_and_bad_ones_named(tmp_path):
    table = tmp_path / "events.csv"
    table.write_text("series,start,end\ntopic:credit,2026-02-09 08:00,2026-02-10\n")
    (event,) = read_events(table)
    assert event.series == "topic:credit"
    assert event.end - event.start == timedelta(hours=16)
    table.write_text("series,start,end\ntopic:credit,2026-02-09,2026-02-08\n")
    with pytest.raises(InputError, match="row 1: expected two times such as"):
        read_events(table)
    table.write_text("topic,start,end\ncredit,2026-02-09,2026-02-10\n")
    with pytest.raises(InputError, match="no column 'series'"):
        read_events(table)


def test_an_own_archive_keeps_text_and_link(tmp_path):
    from apps.pages.finance.replay import _own_archive

    path = tmp_path / "news.csv"
    path.write_text("Date,Title,Text,URL\n2026-03-02 09:30,Loans,All of it about Harlund,https://desk.example/1\n")
    (kept,) = _own_archive(path, "utf-8").items
    assert (kept.title, kept.body, kept.link) == ("Loans", "All of it about Harlund", "https://desk.example/1")
