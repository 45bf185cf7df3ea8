"""What is asked and answered: who somebody is or what they like, and a shelf of items with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from foundation.errors import InputError
from solutions.recommendation.shelf import Dials, Rules

__all__ = ["MAX_ITEMS", "Because", "Ground", "RecommendationRequest", "RecommendationResponse", "Recommended"]

MAX_ITEMS = 100


class Ground(str, Enum):
    """What a shelf rests on; the values are the keys of the page's words."""

    HISTORY = "history"
    LIKES = "likes"
    WISH = "wish"
    UNWANTED = "unwanted"
    NOTHING = "nothing"


@dataclass(frozen=True)
class RecommendationRequest:
    """Who asks, and for what.

    Attributes
    ----------
    user : str
        Id of a user of the training data; one that was never seen is a new user.
    liked : tuple of str
        Ids of items that a person likes, the latest last.
    wish : str
        What they want, in their own words.
    limit : int, 1 to 100
    dials : Dials
    rules : Rules
    only_new : bool
        Only what nobody has had yet.
    chance : int, at most ``limit``
        Places at the end of the shelf that are drawn by chance from what comes next, so that what people take there
        tells how another model would do (``solutions/recommendation/feedback.py``).
    """

    user: str = ""
    liked: tuple[str, ...] = ()
    wish: str = ""
    limit: int = 10
    dials: Dials = field(default_factory=Dials)
    rules: Rules = field(default_factory=Rules)
    only_new: bool = False
    chance: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_ITEMS:
            raise InputError(f"limit: got {self.limit}; expected 1 to {MAX_ITEMS}")
        if not 0 <= self.chance <= self.limit:
            raise InputError(f"chance: got {self.chance}; expected 0 to {self.limit} places")


@dataclass(frozen=True)
class Because:
    """A part of a reason.

    Attributes
    ----------
    item : str
        Id of an item that the user had.
    share : float, 0 to 1
        How much of what speaks for the recommended item in the linear model (EASE) comes from it.
    """

    item: str
    share: float


@dataclass(frozen=True)
class Recommended:
    """An item on the shelf.

    Attributes
    ----------
    item, title : str
    standing : float
        Standard deviations above the mean of what might have been shown.
    because : tuple of Because
        At most three, strongest first; empty where behaviour says nothing.
    tags : tuple of str
        Of the item, those that it shares with the wish or with most of the history.
    new : bool
        Whether nobody has had it yet.
    """

    item: str
    title: str
    standing: float
    because: tuple[Because, ...]
    tags: tuple[str, ...]
    new: bool


@dataclass(frozen=True)
class RecommendationResponse:
    """A shelf.

    Attributes
    ----------
    items : tuple of Recommended
        Best first.
    confidence : float
        Calibrated chance that the user will take at least one of the first ten, or that an item fits the wish.
    abstained : bool
        Whether nothing is known of the user, so that everybody would be shown the same, or a wish is not understood.
    grounds : tuple of Ground
    model : str
    chances : mapping of id to float
        How likely each item was to be on this shelf, 1 but for what is drawn; items that are not named had no chance.
    """

    items: tuple[Recommended, ...]
    confidence: float
    abstained: bool
    grounds: tuple[Ground, ...]
    model: str
    chances: Mapping[str, float] = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the shelf rests on, as words of ``Ground``."""
        return tuple(ground.value for ground in self.grounds)
