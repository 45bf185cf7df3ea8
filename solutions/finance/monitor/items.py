"""What a source delivers: items, and where it stopped."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

__all__ = ["Batch", "Item", "Refused", "Source", "item_key"]


@dataclass(frozen=True)
class Item:
    """A piece of news or a comment.

    Attributes
    ----------
    key : str
        The same for the same item however often it is delivered: see ``item_key``.
    source : str
    time : datetime
        When it was published, UTC, without a zone.
    title : str
        The headline, or the whole of a comment.
    body : str
    link : str
    """

    key: str
    source: str
    time: datetime
    title: str
    body: str = ""
    link: str = ""

    @property
    def text(self) -> str:
        """Title and body."""
        return f"{self.title}\n{self.body}" if self.body else self.title


@dataclass(frozen=True)
class Refused:
    """What a source delivered and nobody can read.

    Attributes
    ----------
    where : str
        File and line, or the entry of a feed.
    reason : str
    """

    where: str
    reason: str


@dataclass(frozen=True)
class Batch:
    """What came of asking a source once.

    Attributes
    ----------
    items : sequence of Item
    position : str
        To be handed in the next time; it is stored together with the items.
    refused : sequence of Refused
    more : bool
        Whether the source has more at once.
    newest : bool
        Whether the source tells its newest items only: how many there were before cannot be learned from it.
    away : bool
        Whether it could not be reached: what it missed meanwhile it may bring all at once.
    """

    items: Sequence[Item]
    position: str
    refused: Sequence[Refused] = field(default=())
    more: bool = False
    newest: bool = False
    away: bool = False


class Source(Protocol):
    """Where items come from. It keeps nothing between polls, so that a crash cannot lose its place."""

    @property
    def name(self) -> str:
        """The same after a restart."""

    def poll(self, position: str) -> Batch:
        """Return what is new since a position; ``""`` is the beginning."""


def item_key(source: str, *identity: str) -> str:
    """Return the key of an item.

    Examples
    --------
    >>> item_key("rss:a", "guid-1") == item_key("rss:a", "guid-1") != item_key("rss:b", "guid-1")
    True
    """
    return sha256("\x00".join((source, *identity)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
