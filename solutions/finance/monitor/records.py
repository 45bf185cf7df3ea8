"""What the monitor keeps: items as they were read, and alerts with what people did about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Self

from solutions.finance.monitor.items import Item
from solutions.finance.surge.detector import AlarmKind, Finding

__all__ = ["NEGATIVE", "Alert", "AlertState", "ReadItem", "is_negative"]

#: The tone that counts as bad news.
NEGATIVE = "negative"


class AlertState(str, Enum):
    """What a person has done with an alert."""

    OPEN = "open"
    SNOOZED = "snoozed"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True)
class ReadItem:
    """An item with what the models and the watch list said of it.

    Attributes
    ----------
    item : Item
    hour : int
        In which it counts: that in which it became known.
    topic, tone : str
    tone_confidence : float
    unsure : bool
        Whether the tone is *I do not know*; then it does not count as negative.
    series : mapping of str to float
        Where it counts (``topic:credit``, ``company:Harlund``), and its relevance there; a copy counts nowhere.
    story : str
        Key of the first item of its story.
    novelty : float
        In [0, 1]: see ``Placed``.
    """

    item: Item
    hour: int
    topic: str
    tone: str
    tone_confidence: float
    unsure: bool
    series: Mapping[str, float]
    story: str
    novelty: float

    @property
    def negative(self) -> bool:
        """Whether it counts as bad news."""
        return is_negative(self.tone, self.unsure)


def is_negative(tone: str, unsure: bool) -> bool:
    """Tell whether an item counts as bad news: its tone is negative, and the model is sure of it."""
    return tone == NEGATIVE and not unsure


@dataclass(frozen=True)
class Alert(Finding):
    """A finding as it is kept, with the name of its series and what people did about it."""

    id: int
    series: str
    state: AlertState
    snoozed_until: datetime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any], now: datetime) -> Self:
        """Read a row of the database; an alert whose snooze is over is open again."""
        state, until = AlertState(row["state"]), row["snoozed_until"]
        if state is AlertState.SNOOZED and until and until <= now:
            state = AlertState.OPEN
        return cls(**{**row, "kind": AlarmKind(row["kind"]), "state": state})
