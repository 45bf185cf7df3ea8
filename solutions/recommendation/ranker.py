"""Joins what the models say of a candidate with what is known of the item and of the user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.events import Events
from solutions.recommendation.models.factors import Factors

if TYPE_CHECKING:
    import lightgbm

__all__ = ["Candidates", "ItemFacts", "Ranker", "gather"]

# Of each model so many of its best items are candidates; what none of them ranks high is not shown anyway.
_BEST_OF_EACH = 100
_DAY = 86_400.0
# With fewer held-out events among the candidates than this, trees learn noise, and a plain blend answers.
_LEAST_LABELS = 1_000
# Factors say much of what EASE says: in a plain mean, taste would have one more vote against order.
_NOT_IN_MEAN = f"{Factors.name}_standing"


@dataclass(frozen=True, eq=False)
class Candidates:
    """Items that might be shown, user by user.

    Attributes
    ----------
    users, items : ndarray of int64, shape (n,)
        Ordered by user.
    features : ndarray of float32, shape (n, len(names))
    names : tuple of str
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    features: NDArray[np.float32]
    names: tuple[str, ...]

    def column(self, name: str) -> NDArray[np.float32]:
        """Return one feature, shape (n,)."""
        return self.features[:, self.names.index(name)]

    def take(self, rows: NDArray[Any]) -> "Candidates":
        """Return some of the candidates."""
        return Candidates(self.users[rows], self.items[rows], self.features[rows], self.names)


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """What training events say of each item, whoever asks.

    Attributes
    ----------
    events : ndarray, shape (items,)
        How many there were.
    interest : ndarray, shape (items,), 0 to 1
        Their mean weight.
    first : ndarray of float64, shape (items,)
        The earliest time; the latest of all where there was none.
    latest : float
        The latest time of all.
    """

    events: NDArray[np.int64]
    interest: NDArray[np.float64]
    first: NDArray[np.float64]
    latest: float

    @classmethod
    def of(cls, known: Events) -> "ItemFacts":
        """Count."""
        items = known.item_count
        latest = float(known.times.max(initial=0.0))
        count = np.bincount(known.items, minlength=items)
        first = np.full(items, np.inf)
        np.minimum.at(first, known.items, known.times)
        interest = np.bincount(known.items, known.weights, minlength=items) / np.maximum(count, 1)
        return cls(count, interest, np.where(count > 0, first, latest), latest)


def gather(
    scores: Mapping[str, NDArray[np.float32]], histories: Events, facts: ItemFacts, catalogue: Catalogue
) -> Candidates:
    """Choose candidates and describe them.

    Parameters
    ----------
    scores : mapping of model to ndarray, shape (users, items)
    histories : Events
        What the users had; it is no candidate.
    facts : ItemFacts
    catalogue : Catalogue
    """
    had = histories.matrix().toarray() > 0
    chosen = np.zeros_like(had)
    for score in scores.values():
        open_scores = torch.from_numpy(np.where(had, -np.inf, score))
        best = open_scores.topk(min(_BEST_OF_EACH, score.shape[1]), sorted=False).indices
        np.put_along_axis(chosen, best.numpy(), True, axis=1)
    users, items = np.nonzero(chosen & ~had)
    said = {name: score[users, items] for name, score in scores.items()}
    columns: dict[str, NDArray[Any]] = said | _standing(said, users) | _known(users, items, histories, facts)
    for name, values in catalogue.numbers.items():
        # a client calls their columns as they like, as one of ours too
        columns[f"number {name}"] = values[items]
        columns[f"number {name} away"] = np.abs(values[items] - _mean_of_history(values, histories)[users])
    features = np.stack([np.asarray(column, np.float32) for column in columns.values()], axis=1)
    return Candidates(users, items, features, tuple(columns))


