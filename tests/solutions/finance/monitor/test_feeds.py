import json
import threading
import time
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from foundation.errors import InputError, OfflineError
from solutions.finance.monitor import feeds
from solutions.finance.monitor.feeds import FeedSource

RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0"><channel><title>t</title>
<item><guid>1</guid><title>{first}</title><description>&lt;p&gt;Profit &amp;amp; sales fell.&lt;/p&gt;</description>
<pubDate>Mon, 02 Mar 2026 09:30:00 +0800</pubDate><link>http://x/1</link></item>
<item><guid>2</guid><title>...</title></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>a</id><title>Orders rise</title>
<updated>2026-03-02T09:30:00Z</updated><content type="html">Much more.</content></entry></feed>"""


class Server:
    """A publisher whose next answer a test sets."""

    def __init__(self):
        self.answer = (200, {}, b"")
        self.asked = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(dict(self.headers))
                status, headers, body = server.answer
                if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                    status, body = 304, b""
                if body is None:  # longer than anybody waits
                    threading.Event().wait(1.0)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/feed"


@pytest.fixture
def server():
    started = Server()
    yield started
    started.http.shutdown()
    started.http.server_close()


def failure(batch) -> str:
    assert not batch.items
    assert batch.away
    (refused,) = batch.refused
    return refused.reason


@pytest.mark.parametrize(("encoding", "first"), [("utf-8", "央行降准"), ("gbk", "央行降准"), ("utf-8", "Bank cuts")])
def test_rss_in_any_encoding(server, encoding, first):
    server.answer = (200, {}, RSS.format(encoding=encoding, first=first).encode(encoding))
    batch = FeedSource(server.url).poll("")
    (item,) = batch.items
    assert (item.title, item.body, item.link) == (first, "Profit & sales fell.", "http://x/1")
    assert item.time == datetime(2026, 3, 2, 1, 30)
    assert [refused.reason for refused in batch.refused] == ["has no text"]


def test_atom(server):
    server.answer = (200, {}, ATOM.encode())
    (item,) = FeedSource(server.url).poll("").items
    assert (item.title, item.body, item.time) == ("Orders rise", "Much more.", datetime(2026, 3, 2, 9, 30))


def test_xml_that_is_not_well_formed_is_read_as_far_as_it_goes(server):
    server.answer = (200, {}, RSS.format(encoding="utf-8", first="Bonds & loans fall").encode())
    (item,) = FeedSource(server.url).poll("").items
    assert item.title == "Bonds & loans fall"


def test_only_what_is_new_is_asked_for(server):
    server.answer = (200, {"ETag": '"v1"', "Last-Modified": "Mon, 02 Mar 2026 01:30:00 GMT"}, ATOM.encode())
    source = FeedSource(server.url)
    first = source.poll("")
    assert len(first.items) == 1
    assert first.newest
    second = source.poll(first.position)
    assert (second.items, second.refused) == ((), ())
    assert server.asked[1]["If-None-Match"] == '"v1"'
    assert server.asked[1]["If-Modified-Since"] == "Mon, 02 Mar 2026 01:30:00 GMT"
    assert json.loads(second.position) == json.loads(first.position)


def test_a_publisher_that_fails_is_left_alone_twice_as_long_each_time(server, monkeypatch):
    now = 1_000_000.0
    monkeypatch.setattr(feeds.time, "time", lambda: now)
    server.answer = (503, {}, b"")
    source, position, pauses = FeedSource(server.url), "", []
    for _ in range(8):
        batch = source.poll(position)
        position = batch.position
        pauses.append(json.loads(position)["not_before"] - now)
        assert "the server answered 503" in failure(batch)
        assert source.poll(position).position == position  # nothing is asked before
        now += pauses[-1]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert len(server.asked) == 8
    server.answer = (200, {}, ATOM.encode())
    assert "pause" not in json.loads(source.poll(position).position)


@pytest.mark.parametrize("after", ["900", formatdate(1_000_900, usegmt=True)])
def test_retry_after_is_kept(server, monkeypatch, after):
    monkeypatch.setattr(feeds.time, "time", lambda: 1_000_000.0)
    server.answer = (429, {"Retry-After": after}, b"")
    assert json.loads(FeedSource(server.url).poll("").position)["not_before"] == 1_000_900.0


def test_what_is_no_feed_is_told(server, monkeypatch):
    source = FeedSource(server.url)
    server.answer = (200, {}, b"<html><body>Sign in & go on")
    assert "what it sent is no feed" in failure(source.poll(""))
    monkeypatch.setattr(feeds, "_MOST_BYTES", 100)
    server.answer = (200, {}, ATOM.encode())
    assert "is larger than" in failure(source.poll(""))


def test_a_publisher_that_is_slow_or_gone_is_told(server, monkeypatch):
    monkeypatch.setattr(feeds, "_SECONDS", 0.2)
    server.answer = (200, {}, None)
    assert "timed out" in failure(FeedSource(server.url).poll(""))
    assert "refused" in failure(FeedSource("http://127.0.0.1:9/feed").poll("")).lower()


def test_mistakes_are_one_line(monkeypatch, home):
    with pytest.raises(InputError, match="expected rss:https"):
        FeedSource("ftp://x/feed")
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    with pytest.raises(OfflineError, match="forbids to read http://x/feed"):
        FeedSource("http://x/feed").poll("")


def test_a_day_that_never_was_and_a_nought_byte_stop_nothing(server):
    entries = "".join(
        f"<item><title>{title}</title><guid>{title}</guid><pubDate>{day}</pubDate></item>"
        for title, day in (("zero", "0000-00-00T00:00:00Z"), ("good", "Mon, 02 Mar 2026 09:00:00 GMT"))
    )
    server.answer = (200, {}, f"<rss version='2.0'><channel>{entries}</channel></rss>".encode())
    zero, good = FeedSource(server.url).poll("").items
    assert (zero.title, good.title, good.time) == ("zero", "good", datetime(2026, 3, 2, 9))
    assert abs((datetime.now(UTC).replace(tzinfo=None) - zero.time).total_seconds()) < 60


@pytest.mark.parametrize("url", ["http://host:abc/x", "http://[::1/x", "ftp://host/x", "http:///x"])
def test_an_address_that_is_none_is_one_line(url):
    with pytest.raises(InputError, match="expected rss:https://HOST/PATH"):
        FeedSource(url)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("good &#55357;&#56832; news", "good \ufffd\ufffd news"),
        ("a &#x110000; b", "a \ufffd b"),
        ("a &#99999999999; b", "a \ufffd b"),
        ("a &#x1F600;&#65; b", "a \U0001f600A b"),
    ],
)
def test_a_character_that_there_is_not_stops_nothing(server, title, told):
    server.answer = (200, {}, f"<rss><channel><item><title>{title}</title></item></channel></rss>".encode())
    assert [item.title for item in FeedSource(server.url).poll("").items] == [told]


def test_what_a_parser_fails_on_pauses_one_feed(server, monkeypatch):
    monkeypatch.setattr(feeds.feedparser, "parse", lambda *_, **__: chr(-1))
    server.answer = (200, {}, b"anything")
    batch = FeedSource(server.url).poll("")
    assert "what it sent is no feed" in failure(batch)
    assert batch.away


def test_a_body_of_brackets_takes_no_longer_than_its_length(server):
    body = "a " + "&lt;" * 200_000
    server.answer = (
        200,
        {},
        f"<rss><channel><item><title>t</title><description>{body}</description></item></channel></rss>".encode(),
    )
    begun = time.perf_counter()
    assert len(FeedSource(server.url).poll("").items) == 1
    assert time.perf_counter() - begun < 10


def test_no_secret_of_an_address_is_told_or_kept(monkeypatch, home):
    source = FeedSource("https://kim:hunter2@127.0.0.1:9/feed?token=s3cret")
    other = FeedSource("https://kim:hunter2@127.0.0.1:9/feed?token=s3cret2")
    said = [source.name, source.poll("").refused[0].where]
    monkeypatch.setattr(feeds, "settings", lambda: SimpleNamespace(offline=True))
    with pytest.raises(OfflineError) as raised:
        source.poll("")
    for text in [*said, str(raised.value)]:
        assert "https://127.0.0.1:9/feed" in text
        assert not any(secret in text for secret in ("kim", "hunter2", "s3cret"))
    assert source.name != other.name
    assert FeedSource("https://a.example/feed").name == "rss:https://a.example/feed"
