"""Reprints and rewrites are folded into stories: forty copies are one event with forty mentions.

Whether an item tells a story is judged by three things that a reader would look at: whether they mean alike, whether
they share a rare word (most often a name), and whether their numbers contradict. A story keeps the sum of its members'
vectors and the words that they used, so memory is bounded by the stories that are being told.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from math import exp, log

import numpy as np
from numpy.typing import NDArray

__all__ = ["WINDOW", "Candidate", "Placed", "Stories", "Telling"]

#: Hours without a mention after which a story is over.
WINDOW = 72
# Log-odds that an item tells a story, from ``Candidate.evidence``: `python -m tests.benchmarks.folding --fit`.
_INTERCEPT, _WEIGHTS = -41.1, (17.1, 33.8, -3.0)
_LEAST = 0.3
# Stories that an item is compared with word by word: those of the nearest meaning.
_NEAREST = 12
# Stories that are imagined beside those that are known, so that the first ones share rare words too.
_UNTOLD = 1000
# Hours after which a story that is told again is half as old.
_HALF_LIFE = 24.0

_RUNS = re.compile(r"[^\W\d_㐀-鿿]+|\d+(?:[.,]\d+)*|[㐀-鿿]+")
_STEM = 6  # letters by which forms of one word are told from other words


def _words(text: str) -> frozenset[str]:
    """Return stems, numbers, and Chinese characters two by two."""
    words: set[str] = set()
    for run in _RUNS.findall(text.lower()):
        if "㐀" <= run[0] <= "鿿":
            words.update(run[at : at + 2] for at in range(max(1, len(run) - 1)))
        else:
            words.add(run if run[0].isdigit() else run[:_STEM])
    return frozenset(words)


def _numbers(words: "set[str] | frozenset[str]") -> set[str]:
    return {word for word in words if word[0].isdigit()}


@dataclass(frozen=True)
class Telling:
    """What an item says, and when it became known.

    Attributes
    ----------
    key : str
    text : str
    vector : ndarray of float32, shape (dimensions,)
        Of unit length, centred: see ``Finance.vectors``.
    hour : int
    """

    key: str
    text: str
    vector: NDArray[np.float32]
    hour: int


@dataclass(frozen=True)
class Placed:
    """Where an item belongs.

    Attributes
    ----------
    story : str
        Key of the story's first item; that of the item itself where it begins one.
    novelty : float
        From 1, nothing like it was told, to 0, the same was told just now; what was told a day ago counts half.
    """

    story: str
    novelty: float


@dataclass(frozen=True)
class Candidate:
    """A story that an item may tell.

    Attributes
    ----------
    story : str
    age : int
        Hours since it was last told.
    evidence : tuple of float
        Average cosine with its members; rarity in [0, 1] of the rarest word that both use; 1 if both name numbers and
        none in common.
    """

    story: str
    age: int
    evidence: tuple[float, float, float]


@dataclass
class _Story:
    name: str
    words: set[str] = field(default_factory=set)


class Stories:
    """The stories that are being told.

    A word is rare that few of them use: Spärck Jones (1972), "A statistical interpretation of term specificity".

    Parameters
    ----------
    dimensions : int
        Of the vectors.
    most : int
        Stories that are kept; the one that was told longest ago makes room.

    Examples
    --------
    >>> stories = Stories(2)
    >>> here, there = np.eye(2, dtype=np.float32)
    >>> first = stories.place(Telling("a", "Harlund cuts 240 jobs", here, hour=0))
    >>> other = stories.place(Telling("b", "Rain in the north", there, hour=1))
    >>> stories.place(Telling("c", "Harlund is cutting 240 jobs", here, hour=2)).story
    'a'
    """

    def __init__(self, dimensions: int, most: int = 20_000) -> None:
        self._most = most
        self._known: list[_Story] = []
        self._place: dict[str, int] = {}
        self._telling: Counter[str] = Counter()  # in how many stories a word is used
        self._sums = np.zeros((256, dimensions), dtype=np.float32)
        self._members = np.zeros(256, dtype=np.float32)
        self._last = np.zeros(256, dtype=np.int64)  # the hour of the last mention

    def place(self, item: Telling) -> Placed:
        """Find the story that an item tells, or begin one."""
        story, likely, age = item.key, 0.0, 0
        for candidate in self.compare(item):
            odds = _INTERCEPT + float(np.dot(_WEIGHTS, candidate.evidence))
            probability = 1 / (1 + exp(-odds))
            if probability > likely:
                story, likely, age = candidate.story, probability, candidate.age
        placed = Placed(story if likely >= _LEAST else item.key, 1 - likely * 0.5 ** (age / _HALF_LIFE))
        self.add(item, placed.story)
        return placed

    def compare(self, item: Telling) -> list[Candidate]:
        """Return the stories nearest in meaning, and what speaks for each."""
        words = _words(item.text)
        numbers = _numbers(words)
        stories = len(self._known) + _UNTOLD
        rarity = {word: log(stories / (self._telling[word] + 1)) / log(stories) for word in words}
        candidates = []
        for at, cosine in self._nearest(item):
            told = self._known[at]
            rarest = max((rarity[word] for word in words & told.words), default=0.0)
            before = _numbers(told.words)
            contradict = bool(numbers and before and not numbers & before)
            age = max(0, item.hour - int(self._last[at]))
            candidates.append(Candidate(told.name, age, (cosine, rarest, float(contradict))))
        return candidates

    def add(self, item: Telling, story: str) -> None:
        """Count an item to its story, which begins with it if it is not known."""
        at = self._place.get(story)
        if at is None:
            at = self._begin(story, item.hour)
        self._sums[at] += item.vector
        self._members[at] += 1
        self._last[at] = max(self._last[at], item.hour)
        new = _words(item.text) - self._known[at].words
        self._known[at].words |= new
        self._telling.update(new)

    def _nearest(self, item: Telling) -> list[tuple[int, float]]:
        """Return the stories nearest in meaning, by average cosine with their members."""
        used = len(self._known)
        cosines = self._sums[:used] @ item.vector / self._members[:used]
        cosines[self._last[:used] < item.hour - WINDOW] = -1
        best = np.argsort(-cosines, kind="stable")[:_NEAREST]
        return [(int(at), float(cosines[at])) for at in best if cosines[at] > 0]

    def _begin(self, story: str, hour: int) -> int:
        """Return an empty place: that of a story that is over, or a new one, or that of the story told longest ago."""
        used = len(self._known)
        at = int(self._last[:used].argmin()) if used else 0
        if not used or (self._last[at] >= hour - WINDOW and used < self._most):
            at = used
            self._known.append(_Story(story))
            if at == len(self._sums):
                self._sums, self._members, self._last = (
                    np.concatenate([column, np.zeros_like(column)])
                    for column in (self._sums, self._members, self._last)
                )
        else:
            former = self._known[at]
            del self._place[former.name]
            for word in former.words:
                self._telling[word] -= 1
                if not self._telling[word]:
                    del self._telling[word]
            self._known[at] = _Story(story)
        self._place[story] = at
        self._sums[at], self._members[at], self._last[at] = 0, 0, hour
        return at
