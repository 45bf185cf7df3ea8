"""The recommendation solution: histories, likes and wishes in, a shelf with reasons out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any, ClassVar, Self

from foundation.data.tables import ColumnKind
from foundation.errors import InputError
from foundation.progress import Listener, silent
from solutions.base import Solution, SolutionSpec, TaskSpec, Words
from solutions.recommendation.schema import RecommendationRequest, RecommendationResponse

if TYPE_CHECKING:
    import pandas as pd

    from foundation.bundle import BundleRecord, Savable
    from foundation.data.cards import Names
    from foundation.data.labelled import LabelledTable
    from foundation.evaluation.report import Report
    from foundation.recipes.recipe import Recipe, Trained
    from solutions.client_data import ClientData, ClientFile
    from solutions.contest import Contest
    from solutions.recommendation.bundle import RecommenderBundle
    from solutions.recommendation.catalogue import Catalogue
    from solutions.recommendation.events import EventFaults
    from solutions.recommendation.shelves import Shelves
    from solutions.recommendation.tables import EventTable

__all__ = ["Recommendation"]

_TOP_N, _WISH = "top-n", "wish"
_MANY = "|"


class Recommendation(Solution[RecommendationRequest, RecommendationResponse]):
    """Items for users: known ones, new ones who like something, and new ones who say what they want.

    Parameters
    ----------
    bundle : RecommenderBundle

    Examples
    --------
    >>> shop = Recommendation.load()  # doctest: +SKIP
    >>> shop.predict([RecommendationRequest(liked=("50", "181"))])[0].items[0].title  # doctest: +SKIP
    'Empire Strikes Back, The'
    """

    spec: ClassVar = SolutionSpec(
        name="recommendation",
        title=Words(en="Recommendation", zh="推荐"),
        summary=Words(
            en="Reads what items are about, learns from what people do, and says truthfully why it recommends.",
            zh="读懂内容，从行为中学习，并如实说明推荐理由；新用户、新内容即来即用。",
        ),
        tasks=(
            TaskSpec(_TOP_N, Words(en="What is next", zh="接下来看什么"), "ml100k", "hybrid", reads="events"),
            TaskSpec(_WISH, Words(en="Wishes in words", zh="一句话找片"), "wayside", None),
        ),
    )
    request_columns: ClassVar = {"user": ColumnKind.STRING, "liked": ColumnKind.STRING, "wish": ColumnKind.STRING}
    any_column = True

    def __init__(self, bundle: "RecommenderBundle") -> None:
        self.bundle = bundle
        self._changing = Lock()

    @classmethod
    def load(cls, bundles: Mapping[str, Path] | None = None, listener: Listener = silent) -> Self:
        """Load the bundle."""
        from foundation.incumbents import incumbent
        from solutions.recommendation.bundle import RecommenderBundle

        folder = (bundles or {}).get(_TOP_N) or incumbent(cls.spec.name, _TOP_N)
        return cls(RecommenderBundle.load(folder))

    @classmethod
    def prepare(cls, tasks: Collection[str] | None = None, listener: Listener = silent) -> None:
        """Train what has no model yet, and read the catalogue that wishes are tried on."""
        super().prepare(tasks, listener)
        if any(task.name == _WISH and (tasks is None or _WISH in tasks) for task in cls.spec.tasks):
            from foundation.data.cards import find_card
            from foundation.text.backbone import DEFAULT_BACKBONE
            from foundation.text.encoder import load_encoder
            from solutions.recommendation.tables import load_catalogue
            from solutions.recommendation.wishes import item_vectors

            catalogue = load_catalogue(find_card(cls.spec.task(_WISH).default_dataset))
            item_vectors(catalogue, load_encoder(DEFAULT_BACKBONE, listener), listener)

    def records(self) -> Mapping[str, "BundleRecord"]:
        """Return what the loaded model says of itself."""
        return {_TOP_N: self.bundle.record}

    @property
    def catalogue(self) -> "Catalogue":
        """What can be recommended."""
        return self.shelves.catalogue

    @cached_property
    def shelves(self) -> "Shelves":
        """Makes shelves of what the models say."""
        from solutions.recommendation.shelves import Shelves

        return Shelves.of(self.bundle)

    def update(self, events: "pd.DataFrame") -> "EventFaults":
        """Fold in what users have just done, without training.

        Parameters
        ----------
        events : DataFrame
            Columns ``user`` and ``item``; ``time``, ``kind`` and ``value`` where there are such.

        Returns
        -------
        EventFaults
            What was left out, and why.

        Raises
        ------
        InputError
            A column is missing, or no row can be used.
        """
        from solutions.recommendation.events import collect_events

        with self._changing:
            fresh = collect_events([self._stamped(events)], self.catalogue.ids)
            self.shelves.update(fresh)
        return fresh.faults

    def _stamped(self, events: "pd.DataFrame") -> "pd.DataFrame":
        """Give events without times the order in which they stand, after all that is known."""
        latest = min(self.shelves.hybrid.facts.latest, time())
        if "time" in events.columns or not latest:
            return events
        return events.assign(time=[latest + (row + 1) / 1000 for row in range(len(events))])

    def add_items(self, items: "pd.DataFrame", listener: Listener = silent) -> int:
        """Take items that have just come into the catalogue, without training, and return how many.

        Parameters
        ----------
        items : DataFrame
            Columns ``item``; ``title``, ``text``, ``tags`` and the numbers of the catalogue where there are such.
        listener : Listener

        Raises
        ------
        InputError
            A column is missing, or an item is in the catalogue already.
        """
        from solutions.recommendation.events import no_events
        from solutions.recommendation.shelves import Shelves
        from solutions.recommendation.tables import own_catalogue

        arrivals = own_catalogue(items, {}, "the table of items", self.catalogue.numbers)
        with self._changing:
            known = replace(self.bundle, histories=self.shelves.histories, later=no_events(len(self.catalogue)))
            self.bundle = known.with_items(arrivals, listener)
            self.shelves = Shelves.of(self.bundle)  # whoever is being answered keeps the shelves of before
        return len(arrivals)

    @classmethod
    def request(cls, row: Mapping[str, str]) -> RecommendationRequest:
        """Read a row: ``user`` an id, ``liked`` ids held apart by ``|``, ``wish`` a text; one of them at least."""
        user, liked, wish = (str(row.get(name, "")).strip() for name in cls.request_columns)
        if not (user or liked or wish):
            raise InputError("columns user, liked, wish: got nothing; expected a user, items they like, or a wish")
        return RecommendationRequest(user, tuple(item.strip() for item in liked.split(_MANY) if item.strip()), wish)

    @classmethod
    def row(cls, response: RecommendationResponse) -> dict[str, Any]:
        """Write the shelf as ids and titles, best first."""
        return {
            "items": _MANY.join(item.item for item in response.items),
            "titles": _MANY.join(item.title for item in response.items),
            "confidence": round(response.confidence, 4),
            "abstained": response.abstained,
            "grounds": _MANY.join(response.reasons),
            "model": response.model,
        }

    def _predict(self, requests: Sequence[RecommendationRequest]) -> list[RecommendationResponse]:
        return [self.shelves.shelf(request) for request in requests]

    @classmethod
    def card_table(cls, name: str, task: str, data_root: Path | None = None) -> "LabelledTable":
        """Load a data set; MovieLens is fetched from the package index where it is not on this machine."""
        if task == _TOP_N:
            from solutions.recommendation.tables import load_card_events

            return load_card_events(name, task, data_root)
        return super().card_table(name, task, data_root)

    @classmethod
    def own_table(
        cls, path: Path, task: str, mapping: Mapping[str, str], encoding: str = "utf-8", items: Path | None = None
    ) -> "LabelledTable":
        """Load a client's events and items."""
        if task == _TOP_N:
            from solutions.recommendation.tables import load_own_events

            return load_own_events(path, task, mapping, items, encoding=encoding)
        return super().own_table(path, task, mapping, encoding, items)

    @classmethod
    def client_data(cls, given: "ClientFile", known: "Mapping[str, Names]") -> "ClientData":
        """Read a client's events and items."""
        if given.task != _TOP_N:
            return super().client_data(given, known)
        from solutions.recommendation.client import read_client_events

        return read_client_events(given)

    @classmethod
    def contest(cls, former: Path, candidate: "Savable", table: "LabelledTable") -> "Contest":
        """Let two recommenders rank all items for the same users."""
        from solutions.recommendation.client import event_contest

        return event_contest(former, candidate, _events(table))

    @classmethod
    def _train(cls, table: "LabelledTable", recipe: "Recipe", listener: Listener) -> "Trained":
        from solutions.recommendation.training import train_recommender

        return train_recommender(_events(table), recipe, cls.spec.name, listener)

    @classmethod
    def evaluate(cls, table: "LabelledTable", bundle: Path | None = None, listener: Listener = silent) -> "Report":
        """Evaluate a bundle; wishes need none, since nothing is trained to read them."""
        if table.task != _WISH:
            return super().evaluate(table, bundle, listener)
        from solutions.recommendation.wish_report import evaluate_wishes

        return evaluate_wishes(table, cls.spec.name, listener)

    @classmethod
    def feedback(cls, task: str) -> "pd.DataFrame":
        """Return what people said on the page that they would take, as events."""
        if task != _TOP_N:
            return super().feedback(task)
        from foundation.settings import settings
        from solutions.recommendation.feedback import FILE, FeedbackStore

        taken = FeedbackStore.at(settings().said_in(FILE)).taken()
        if taken.empty:
            raise InputError(f"nobody has taken anything on the page of {cls.spec.name} yet; leave --from-feedback out")
        return taken

    @classmethod
    def evaluate_feedback(cls, task: str, bundle: Path | None = None) -> "Report":
        """Estimate how many items a shelf of a model would be taken, from shelves that people judged on the page."""
        if task != _TOP_N:
            return super().evaluate_feedback(task, bundle)
        from solutions.recommendation.feedback import evaluate_feedback

        return evaluate_feedback(cls.load({_TOP_N: bundle} if bundle else None).shelves, cls.spec.name, task)

    @classmethod
    def _evaluate(cls, bundle: Path, table: "LabelledTable", listener: Listener) -> "Report":
        from solutions.recommendation.evaluation import evaluate_recommender

        return evaluate_recommender(bundle, _events(table), listener)


def _events(table: "LabelledTable") -> "EventTable":
    from solutions.recommendation.tables import EventTable

    if not isinstance(table, EventTable):
        raise InputError(f"{table.name} holds no events; name a set of events, or a file with --data")
    return table
