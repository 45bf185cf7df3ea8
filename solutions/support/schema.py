"""What the assistant is asked, and what it says."""

from dataclasses import dataclass
from enum import Enum

from foundation.errors import InputError
from foundation.retrieval.index import Hit
from solutions.base import Decision
from solutions.support.slots import Slot

__all__ = ["Act", "DialogueState", "Language", "Sentence", "SupportRequest", "SupportResponse"]

# A page of print. What is longer is no question, and hides in it what is asked.
MAX_MESSAGE_CHARACTERS = 4000


class Language(str, Enum):
    """Languages that the assistant speaks."""

    EN = "en"
    ZH = "zh"


class Act(str, Enum):
    """What the assistant does in a turn."""

    ANSWER = "answer"
    ASK = "ask"
    REFUSE = "refuse"
    HAND_OVER = "hand_over"


@dataclass(frozen=True)
class Sentence:
    """A sentence that is shown, and where it comes from.

    Attributes
    ----------
    text : str
    source : str
        ``kb012#2`` is the second sentence of the answer of article kb012, ``template:refuse`` a template of ours.
    """

    text: str
    source: str


@dataclass(frozen=True)
class DialogueState:
    """What is remembered from turn to turn; the first turn has the empty one. It belongs to one conversation.

    Attributes
    ----------
    question : str
        The last question that was answered, with what follow-ups added to it.
    intent : str
        Of that question.
    shown : tuple of str
        Articles that were shown for it.
    options : tuple of str
        Intents that the customer was asked to choose from in the last turn.
    slots : tuple of Slot
        The latest of each kind.
    failures : int
        Turns in a row in which no answer helped.
    handed_over : bool
        Whether a person has been called.
    before : DialogueState or None
        The state before the last answered question, to go back to.
    """

    question: str = ""
    intent: str = ""
    shown: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    failures: int = 0
    handed_over: bool = False
    before: "DialogueState | None" = None


@dataclass(frozen=True)
class SupportRequest:
    """A customer's message.

    Parameters
    ----------
    text : str
    state : DialogueState
        As the response to the message before gave it.

    Raises
    ------
    InputError
        The message is empty or too long.
    """

    text: str
    state: DialogueState = DialogueState()

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or not self.text.strip():
            raise InputError("the message is empty; type a question")
        if len(self.text) > MAX_MESSAGE_CHARACTERS:
            raise InputError(
                f"the message has {len(self.text):,} characters; expected at most {MAX_MESSAGE_CHARACTERS:,}: "
                "say in a few sentences what is needed"
            )


@dataclass(frozen=True)
class SupportResponse:
    """What the assistant does, says and remembers.

    Attributes
    ----------
    act : Act
    why : str
        Name of the rule that chose the act, such as ``sure`` or ``two_intents``.
    sentences : tuple of Sentence
    options : tuple of str
        Intents to choose from, where it asks.
    language : Language
    intent, mood : Decision
    in_scope : float
        Probability that the message is about something that the assistant was made for.
    hits : tuple of Hit
        The best articles, the best first.
    slots : tuple of Slot
        What the message named.
    state : DialogueState
        To be given with the next message.
    """

    act: Act
    why: str
    sentences: tuple[Sentence, ...]
    options: tuple[str, ...]
    language: Language
    intent: Decision
    mood: Decision
    in_scope: float
    hits: tuple[Hit, ...]
    slots: tuple[Slot, ...]
    state: DialogueState

    @property
    def text(self) -> str:
        """What is said, as one text."""
        return ("" if self.language is Language.ZH else " ").join(sentence.text for sentence in self.sentences)

    @property
    def acted_on(self) -> str:
        """The intent that was answered, which of two that are close is that of the conversation."""
        answered = self.act is Act.ANSWER and self.why != "small_talk"
        return (self.state.intent if answered else "") or self.intent.label

    @property
    def confidence(self) -> float:
        """Of the intent."""
        return self.intent.confidence

    @property
    def abstained(self) -> bool:
        """Whether the question was left unanswered."""
        return self.act is not Act.ANSWER

    @property
    def reasons(self) -> tuple[str, ...]:
        """The rule, and the articles that the answer was taken from."""
        return (self.why, *dict.fromkeys(sentence.source.partition("#")[0] for sentence in self.sentences))

    @property
    def model(self) -> str:
        """Ids of the bundles that answered."""
        return f"{self.intent.model}, {self.mood.model}"
