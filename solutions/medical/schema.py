"""What is asked and answered: a picture, and what it may show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from foundation.data.pictures import Picture
from solutions.base import Decision

__all__ = ["MedicalRequest", "MedicalResponse", "Referral"]


class Referral(str, Enum):
    """Why a person must look; the values are the keys of the page's words."""

    BLANK = "blank"
    COLOUR = "colour"
    GREY = "grey"
    UNLIKE = "unlike"
    UNSURE = "unsure"
    SEVERAL = "several"
    NONE_POSSIBLE = "none_possible"
    LETTERING = "lettering"

    @property
    def is_refusal(self) -> bool:
        """Whether the picture is not of the kind that the model knows, so that its answer means nothing."""
        return self in (Referral.BLANK, Referral.COLOUR, Referral.GREY, Referral.UNLIKE)


@dataclass(frozen=True, eq=False)
class MedicalRequest:
    """A picture to look at."""

    picture: Picture


@dataclass(frozen=True)
class MedicalResponse:
    """What a picture may show.

    Attributes
    ----------
    finding : Decision
        The likeliest class; it abstains where the case is referred.
    possible : tuple of str
        The classes that cannot be ruled out: of each class the right one is among them nine times in ten.
    finding_probability : float
        That there is a finding at all; the confidence where the model knows no class of none.
    positive : bool or None
        Whether that reaches the operating point; None where there is none.
    referrals : tuple of Referral
        Why a person must look; empty where the answer stands.
    facts : mapping of str to str
        What a header says of how the picture was made.
    """

    finding: Decision
    possible: tuple[str, ...]
    finding_probability: float
    positive: bool | None
    referrals: tuple[Referral, ...]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def confidence(self) -> float:
        """Of the likeliest class."""
        return self.finding.confidence

    @property
    def abstained(self) -> bool:
        """Whether the case is referred to a person."""
        return bool(self.referrals)

    @property
    def refused(self) -> bool:
        """Whether the picture is of another kind than the model knows."""
        return any(referral.is_refusal for referral in self.referrals)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is referred, as words of ``Referral``, and what cannot be ruled out."""
        return (*(referral.value for referral in self.referrals), *self.possible)

    @property
    def model(self) -> str:
        """Id of the bundle."""
        return self.finding.model
