import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.finance.surge.baseline import DAY, WEEK, History, fit_baseline
from solutions.finance.surge.simulation import Scenario, simulate


def filled(items: np.ndarray, negative: np.ndarray, weeks: int = 8) -> History:
    history = History(items.shape[1], weeks)
    for hour, (some, bad) in enumerate(zip(items, negative, strict=True)):
        history.append(hour, some, bad)
    return history


def constant(hours: int, items: int, negative: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full((hours, 1), items), np.full((hours, 1), negative)


def test_what_is_always_the_same_is_what_is_usual():
    baseline = fit_baseline(filled(*constant(6 * WEEK, 4, 1)), lag=0)
    assert baseline.items == pytest.approx(4.0, rel=0.02)
    assert baseline.share == pytest.approx(0.25, rel=0.02)
    assert baseline.days == 42


def test_weekends_and_nights_are_usual_too():
    hours = np.arange(8 * WEEK)
    night = hours % DAY < 8
    weekend = (hours // DAY + 3) % 7 >= 5  # Unix time began on a Thursday
    items = np.where(night, 0, np.where(weekend, 3, 9))[:, None]
    expected = fit_baseline(filled(items, items // 3), lag=0).items[:, 0]
    assert expected[:8].max() < 0.5  # Thursday night
    assert expected[12] == pytest.approx(9, rel=0.1)  # Thursday noon
    assert expected[2 * DAY + 12] == pytest.approx(3, rel=0.2)  # Saturday noon


@pytest.mark.parametrize("pack", [1.0, 1.5, 2.0])
def test_items_that_come_together_are_told_by_the_hours_of_a_day(pack):
    """Of geometric packs of mean m the variance is 2 m - 1 times the mean; the excess over 1 is taken a quarter up."""
    stream = simulate(Scenario(share=0.3, items_a_day=(60.0,) * 4, pack=pack), seed=3, weeks=8)
    baseline = fit_baseline(filled(stream.items, stream.negative), lag=0)
    for estimate in (baseline.volume_pack, baseline.share_pack):
        assert estimate == pytest.approx(1 + 1.25 * (2 * pack - 2), rel=0.15)


def test_a_surge_that_nobody_reported_hardly_moves_the_usual():
    items, negative = constant(8 * WEEK, 4, 1)
    before = fit_baseline(filled(items, negative), lag=0)
    negative[-3 * DAY :] = 4
    after = fit_baseline(filled(items, negative), lag=0)
    plain = negative.sum() / items.sum()
    assert plain - 0.25 > 0.035
    assert after.share.mean() - before.share.mean() < 0.025


def test_marked_hours_and_the_last_week_are_not_learned():
    items, negative = constant(8 * WEEK, 4, 1)
    negative[-WEEK - DAY :] = 4
    history = filled(items, negative)
    assert fit_baseline(history, lag=WEEK).share.mean() > 0.25
    history.mark(0, 7 * WEEK - DAY)
    assert fit_baseline(history, lag=WEEK).share.mean() == pytest.approx(0.25, rel=0.01)


def test_variation_beyond_sampling_is_estimated():
    scenario = Scenario(share=0.3, items_a_day=(60.0,) * 6, correlation=0.03, variation=0.4)
    stream = simulate(scenario, seed=0, weeks=8)
    baseline = fit_baseline(filled(stream.items, stream.negative), lag=0)
    # with the caution of a quarter more, and what is not known of the level
    assert np.median(1 / (1 + baseline.share_strength)) == pytest.approx(1.25 * 0.03, rel=0.35)
    assert np.median(1 / baseline.volume_shape) == pytest.approx(1.25 * 0.4**2, rel=0.35)


def test_history_is_a_ring_and_refuses_gaps():
    history = filled(*constant(3 * WEEK, 1, 0), weeks=2)
    assert history.hours()[[0, -1]].tolist() == [WEEK, 3 * WEEK - 1]
    assert history.window(0, 2 * WEEK, 2 * WEEK + 5) == (5, 0)
    with pytest.raises(ValueError, match="got hour 9, expected 504"):
        history.append(9, np.array([1]), np.array([0]))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_the_usual_is_always_a_possible_one(seed, series):
    generator = np.random.default_rng(seed)
    items = generator.poisson(generator.exponential(3, series), (3 * WEEK, series))
    negative = generator.binomial(items, generator.random(series))
    baseline = fit_baseline(filled(items, negative), lag=0)
    assert (baseline.items > 0).all()
    assert ((baseline.share > 0) & (baseline.share < 1)).all()
    assert (baseline.share_strength > 0).all()
    assert (baseline.volume_shape > 0).all()
