"""The hybrid: models that score items, and a ranker that joins them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from foundation.progress import Listener, silent
from foundation.threads import beside
from foundation.training.method import Count
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.events import Events
from solutions.recommendation.models.content import ContentRidge, item_features
from solutions.recommendation.models.ease import Ease
from solutions.recommendation.models.factors import Factors
from solutions.recommendation.models.neighbours import ItemNeighbours, Succession
from solutions.recommendation.models.popularity import Popularity
from solutions.recommendation.models.scorer import Scorer, Tensors, deviations
from solutions.recommendation.models.sequence import SequenceModel
from solutions.recommendation.models.text import TextMatch
from solutions.recommendation.ranker import Candidates, ItemFacts, Ranker, gather

__all__ = ["FEW_LIKES", "Hybrid", "HybridSettings", "Rehearsal", "user_blocks"]

# Users are scored so many at a time: a block holds a score for each of its users, items and models.
_BLOCK_SCORES = 8_000_000
_MODELS = 8
#: What a new user is asked to like.
FEW_LIKES = 3
# A ranker learns little more from more users, and takes longer.
_RANKER_USERS = 5_000


@dataclass(frozen=True)
class HybridSettings:
    """What can be chosen about the models.

    Attributes
    ----------
    regularisation : float
        Of EASE; without any its matrix cannot be inverted.
    epochs : int
        Of the sequence model; 0 leaves it out.
    trees : int
        Of the ranker.
    """

    regularisation: Annotated[float, Field(gt=0, lt=inf)] = 300.0
    epochs: Annotated[int, Field(ge=0)] = 20
    trees: Count = 200


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Events that were hidden, and candidates of models that did not see them.

    Attributes
    ----------
    usual : Candidates
        Of users with all that is known of them.
    labels : ndarray of bool, shape (n,)
        Whether a usual candidate is among the hidden events.
    few : Candidates
        Of the same users, as if nothing but their latest likes were known.
    hidden : Events
    """

    usual: Candidates
    labels: NDArray[np.bool_]
    few: Candidates
    hidden: Events


