"""What goes into the finance vertical and what comes out."""

from dataclasses import dataclass
from datetime import datetime

from foundation.data.tables import MAX_TEXT_CHARACTERS
from foundation.errors import InputError
from solutions.base import Decision
from solutions.finance.documents import SentenceTone

__all__ = ["FinanceRequest", "FinanceResponse"]


@dataclass(frozen=True)
class FinanceRequest:
    """A headline, a comment or an article.

    Attributes
    ----------
    text : str
        Any length up to ``MAX_TEXT_CHARACTERS``.
    time : datetime or None
        When it was published, for the view over time.
    """

    text: str
    time: datetime | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not any(letter.isalnum() for letter in self.text):
            raise InputError("got a text without a letter or digit; expected a headline, a comment or an article")
        if len(self.text) > MAX_TEXT_CHARACTERS:
            raise InputError(
                f"got a text of {len(self.text):,} characters; expected at most {MAX_TEXT_CHARACTERS:,}; "
                "split it into articles"
            )


@dataclass(frozen=True)
class FinanceResponse:
    """Tone and topic of a text.

    Attributes
    ----------
    tone, topic : Decision
    moved_by : tuple of SentenceTone
        Of an article, the sentences that made up most of its tone; empty for a headline or a comment.
    """

    tone: Decision
    topic: Decision
    moved_by: tuple[SentenceTone, ...] = ()

    @property
    def confidence(self) -> float:
        """Confidence of the tone, which is what is acted on."""
        return self.tone.confidence

    @property
    def abstained(self) -> bool:
        """Whether the tone is *I do not know*."""
        return self.tone.abstained

    @property
    def reasons(self) -> tuple[str, ...]:
        """The sentences that moved an article, and the runners-up where the model is unsure.

        Word weights come from ``Finance.explain``.
        """
        moving = tuple(f"{sentence.label}: {sentence.text}" for sentence in self.moved_by)
        if not self.abstained:
            return moving
        ranked = sorted(self.tone.probabilities.items(), key=lambda item: -item[1])
        return (f"between {ranked[0][0]} ({ranked[0][1]:.0%}) and {ranked[1][0]} ({ranked[1][1]:.0%})", *moving)

    @property
    def model(self) -> str:
        """Ids of both bundles."""
        return f"{self.tone.model} {self.topic.model}"
