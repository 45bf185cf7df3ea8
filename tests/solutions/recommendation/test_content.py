from dataclasses import replace

import numpy as np
import pytest

from solutions.recommendation.events import Events
from solutions.recommendation.models.content import ContentRidge, _hats, item_features
from solutions.recommendation.models.ease import Ease
from solutions.recommendation.models.scorer import deviations
from solutions.recommendation.recommender import Hybrid, HybridSettings
from tests.solutions.recommendation.conftest import make_events, plain_catalogue


@pytest.fixture
def features(vectors: np.ndarray) -> np.ndarray:
    return item_features(plain_catalogue(40), vectors)


def test_an_item_with_a_past_is_scored_as_if_it_had_none(tastes: Events, features: np.ndarray) -> None:
    """The closed form of leaving one out against ridge regression, done without each item in turn."""
    ease = Ease(10.0).fit(tastes)
    model = ContentRidge(features, ease).fit(tastes)
    scores, wanted = model.scores(tastes), ease.scores(tastes)
    for item in (0, 7, 39):
        others = np.delete(model.past, np.flatnonzero(model.past == item))
        known = features[others].astype(np.float64)
        weights = np.linalg.solve(known.T @ known + 30.0 * np.eye(known.shape[1]), known.T @ wanted[:, others].T)
        np.testing.assert_allclose(scores[:, item], features[item] @ weights, atol=1e-4)


def test_a_new_item_is_judged_as_those_like_it(tastes: Events, features: np.ndarray) -> None:
    new = [10, 11]  # one of each taste, hidden with all events
    seen = tastes.take(np.flatnonzero(~np.isin(tastes.items, new)))
    scores = ContentRidge(features, Ease(10.0).fit(seen)).fit(seen).scores(seen)
    even, odd = scores[::2], scores[1::2]
    assert (even[:, 10] > even[:, 11]).all()
    assert (odd[:, 11] > odd[:, 10]).all()


def test_what_one_had_moves_nothing_of_others(tastes: Events, features: np.ndarray) -> None:
    model = ContentRidge(features, Ease(10.0).fit(tastes)).fit(tastes)
    asked = make_events([(0, 3, 1e9), (1, 4, 1e9), (2, 3, 1e9), (2, 5, 1e9)], 3, 40)
    together = model.scores(asked)
    for user in range(3):
        own = asked.take(np.flatnonzero(asked.users == user))
        alone = replace(own, users=np.zeros(len(own), np.int64), user_ids=("x",))
        np.testing.assert_allclose(model.scores(alone)[0], together[user], atol=1e-5)


def test_where_a_number_lies_by_hand() -> None:
    """Eight numbers are their own quantiles; an empty cell is nowhere."""
    rows = _hats(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 10.0, np.nan]))
    np.testing.assert_allclose(rows, np.eye(9, 8), atol=1e-9)
    assert _hats(np.array([3.0, 3.0, np.nan])).ravel().tolist() == [1.0, 1.0, 0.0]


def test_without_tags_and_numbers_texts_are_enough(vectors: np.ndarray) -> None:
    bare = replace(plain_catalogue(40), tags=((),) * 40, numbers={"price": np.full(40, np.nan)})
    assert item_features(bare, vectors).shape == (40, 9)


def test_before_anybody_had_anything_likeness_decides(tastes: Events, vectors: np.ndarray) -> None:
    nothing = tastes.take(np.arange(0))
    hybrid = Hybrid(plain_catalogue(40), vectors, HybridSettings(epochs=0)).fit_models(nothing)
    asked = make_events([(0, 2, 1e9)], 1, 40)
    np.testing.assert_allclose(hybrid.text_scores(asked), deviations(hybrid.models["text"].scores(asked)))
    assert hybrid.text_scores(asked)[0, ::2].mean() > hybrid.text_scores(asked)[0, 1::2].mean()
