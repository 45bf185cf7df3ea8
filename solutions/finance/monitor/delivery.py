"""Alerts to people: webhooks and mail, tried again until they are taken.

An alert is marked as sent after the receiver took it. If the machine fails just between, it is sent again with the same
``Idempotency-Key`` (or ``Message-ID``), by which receivers tell a repetition.
"""

import os
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate
from hashlib import blake2b
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import httpx
import sqlalchemy as sql

from foundation.errors import InputError, OfflineError
from foundation.settings import settings
from foundation.store import now
from solutions.finance.monitor.feeds import is_address
from solutions.finance.monitor.monitor import time_of
from solutions.finance.monitor.records import Alert
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.monitor.tables import deliveries

__all__ = ["Channel", "Mail", "Webhook", "deliver", "find_channel"]

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_SECONDS = 10.0


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> str:
        """As it was asked for; it is stored with what is to be sent."""

    def send(self, key: str, told: Mapping[str, Any]) -> None:
        """Send, or raise ``OSError`` or ``httpx.HTTPError``."""


@dataclass(frozen=True)
class Webhook:
    """Posts JSON to an address."""

    url: str

    @property
    def name(self) -> str:
        """The address."""
        return self.url

    def send(self, key: str, told: Mapping[str, Any]) -> None:
        """Post; any answer but 2xx is an error."""
        answer = httpx.post(self.url, json=dict(told), headers={"Idempotency-Key": key}, timeout=_SECONDS)
        answer.raise_for_status()


@dataclass(frozen=True)
class Mail:
    """Sends mail by SMTP: the server and the password come from ``COLONNADE_SMTP=smtp://user:password@host:port``."""

    to: str

    @property
    def name(self) -> str:
        """``mailto:`` and the address."""
        return f"mailto:{self.to}"

    def send(self, key: str, told: Mapping[str, Any]) -> None:
        """Hand the mail over to the server, encrypted where the address says ``smtps:``.

        A password is sent over an encrypted connection wherever the server offers one.
        """
        server = urlsplit(os.environ["COLONNADE_SMTP"])
        mail = EmailMessage()
        mail["Subject"], mail["To"] = " ".join(told["title"].split()), self.to
        mail["Message-ID"], mail["Date"] = f"<{key}@colonnade>", formatdate()
        user = unquote(server.username or "")
        mail["From"] = user if "@" in user else f"colonnade@{server.hostname}"
        mail.set_content("\n".join([told["text"], "", *(f"- {story}" for story in told["stories"])]))
        place, checked = (server.hostname or "localhost", server.port or 0), ssl.create_default_context()
        encrypted = server.scheme == "smtps"
        with (
            smtplib.SMTP_SSL(*place, timeout=_SECONDS, context=checked)
            if encrypted
            else smtplib.SMTP(*place, timeout=_SECONDS)
        ) as connection:
            if user and server.password:
                connection.ehlo_or_helo_if_needed()
                if not encrypted and connection.has_extn("starttls"):
                    connection.starttls(context=checked)
                connection.login(user, unquote(server.password))
            connection.send_message(mail)


def find_channel(address: str) -> Channel:
    """Return the channel of an address: ``https://...`` or ``mailto:risk@example.com``.

    Raises
    ------
    InputError
        It is neither, or mail is asked for and ``COLONNADE_SMTP`` names no server.
    OfflineError
        ``COLONNADE_OFFLINE=1`` forbids to send.
    """
    if settings().offline:
        raise OfflineError("COLONNADE_OFFLINE=1 forbids to send alerts; unset it, or leave --alert out")
    if is_address(address):
        return Webhook(address)
    scheme, _, to = address.partition(":")
    if scheme == "mailto" and "@" in to:
        if not urlsplit(os.environ.get("COLONNADE_SMTP", "")).hostname:
            raise InputError("mail needs a server: set COLONNADE_SMTP=smtp://user:password@host:port")
        return Mail(to)
    raise InputError(f"cannot send alerts to {address!r}; expected https://HOST/PATH or mailto:NAME@HOST")


