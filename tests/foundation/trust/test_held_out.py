import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.trust.held_out import HeldOut, share_interval
from foundation.trust.label_noise import suspicious_labels


def drawn(generator: np.random.Generator, count: int, classes: int = 3) -> HeldOut:
    """Probabilities that are right more often than not."""
    targets = generator.integers(classes, size=count)
    scores = generator.normal(size=(count, classes))
    scores[np.arange(count), targets] += 1.5
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return HeldOut(chances, targets)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_hold_the_right_class_as_often_as_they_promise(coverage: float) -> None:
    """For each class, over draws of both halves: coverage is at least what was asked, and not far more."""
    generator = np.random.default_rng(0)
    hits = np.zeros((100, 3))
    for draw in range(len(hits)):
        least = drawn(generator, 300).least_in_set(coverage)
        new = drawn(generator, 600)
        right = new.probabilities[np.arange(600), new.targets] >= least[new.targets]
        hits[draw] = [right[new.targets == label].mean() for label in range(3)]
    assert (hits.mean(axis=0) >= coverage - 0.01).all()
    assert (hits.mean(axis=0) <= coverage + 0.02).all()


def test_a_class_with_too_few_examples_is_always_in_the_set() -> None:
    held = HeldOut(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]))
    assert held.least_in_set(0.9).tolist() == [0.0, 0.0]


def test_the_operating_point_is_the_highest_that_keeps_the_sensitivity() -> None:
    chances = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
    held = HeldOut(np.stack([1 - chances, chances], axis=1), np.array([0] * 3 + [1] * 2 + [0] + [1] * 4))
    # the six sick score 0.4 0.5 0.7 0.8 0.9 0.95: to see five of six, the threshold is 0.5
    point = held.operating_point(0, 5 / 6)
    assert point.threshold == 0.5
    assert point.sensitivity[0] == pytest.approx(5 / 6)
    assert point.specificity[0] == pytest.approx(3 / 4)


@given(st.floats(0.5, 0.99), st.integers(0, 1000))
def test_sensitivity_is_kept_and_nothing_higher_would(sensitivity: float, seed: int) -> None:
    held = drawn(np.random.default_rng(seed), 80)
    point = held.operating_point(0, sensitivity)
    assert point.sensitivity[0] >= sensitivity - 1e-9  # shares of a whole number of examples
    higher = np.nextafter(point.threshold, 1)
    assert held.at(0, higher).sensitivity[0] < sensitivity or held.at(0, higher).sensitivity == point.sensitivity


def test_risk_and_coverage_end_at_the_error() -> None:
    held = drawn(np.random.default_rng(1), 200)
    coverage, risk = held.risk_coverage
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx((held.probabilities.argmax(axis=1) != held.targets).mean())
    assert risk[: len(risk) // 4].mean() < risk[-1]


def test_exact_intervals_hold_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    inside = 0
    for hits in generator.binomial(40, 0.9, size=400):
        _, low, high = share_interval(int(hits), 40)
        inside += low <= 0.9 <= high
    assert inside / 400 >= 0.95
    assert share_interval(0, 0) == (0.0, 0.0, 1.0)


def test_wrong_labels_come_first() -> None:
    generator = np.random.default_rng(2)
    held = drawn(generator, 400)
    flipped = generator.choice(400, 20, replace=False)
    targets = held.targets.copy()
    targets[flipped] = (targets[flipped] + 1) % 3
    found = suspicious_labels(held.probabilities, targets)
    assert len(set(found[:20]) & set(flipped)) >= 8  # by chance it would be one
