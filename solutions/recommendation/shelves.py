"""Makes shelves: gathers what is known of whoever asks, ranks, keeps the rules, and gives reasons."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from foundation.errors import UnknownNameError
from foundation.progress import Listener, silent
from foundation.text.encoder import TextEncoder, load_encoder
from solutions.recommendation.bundle import RecommenderBundle
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.confidence import Confidence, shelf_mass
from solutions.recommendation.events import Events, joined_events, no_events
from solutions.recommendation.models.ease import Ease
from solutions.recommendation.models.scorer import deviations
from solutions.recommendation.models.text import centred
from solutions.recommendation.ranker import ItemFacts
from solutions.recommendation.reasons import because, shared_tags
from solutions.recommendation.recommender import Hybrid, HybridSettings
from solutions.recommendation.schema import Ground, RecommendationRequest, RecommendationResponse, Recommended
from solutions.recommendation.shelf import allowed, boosts, drawn, varied
from solutions.recommendation.wishes import WishReader, clauses, item_vectors

__all__ = ["Shelves"]

# From the items that are shown to the chance that one of them is taken.
_Sure = Callable[[NDArray[np.int64]], float]

# Beside a history a wish speaks louder: it is about now. Of a new user's wish, being well known decides near ties only.
_WISH_WEIGHT = 2.0
_KNOWN_WEIGHT = 0.1
# The confidence where texts alone decide: logistic regression of whether an item fits a wish on the mean deviation of
# the first ten, fitted on the dev wishes of the card wayside and twenty texts that are no wishes
# (``python -m tests.benchmarks.wishes`` gives both). Below one half it is not known what is meant.
_FIT_SLOPE, _FIT_OFFSET = 1.15, -4.09
_LEAST_FIT = 0.5
# On these alone it is not known what anybody wants.
_NOBODY = (Ground.NOTHING,), (Ground.UNWANTED,)
# A tag is a reason where it stands out by so many deviations among all tags; among a handful of tags none can.
_TAG_STANDS_OUT = 2.0
_FEWEST_TAGS = 10


class Shelves:
    """Answers requests.

    Parameters
    ----------
    hybrid : Hybrid
    vectors : ndarray of float32, shape (items, d)
        Of the items' texts, not centred.
    histories : Events
    confidence : Confidence
    model : str
        Id of the bundle.
    backbone : str
        What reads wishes.
    """

    def __init__(
        self,
        hybrid: Hybrid,
        vectors: NDArray[np.float32],
        histories: Events,
        confidence: Confidence,
        model: str,
        backbone: str,
    ) -> None:
        self.hybrid = hybrid
        self.vectors = vectors
        self.histories = histories
        self.confidence = confidence
        self.model = model
        self.backbone = backbone

    @classmethod
    def of(cls, bundle: RecommenderBundle) -> Self:
        """Answer with what a bundle holds; what it was not trained on, users have had all the same."""
        record = bundle.record
        made = cls(bundle.hybrid, bundle.vectors, bundle.histories, bundle.confidence, record.id, record.backbone)
        if len(bundle.later):
            made.update(bundle.later)
        return made

    @classmethod
    def of_catalogue(cls, catalogue: Catalogue, backbone: str, listener: Listener = silent) -> Self:
        """Answer from texts alone: of these items nobody has had any yet."""
        vectors = item_vectors(catalogue, load_encoder(backbone, listener), listener)
        nothing = no_events(len(catalogue))
        hybrid = Hybrid(catalogue, centred(vectors, vectors.mean(axis=0)), HybridSettings()).fit_models(nothing)
        return cls(hybrid, vectors, nothing, Confidence(0.0, 0.0, 0.0), backbone, backbone)

    def update(self, fresh: Events) -> None:
        """Fold new behaviour in: it counts from the next request on, and nothing is trained.

        The models score histories and know no user, so a longer history, or a new user, is all that they need. What
        goes with what is learnt anew by the next training. Requests may be answered meanwhile; of updates one at a time
        (``Recommendation.update``).
        """
        if not fresh.timed:  # it has just happened, after all that is known
            fresh = replace(fresh, times=np.full(len(fresh), self.hybrid.facts.latest))
        self.histories = joined_events(self.histories, fresh)
        self.hybrid.facts = ItemFacts.of(self.histories)
        self.__dict__.pop("well_known", None)

    @property
    def catalogue(self) -> Catalogue:
        """What can be recommended."""
        return self.hybrid.catalogue

    @property
    def encoder(self) -> TextEncoder:
        """Reads wishes."""
        return load_encoder(self.backbone)

    @cached_property
    def wishes(self) -> WishReader:
        """Scores items for a wish."""
        return WishReader(self.catalogue, self.vectors, self.encoder)

    @property
    def events(self) -> NDArray[np.int64]:
        """How often each item was had, shape (items,)."""
        return self.hybrid.facts.events

    def history(self, request: RecommendationRequest) -> Events:
        """Return what is known of whoever asks, as the events of one user: what they had, then what they like.

        Raises
        ------
        UnknownNameError
            An item that they like is not in the catalogue.
        """
        past = self.past(request.user)
        liked = [self._number(item) for item in request.liked]
        fresh = [item for item in dict.fromkeys(liked) if item not in set(past.items.tolist())]
        now = np.full(len(fresh), self.hybrid.facts.latest)
        return replace(
            past,
            users=np.zeros(len(past) + len(fresh), np.int64),
            items=np.concatenate([past.items, np.array(fresh, np.int64)]),
            times=np.concatenate([past.times, now]),
            weights=np.concatenate([past.weights, np.ones(len(fresh), np.float32)]),
            user_ids=(request.user,),
            item_count=len(self.catalogue),
        )

    def past(self, user: str) -> Events:
        """Return what a user had; nothing of one who is not known."""
        known = self.histories  # looked up once: an update may exchange it meanwhile, and number its users anew
        number = bisect_left(known.user_ids, user)
        return known.of_user(number if known.user_ids[number : number + 1] == (user,) else -1)

    def shelf(self, request: RecommendationRequest) -> RecommendationResponse:
        """Answer one request."""
        history = self.history(request)
        grounds = _grounds(request, past=len(self.past(request.user)) > 0)
        relevance, sure_of = self._relevance(request, history)
        relevance = relevance + boosts(self.catalogue, request.rules)
        kept = allowed(self.catalogue, request.rules)
        if request.only_new:
            kept &= self.events == 0
        if not request.rules.again:
            kept[history.items] = False
        open_items = np.flatnonzero(kept)
        standing, sure = relevance[open_items], request.limit - request.chance
        vectors, known = self.hybrid.vectors[open_items], self.well_known[open_items]
        chosen = varied(standing, vectors, known, request.dials, sure)
        pool, extra = drawn(standing, chosen, request.chance, np.random.default_rng())
        asked = self._wanted_tags(request)
        shown = open_items[np.concatenate([chosen, extra])]
        confidence = sure_of(shown)
        items = tuple(self._recommended(int(item), float(relevance[item]), history, asked) for item in shown)
        chances = dict.fromkeys(self._ids(open_items[chosen]), 1.0)
        chances |= dict.fromkeys(self._ids(open_items[pool]), len(extra) / max(1, len(pool)))
        unsure = grounds in _NOBODY or (grounds == (Ground.WISH,) and confidence < _LEAST_FIT)
        return RecommendationResponse(items, confidence, unsure, grounds, self.model, chances)

    def _relevance(self, request: RecommendationRequest, history: Events) -> tuple[NDArray[np.float64], _Sure]:
        """Return how far each item stands above the others for this request, and what tells how sure a shelf is."""
        popularity = deviations(np.log1p(self.events.astype(np.float64)))
        said = clauses(request.wish)
        wish = self.wishes.scores(request.wish) if said else None
        if len(history):
            relevance, sure_of = self._by_history(history, only_text=request.only_new)
            return (relevance if wish is None else relevance + _WISH_WEIGHT * wish), sure_of
        if wish is None:
            return popularity, lambda _: self.confidence.popular
        sure = text_confidence(wish) if any(clause.wanted for clause in said) else self.confidence.popular
        return wish + _KNOWN_WEIGHT * popularity, lambda _: sure

    def _by_history(self, history: Events, *, only_text: bool) -> tuple[NDArray[np.float64], _Sure]:
        by_text = self.hybrid.text_scores(history)[0]
        if only_text or not self.events.any():
            return by_text, lambda _: text_confidence(by_text)
        ((found, scores),) = self.hybrid.rank(history)
        if not len(scores):  # whoever had everything
            return by_text, lambda _: 0.0
        standing = deviations(scores)
        # what is no candidate stands below all that are, the better the nearer its text
        relevance = standing.min() - 1 + (by_text - by_text.max()) / (np.ptp(by_text) or 1.0)
        relevance[found.items] = standing
        return relevance, lambda shown: float(self.confidence.of(shelf_mass(found, scores, shown))[0])

    @cached_property
    def well_known(self) -> NDArray[np.float64]:
        """Return the share of items that are no better known, shape (items,)."""
        return np.searchsorted(np.sort(self.events), self.events) / len(self.events)

    @cached_property
    def _tag_vectors(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        tags = tuple(dict.fromkeys(tag for tags in self.catalogue.tags for tag in tags))
        languages = self.catalogue.languages
        named = [", ".join(self.catalogue.tag_name(tag, language) for language in languages) for tag in tags]
        return tags, self.encoder.encode(named, passages=True)

    def _wanted_tags(self, request: RecommendationRequest) -> tuple[str, ...]:
        """Return the tags that stand out for what the wish wants."""
        wanted = [clause.text for clause in clauses(request.wish) if clause.wanted]
        tags, vectors = self._tag_vectors if wanted else ((), np.empty((0, 0), np.float32))
        if len(tags) < _FEWEST_TAGS:
            return ()
        highest = deviations(self.encoder.encode(wanted) @ vectors.T).max(axis=0)
        return tuple(tag for tag, high in zip(tags, highest, strict=True) if high >= _TAG_STANDS_OUT)

    def _recommended(self, item: int, standing: float, history: Events, asked: Sequence[str]) -> Recommended:
        linear = self.hybrid.models.get("ease")
        causes = because(linear, history.items, item, self.catalogue) if isinstance(linear, Ease) else ()
        tags = shared_tags(self.catalogue, item, history.items.tolist(), asked)
        title = self.catalogue.title(item)
        return Recommended(self.catalogue.ids[item], title, standing, causes, tags, bool(self.events[item] == 0))

    def _ids(self, items: NDArray[np.int64]) -> list[str]:
        return [self.catalogue.ids[item] for item in items]

    def _number(self, item: str) -> int:
        if item not in self.catalogue.number_of:
            raise UnknownNameError("item", item, self.catalogue.ids)
        return self.catalogue.number_of[item]


def text_confidence(deviations: NDArray[np.float64]) -> float:
    """Return the chance that one of the best ten fits, from how far they stand out among all items."""
    best = np.sort(deviations)[-10:].mean()
    return float(1 / (1 + np.exp(-(_FIT_SLOPE * best + _FIT_OFFSET))))


def _grounds(request: RecommendationRequest, *, past: bool) -> tuple[Ground, ...]:
    wanted = [clause.wanted for clause in clauses(request.wish)]
    there = {
        Ground.HISTORY: past,
        Ground.LIKES: bool(request.liked),
        Ground.WISH: any(wanted),
        Ground.UNWANTED: bool(wanted) and not any(wanted),
    }
    return tuple(ground for ground, used in there.items() if used) or (Ground.NOTHING,)
