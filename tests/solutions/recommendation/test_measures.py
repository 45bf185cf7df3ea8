import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import InputError
from solutions.recommendation.confidence import Confidence, ShelfMass, fit_confidence
from solutions.recommendation.measures import Lists, list_measures, top_items, user_measures
from solutions.recommendation.shelf import Dials, Rules, allowed, varied
from tests.solutions.recommendation.conftest import make_events, plain_catalogue


def test_ties_go_to_the_lower_number_and_short_lists_are_filled_up() -> None:
    lists = top_items([(np.array([3, 3, 3]), np.array([7, 2, 5]), np.array([1.0, 1.0, 2.0]))])
    assert lists.users.tolist() == [3]
    assert lists.items.tolist() == [[5, 2, 7] + [-1] * 7]


def test_a_user_without_a_list_scores_nothing_and_one_without_truth_does_not_count() -> None:
    truth = make_events([(0, 1, 1e9), (2, 1, 1e9)], 3, 4)
    lists = Lists(np.array([1, 2]), np.array([[1] + [-1] * 9, [3, 1] + [-1] * 8]))
    measured = user_measures(lists, truth)
    assert measured["mrr"].tolist() == [0.0, 0.5]
    assert measured["ndcg_at_10"].tolist() == pytest.approx([0.0, 1 / np.log2(3)])


@given(st.integers(0, 10_000))
def test_measures_stay_between_0_and_1_and_a_perfect_list_reaches_1(seed: int) -> None:
    generator = np.random.default_rng(seed)
    true = generator.choice(30, int(generator.integers(1, 10)), replace=False)
    truth = make_events([(0, int(item), 1e9) for item in true], 1, 30)
    perfect = np.full((1, 10), -1)
    perfect[0, : len(true)] = true
    guess = generator.permutation(30)[None, :10]
    for name, values in user_measures(Lists(np.array([0]), guess), truth).items():
        assert 0 <= values[0] <= 1, name
    assert user_measures(Lists(np.array([0]), perfect), truth)["ndcg_at_10"][0] == pytest.approx(1)


def test_what_the_lists_are_like() -> None:
    known = make_events([(user, 0, 1e9) for user in range(4)] + [(0, 1, 1e9)], 4, 20)
    vectors = np.eye(20, dtype=np.float32)
    lists = Lists(np.array([0]), np.array([[0, 1] + [-1] * 8]))
    like = list_measures(lists, known, vectors)
    assert like["coverage"] == pytest.approx(2 / 20)
    # all four users had item 0, one of them item 1: (0 + 2) / 2 bits
    assert like["novelty"] == pytest.approx(1.0)
    assert like["popularity_share"] == pytest.approx(1.0)
    assert like["diversity"] == pytest.approx(1.0)


def test_the_confidence_of_a_shelf_is_calibrated() -> None:
    generator = np.random.default_rng(0)
    mass, history = generator.uniform(0.02, 0.9, 8000), generator.uniform(1, 5, 8000)
    chance = 1 / (1 + np.exp(-(0.8 * np.log(mass / (1 - mass)) - 0.5 * history + 1)))
    hit = generator.random(8000) < chance
    shelves = ShelfMass(np.arange(8000), mass, history)
    fitted = fit_confidence([shelves], hit, 0.1)
    np.testing.assert_allclose([fitted.slope, fitted.history_slope, fitted.offset], [0.8, -0.5, 1.0], atol=0.15)
    assert np.abs(fitted.of(shelves) - chance).max() < 0.05


def test_where_all_were_hit_the_share_answers() -> None:
    shelves = ShelfMass(np.arange(8), np.full(8, 0.5), np.ones(8))
    fitted = fit_confidence([shelves], np.ones(8, dtype=bool), 0.2)
    assert fitted == Confidence(0.0, 0.0, pytest.approx(np.log(9)), 0.2)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000))
def test_a_shelf_has_no_item_twice(variety: float, discovery: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(15, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = varied(generator.normal(size=15), vectors, generator.random(15), Dials(variety, discovery), 10)
    assert len(set(chosen.tolist())) == 10


def test_discovery_brings_up_what_is_less_known() -> None:
    relevance, vectors = np.array([1.0, 0.9, 0.0]), np.eye(3, dtype=np.float32)
    assert varied(relevance, vectors, np.array([1.0, 0.1, 0.5]), Dials(0, 0.5), 2).tolist() == [1, 0]


def test_rules() -> None:
    catalogue = plain_catalogue(10)
    kept = allowed(catalogue, Rules(exclude=("odd", "i4"), must=("EVEN", "n2")))
    assert np.flatnonzero(kept).tolist() == [2]


def test_a_rule_that_would_do_nothing_is_an_error() -> None:
    with pytest.raises(InputError, match="rule: got 'evne'; expected a tag \\(even, n0"):
        allowed(plain_catalogue(10), Rules(exclude=("evne",)))


def test_a_dial_has_ends() -> None:
    with pytest.raises(InputError, match=r"variety: got 1\.2; expected a number from 0 to 1"):
        Dials(variety=1.2)
