import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sql

from foundation.errors import ColonnadeError, InputError
from solutions.finance.monitor.items import Batch, Refused
from solutions.finance.monitor.monitor import Monitor, hour_of
from solutions.finance.monitor.records import AlertState
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.surge.detector import AlarmKind
from solutions.finance.watchlist import Company, WatchList
from tests.solutions.finance.monitor.conftest import START, KeywordFinance, ListSource, history, item

NOON = START + timedelta(hours=12)
END = START + timedelta(days=40)


def monitor(store, items, at_once=100, **options) -> Monitor:
    return Monitor(KeywordFinance(), store, [ListSource(items, at_once)], **options)


def run(watching: Monitor, now) -> list[int]:
    alerts = []
    while (turn := watching.turn(now)).more:
        alerts += turn.alerts
    return [*alerts, *turn.alerts]


def test_items_are_counted_by_topic_and_company_once(store):
    items = [item(1, "loan bad Harlund", NOON), item(2, "loan good", NOON), item(3, "unsure bad", NOON)]
    watched = WatchList([Company("Harlund")])
    assert monitor(store, items, watch_list=watched).turn(NOON).new == 3
    # the same again, as after a crash before the source's place was written
    with store.begin() as run_:
        run_.execute(sql.text("delete from places"))
    assert monitor(store, items, watch_list=watched).turn(NOON).new == 0
    hour = store.first_hour()
    total, bad = store.counts(["topic:credit", "topic:trade", "company:Harlund"], hour, hour + 1)
    assert total.tolist() == [[2, 1, 1]]
    assert bad.tolist() == [[1, 0, 1]]
    assert [row["title"] for row in store.behind("company:Harlund", hour, hour)] == ["loan bad Harlund"]


def test_long_names_fit_every_database(store):
    company = "哈" * 200
    source = ListSource([item(1, f"loan bad {company}", NOON)])
    source.name = f"file:/{'folder/' * 150}"
    watching = Monitor(KeywordFinance(), store, [source], watch_list=WatchList([Company(company)]))
    assert watching.turn(NOON).new == 1
    hour = store.first_hour()
    total, _ = store.counts([f"company:{company}"], hour, hour + 1)
    assert total.tolist() == [[1]]


def test_forty_copies_are_one_event_with_forty_mentions(store):
    told = item(0, "loan bad Harlund", NOON)
    copies = [item(number, "copy of loan bad Harlund", NOON + timedelta(hours=number % 20)) for number in range(1, 41)]
    watched = WatchList([Company("Harlund")])
    late = NOON + timedelta(days=1)
    assert monitor(store, [told, *copies[:30]], watch_list=watched).turn(late).new == 31
    # a restart knows what is being told
    assert monitor(store, [told, *copies], watch_list=watched).turn(late).new == 10
    first, last = store.first_hour(), store.last_hour()
    total, bad = store.counts(["topic:credit", "company:Harlund"], first, last + 1)
    assert total.sum(axis=0).tolist() == bad.sum(axis=0).tolist() == [1, 1]
    (row,) = store.behind("topic:credit", first, last)
    assert (row["title"], row["mentions"], row["novelty"]) == ("loan bad Harlund", 41, 1)


def test_personal_data_is_masked_before_it_is_kept(store):
    monitor(store, [item(1, "loan bad, call me at 13800138000", NOON)]).turn(NOON)
    (row,) = store.behind("topic:credit", store.first_hour(), store.last_hour())
    assert row["title"] == "loan bad, call me at [phone]"


def test_comments_need_not_be_folded(store):
    crowd = [item(number, "loan bad", NOON) for number in range(5)]
    monitor(store, crowd, fold=False).turn(NOON)
    (row, *_) = rows = store.behind("topic:credit", store.first_hour(), store.last_hour())
    assert (len(rows), row["mentions"]) == (5, 1)


def test_a_database_of_an_older_version_is_one_line(tmp_path):
    store = MonitorStore.at(tmp_path / "old.db")
    with store.begin() as run_:
        run_.execute(sql.text("drop index ix_items_story"))
        run_.execute(sql.text("alter table items drop column story"))
    with pytest.raises(InputError, match=r"older version \(it has no story\); move it away, and a new one is begun"):
        MonitorStore.at(tmp_path / "old.db")


def test_a_surge_becomes_one_alert_with_its_stories(store):
    assert len(run(monitor(store, history(40, surge_days=1)), END)) == 1
    (alert,) = store.alerts()
    assert (alert.series, alert.kind, alert.state) == ("topic:credit", AlarmKind.BURST, AlertState.OPEN)
    surge = store.first_hour() + 39 * 24
    assert surge - 2 <= alert.start <= surge + 2
    assert all("bad" in row["title"] for row in store.behind(alert.series, alert.start, alert.hour))


