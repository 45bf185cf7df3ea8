"""The loop: ask the sources, read what is new, count it by topic and company, look for surges, keep the alerts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from foundation.errors import ColonnadeError, InputError
from foundation.trust.personal import mask_personal_data
from solutions.finance.monitor.items import Batch, Item, Refused, Source
from solutions.finance.monitor.records import NEGATIVE, ReadItem
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.monitor.stories import WINDOW, Placed, Stories, Telling
from solutions.finance.schema import FinanceRequest
from solutions.finance.surge.detector import Alarm, SurgeDetector
from solutions.finance.watchlist import WatchList

if TYPE_CHECKING:
    from solutions.finance.pipeline import Finance

__all__ = ["Monitor", "Turn", "hour_of", "time_of"]

_UNIX = datetime(1970, 1, 1)
# An hour is judged when it has been over for so long: sources are some minutes late.
_GRACE = timedelta(minutes=10)
# What a source missed while it was away for longer would all count in the hour of its return, and look like a surge.
_AWAY = timedelta(hours=1)
# An alert about what lies further back is kept and shown, and nobody is woken by it: an archive was read.
_NEWS = 48


def hour_of(time: datetime, utc_offset: int = 0) -> int:
    """Return the hours of Unix time, on a clock that is so many hours ahead of UTC.

    Examples
    --------
    >>> hour_of(datetime(1970, 1, 2, 3, 59)), hour_of(datetime(1970, 1, 2, 3, 59), utc_offset=8)
    (27, 35)
    """
    return int((time - _UNIX) // timedelta(hours=1)) + utc_offset


def time_of(hour: int, utc_offset: int = 0) -> datetime:
    """Return when an hour begins, UTC: the inverse of ``hour_of``."""
    return _UNIX + timedelta(hours=hour - utc_offset)


@dataclass(frozen=True)
class Turn:
    """What one turn of the loop did.

    Attributes
    ----------
    new : int
        Items that were not there before.
    refused : sequence of Refused
    alerts : sequence of int
        Ids of alerts that begin.
    more : bool
        Whether a source has more at once.
    """

    new: int
    refused: Sequence[Refused]
    alerts: Sequence[int]
    more: bool


class Monitor:
    """Follows sources.

    An item counts in the hour in which it was published, or, where it arrives later, in which it became known: what was
    looked at once is never counted anew, and a replay of the stored counts gives the same alerts. What a source brings
    with it that was away for more than an hour, or joins the others, from hours that were looked at without it, is kept
    and not counted. A story counts once, by its first item.

    Parameters
    ----------
    solution : Finance
    store : MonitorStore
    sources : sequence of Source
    watch_list : WatchList, optional
        Companies to look for from now on; those that were asked for last where left out. It may be changed while the
        monitor runs (``MonitorStore.ask``): a turn begins with what is asked for then.
    dial : float
        False alarms a week that are accepted, over all topics and companies.
    channels : sequence of str
        Where alerts are to be delivered.
    utc_offset : int
        Hours that the readers' clock is ahead of UTC: a day begins at their midnight.
    fold : bool
        Whether copies of a story are folded. Among comments each person counts, however alike their words.

    Raises
    ------
    InputError
        The tone model has no label ``negative``: nothing would ever be bad news.
    """

    def __init__(
        self,
        solution: "Finance",
        store: MonitorStore,
        sources: Sequence[Source],
        *,
        watch_list: WatchList | None = None,
        dial: float = 1.0,
        channels: Sequence[str] = (),
        utc_offset: int = 0,
        fold: bool = True,
    ) -> None:
        self._solution, self._store, self._sources = solution, store, sources
        self._channels, self._offset, self._fold, self._dial = channels, utc_offset, fold, dial
        tones = solution.records()["tone"].labels
        if NEGATIVE not in tones:
            raise InputError(
                f"the tone model knows {', '.join(tones)}; what is counted is {NEGATIVE!r}: rename the label"
            )
        store.agree(utc_offset)
        if watch_list is not None:
            store.ask(watch_list)
        self._look_for(store.watch_list())
        self._stories: Stories | None = None
        self._away: dict[str, datetime] = {}
        self._behind: set[str] = set()

    def _look_for(self, companies: WatchList) -> None:
        """Follow these companies beside the topics, with what is stored of them as their past."""
        self._store.count_known(companies)
        self._watch_list = companies
        topics = [f"topic:{label}" for label in self._solution.records()["topic"].labels]
        self.series = [*topics, *(f"company:{company.name}" for company in companies.companies)]
        self.detector = self._caught_up()

    def turn(self, now: datetime | None = None) -> Turn:
        """Ask every source once, and look at the hours that are over.

        Parameters
        ----------
        now : datetime, optional
            UTC, without a zone; the present where left out.
        """
        moment = now or datetime.now(UTC).replace(tzinfo=None)
        if (asked := self._store.watch_list()) != self._watch_list:
            self._look_for(asked)
        new = 0
        behind: set[str] = set()
        refused: list[Refused] = []
        # a file that is caught up with, block by block, is no reason to ask a feed again
        asked_now = [source for source in self._sources if source.name in self._behind] or self._sources
        for source in asked_now:
            place = self._store.position(source.name)
            if not place and self._store.clock is not None:  # it joins others: its past was looked at without it
                self._away.setdefault(source.name, datetime.min)
            try:
                batch = source.poll(place)
            except ColonnadeError as error:
                if not place:  # it was never read: what was asked for is wrong
                    raise
                refused.append(Refused(source.name, str(error)))
                self._away.setdefault(source.name, moment)
                continue
            refused += batch.refused
            if batch.items or batch.position != place:
                new += self._keep(batch, source.name, moment)
            if batch.away:
                self._away.setdefault(source.name, moment)
            elif batch.more:
                behind.add(source.name)
            else:
                self._away.pop(source.name, None)
        self._behind = behind
        return Turn(new, refused, [] if behind else self._advance(moment), more=bool(behind))

    def _keep(self, batch: Batch, source: str, moment: datetime) -> int:
        known = self._store.known([item.key for item in batch.items])
        # the oldest first, whatever a feed's order: what came later is the copy
        fresh = {item.key: item for item in sorted(batch.items, key=lambda item: item.time) if item.key not in known}
        try:
            if fresh and self._store.clock is None:
                self._begin(batch, moment)
            back_log = moment - self._away.get(source, moment) > _AWAY
            read = self._read(list(fresh.values()), moment, back_log=back_log)
            return self._store.add(read, source, batch.position)
        except Exception:
            self._stories = None  # they hold what was not kept
            raise

    def _begin(self, batch: Batch, moment: datetime) -> None:
        """Learn from now on where feeds are all that there is; from the beginning where a file knows the past."""
        if not batch.newest:
            self._store.begin_at(None)
        elif self._store.first_hour() is None:
            self._store.begin_at(hour_of(moment, self._offset))

    def _read(self, items: Sequence[Item], moment: datetime, *, back_log: bool) -> list[ReadItem]:
        if not items:
            return []
        answers = self._solution.predict([FinanceRequest(item.text, item.time) for item in items])
        items = [  # as they are kept
            replace(item, title=mask_personal_data(item.title), body=mask_personal_data(item.body)) for item in items
        ]
        earliest, latest = self._store.clock or 0, hour_of(moment, self._offset)
        hours = [max(min(hour_of(item.time, self._offset), latest), earliest) for item in items]
        read = []
        for item, answer, hour, placed in zip(items, answers, hours, self._placed(items, hours), strict=True):
            missed = back_log and hour_of(item.time, self._offset) < earliest
            mentions = self._watch_list.mentions(item.title, item.body)
            series = {
                f"topic:{answer.topic.label}": 1.0,
                **{f"company:{mention.company}": mention.relevance for mention in mentions},
            }
            read.append(
                ReadItem(
                    item,
                    hour,
                    topic=answer.topic.label,
                    tone=answer.tone.label,
                    tone_confidence=answer.tone.confidence,
                    unsure=answer.tone.abstained,
                    series=series if placed.story == item.key and not missed else {},
                    story=placed.story,
                    novelty=placed.novelty,
                )
            )
        return read

    def _placed(self, items: Sequence[Item], hours: Sequence[int]) -> list[Placed]:
        if not self._fold:
            return [Placed(item.key, 1.0) for item in items]
        vectors = self._solution.vectors([item.title for item in items])
        if self._stories is None:
            self._stories = self._recalled(vectors.shape[1], min(hours))
        tellings = map(Telling, [item.key for item in items], [item.title for item in items], vectors, hours)
        return [self._stories.place(telling) for telling in tellings]

    def _recalled(self, dimensions: int, hour: int) -> Stories:
        """Return the stories that are being told, from what was kept of them."""
        stories, rows = Stories(dimensions), self._store.since(hour - WINDOW)
        vectors = self._solution.vectors([row["title"] for row in rows])
        for row, vector in zip(rows, vectors, strict=True):
            stories.add(Telling(row["story"], row["title"], vector, row["hour"]), row["story"])
        return stories

    def _advance(self, moment: datetime) -> list[int]:
        end = hour_of(moment - _GRACE, self._offset)
        clock = self._store.clock
        first = self._store.first_hour() if clock is None else clock
        if first is None or first >= end:
            return []
        if self.detector.history.next != (clock or 0):  # what it found last was not kept: the database was away
            self.detector = self._caught_up()
        found = [(self.series[alarm.series], alarm) for alarm in self._look(self.detector, first, end)]
        return self._store.advance(end, found, self._channels, wake_from=end - _NEWS)

    def _caught_up(self) -> SurgeDetector:
        """Return a detector that has seen what is counted up to the store's clock; its alarms are known already."""
        detector, first, clock = (
            SurgeDetector(len(self.series), self._dial),
            self._store.first_hour(),
            self._store.clock,
        )
        if first is not None and clock is not None:
            self._look(detector, first, clock)
        return detector

    def _look(self, detector: SurgeDetector, first: int, end: int) -> list[Alarm]:
        """Let a detector take the hours from first up to, not including, end."""
        items, negative = self._store.counts(self.series, first, end)
        return [
            alarm
            for hour, some, bad in zip(range(first, end), items, negative, strict=True)
            for alarm in detector.step(hour, some, bad)
        ]