def _standing(columns: Mapping[str, NDArray[np.float32]], users: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return how far a model's score stands above the user's mean candidate, in standard deviations."""
    count = np.maximum(np.bincount(users), 1)
    standing = {}
    for name, values in columns.items():
        mean = np.bincount(users, values) / count
        spread = np.sqrt(np.maximum(np.bincount(users, values**2) / count - mean**2, 1e-12))
        standing[f"{name}_standing"] = (values - mean[users]) / spread[users]
    return standing


def _known(
    users: NDArray[np.int64], items: NDArray[np.int64], histories: Events, facts: ItemFacts
) -> dict[str, NDArray[Any]]:
    length = np.bincount(histories.users, minlength=len(histories.user_ids))
    now = np.minimum(histories.last_times(), facts.latest)
    return {
        "events": np.log1p(facts.events[items]),
        "interest": facts.interest[items],
        "age_days": (now[users] - facts.first[items]) / _DAY,
        "history": np.log1p(length)[users],
    }


def _mean_of_history(values: NDArray[np.float64], histories: Events) -> NDArray[np.float64]:
    size = len(histories.user_ids)
    there = ~np.isnan(values[histories.items])
    users = histories.users[there]
    total = np.bincount(users, values[histories.items[there]], minlength=size)
    count = np.bincount(users, minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class Ranker:
    """LambdaMART over candidates; on small data the mean standing among the models of candidates.

    Parameters
    ----------
    seed : int
    trees : int

    References
    ----------
    Burges (2010), "From RankNet to LambdaRank to LambdaMART", MSR-TR-2010-82; Ke et al. (2017), "LightGBM", NIPS.
    """

    def __init__(self, seed: int = 0, trees: int = 200) -> None:
        self.seed = seed
        self.trees = trees
        self.booster: lightgbm.Booster | None = None

    def fit(self, parts: Sequence[Candidates], labels: Sequence[NDArray[np.bool_]]) -> Self:
        """Learn from candidates whose models did not see the labels.

        Parameters
        ----------
        parts : sequence of Candidates
        labels : sequence of ndarray of bool, shape (n,)
            Whether the user had the item among the hidden events.
        """
        import lightgbm

        kept = [_with_a_label(part, label) for part, label in zip(parts, labels, strict=True)]
        features = np.concatenate([part.features[rows] for part, rows in zip(parts, kept, strict=True)])
        wanted = np.concatenate([label[rows] for label, rows in zip(labels, kept, strict=True)])
        if wanted.sum() < _LEAST_LABELS:
            return self
        sizes = np.concatenate(
            [np.unique(part.users[rows], return_counts=True)[1] for part, rows in zip(parts, kept, strict=True)]
        )
        data = lightgbm.Dataset(features, wanted.astype(np.int8), group=sizes)
        self.booster = lightgbm.train(self._settings(), data, num_boost_round=self.trees)
        return self

    def restore(self, text: str) -> Self:
        """Take the trees as LightGBM wrote them."""
        import lightgbm

        self.booster = lightgbm.Booster(model_str=text)
        return self

    def _settings(self) -> dict[str, object]:
        return {
            "objective": "lambdarank",
            "learning_rate": 0.05,
            "num_leaves": 7,
            "min_data_in_leaf": 200,
            "lambda_l2": 5.0,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "seed": self.seed,
            "deterministic": True,
            "verbosity": -1,
        }

    def scores(self, candidates: Candidates) -> NDArray[np.float64]:
        """Return a score a candidate, shape (n,)."""
        if self.booster is None:
            standing = [name for name in candidates.names if name.endswith("_standing") and name != _NOT_IN_MEAN]
            return np.asarray(np.mean([candidates.column(name) for name in standing], axis=0))
        # a second thread of LightGBM's stays awake and keeps those of the linear algebra waiting: of single answers at
        # 5,000 items the slowest in twenty took 19 ms with it and 8 ms without
        return np.asarray(self.booster.predict(candidates.features, num_threads=1))


def _with_a_label(part: Candidates, label: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of users who have a label: of the others nothing can be learnt."""
    has = np.zeros(part.users.max(initial=0) + 1, dtype=bool)
    has[part.users[label]] = True
    return np.flatnonzero(has[part.users])