def test_a_restart_at_any_time_gives_the_same_alerts(store, tmp_path):
    items = history(40, surge_days=1)
    whole = MonitorStore.at(tmp_path / "whole.db")
    run(monitor(whole, items), END)
    for days in range(0, 41, 5):  # a new process every five days
        run(monitor(store, items[: days * 24], at_once=37), START + timedelta(days=days))
    run(monitor(store, items), END)
    facts = [
        [(alert.series, alert.kind, alert.hour, alert.items, alert.p) for alert in kept.alerts()]
        for kept in (whole, store)
    ]
    assert facts[0]
    assert facts[0] == facts[1]


def test_an_item_that_comes_late_counts_when_it_is_known(store):
    source = ListSource([item(1, "loan good", START)])
    watching = Monitor(KeywordFinance(), store, [source])
    watching.turn(NOON)
    source.items.append(item(2, "loan bad", START))
    watching.turn(NOON)
    first = store.first_hour()
    total, bad = store.counts(["topic:credit"], first, first + 13)
    assert total[:, 0].tolist() == [1, *[0] * 10, 1, 0]
    assert bad.sum() == 1


def test_a_model_that_knows_no_negative_is_refused(store, monkeypatch):
    """Of labels such as 负面 nothing would ever count as bad news, and the inbox stay empty."""
    labels = {"tone": SimpleNamespace(labels={"负面": {}, "正面": {}}), "topic": SimpleNamespace(labels={"credit": {}})}
    monkeypatch.setattr(KeywordFinance, "records", lambda _: labels)
    with pytest.raises(InputError, match="the tone model knows 负面, 正面; what is counted is 'negative'"):
        Monitor(KeywordFinance(), store, [])


def unreachable(position):
    raise ColonnadeError("no route to host")


def failing_politely(position):
    return Batch((), position, [Refused("feed", "the server answered 503")], away=True)


@pytest.mark.parametrize("away", [unreachable, failing_politely])
@pytest.mark.parametrize("counted", [False, True])
def test_what_a_source_missed_while_it_was_away_is_no_surge(store, monkeypatch, counted, away):
    """Hour after hour was looked at without it; counted in the hour of its return, a day's news would be one."""
    if counted:
        monkeypatch.setattr("solutions.finance.monitor.monitor._AWAY", timedelta(days=9))
    everything, gone = history(35), START + timedelta(days=30)
    source = ListSource([each for each in everything if each.time < gone])
    watching = Monitor(KeywordFinance(), store, [source])
    run(watching, gone)

    with monkeypatch.context() as patched:
        patched.setattr(source, "poll", away)
        for hour in range(24):
            assert run(watching, gone + timedelta(hours=hour, minutes=30)) == []
    back = gone + timedelta(hours=24, minutes=30)
    source.items = [each for each in everything if each.time < back]
    assert watching.turn(back).new == 25
    returned = hour_of(back)
    assert store.counts(["topic:credit"], returned - 1, returned + 1)[0].sum() == (25 if counted else 2)
    source.items = [each for each in everything if each.time < back + timedelta(hours=5)]
    run(watching, back + timedelta(hours=5))
    counts, _ = store.counts(["topic:credit"], returned + 1, returned + 5)
    assert counts.ravel().tolist() == [1, 1, 1, 1], "what comes on time counts as ever"


def test_what_a_source_brings_that_joins_others_is_no_surge(store):
    watching = monitor(store, history(30))
    now = START + timedelta(days=30)
    run(watching, now)
    joins = ListSource(
        [item(number, f"loan bad news {number}", now - timedelta(hours=number)) for number in range(90)], 40
    )
    joins.name = "list:joins"
    assert run(Monitor(KeywordFinance(), store, [joins]), now + timedelta(minutes=30)) == []
    this_hour = hour_of(now)
    assert store.counts(["topic:credit"], this_hour - 1, this_hour + 1)[0].sum() <= 3


def test_what_a_feed_still_shows_of_last_week_is_no_past_to_learn_from(store):
    class Feed(ListSource):
        name = "rss:test"

        def poll(self, position):
            return replace(super().poll(position), newest=True)

    items = [item(number, f"loan bad {number}", START + timedelta(days=number)) for number in range(6)]
    moment = START + timedelta(days=5, hours=3)
    Monitor(KeywordFinance(), store, [Feed(items)]).turn(moment)
    assert store.first_hour() == hour_of(moment)
    shown, _ = store.counts(["topic:credit"], hour_of(START), hour_of(moment))
    assert shown.sum() == 6
    # a file that joins before anything was looked at knows what there was
    Monitor(KeywordFinance(), store, [Feed(items), ListSource([item(9, "loan good", START)])]).turn(moment)
    assert store.first_hour() == hour_of(START)


def test_an_old_item_is_no_past_to_learn_from(store):
    old = item(99_999, "loan good of long ago", START - timedelta(days=3000))
    watching = monitor(store, [old, *history(10)])
    run(watching, START + timedelta(days=10))
    assert watching.detector.learning, "ten days are too few, however old the oldest item is"
    assert store.first_hour() == hour_of(START)


def test_while_a_file_is_caught_up_with_no_other_is_asked(store):
    asked = []

    class Feed(ListSource):
        name = "list:feed"

        def poll(self, position):
            asked.append(position)
            return super().poll(position)

    watching = Monitor(KeywordFinance(), store, [ListSource(history(2), at_once=5), Feed([])])
    run(watching, START + timedelta(days=2))
    assert len(asked) == 1


