import base64
import json
import re
import socketserver
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
import sqlalchemy as sql

from foundation.errors import InputError, OfflineError
from foundation.settings import settings
from solutions.finance.monitor.delivery import deliver, find_channel
from solutions.finance.monitor.monitor import Monitor
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.monitor.tables import deliveries
from tests.solutions.finance.monitor.conftest import START, KeywordFinance, ListSource, history


class Hook:
    """A receiver that answers what a test sets and keeps what it got."""

    def __init__(self):
        self.status, self.got = 200, []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.headers["Idempotency-Key"], json.loads(body)))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook"


@pytest.fixture
def hook():
    started = Hook()
    yield started
    started.http.shutdown()
    started.http.server_close()


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321, login by RFC 4954) as a client needs to hand over a mail."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
                continue
            if verb == b"AUTH":
                self.server.logins.append(base64.b64decode(line.split()[-1]).decode())
                known = self.server.logins[-1] == "\0risk@desk.example\0p@ss:1"
                self.wfile.write(b"235 welcome\r\n" if known else b"535 who are you\r\n")
                continue
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                mail = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    mail += part
                self.server.mails.append(mail.decode())
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def post(monkeypatch):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post) as server:
        server.mails, server.logins = [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("COLONNADE_SMTP", f"smtp://127.0.0.1:{server.server_address[1]}")
        yield server
        server.shutdown()


@pytest.fixture
def alerted(tmp_path):
    """A store with one alert, to be sent to the addresses that a test names."""

    def raised(*addresses: str) -> MonitorStore:
        store = MonitorStore.at(tmp_path / "monitor.db")
        source = ListSource(history(40, surge_days=1), at_once=10_000)
        watching = Monitor(KeywordFinance(), store, [source], channels=addresses)
        while watching.turn(START + timedelta(days=40)).more:
            pass
        assert len(watching.turn(START + timedelta(days=40)).alerts) + len(store.alerts()) == 1
        return store

    return raised


def later(store: MonitorStore) -> None:
    """Let every pause be over."""
    with store.begin() as run:
        run.execute(sql.update(deliveries).values(next_at=START))


def test_an_alert_is_posted_once_and_tried_again_until_it_is_taken(alerted, hook):
    store, channels = alerted(hook.url), {hook.url: find_channel(hook.url)}
    hook.status = 500
    assert deliver(store, channels) == 0
    assert deliver(store, channels) == 0  # not before its pause is over
    assert len(hook.got) == 1
    later(store)
    hook.status = 200
    assert deliver(store, channels) == 1
    later(store)
    assert deliver(store, channels) == 0
    (first, told), (second, _) = hook.got
    assert first == second
    assert re.fullmatch("alert-1-[0-9a-f]{12}", first), "of another store's first alert it is another"
    assert told["series"] == "topic:credit"
    assert "negative, usually" in told["title"]
    assert all("bad" in story for story in told["stories"])


def test_two_processes_over_one_store_send_an_alert_once(alerted):
    store, calls = alerted("https://risk.example/hook"), []

    class Slow:
        name = "https://risk.example/hook"

        def send(self, key, told):
            calls.append(key)
            if len(calls) == 1:
                deliver(store, {self.name: Slow()})  # the other process looks while this one sends

    assert deliver(store, {Slow.name: Slow()}) == 1
    later(store)
    assert deliver(store, {Slow.name: Slow()}) == 0
    assert len(calls) == 1


def test_pauses_double_and_the_reason_is_kept(alerted):
    gone = "http://127.0.0.1:9/hook"
    store, channels = alerted(gone), {gone: find_channel(gone)}
    pauses, told = [], []
    for _ in range(8):
        later(store)
        deliver(store, channels, told.append)
        with store.begin() as run:
            row = run.execute(sql.select(deliveries)).one()
        pauses.append(row.next_at)
    assert row.attempts == 8
    assert told[1] == "alert 1 was not taken by 127.0.0.1 (ConnectError); it is sent again in 2 minutes"
    assert "ConnectError" in row.error
    minutes = [round((after - before).total_seconds() / 60) for before, after in pairwise(pauses)]
    assert minutes == [1, 2, 4, 8, 16, 28, 0]  # differences of 1, 2, 4, ... 32, 60, 60


def test_an_alert_is_mailed(alerted, post):
    address = "mailto:risk@example.com"
    assert deliver(alerted(address), {address: find_channel(address)}) == 1
    (mail,) = post.mails
    assert "To: risk@example.com" in mail
    assert re.search("Message-ID: <alert-1-[0-9a-f]{12}@colonnade>", mail)
    assert "Date: " in mail
    assert "negative, usually" in mail


def test_a_server_that_wants_a_password_gets_the_one_of_the_address(alerted, post, monkeypatch):
    address, server = "mailto:risk@example.com", f"127.0.0.1:{post.server_address[1]}"
    monkeypatch.setenv("COLONNADE_SMTP", f"smtp://risk%40desk.example:wrong@{server}")
    store, channels = alerted(address), {address: find_channel(address)}
    assert deliver(store, channels) == 0
    with store.begin() as run:
        told = run.execute(sql.select(deliveries)).one().error
    assert "who are you" in told
    assert "wrong" not in told
    later(store)
    monkeypatch.setenv("COLONNADE_SMTP", f"smtp://risk%40desk.example:p%40ss%3A1@{server}")
    assert deliver(store, channels) == 1
    assert post.logins[-1] == "\0risk@desk.example\0p@ss:1"
    assert "From: risk@desk.example" in post.mails[0]


def test_alerts_of_an_archive_wake_nobody(tmp_path, hook):
    store = MonitorStore.at(tmp_path / "monitor.db")
    watching = Monitor(KeywordFinance(), store, [ListSource(history(40, surge_days=1), 10_000)], channels=[hook.url])
    while watching.turn(START + timedelta(days=60)).more:
        pass
    watching.turn(START + timedelta(days=60))
    assert len(store.alerts()) == 1
    assert deliver(store, {hook.url: find_channel(hook.url)}) == 0


def test_addresses_that_cannot_be_are_one_line(monkeypatch, home):
    with pytest.raises(InputError, match="expected https://HOST/PATH or mailto"):
        find_channel("slack")
    monkeypatch.delenv("COLONNADE_SMTP", raising=False)
    with pytest.raises(InputError, match="set COLONNADE_SMTP"):
        find_channel("mailto:risk@example.com")
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    settings.cache_clear()
    with pytest.raises(OfflineError, match="forbids to send alerts"):
        find_channel("https://example.com/hook")
