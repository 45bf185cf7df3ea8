"""The watch list of a monitor that runs: exchanged, with what is stored as the past of those that are new."""

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sql

from solutions.finance.monitor.monitor import Monitor
from solutions.finance.monitor.tables import bodies
from solutions.finance.watchlist import Company, WatchList
from tests.solutions.finance.monitor.conftest import START, KeywordFinance, ListSource, history, item

NOON = START + timedelta(hours=12)
HARLUND, OSTERBY = Company("Harlund", ("哈伦",), ("HRL",)), Company("Osterby")


def counted(store, series: str) -> list[int]:
    first, last = store.first_hour(), store.last_hour()
    total, bad = store.counts([series], first, last + 1)
    return [int(total.sum()), int(bad.sum())]


def test_a_list_is_the_same_after_it_was_kept(store):
    companies = WatchList([HARLUND, OSTERBY])
    store.ask(companies)
    assert store.watch_list() == companies


def test_a_running_monitor_takes_a_new_list_over(store):
    items = [item(1, "loan bad Harlund", NOON), item(2, "unsure bad 哈伦", NOON), item(3, "loan good", NOON)]
    source = ListSource(items)
    running = Monitor(KeywordFinance(), store, [source])
    running.turn(NOON)
    assert counted(store, "company:Harlund") == [0, 0]
    store.ask(WatchList([HARLUND]))  # as the page does, in a process of its own
    source.items = [*items, item(4, "loan bad HRL falls", NOON)]
    running.turn(NOON)
    assert running.series == ["topic:credit", "topic:trade", "company:Harlund"]
    assert counted(store, "company:Harlund") == [3, 2]  # two of the past by their titles, and the new one
    hour = store.first_hour()
    assert len(store.behind("company:Harlund", hour, hour)) == 2


def test_a_company_that_is_named_in_the_text_alone_has_a_past_too(store):
    body = "The lender in question is Harlund; call Mr Lind at +44 20 7946 0958."
    items = [replace(item(1, "loan bad again", NOON), body=body), item(2, "trade good", NOON)]
    running = Monitor(KeywordFinance(), store, [ListSource(items)])
    running.turn(NOON)
    store.ask(WatchList([HARLUND]))
    running.turn(NOON)
    assert counted(store, "company:Harlund") == [1, 1]
    with store.begin() as run:
        (kept,) = run.execute(sql.select(bodies.c.body)).scalars()
    assert "Harlund" in kept
    assert "7946" not in kept


def test_what_was_kept_and_not_counted_is_not_counted_for_a_new_list_either(store):
    everything = history(20)
    first = ListSource(everything, at_once=2000)
    Monitor(KeywordFinance(), store, [first]).turn(everything[-1].time)
    old = [item(1000 + at, f"loan bad {at} Harlund", everything[-1].time - timedelta(days=9)) for at in range(9)]
    late = ListSource(old)
    late.name = "list:late"
    joined = Monitor(KeywordFinance(), store, [first, late])
    joined.turn(everything[-1].time + timedelta(hours=3))
    store.ask(WatchList([HARLUND]))
    joined.turn(everything[-1].time + timedelta(hours=4))
    assert counted(store, "company:Harlund") == [0, 0]


def test_nothing_is_counted_twice_whoever_starts_again(store):
    source = ListSource([item(1, "loan bad Harlund", NOON), item(2, "copy of loan bad Harlund", NOON)])
    for companies in ([HARLUND], [OSTERBY], [OSTERBY, HARLUND], [HARLUND]):
        Monitor(KeywordFinance(), store, [source], watch_list=WatchList(companies)).turn(NOON)
        assert counted(store, "company:Harlund") == [1, 1]
    # what was asked for stays asked for
    assert Monitor(KeywordFinance(), store, [source]).series[-1] == "company:Harlund"


def test_the_past_of_a_new_company_is_no_surge(store):
    """Forty days in which a quarter of its news is bad, as usual for it: taken up late, it raises no alert."""
    items = [item(at, f"{told.title} Harlund", told.time) for at, told in enumerate(history(40))]
    source = ListSource(items[:-24], at_once=2000)
    running = Monitor(KeywordFinance(), store, [source])
    assert running.turn(START + timedelta(days=39)).alerts == []
    store.ask(WatchList([HARLUND]))
    source.items = items
    assert running.turn(START + timedelta(days=41)).alerts == []
    assert counted(store, "company:Harlund") == counted(store, "topic:credit")
