"""An archive told again by its time stamps: what the monitor would have said, when, and how often in vain."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from foundation.data.tables import read_table
from foundation.data.times import parse_times
from foundation.errors import InputError
from solutions.finance.monitor.items import Batch, Item, Refused, Source
from solutions.finance.monitor.monitor import Monitor, hour_of, time_of
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.surge.baseline import WEEK
from solutions.finance.surge.detector import LEARNING

__all__ = ["Archive", "Event", "ReplayReport", "read_archive", "read_events", "replay", "report"]

_AT_ONCE = 256
# The last hour of an archive is judged when it is over, and a little later.
_AFTER = timedelta(hours=2)


@dataclass
class Archive:
    """A source that holds everything and tells only what was known at a time.

    Attributes
    ----------
    items : sequence of Item
        In the order of their times.
    now : datetime
        UTC; what was published later is not delivered.
    """

    items: Sequence[Item]
    now: datetime = datetime.min
    name: str = field(default="replay", init=False)

    def __post_init__(self) -> None:
        self.items = sorted(self.items, key=lambda item: item.time)
        self._times = [item.time for item in self.items]

    def poll(self, position: str) -> Batch:
        """Return the next items that were published up to now."""
        first = int(position or 0)
        known = bisect_right(self._times, self.now)
        last = min(known, first + _AT_ONCE)
        return Batch(self.items[first:last], str(last), more=last < known)


def read_archive(source: Source) -> Archive:
    """Read all that a source has.

    Raises
    ------
    InputError
        It has nothing that can be read.
    """
    items: list[Item] = []
    refused: list[Refused] = []
    position, more = "", True
    while more:
        batch = source.poll(position)
        items += batch.items
        refused += batch.refused
        position, more = batch.position, batch.more
    if not items:
        reason = f"; the first row: {refused[0].where} {refused[0].reason}" if refused else ""
        raise InputError(f"{source.name} has no items to replay{reason}")
    return Archive(items)


def replay(monitor: Monitor, archive: Archive, step: Callable[[], timedelta]) -> Iterator[float]:
    """Let the monitor see the archive as time goes by; yield after each step the share of the time that is over.

    Parameters
    ----------
    monitor : Monitor
        With the archive as its only source, over an empty store.
    step : callable
        How far to go next: asked each time.
    """
    start, end = archive.items[0].time, archive.items[-1].time + _AFTER
    archive.now = start
    while True:
        while monitor.turn(archive.now).more:
            pass
        yield (archive.now - start) / (end - start)
        if archive.now >= end:
            return
        archive.now = min(archive.now + step(), end)


@dataclass(frozen=True)
class Event:
    """Something of which it is known that it happened.

    Attributes
    ----------
    series : str
        ``topic:credit``, ``company:Harlund``.
    start, end : datetime
        UTC.
    """

    series: str
    start: datetime
    end: datetime


def read_events(path: Path, encoding: str = "utf-8") -> list[Event]:
    """Read a table with the columns ``series``, ``start`` and ``end``.

    Raises
    ------
    InputError
        A column is missing, or a time cannot be read or comes before its start.
    """
    frame = read_table(path, encoding)
    if missing := [name for name in ("series", "start", "end") if name not in frame.columns]:
        given = ", ".join(map(str, frame.columns))
        raise InputError(
            f"{path} has no column {missing[0]!r}; it has: {given}; expected series (topic:credit, ...), start and end"
        )
    start, end = parse_times(frame["start"]), parse_times(frame["end"])
    for row in range(len(frame)):
        if pd.isna(start.iloc[row]) or pd.isna(end.iloc[row]) or end.iloc[row] < start.iloc[row]:
            raise InputError(f"{path}, row {row + 1}: expected two times such as 2026-03-02 09:30, start before end")
    return [
        Event(*event) for event in zip(frame["series"], start.dt.to_pydatetime(), end.dt.to_pydatetime(), strict=True)
    ]


@dataclass(frozen=True)
class ReplayReport:
    """What a replay showed.

    Attributes
    ----------
    weeks : float
        In which alerts could be raised.
    alerts, moments : int
        What was raised, and in how many hours anything was: series that share items are raised together.
    delays : tuple of (Event, float or None)
        Hours from the start of each known event to its first alert; None where there was none.
    false_alarms : int
        Moments at which an alert was raised that belongs to no known event.
    accepted : float
        As many as the dial allows in so many weeks: it counts the moments of all series together.
    """

    weeks: float
    alerts: int
    moments: int
    delays: tuple[tuple[Event, float | None], ...]
    false_alarms: int
    accepted: float


def report(store: MonitorStore, events: Sequence[Event], dial: float) -> ReplayReport:
    """Compare what a monitor raised with what is known to have happened.

    An alert belongs to an event of its series when it was raised in it, or within a day of its end.
    """
    alerts, offset = store.alerts(), store.utc_offset
    belonging: set[int] = set()
    delays: list[tuple[Event, float | None]] = []
    for event in events:
        first, last = hour_of(event.start, offset), hour_of(event.end, offset) + 24
        raised = [alert for alert in alerts if alert.series == event.series and first <= alert.hour <= last]
        belonging.update(alert.id for alert in raised)
        # an alarm is raised when its hour is over
        judged = [time_of(alert.hour + 1, offset) - event.start for alert in raised]
        delays.append((event, min((delay / timedelta(hours=1) for delay in judged), default=None)))
    first_hour, last_hour = store.first_hour(), store.last_hour()
    hours = 0 if first_hour is None or last_hour is None else max(0, last_hour + 1 - first_hour - LEARNING)
    weeks = hours / WEEK
    moments = {alert.hour for alert in alerts}
    false_alarms = {alert.hour for alert in alerts if alert.id not in belonging}
    return ReplayReport(weeks, len(alerts), len(moments), tuple(delays), len(false_alarms), dial * weeks)