def test_what_people_do_with_an_alert_is_kept(store):
    (alert,) = run(monitor(store, history(40, surge_days=1)), END)
    store.change(alert, AlertState.SNOOZED, "Ana", "waiting for the auditor", until=START)  # over long ago
    assert store.alerts()[0].state is AlertState.OPEN
    store.change(alert, AlertState.ACKNOWLEDGED, "Bo", "known; ask li.na@example.com")
    assert store.alerts()[0].state is AlertState.ACKNOWLEDGED
    kept = [(change["who"], change["state"], change["note"]) for change in store.changes(alert)]
    assert kept == [
        ("monitor", "open", ""),
        ("Ana", "snoozed", "waiting for the auditor"),
        ("Bo", "acknowledged", "known; ask [e-mail]"),
    ]
    with pytest.raises(InputError, match="there is no alert 99"):
        store.change(99, AlertState.OPEN, "Ana")


@pytest.mark.parametrize("url", ["mysql+nothing://x", "not a url", "postgresql+psycopg://u@host:x/db"])
def test_a_database_that_cannot_be_is_one_line(url):
    with pytest.raises(InputError, match="expected sqlite:///FILE or postgresql"):
        MonitorStore(url)


@pytest.mark.parametrize("place", ["user:s3cret@127.0.0.1:1/db", "127.0.0.1:1/db?user=user&password=s3cret"])
def test_no_password_of_a_database_is_told(place):
    with pytest.raises(ColonnadeError, match=r"127\.0\.0\.1:1/db does not take it") as raised:
        MonitorStore(f"postgresql+psycopg://{place}")
    assert "s3cret" not in str(raised.value)


def test_a_full_disk_loses_nothing(tmp_path):
    store = MonitorStore.at(tmp_path / "monitor.db")
    watching = monitor(store, history(20), at_once=480)
    with store.engine.connect() as connection:  # pooled: the same connection is used below
        pages = connection.exec_driver_sql("pragma page_count").scalar()
        connection.exec_driver_sql(f"pragma max_page_count={pages + 2}")
    with pytest.raises(ColonnadeError, match=r"full.*nothing was lost"):
        watching.turn(START)
    assert store.position("list:test") == ""
    with store.engine.connect() as connection:
        connection.exec_driver_sql("pragma max_page_count=1073741823")
    assert watching.turn(START).new == 480


def test_a_database_that_comes_back_is_gone_on_with(postgres_url, tmp_path):
    store = MonitorStore(postgres_url)
    watching = monitor(store, history(2))
    watching.turn(START)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        # every connection but this one is cut, as by a restart of the server
        other.execute(sql.text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"))
    assert watching.turn(END).new == 0
    store.engine.dispose()


def test_alerts_that_could_not_be_kept_are_found_again(store, monkeypatch):
    watching = monitor(store, history(40, surge_days=1), at_once=1000)
    with monkeypatch.context() as away, pytest.raises(ColonnadeError, match="gone"):
        away.setattr(watching._store, "advance", raising(ColonnadeError("gone")))
        run(watching, END)
    assert store.alerts() == []
    assert len(watching.turn(END).alerts) == 1


def test_a_source_that_fails_later_holds_up_no_other(store, monkeypatch):
    broken, sound = ListSource([item(1, "loan good")]), ListSource([item(2, "loan bad", NOON)])
    sound.name = "list:sound"
    watching = Monitor(KeywordFinance(), store, [broken, sound])
    broken.poll = raising(ColonnadeError("no such folder"))
    with pytest.raises(ColonnadeError, match="no such folder"):
        watching.turn(NOON)  # never read: a mistake in what was asked for
    del broken.poll
    assert watching.turn(NOON).new == 2
    broken.poll = raising(ColonnadeError("the share is away"))
    sound.items.append(item(3, "loan bad", NOON))
    turn = watching.turn(NOON)
    assert (turn.new, [refused.reason for refused in turn.refused]) == (1, ["the share is away"])


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


KILLED = """
import sys
from datetime import timedelta
from tests.solutions.finance.monitor.conftest import START, KeywordFinance, ListSource, history
from solutions.finance.monitor.monitor import Monitor, hour_of
from solutions.finance.monitor.store import MonitorStore
END = START + timedelta(days=40)
watching = Monitor(KeywordFinance(), MonitorStore(sys.argv[1]), [ListSource(history(40, surge_days=1), at_once=5)])
print("ready", flush=True)
while watching.turn(END).more: pass
"""


def test_kill_9_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    for pause in (0.05, 0.1, 0.2):
        process = subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    store = MonitorStore(url)
    items = history(40, surge_days=1)
    before = int(store.position("list:test") or 0)
    assert 0 < before < len(items)
    assert len(run(monitor(store, items), END)) == 1
    first = store.first_hour()
    total, bad = store.counts(["topic:credit"], first, first + 40 * 24)
    assert total.sum() == len(items)
    assert bad.sum() == sum("bad" in each.title for each in items)
