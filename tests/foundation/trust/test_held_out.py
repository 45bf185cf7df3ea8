import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.trust.held_out import HeldOut, at_prevalence, share_interval
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


@given(st.floats(0.01, 0.99), st.integers(0, 1000))
def test_predictive_values_are_what_one_counts_where_findings_are_so_common(prevalence: float, seed: int) -> None:
    held = drawn(np.random.default_rng(seed), 400)
    point = held.operating_point(0, 0.9)
    seen, spared = point.sensitivity[0], point.specificity[0]
    # of a million pictures
    sick, well = 1e6 * prevalence, 1e6 * (1 - prevalence)
    positive, negative = point.predictive_values(prevalence)
    assert positive[0] == pytest.approx(seen * sick / (seen * sick + (1 - spared) * well))
    assert negative[0] == pytest.approx(spared * well / (spared * well + (1 - seen) * sick))
    for value, low, high in (positive, negative):
        assert 0 <= low <= value <= high <= 1
    rarer, _ = point.predictive_values(prevalence / 2)
    assert rarer[0] <= positive[0]


def test_of_pictures_where_findings_are_rarer_the_probabilities_are_right_again() -> None:
    generator = np.random.default_rng(3)
    here = 0.1
    sick = generator.random(200_000) < here
    score = generator.normal(np.where(sick, 1.0, -1.0), 1.0)
    # of as many sick as healthy, Bayes' rule with these two normal densities gives this
    as_learned = 1 / (1 + np.exp(-2 * score))
    told = np.array([at_prevalence(float(chance), 0.5, here) for chance in as_learned])
    for low, high in ((0.05, 0.15), (0.4, 0.6), (0.8, 0.9)):
        among = (told >= low) & (told < high)
        assert sick[among].mean() == pytest.approx(told[among].mean(), abs=0.02)
        assert abs(sick[among].mean() - as_learned[among].mean()) > 0.05


def test_of_a_network_that_takes_findings_to_be_common_the_chance_is_right_all_the_same() -> None:
    """It learned from balanced classes: what it says stands for as many sick as healthy, of whom one in ten is sick."""
    generator = np.random.default_rng(4)

    def pictures(count: int, prevalence: float) -> tuple[np.ndarray, np.ndarray]:
        sick = generator.random(count) < prevalence
        said = 1 / (1 + np.exp(-2 * generator.normal(np.where(sick, 1.0, -1.0), 1.0)))
        return said, sick

    said, sick = pictures(4_000, 0.1)
    held = HeldOut(np.stack([1 - said, said], axis=1), sick.astype(np.int64))
    there, truth = pictures(4_000, 0.5)
    told = np.array([held.finding_at(0, float(chance), 0.5) for chance in there[:600]])
    for low, high in ((0.2, 0.5), (0.5, 0.8)):
        among = (told >= low) & (told < high)
        assert truth[:600][among].mean() == pytest.approx(told[among].mean(), abs=0.12)
    assert np.mean([at_prevalence(float(chance), 0.1, 0.5) for chance in there]) > truth.mean() + 0.2
    assert told.mean() == pytest.approx(truth[:600].mean(), abs=0.05)


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
