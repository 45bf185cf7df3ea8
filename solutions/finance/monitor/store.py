"""Where the monitor keeps what it has seen: SQLite by default, PostgreSQL by URL.

Items, the hourly counts they add to and the place in their source are written in one transaction: after a crash nothing
is lost and nothing is counted twice. An alert is never changed without a line that says who did it, when and why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql

from foundation.errors import InputError
from foundation.settings import settings
from solutions.finance.monitor.alerts import AlertStore
from solutions.finance.monitor.records import ReadItem, is_negative
from solutions.finance.monitor.tables import bodies, hours, items, places
from solutions.finance.monitor.tables import series_items as members
from solutions.finance.surge.baseline import WEEK, Counts
from solutions.finance.surge.detector import Alarm
from solutions.finance.watchlist import WatchList

__all__ = ["MonitorStore", "usual_place"]

_CLOCK, _OFFSET, _BEGUN = "@clock", "@utc_offset", "@begun"
_ASKED, _WATCHED = "@watch_list", "@watched"
_READ = ("topic", "tone", "tone_confidence", "unsure", "hour", "story", "novelty")
_AT_ONCE = 500  # rows of one statement: SQLite takes 32,766 values


def usual_place() -> str | Path:
    """Return where the monitor keeps its rows: ``COLONNADE_STORE``, or a file in ``COLONNADE_HOME``."""
    return settings().store.get_secret_value() or settings().home / "monitor.db"


class MonitorStore(AlertStore):
    """The monitor's database.

    Parameters
    ----------
    url : str
        ``sqlite:///monitor.db``, ``postgresql+psycopg://user@host/name``.

    Examples
    --------
    >>> store = MonitorStore("sqlite://")
    >>> store.position("file:news.csv")
    ''
    """

    @property
    def clock(self) -> int | None:
        """The hour up to which the detector has looked; None at the beginning."""
        position = self.position(_CLOCK)
        return int(position) if position else None

    @property
    def utc_offset(self) -> int:
        """Hours that the clock of the counts is ahead of UTC."""
        return int(self.position(_OFFSET) or 0)

    def agree(self, utc_offset: int) -> None:
        """Fix, at the beginning, by which clock hours are counted.

        Raises
        ------
        InputError
            They have been counted by another one.
        """
        if self.clock is not None and utc_offset != self.utc_offset:
            raise InputError(
                f"got a clock {utc_offset} h ahead of UTC, but the hours of {self.engine.url!r} were counted "
                f"{self.utc_offset} h ahead; keep it with --utc-offset {self.utc_offset}, or begin another --store"
            )
        with self.begin() as run:
            self._move(run, _OFFSET, str(utc_offset))

    def position(self, source: str) -> str:
        """Return how far a source was read; ``""`` at the beginning."""
        with self.begin() as run:
            found = run.execute(sql.select(places.c.position).where(places.c.name == source)).scalar()
        return found or ""

    def begin_at(self, hour: int | None) -> None:
        """Learn from an hour on, though older items are kept; None takes it back."""
        with self.begin() as run:
            self._move(run, _BEGUN, "" if hour is None else str(hour))

    def watch_list(self) -> WatchList:
        """Return the companies that somebody asked last to be looked for."""
        return WatchList.from_json(self.position(_ASKED))

    def ask(self, companies: WatchList) -> None:
        """Ask a monitor that runs, or the next one, to look for these companies and no others."""
        with self.begin() as run:
            self._move(run, _ASKED, companies.to_json())

    def count_known(self, companies: WatchList) -> None:
        """Count what is stored for companies that were not looked for when it came.

        A company that is new to the list has a past by that, and what is usual for it can be told. Nothing is counted
        twice, whenever this is called, nor what is counted for no topic: it came too late for its hour.
        """
        text = companies.to_json()
        if self.position(_WATCHED) == text:
            return
        columns = items.c.id, items.c.title, items.c.hour, items.c.tone, items.c.unsure, bodies.c.body
        told = sql.select(*columns).outerjoin_from(items, bodies).where(items.c.key == items.c.story)
        told = told.where(items.c.id.in_(sql.select(members.c.item).where(members.c.series.startswith("topic:"))))
        told = told.execution_options(yield_per=_AT_ONCE)  # years of texts are more than the memory holds
        with self.begin() as run:
            named = [
                {
                    "series": f"company:{mention.company}",
                    "hour": row.hour,
                    "item": row.id,
                    "negative": is_negative(row.tone, row.unsure),
                    "relevance": mention.relevance,
                }
                for row in run.execute(told)
                for mention in companies.mentions(row.title, row.body or "")
            ]
            for some in _chunks(named):
                insert = self.insert_into(members).values(some).on_conflict_do_nothing()
                self._count(run, run.execute(insert.returning(members)).mappings().all())
            self._move(run, _WATCHED, text)

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return which of these items are there."""
        found: set[str] = set()
        with self.begin() as run:
            for at in range(0, len(keys), _AT_ONCE):
                wanted = sql.select(items.c.key).where(items.c.key.in_(keys[at : at + _AT_ONCE]))
                found.update(run.execute(wanted).scalars())
        return found

    def since(self, hour: int) -> list[Mapping[str, Any]]:
        """Return title, story and hour of the items that became known from an hour on, in the order of their coming."""
        wanted = sql.select(items.c.title, items.c.story, items.c.hour).where(items.c.hour >= hour)
        with self.begin() as run:
            return [dict(row) for row in run.execute(wanted.order_by(items.c.id)).mappings()]

    def add(self, read: Sequence[ReadItem], source: str, position: str) -> int:
        """Keep items that are new, count them, and move on in their source; return how many were new."""
        rows = [
            {
                **{name: getattr(each.item, name) for name in ("key", "source", "time", "title", "link")},
                **{name: getattr(each, name) for name in _READ},
            }
            for each in read
        ]
        with self.begin() as run:
            fresh: dict[str, int] = {}
            for some in _chunks(rows):
                new = self.insert_into(items).values(some).on_conflict_do_nothing().returning(items.c.key, items.c.id)
                fresh.update((row.key, row.id) for row in run.execute(new))
            counted = {each.item.key: each for each in read if each.item.key in fresh}.values()
            rows = [row for each in counted for row in _memberships(each, fresh[each.item.key])]
            below = [{"item": fresh[each.item.key], "body": each.item.body} for each in counted if each.item.body]
            for table, written in ((members, rows), (bodies, below)):
                for some in _chunks(written):
                    run.execute(sql.insert(table), some)
            self._count(run, rows)
            self._move(run, source, position)
        return len(fresh)

    def counts(self, series: Sequence[str], first: int, end: int) -> tuple[Counts, Counts]:
        """Return items and negative items by hour, each of shape (end - first, series)."""
        column = {name: index for index, name in enumerate(series)}
        total = np.zeros((2, max(end - first, 0), len(series)), dtype=np.int64)
        wanted = sql.select(hours).where(hours.c.hour >= first, hours.c.hour < end, hours.c.series.in_(list(series)))
        with self.begin() as run:
            for row in run.execute(wanted):
                total[:, row.hour - first, column[row.series]] = row.items, row.negative
        return total[0], total[1]

    def series(self, since: int) -> list[str]:
        """Return the series that have had items since an hour, the busiest first."""
        total = sql.func.sum(hours.c["items"]).label("total")
        wanted = sql.select(hours.c.series, total).where(hours.c.hour >= since).group_by(hours.c.series)
        with self.begin() as run:
            return [row.series for row in run.execute(wanted.order_by(total.desc(), hours.c.series))]

    def first_hour(self) -> int | None:
        """Return the first hour that is learned from: the oldest with an item, or the one behind a week without any."""
        each = sql.select(hours.c.hour).distinct().subquery()
        before = sql.func.lag(each.c.hour).over(order_by=each.c.hour)
        gaps = sql.select(each.c.hour, (each.c.hour - before).label("hours")).subquery()
        begun = sql.select(sql.func.max(gaps.c.hour)).where(gaps.c.hours > WEEK)
        with self.begin() as run:
            first = run.execute(begun).scalar() or run.execute(sql.select(sql.func.min(hours.c.hour))).scalar()
        return first if first is None else max(first, int(self.position(_BEGUN) or first))

    def last_hour(self) -> int | None:
        """Return the hour of the newest counted item."""
        with self.begin() as run:
            return run.execute(sql.select(sql.func.max(hours.c.hour))).scalar()

    def advance(
        self, clock: int, found: Iterable[tuple[str, Alarm]], channels: Sequence[str], wake_from: int
    ) -> list[int]:
        """Keep the alarms of the hours before ``clock`` and return the new alerts' ids.

        Those from the hour ``wake_from`` on are put out for delivery.
        """
        with self.begin() as run:
            new = self._keep_alarms(run, found, channels, wake_from)
            self._move(run, _CLOCK, str(clock))
        return new

    def behind(
        self, series: str, start: int, end: int, count: int = 20, *, bad_only: bool = True
    ) -> list[Mapping[str, Any]]:
        """Return the stories of a series from start up to and including end, the bad and the most relevant first.

        Of each, the first item, its ``relevance`` and how many ``mentions`` it had.
        """
        copies = items.alias()
        mentions = sql.select(sql.func.count()).where(copies.c.story == items.c.key).scalar_subquery()
        wanted = (
            sql.select(items, members.c.relevance, mentions.label("mentions"))
            .join(members, members.c.item == items.c.id)
            .where(members.c.series == series, members.c.hour.between(start, end))
            .where(members.c.negative if bad_only else sql.true())
            .order_by(members.c.negative.desc(), members.c.relevance.desc(), items.c.tone_confidence.desc(), items.c.id)
            .limit(count)
        )
        with self.begin() as run:
            return [dict(row) for row in run.execute(wanted).mappings()]

    def _count(self, run: sql.Connection, counted: Iterable[Mapping[Any, Any]]) -> None:
        """Add rows of ``series_items`` to the sums."""
        sums: dict[tuple[str, int], list[int]] = {}
        for row in counted:
            total = sums.setdefault((row["series"], row["hour"]), [0, 0])
            total[0] += 1
            total[1] += row["negative"]
        rows = [
            {"series": series, "hour": hour, "items": total, "negative": bad}
            for (series, hour), (total, bad) in sorted(sums.items())
        ]
        for some in _chunks(rows):
            insert = self.insert_into(hours).values(some)
            grown = {name: hours.c[name] + insert.excluded[name] for name in ("items", "negative")}
            run.execute(insert.on_conflict_do_update(index_elements=["series", "hour"], set_=grown))

    def _move(self, run: sql.Connection, name: str, position: str) -> None:
        insert = self.insert_into(places).values(name=name, position=position)
        run.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"position": position}))


def _memberships(each: ReadItem, item: int) -> Iterator[dict[str, Any]]:
    for series, relevance in each.series.items():
        where = {"series": series, "hour": each.hour, "item": item}
        yield {**where, "negative": each.negative, "relevance": relevance}


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(rows), _AT_ONCE):
        yield rows[at : at + _AT_ONCE]