def deliver(store: MonitorStore, channels: Mapping[str, Channel], tell: Callable[[str], object] = str) -> int:
    """Send what is due and return how many were taken; what fails is tried again after 1, 2, 4, ... 60 minutes.

    ``tell`` is told, in a line, of each that was not taken.
    """
    moment = now()
    due = sql.select(deliveries).where(~deliveries.c.sent, deliveries.c.next_at <= moment)
    with store.begin() as run:
        waiting = run.execute(due.where(deliveries.c.channel.in_(list(channels)))).mappings().all()
    known = {alert.id: alert for alert in store.alerts()} if waiting else {}
    taken = 0
    for row in waiting:
        pause = min(_FIRST_PAUSE * 2 ** min(row["attempts"], 16), _LONGEST_PAUSE)
        # taken before it is sent: another process over the same store finds it taken
        if not _update(store, dict(row), attempts=row["attempts"] + 1, next_at=moment + pause):
            continue
        error = ""
        try:
            alert = known[row["alert"]]
            channels[row["channel"]].send(_key(alert), _told(store, alert))
            taken += 1
        except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL, smtplib.SMTPException) as failure:
            error = f"{type(failure).__name__}: {failure}"[:500]
            again = f"it is sent again in {pause.total_seconds() / 60:.0f} minutes"
            tell(f"alert {row['alert']} was not taken by {_place(row['channel'])} ({_reason(failure)}); {again}")
        _update(store, {**row, "attempts": row["attempts"] + 1}, sent=not error, error=error)
    return taken


def _place(channel: str) -> str:
    """Return whom an address is of; what else it holds may be a secret."""
    return channel if channel.startswith("mailto:") else httpx.URL(channel).host


def _reason(failure: Exception) -> str:
    if isinstance(failure, httpx.HTTPStatusError):
        return f"it answered {failure.response.status_code}"
    return type(failure).__name__


def _update(store: MonitorStore, row: Mapping[str, Any], **values: Any) -> bool:
    """Change a delivery that has been tried so often as the row says; tell whether there was one."""
    one = sql.and_(*(deliveries.c[name] == row[name] for name in ("alert", "channel", "attempts")))
    with store.begin() as run:
        return bool(run.execute(sql.update(deliveries).where(one).values(**values)).rowcount)


def _key(alert: Alert) -> str:
    """Name an alert so that a receiver can tell it from the first one of another store."""
    facts = f"{alert.series} {alert.kind.value} {alert.start} {alert.hour} {alert.items}"
    return f"alert-{alert.id}-{blake2b(facts.encode(), digest_size=6).hexdigest()}"


def _told(store: MonitorStore, alert: Alert) -> dict[str, Any]:
    """Return what is said of an alert: for people in ``title`` and ``text``, for machines the rest."""
    start, end = (time_of(hour, store.utc_offset) for hour in (alert.start, alert.hour + 1))
    title = f"{alert.series}: {alert.share:.0%} negative, usually {alert.usual_share:.0%}"
    text = (
        f"{alert.negative} of {alert.items} items since {start:%Y-%m-%d %H:%M} UTC ({alert.kind.value}); "
        f"{alert.effect:.1f} times the usual share, p = {alert.p:.2g}; "
        f"chance alone gives {alert.expected_false:.2g} such alerts a week."
    )
    stories = [row["title"] for row in store.behind(alert.series, alert.start, alert.hour, count=5)]
    figures = {
        name: getattr(alert, name) for name in ("items", "negative", "usual_share", "effect", "p", "expected_false")
    }
    facts: dict[str, Any] = {"alert": alert.id, "series": alert.series, "kind": alert.kind.value}
    return {
        **facts,
        "start": f"{start}Z",
        "end": f"{end}Z",
        **figures,
        "title": title,
        "text": text,
        "stories": stories,
    }
