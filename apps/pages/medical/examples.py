"""Pictures to click, each of which shows something else: simulated patients whom no model has seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from apps.locale import Locale
from foundation.data.pictures import Picture
from solutions.medical.phantom import PATIENTS, phantom_patients
from solutions.medical.pipeline import Medical
from solutions.medical.schema import MedicalRequest, MedicalResponse

__all__ = ["Example", "example_pictures"]

# Enough to find one of each kind among their slices; a quarter of a second to look at.
_LOOKED_AT = 13


@dataclass(frozen=True, eq=False)
class Example:
    """A picture and what it is there for."""

    picture: Picture
    caption: str


def example_pictures(solution: Medical, words: Locale) -> Sequence[Example]:
    """Return a clear finding, a clear none, a case that is referred, and two pictures of another kind.

    A model that was trained on other data has no examples here: the phantom would be refused by it.
    """
    if solution.bundle.record.data["name"] != "phantom":
        return ()
    slices = list(chain.from_iterable(phantom_patients(range(PATIENTS, PATIENTS + _LOOKED_AT))))
    pictures = [Picture(each.pixels, f"SIMULATED-{at:02d}.png") for at, each in enumerate(slices, start=1)]
    answers = solution.predict([MedicalRequest(picture) for picture in pictures])
    wanted: dict[str, Callable[[MedicalResponse, str], bool]] = {
        "medical.example_finding": lambda answer, kind: not answer.referrals and bool(kind and answer.positive),
        "medical.example_none": lambda answer, kind: not answer.referrals and not (kind or answer.positive),
        "medical.example_referred": lambda answer, _: answer.abstained and not answer.refused,
    }
    found = []
    for key, fits in wanted.items():
        first = next((at for at, answer in enumerate(answers) if fits(answer, slices[at].kind)), None)
        if first is not None:
            found.append(Example(pictures[first], words(key)))
    return [
        *found,
        Example(Picture(_sunset(), "holiday.png"), words("medical.example_photo")),
        Example(Picture(np.full((96, 96), 12, dtype=np.uint8), "blank.png"), words("medical.example_blank")),
    ]


def _sunset() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Draw a sun over the sea: no scan, whoever looks at it."""
    down, across = np.mgrid[:96, :96] / 96
    sky = np.stack([230 - 60 * down, 150 - 90 * down, 90 + 90 * down], axis=2)
    sea = np.stack([30 + 20 * down, 70 + 10 * down, 120 + 10 * np.sin(60 * down)], axis=2)
    picture = np.where((down > 0.6)[..., None], sea, sky)
    picture[np.hypot(down - 0.5, across - 0.5) < 0.12] = (255, 225, 120)
    return picture.astype(np.uint8)
