import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from foundation.trust.calibration import Calibration, answer_threshold, fit_calibration, fit_temperature


def draw(generator: np.random.Generator, rows: int, temperature: float, classes: int = 3) -> tuple[np.ndarray, ...]:
    """Logits that are ``temperature`` times too sure of themselves, and targets drawn from the true probabilities."""
    true = generator.normal(scale=2.0, size=(rows, classes))
    targets = np.array([generator.choice(classes, p=row) for row in softmax(true, axis=1)])
    return true * temperature, targets


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_temperature_undoes_overconfidence(temperature: float, classes: int) -> None:
    logits, targets = draw(np.random.default_rng(0), 4000, temperature, classes)
    assert fit_temperature(logits, targets) == pytest.approx(temperature, rel=0.1)


def test_temperature_is_scikit_learns() -> None:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    logits, targets = draw(np.random.default_rng(3), 500, 2.0)
    model = LogisticRegression().fit(logits, targets)
    fitted = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(logits, targets)
    expected = 1.0 / fitted.calibrated_classifiers_[0].calibrators[0].beta_
    assert fit_temperature(model.decision_function(logits), targets) == pytest.approx(expected, rel=1e-3)


def test_probabilities_sum_to_one_and_keep_the_winner() -> None:
    logits = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 5.0]])
    probabilities = Calibration(2.0, 0.5, 0.2, 10, 1.0).probabilities(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    # e^1 / (e^1 + e^0.5 + 1)
    assert probabilities[0, 0] == pytest.approx(np.e / (np.e + np.exp(0.5) + 1))
    assert probabilities.argmax(axis=1).tolist() == [0, 2]


def test_nothing_can_be_vouched_for_where_all_is_wrong() -> None:
    assert answer_threshold(np.linspace(0.5, 0.9, 200), np.zeros(200, dtype=bool)) == 1.01


def test_few_examples_prove_nothing() -> None:
    # 3 of 3 right: the bound for no error at delta 0.1 / 2 is 1 - 0.05 ** (1 / 3) = 0.63
    assert answer_threshold(np.array([0.9, 0.8, 0.7]), np.ones(3, dtype=bool)) == 1.01


def test_equal_confidences_are_answered_together() -> None:
    # 100 examples at 0.9 of which the last 40 are wrong: either all are answered or none is
    correct = np.array([True] * 60 + [False] * 40)
    assert answer_threshold(np.full(100, 0.9), correct, risk=0.2) == 1.01
    assert answer_threshold(np.full(100, 0.9), correct, risk=0.6) == 0.9


@given(st.integers(0, 10_000), st.floats(0.05, 0.5))
def test_a_stricter_risk_never_answers_more(seed: int, risk: float) -> None:
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.4, 1.0, 300)
    correct = generator.uniform(size=300) < confidence
    strict, loose = (answer_threshold(confidence, correct, risk=r) for r in (risk / 2, risk))
    assert strict >= loose


def test_the_promised_risk_is_kept() -> None:
    """Over 400 draws the true risk exceeds 0.2 in at most the promised 10 % of them."""
    generator = np.random.default_rng(1)
    broken = 0
    population = generator.beta(5, 2, 200_000)
    population_correct = generator.uniform(size=len(population)) < population
    for _ in range(400):
        rows = generator.integers(len(population), size=400)
        threshold = answer_threshold(population[rows], population_correct[rows], risk=0.2, delta=0.1)
        answered = population >= threshold
        broken += answered.any() and (~population_correct[answered]).mean() > 0.2
    assert broken <= 40


def test_calibration_is_made_of_both() -> None:
    logits, targets = draw(np.random.default_rng(2), 1000, 2.0)
    calibration = fit_calibration(logits, targets)
    assert calibration.temperature == pytest.approx(2.0, rel=0.2)
    assert calibration.examples == 1000
    assert 0 < calibration.answered <= 1
