"""Alerts as they are kept: raised once, changed by people, every change with who, when and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sql

from foundation.errors import InputError
from foundation.store import Store, now
from foundation.trust.personal import mask_personal_data
from solutions.finance.monitor.records import Alert, AlertState
from solutions.finance.monitor.tables import METADATA, alert_changes, alerts, deliveries
from solutions.finance.surge.detector import Alarm

__all__ = ["AlertStore"]


class AlertStore(Store):
    """The part of the monitor's database that people work with: alerts, what was done about them, where they go."""

    metadata = METADATA

    def alerts(self) -> list[Alert]:
        """Return all alerts, the newest first; one whose snooze is over is open again."""
        with self.begin() as run:
            rows = run.execute(sql.select(alerts).order_by(alerts.c.hour.desc(), alerts.c.id.desc())).mappings().all()
        return [Alert.from_row(dict(row), now()) for row in rows]

    def change(self, alert: int, state: AlertState, who: str, note: str = "", until: datetime | None = None) -> None:
        """Acknowledge, snooze (until a time, UTC), open again or annotate; the change is kept, its note masked.

        Raises
        ------
        InputError
            There is no such alert.
        """
        with self.begin() as run:
            update = sql.update(alerts).where(alerts.c.id == alert).values(state=state.value, snoozed_until=until)
            if not run.execute(update).rowcount:
                raise InputError(f"there is no alert {alert}")
            run.execute(sql.insert(alert_changes).values(_change(alert, now(), who, state, mask_personal_data(note))))

    def changes(self, alert: int) -> list[Mapping[str, Any]]:
        """Return what was done with an alert, oldest first."""
        wanted = sql.select(alert_changes).where(alert_changes.c.alert == alert).order_by(alert_changes.c.id)
        with self.begin() as run:
            return [dict(row) for row in run.execute(wanted).mappings()]

    def _keep_alarms(
        self, run: sql.Connection, found: Iterable[tuple[str, Alarm]], channels: Sequence[str], wake_from: int
    ) -> list[int]:
        """Write alarms that are not there yet; return the new alerts' ids."""
        moment, new = now(), []
        for series, alarm in found:
            row = {**asdict(alarm), "series": series, "kind": alarm.kind.value, "state": AlertState.OPEN.value}
            insert = self.insert_into(alerts).values(row).on_conflict_do_nothing().returning(alerts.c.id)
            for alert in run.execute(insert).scalars():
                new.append(alert)
                run.execute(sql.insert(alert_changes).values(_change(alert, moment, "monitor", AlertState.OPEN, "")))
                for channel in channels if alarm.hour >= wake_from else ():
                    first = {"alert": alert, "channel": channel, "sent": False, "attempts": 0}
                    run.execute(sql.insert(deliveries).values(**first, next_at=moment, error=""))
        return new


def _change(alert: int, at: datetime, who: str, state: AlertState, note: str) -> dict[str, Any]:
    return {"alert": alert, "at": at, "who": who, "state": state.value, "note": note}
