from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from foundation.threads import beside
from solutions.recommendation.events import Events, no_events
from solutions.recommendation.models.ease import Ease
from solutions.recommendation.models.factors import Factors
from solutions.recommendation.models.neighbours import ItemNeighbours, Succession
from solutions.recommendation.models.popularity import Popularity
from solutions.recommendation.models.scorer import Scorer
from solutions.recommendation.models.sequence import SequenceModel
from solutions.recommendation.models.text import TextMatch, centred
from solutions.recommendation.reasons import because
from tests.solutions.recommendation.conftest import make_events, plain_catalogue

Make = Callable[[np.ndarray], Scorer]
MODELS: dict[str, Make] = {
    "ease": lambda vectors: Ease(10.0),
    "ease_weighted": lambda vectors: Ease(10.0, weighted=True),
    "item_knn": lambda vectors: ItemNeighbours(),
    "factors": lambda vectors: Factors(8),
    "succession": lambda vectors: Succession(),
    "popularity": lambda vectors: Popularity(),
    "text": TextMatch,
    "sequence": lambda vectors: SequenceModel(vectors, width=16, epochs=2),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_scores_as_before(name: str, tastes: Events, vectors: np.ndarray) -> None:
    model = MODELS[name](vectors).fit(tastes)
    again = MODELS[name](vectors).restore(model.tensors())
    np.testing.assert_allclose(again.scores(tastes), model.scores(tastes), rtol=1e-5)
    assert model.name == name


@pytest.mark.parametrize("name", MODELS)
def test_a_user_of_whom_nothing_is_known_has_finite_scores(name: str, tastes: Events, vectors: np.ndarray) -> None:
    nobody = replace(no_events(tastes.item_count), user_ids=("new",))
    scores = MODELS[name](vectors).fit(tastes).scores(nobody)
    assert scores.shape == (1, tastes.item_count)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", MODELS)
def test_items_that_came_later_are_scored(name: str, tastes: Events, vectors: np.ndarray) -> None:
    model = MODELS[name](vectors).fit(tastes)
    if name in ("text", "sequence"):
        model.vectors = np.concatenate([vectors, vectors[:2]])  # type: ignore[attr-defined]
    scores = model.scores(replace(tastes, item_count=42))
    assert scores.shape == (len(tastes.user_ids), 42)
    if name == "text":
        np.testing.assert_allclose(scores[:, 40], scores[:, 0], rtol=1e-5)
    elif name != "sequence":
        assert not scores[:, 40:].any()


@pytest.mark.parametrize("name", ["ease", "item_knn", "factors", "succession", "text", "sequence"])
def test_tastes_are_told_apart(name: str, tastes: Events, vectors: np.ndarray) -> None:
    epochs = {"sequence": lambda: SequenceModel(vectors, width=16, epochs=15)}
    model = epochs.get(name, lambda: MODELS[name](vectors))().fit(tastes)
    scores = model.scores(tastes)
    even, odd = scores[::2], scores[1::2]
    assert even[:, ::2].mean() > even[:, 1::2].mean()
    assert odd[:, 1::2].mean() > odd[:, ::2].mean()


def test_ease_is_the_least_squares_solution() -> None:
    generator = np.random.default_rng(0)
    rows = [(user, item, 1e9) for user in range(30) for item in range(6) if generator.random() < 0.4]
    events = make_events(rows, 30, 6)
    model, x = Ease(2.0).fit(events), events.matrix().toarray()
    for item in range(6):
        others = [other for other in range(6) if other != item]
        # without the item itself, ridge regression of its column on the others gives the same weights
        gram = x[:, others].T @ x[:, others] + 2.0 * np.eye(5)
        np.testing.assert_allclose(
            model.weights[others, item], np.linalg.solve(gram, x[:, others].T @ x[:, item]), atol=1e-4
        )


def test_ease_of_the_commonest_items_alone(tastes: Events) -> None:
    model = Ease(10.0, most_items=10).fit(tastes)
    scores = model.scores(tastes)
    common = np.argsort(-np.bincount(tastes.items), kind="stable")[:10]
    assert set(np.flatnonzero(scores.any(axis=0))) <= set(common.tolist())


def test_a_point_of_a_user_is_that_of_the_library(tastes: Events) -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    model = Factors(4, penalty=0.5).fit(tastes)
    with threadpool_limits(1, "blas"):
        library = AlternatingLeastSquares(4, model.regularisation, alpha=model.confidence)
    library.item_factors = model.items
    points = library.recalculate_user(np.arange(len(tastes.user_ids)), tastes.matrix())
    np.testing.assert_allclose(model.scores(tastes), points @ model.items.T, atol=1e-4)
    assert np.ptp(model.scores(tastes)) > 0.1


def test_the_penalty_counts_only_who_and_what_had_events(tastes: Events) -> None:
    wider = replace(tastes, user_ids=(*tastes.user_ids, "nobody"), item_count=tastes.item_count + 9)
    assert Factors(4).fit(wider).regularisation == Factors(4).fit(tastes).regularisation


def test_without_a_cause_the_score_falls_by_what_was_said(tastes: Events) -> None:
    model, catalogue = Ease(10.0).fit(tastes), plain_catalogue(40)
    history = tastes.of_user(0)
    alone = replace(history, users=np.zeros(len(history), np.int64), user_ids=("x",))
    before = model.scores(alone)[0]
    target = int(np.argmax(np.where(alone.matrix().toarray()[0] > 0, -np.inf, before)))
    causes = because(model, history.items, target, catalogue)
    speaking = np.maximum(model.contributions(history.items, target), 0).sum()
    assert causes
    for cause in causes:
        kept = np.array([catalogue.ids[item] != cause.item for item in history.items])
        after = model.scores(alone.take(kept))[0]
        assert before[target] - after[target] == pytest.approx(cause.share * speaking, rel=1e-4)


def test_popularity_does_not_look_ahead() -> None:
    week = 7 * 86_400
    events = make_events([(0, 0, 1e9), (1, 1, 1e9 + 10 * week), (2, 1, 1e9 + 10 * week)], 3, 2)
    early = Popularity().fit(events).scores(events)[0]
    assert early[0] == 1
    assert early[1] == 0


def test_succession_prefers_what_came_after(tastes: Events, vectors: np.ndarray) -> None:
    chain = make_events([(user, item, 1e9 + 60 * item) for user in range(9) for item in range(5)], 9, 5)
    model = Succession().fit(chain)
    asked = make_events([(0, 2, 1e9)], 1, 5)
    assert model.scores(asked)[0].argmax() == 3
    assert model.similarity[2, 1] == 0


def test_the_sequence_model_overfits_a_chain() -> None:
    generator = np.random.default_rng(0)
    vectors = centred(generator.normal(size=(8, 12)).astype(np.float32), np.zeros(12, np.float32))
    chain = make_events([(user, item, 1e9 + 60 * item) for user in range(16) for item in range(8)], 16, 8)
    model = SequenceModel(vectors, width=32, epochs=150).fit(chain)
    for item in range(7):
        asked = make_events([(0, past, 1e9 + 60 * past) for past in range(item + 1)], 1, 8)
        assert model.scores(asked)[0].argmax() == item + 1


def test_with_drawn_items_the_sequence_model_still_learns(
    monkeypatch: pytest.MonkeyPatch, tastes: Events, vectors: np.ndarray
) -> None:
    monkeypatch.setattr("solutions.recommendation.models.sequence._MOST_IN_LOSS", 20)
    scores = SequenceModel(vectors, width=16, epochs=10).fit(tastes).scores(tastes)
    assert scores[::2, ::2].mean() > scores[::2, 1::2].mean()


@pytest.mark.parametrize("name", ["factors", "sequence"])
def test_the_same_seed_gives_the_same_model(name: str, tastes: Events, vectors: np.ndarray) -> None:
    first, again = (MODELS[name](vectors).fit(tastes).scores(tastes) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", ["factors", "sequence"])
def test_models_that_learn_side_by_side_are_what_each_is_alone(name: str, tastes: Events, vectors: np.ndarray) -> None:
    part = tastes.take(np.arange(len(tastes) // 2))
    alone = [MODELS[name](vectors).fit(events).scores(tastes) for events in (tastes, part)]
    with beside(lambda _: MODELS[name](vectors).fit(tastes)) as whole:
        half = MODELS[name](vectors).fit(part)
    for model, scores in zip((whole.result(), half), alone, strict=True):
        np.testing.assert_array_equal(model.scores(tastes), scores)
