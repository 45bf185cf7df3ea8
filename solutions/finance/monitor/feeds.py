"""News feeds (RSS and Atom), asked politely: only what is new, never faster than the publisher wants."""

import json
import sys
import time
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from html import unescape
from re import Match
from re import compile as pattern
from time import struct_time
from typing import Any

import feedparser
import httpx

from foundation.data.tables import MAX_TEXT_CHARACTERS
from foundation.errors import ColonnadeError, InputError, OfflineError
from foundation.settings import settings
from solutions.finance.monitor.items import Batch, Item, Refused, item_key

__all__ = ["FeedSource", "is_address"]

_AGENT = "Colonnade (news monitor; asks for what is new only)"
_SECONDS, _LONGEST_ANSWER, _MOST_BYTES = 20.0, 60.0, 10 << 20
_DAY = 24 * 3600.0
# What a publisher that answers with an error is left alone for: twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 60.0, 3600.0
_TAG = pattern(r"<[^<>]+>")
_REFERENCE = pattern(rb"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_UNKNOWN = b"&#xFFFD;"
_MARKUP = 4 * MAX_TEXT_CHARACTERS  # characters of a title or body that are looked at


@dataclass(frozen=True)
class FeedSource:
    """An RSS or Atom feed.

    Between polls it keeps, in the position, what the server said of its version (``ETag``, ``Last-Modified``) and until
    when it is to be left alone (``Retry-After``, or a pause that doubles with each failure).

    Parameters
    ----------
    url : str
    """

    url: str

    def __post_init__(self) -> None:
        if not is_address(self.url):
            raise InputError(f"got the feed {self.url!r}; expected rss:https://HOST/PATH")

    @property
    def name(self) -> str:
        """``rss:`` and the address; what may be a secret in it is told by its hash alone."""
        known = "" if self._shown == str(httpx.URL(self.url)) else f" #{sha256(self.url.encode()).hexdigest()[:8]}"
        return f"rss:{self._shown}{known}"

    @property
    def _shown(self) -> str:
        """The address without user, password and query."""
        return str(httpx.URL(self.url).copy_with(userinfo=b"", query=None, fragment=None))

    def poll(self, position: str) -> Batch:
        """Ask for what is new.

        Raises
        ------
        OfflineError
            ``COLONNADE_OFFLINE=1`` forbids it.
        """
        if settings().offline:
            raise OfflineError(f"COLONNADE_OFFLINE=1 forbids to read {self._shown}; unset it, or follow a file:PATH")
        known: dict[str, Any] = json.loads(position or "{}")
        if time.time() < known.get("not_before", 0):
            return Batch((), position, away="pause" in known)
        try:
            answer = self._get(known)
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return Batch((), json.dumps({name: known[name] for name in ("etag", "modified") if name in known}))
            if not answer.is_success:
                return self._failed(known, f"the server answered {answer.status_code}", _asked_for(answer))
            items, refused = self._items(answer)
        except (httpx.HTTPError, ColonnadeError) as error:
            return self._failed(known, str(error) or type(error).__name__)
        version = {"etag": answer.headers.get("etag", ""), "modified": answer.headers.get("last-modified", "")}
        return Batch(items, json.dumps(version), refused, newest=True)

    def _get(self, known: Mapping[str, Any]) -> httpx.Response:
        headers = {"User-Agent": _AGENT, "If-None-Match": known.get("etag"), "If-Modified-Since": known.get("modified")}
        given = {name: value for name, value in headers.items() if value}
        with httpx.stream("GET", self.url, headers=given, timeout=_SECONDS, follow_redirects=True) as answer:
            content, until = b"", time.monotonic() + _LONGEST_ANSWER
            for part in answer.iter_bytes():
                content += part
                if time.monotonic() > until:
                    raise ColonnadeError(f"its answer takes longer than {_LONGEST_ANSWER:.0f} s")
                if len(content) > _MOST_BYTES:
                    raise ColonnadeError(f"its answer is larger than {_MOST_BYTES >> 20} MB")
        # the content is unpacked already, so only what tells its version and its encoding is kept of the headers
        kept = ("content-type", "etag", "last-modified", "retry-after")
        told = {name: answer.headers[name] for name in kept if name in answer.headers}
        return httpx.Response(answer.status_code, headers=told, content=content)

    def _items(self, answer: httpx.Response) -> tuple[list[Item], list[Refused]]:
        content = _REFERENCE.sub(_character, answer.content)
        try:
            feed = feedparser.parse(content, response_headers=dict(answer.headers))
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ColonnadeError(f"what it sent is no feed ({error})") from error
        if feed.bozo and not feed.entries:
            raise ColonnadeError(f"what it sent is no feed ({feed.bozo_exception})")
        items, refused = [], []
        for entry in feed.entries:
            title, body = _text(entry.get("title", "")), _text(_body(entry))
            if not any(letter.isalnum() for letter in title + body):
                refused.append(Refused(f"{self._shown}, {entry.get('id', 'an entry')}", "has no text"))
                continue
            told = entry.get("published_parsed") or entry.get("updated_parsed")
            when = _moment(told)
            link = entry.get("link", "")
            key = item_key(f"rss:{self.url}", entry.get("id") or link or f"{title}\n{body}")
            body = body[: MAX_TEXT_CHARACTERS - len(title) - 1]
            items.append(Item(key, self.name, when.replace(tzinfo=None), title or body[:200], body, link))
        return items, refused

    def _failed(self, known: Mapping[str, Any], reason: str, asked: float = 0.0) -> Batch:
        pause = min(2 * known.get("pause", _FIRST_PAUSE / 2), _LONGEST_PAUSE)
        wait = max(pause, asked)
        position = {**known, "pause": pause, "not_before": time.time() + wait}
        told = f"cannot be read now ({reason}); it is asked again in {wait:.0f} s"
        return Batch((), json.dumps(position), [Refused(self._shown, told)], away=True)


def is_address(url: str) -> bool:
    """Tell whether an address can be asked over HTTP at all."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    return parts.scheme in ("http", "https") and bool(parts.host)


def _moment(told: struct_time | None) -> datetime:
    """Return when an entry was published; now, where it does not say, or says a day that there never was."""
    try:
        return datetime.fromtimestamp(timegm(told), UTC) if told else datetime.now(UTC)
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def _asked_for(answer: httpx.Response) -> float:
    """Return the seconds that ``Retry-After`` asks for, as a number or as a date; RFC 9110, section 10.2.3."""
    told = answer.headers.get("retry-after", "")
    if told.isdigit():
        return min(float(told), _DAY)
    try:
        return min(max(0.0, parsedate_to_datetime(told).timestamp() - time.time()), _DAY)
    except ValueError:
        return 0.0


def _character(reference: Match[bytes]) -> bytes:
    """Return a reference to a character as it is, or to the one for unknown ones where there is no such character."""
    hexadecimal, decimal = reference.groups()
    digits = (hexadecimal or decimal).lstrip(b"0")
    number = int(digits or b"0", 16 if hexadecimal else 10) if len(digits) <= len(str(sys.maxunicode)) else -1
    return reference[0] if 0 < number <= sys.maxunicode and not 0xD800 <= number < 0xE000 else _UNKNOWN


def _text(html: str) -> str:
    """Return the text of what may be HTML."""
    return " ".join(unescape(_TAG.sub(" ", html[:_MARKUP])).replace("\x00", " ").split())


def _body(entry: Mapping[str, Any]) -> str:
    whole = [str(part.get("value", "")) for part in entry.get("content", ())]
    return max([*whole, str(entry.get("summary", ""))], key=len)
