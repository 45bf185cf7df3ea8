"""What people took of the shelves that they were shown, and what another model would have earned.

A shelf that leaves some places to chance tells more than one that does not: of each item it is known how likely it was
to be shown, so that a model which would have shown other items can be judged before anybody sees it.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import sqlalchemy as sql
from numpy.typing import NDArray

from foundation.errors import InputError
from foundation.evaluation.metrics import Interval, bootstrap
from foundation.evaluation.report import DatasetStamp, Report
from foundation.settings import settings
from foundation.store import Store, log_table, now
from foundation.trust.personal import mask_personal_data
from solutions.recommendation.schema import RecommendationRequest, RecommendationResponse
from solutions.recommendation.shelf import Dials, Rules

if TYPE_CHECKING:
    from solutions.recommendation.shelves import Shelves

__all__ = ["CLIP", "FILE", "FeedbackStore", "JudgedShelf", "OffPolicy", "evaluate_feedback", "off_policy"]

#: In ``COLONNADE_HOME``.
FILE = "recommendation.db"

#: A weight is cut here: more would let one lucky item decide (Ionides 2008, "Truncated importance sampling"). One place
#: that is drawn from forty items has just this weight.
CLIP = 40.0
METADATA = sql.MetaData()
shelves = log_table(
    "shelves",
    METADATA,
    sql.Column("model", sql.String(128), nullable=False),
    sql.Column("request", sql.Text, nullable=False),
    sql.Column("shown", sql.Text, nullable=False),
    sql.Column("chances", sql.Text, nullable=False),
    sql.Column("taken", sql.Text, nullable=False),
)


@dataclass(frozen=True)
class JudgedShelf:
    """A shelf that a person has judged.

    Attributes
    ----------
    request : RecommendationRequest
    shown : tuple of str
        Ids, in the order of the shelf.
    chances : mapping of id to float
        How likely each item was to be on this shelf; items that are not named had no chance.
    taken : tuple of str
        Those that the person would take; none is an answer too.
    user : str
        Who they are among the events that are learned from: a new user is one of their own.
    at : float
        When, in seconds since 1970.
    """

    request: RecommendationRequest
    shown: tuple[str, ...]
    chances: Mapping[str, float]
    taken: tuple[str, ...]
    user: str = ""
    at: float = 0.0


class FeedbackStore(Store):
    """Judged shelves.

    Examples
    --------
    >>> FeedbackStore("sqlite://").judged()
    []
    """

    metadata = METADATA

    def judge(self, request: RecommendationRequest, response: RecommendationResponse, taken: Sequence[str]) -> None:
        """Keep what a person would take of a shelf; the wish is masked, the user is an id of the client's own.

        Raises
        ------
        InputError
            Something is taken that was not on the shelf.
        """
        shown = [item.item for item in response.items]
        if strange := sorted(set(taken) - set(shown)):
            raise InputError(f"{strange[0]!r} was not on the shelf; choose among what is shown")
        asked = asdict(request) | {"wish": mask_personal_data(request.wish)}
        row = {
            "at": now(),
            "model": response.model,
            "request": json.dumps(asked, ensure_ascii=False),
            "shown": json.dumps(shown),
            "chances": json.dumps(response.chances),
            "taken": json.dumps(list(taken)),
        }
        with self.begin() as run:
            run.execute(sql.insert(shelves).values(row))

    def taken(self) -> pd.DataFrame:
        """Return what people would take as events: ``user``, ``item`` and ``time``; a new user is one of their own.

        What a new user liked before they were shown anything is among them, and comes a second earlier.
        """
        rows = []
        for judged in self.judged():
            liked = () if judged.request.user else judged.request.liked
            rows += [(judged.user, item, int(judged.at) - 1) for item in liked]
            rows += [(judged.user, item, int(judged.at)) for item in judged.taken]
        return pd.DataFrame(rows, columns=["user", "item", "time"])

    def judged(self) -> list[JudgedShelf]:
        """Return the shelves that were judged, oldest first."""
        with self.begin() as run:
            return [_read(row) for row in run.execute(sql.select(shelves).order_by(shelves.c.id))]


@dataclass(frozen=True)
class OffPolicy:
    """What a model would have earned on shelves that another one made.

    Attributes
    ----------
    value, logged : Interval
        Items taken a shelf: by inverse propensity with clipped weights, and as it was.
    reach : float, 0 to 1
        Share of the model's items that had a chance to be shown: the rest counts as not taken, which is a lower bound.
    clipped : float, 0 to 1
        Share of the items that count whose weight was cut.
    """

    value: Interval
    logged: Interval
    reach: float
    clipped: float


def off_policy(judged: Sequence[JudgedShelf], shelf_of: Callable[[RecommendationRequest], Sequence[str]]) -> OffPolicy:
    """Estimate how many items a shelf of another model would be taken.

    An item that was taken counts, where the model would show it, as often as it was unlikely to be shown. That is
    without bias if an item is taken for itself, wherever it stands and whatever stands beside it.

    Parameters
    ----------
    judged : sequence of JudgedShelf
    shelf_of : callable
        The model's own shelf for a request, as ids.

    Raises
    ------
    InputError
        Nobody has judged a shelf.

    References
    ----------
    Li et al. (2018), "Offline evaluation of ranking policies with click models", arXiv:1804.10488, section 4.3: the
    item-based estimator. Bottou et al. (2013), arXiv:1209.2355, section 4.4: clipping and what it leaves open.
    """
    if not judged:
        raise InputError("nobody has judged a shelf yet; the recommendation page asks for it below each shelf")
    earned, reached, weights = [], [], []
    for shelf in judged:
        own = list(shelf_of(shelf.request))
        counted = [1.0 / shelf.chances[item] for item in own if item in shelf.taken]
        weights += counted
        earned.append(sum(min(weight, CLIP) for weight in counted))
        reached.append(float(np.mean([item in shelf.chances for item in own])) if own else 1.0)
    # who judged several shelves is one proof; nobody knows whether two new users are the same
    units = [shelf.request.user or f"new {at}" for at, shelf in enumerate(judged)]
    taken = np.array([float(len(shelf.taken)) for shelf in judged])
    return OffPolicy(
        value=_mean(np.array(earned), units),
        logged=_mean(taken, units),
        reach=float(np.mean(reached)),
        clipped=float(np.mean(np.array(weights) > CLIP)) if weights else 0.0,
    )


def _mean(values: NDArray[np.float64], units: Sequence[str]) -> Interval:
    return bootstrap(lambda rows: float(values[rows].mean()), units, bounds=(0.0, np.inf))


def evaluate_feedback(shelves: "Shelves", solution: str, task: str) -> Report:
    """Report what the shelves of a model would earn, on everything that was judged on the page.

    What it has learned from is no proof of it: it knows what was taken, and shows it to nobody again. All shelves
    up to the last that it learned from are left out: of those, it learned nothing from the ones where nothing was
    taken, and they alone would be left to count.

    Raises
    ------
    InputError
        Nobody has judged a shelf, or none that the model did not learn from.
    """
    started = time.perf_counter()
    every = FeedbackStore.at(settings().said_in(FILE)).judged()
    learned = max((at for at, shelf in enumerate(every, start=1) if _known_to(shelves, shelf)), default=0)
    judged = every[learned:]
    if every and not judged:
        raise InputError(f"{shelves.model} learned from all {learned} shelves that were judged; wait for others")

    def shelf_of(request: RecommendationRequest) -> list[str]:
        # what a user likes may have left the catalogue since
        liked = tuple(item for item in request.liked if item in shelves.catalogue.number_of)
        return [item.item for item in shelves.shelf(replace(request, liked=liked, chance=0)).items]

    found = off_policy(judged, shelf_of)
    seconds = time.perf_counter() - started
    log = sha256("\n".join(map(repr, judged)).encode()).hexdigest()
    protocol = (
        f"inverse propensity, weights cut at {CLIP:.0f} (cut: {found.clipped:.0%}); {found.reach:.0%} of what the "
        "model shows had a chance to be shown, the rest counts as not taken"
    )
    if learned:
        protocol += f"; {learned} that it learned from are left out"
    return Report(
        solution=solution,
        task=task,
        dataset=DatasetStamp(FILE, "judged", log, len(judged), protocol, as_published=True),
        bundle=shelves.model,
        metrics={"taken_per_shelf": found.value},
        baselines={"as_shown": {"taken_per_shelf": found.logged.value}},
        per_class={},
        calibration={},
        leakage={},
        seconds=round(seconds, 2),
    )


def _known_to(shelves: "Shelves", judged: JudgedShelf) -> bool:
    """Tell whether all that was taken of a shelf is part of what a model knows of its person."""
    had = {shelves.catalogue.ids[item] for item in shelves.past(judged.user).items}
    return bool(judged.taken) and set(judged.taken) <= had


def _read(row: sql.Row[tuple[object, ...]]) -> JudgedShelf:
    asked = json.loads(row.request)
    rules: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in asked["rules"].items()
    }
    typed = {"liked": tuple(asked["liked"]), "dials": Dials(**asked["dials"]), "rules": Rules(**rules)}
    request = RecommendationRequest(**asked | typed)
    return JudgedShelf(
        request,
        shown=tuple(json.loads(row.shown)),
        chances=json.loads(row.chances),
        taken=tuple(json.loads(row.taken)),
        user=request.user or f"page-{row.id}",
        at=row.at.replace(tzinfo=UTC).timestamp(),
    )