class Hybrid:
    """Candidates of several models, ranked by trees that were trained on events which the models did not see.

    Parameters
    ----------
    catalogue : Catalogue
    vectors : ndarray of float32, shape (items, d)
        Centred vectors of the items' texts.
    settings : HybridSettings
    seed : int
    """

    def __init__(
        self, catalogue: Catalogue, vectors: NDArray[np.float32], settings: HybridSettings, seed: int = 0
    ) -> None:
        self.catalogue = catalogue
        self.vectors = vectors
        self.settings = settings
        self.seed = seed
        self.ranker = Ranker(seed, settings.trees)
        self.content: ContentRidge | None = None

    def fit(self, events: Events, folds: Sequence[NDArray[np.bool_]], listener: Listener = silent) -> Rehearsal:
        """Fit the models, and beside them the ranker; return what that learnt from.

        Parameters
        ----------
        events : Events
        folds : sequence of ndarray of bool, shape (n,)
            What is hidden from the models that the ranker learns from.
        listener : Listener
            Hears of the ranker, which takes longer.
        """
        with beside(lambda told: self.fit_models(events, told)) as models:
            rehearsal = self._fit_ranker(events, folds, listener)
            models.result()
        return rehearsal

    def fit_models(self, events: Events, listener: Listener = silent) -> Self:
        """Fit the models of candidates."""
        return self.know(events, {model.name: model.fit(events) for model in self.untrained(events, listener)})

    def know(self, events: Events, models: Mapping[str, Scorer]) -> Self:
        """Take models that were fitted to the events, and what else follows from these without training."""
        self.facts = ItemFacts.of(events)
        self.models = dict(models)
        ease = self.models.get("ease")
        if isinstance(ease, Ease):
            self.content = ContentRidge(item_features(self.catalogue, self.vectors), ease).fit(events)
        return self

    def with_items(self, catalogue: Catalogue, vectors: NDArray[np.float32], events: Events) -> "Hybrid":
        """Return it over a catalogue that has more items at its end, which the models know by their texts alone.

        Parameters
        ----------
        catalogue : Catalogue
        vectors : ndarray of float32, shape (items, d)
            Centred as those of before were.
        events : Events
            All that is known of users, ``item_count`` that of the catalogue.
        """
        larger = Hybrid(catalogue, vectors, self.settings, self.seed)
        larger.ranker = self.ranker
        return larger.restore(events, {name: model.tensors() for name, model in self.models.items()})

    def restore(self, events: Events, learnt: Mapping[str, Tensors]) -> Self:
        """Take models that learnt this from events (``Scorer.tensors``)."""
        models = {model.name: model for model in self.untrained(events)}
        return self.know(events, {name: models[name].restore(tensors) for name, tensors in learnt.items()})

    def untrained(self, events: Events, listener: Listener = silent) -> Iterator[Scorer]:
        """Yield the models that suit the events: without times there is no order, without ratings no strength."""
        settings = self.settings
        yield TextMatch(self.vectors)
        if not len(events):
            return
        yield Ease(settings.regularisation)
        if np.ptp(events.weights) > 0:
            yield Ease(settings.regularisation / 2, weighted=True)
        yield ItemNeighbours()
        yield Factors(seed=self.seed)
        yield Popularity()
        if events.timed:
            yield Succession()
            if settings.epochs:
                yield SequenceModel(self.vectors, epochs=settings.epochs, seed=self.seed, listener=listener)

    def _fit_ranker(self, events: Events, folds: Sequence[NDArray[np.bool_]], listener: Listener = silent) -> Rehearsal:
        """Fit the ranker and return what it learnt from, and what a figure for new users can be taken from.

        For each fold the models are fitted anew on the other events; they hide the fold, so that a feature of a
        candidate knows nothing of its label.
        """
        parts, labels = [], []
        for number, fold in enumerate(folds):
            seen, hidden = events.take(np.flatnonzero(~fold)), events.take(np.flatnonzero(fold))
            inner = Hybrid(self.catalogue, self.vectors, self.settings, self.seed).fit_models(seen, listener)
            asked = _some_users(seen, self.seed)
            parts.append(_joined(list(inner.candidates(asked))))
            labels.append(np.asarray(hidden.matrix()[parts[-1].users, parts[-1].items]).ravel() > 0)
            if number == 0:
                few = _joined(list(inner.candidates(asked.latest(FEW_LIKES))))
            listener(number + 1, len(folds), "hiding events")
        self.ranker.fit(parts, labels)
        return Rehearsal(parts[0], labels[0], few, events.take(np.flatnonzero(folds[0])))

    def model_scores(self, histories: Events) -> Mapping[str, NDArray[np.float32]]:
        """Return each model's scores, shape (users, items)."""
        return {name: model.scores(histories) for name, model in self.models.items()}

    def text_scores(self, histories: Events) -> NDArray[np.float64]:
        """Return scores of all items by what they say of themselves, in standard deviations, shape (users, items).

        Of items that nobody has had yet these are all that is known. Where nobody had anything yet, likeness decides.
        """
        return deviations((self.content or self.models[TextMatch.name]).scores(histories))

    def candidates(self, histories: Events) -> Iterator[Candidates]:
        """Yield candidates of users with a history, block by block; their numbers are those of ``histories``."""
        for users, block in user_blocks(histories):
            found = gather(self.model_scores(block), block, self.facts, self.catalogue)
            yield replace(found, users=users[found.users])

    def rank(self, histories: Events) -> Iterator[tuple[Candidates, NDArray[np.float64]]]:
        """Yield candidates and the ranker's scores of them."""
        for found in self.candidates(histories):
            yield found, self.ranker.scores(found)


def user_blocks(histories: Events) -> Iterator[tuple[NDArray[np.int64], Events]]:
    """Yield users and their events, in blocks whose scores fit into the memory; users are numbered anew in each."""
    users, starts = np.unique(histories.users, return_index=True)
    size = max(1, _BLOCK_SCORES // (_MODELS * max(1, histories.item_count)))
    for first in range(0, len(users), size):
        chosen = users[first : first + size]
        end = starts[first + size] if first + size < len(starts) else len(histories)
        part = histories.take(np.arange(starts[first], end))
        yield (
            chosen,
            replace(
                part,
                users=np.searchsorted(chosen, part.users),
                user_ids=tuple(histories.user_ids[user] for user in chosen),
            ),
        )


def _some_users(events: Events, seed: int) -> Events:
    """Return the events of as many users as a ranker needs to learn from, drawn at random; users keep their numbers."""
    users = np.unique(events.users)
    if len(users) <= _RANKER_USERS:
        return events
    drawn = np.random.default_rng(seed).choice(users, _RANKER_USERS, replace=False)
    return events.take(np.flatnonzero(np.isin(events.users, drawn)))


def _joined(parts: list[Candidates]) -> Candidates:
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("users", "items", "features")}
    return Candidates(**joined, names=parts[0].names)
