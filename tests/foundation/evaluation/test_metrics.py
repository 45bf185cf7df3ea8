import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

from foundation.evaluation.baselines import baseline_predictions
from foundation.evaluation.metrics import (
    Interval,
    auroc,
    bootstrap,
    chance_calibration_error,
    classification_metrics,
    expected_calibration_error,
    risk_coverage,
)
from foundation.evaluation.report import DatasetStamp, Report
from foundation.evaluation.screening import finding_auroc, threshold_metrics


def test_calibration_error_by_hand() -> None:
    # bin of 0.95: four examples, three right: gap 0.20; bin of 0.55: two examples, both right: gap 0.45
    confidence = np.array([0.95] * 4 + [0.55] * 2)
    correct = np.array([True, True, True, False, True, True])
    assert expected_calibration_error(confidence, correct) == pytest.approx((4 * 0.20 + 2 * 0.45) / 6)


def test_certainty_that_is_right_has_no_error() -> None:
    assert expected_calibration_error(np.ones(5), np.ones(5, dtype=bool)) == 0


def test_what_chance_gives_is_the_mean_deviation_of_a_share() -> None:
    """One confidence p of n rows: the mean of |share - p| is the square root of 2 p (1 - p) / (pi n)."""
    chance = chance_calibration_error(np.full(400, 0.9), draws=4000)
    assert chance.value == pytest.approx(np.sqrt(2 * 0.9 * 0.1 / (np.pi * 400)), rel=0.05)
    assert chance.low < chance.value < chance.high


def test_figures_agree_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(3, size=200)
    probabilities = generator.dirichlet(np.ones(3), size=200)
    predicted = probabilities.argmax(axis=1)
    metrics = classification_metrics(targets, probabilities)
    assert metrics["accuracy"].value == pytest.approx(accuracy_score(targets, predicted))
    assert metrics["balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(targets, predicted))
    assert metrics["macro_f1"].value == pytest.approx(f1_score(targets, predicted, average="macro"))
    assert all(interval.low <= interval.value <= interval.high for interval in metrics.values())


def test_every_resample_agrees_with_scikit_learn() -> None:
    """Classes that the rows do not hold are answered too, and resamples of so few leave classes out."""
    generator = np.random.default_rng(1)
    targets, answers, units = generator.integers([4, 6, 5], size=(12, 3)).T
    measured = classification_metrics(targets, np.eye(6)[answers], units=units.tolist())["macro_f1"]

    def macro_f1(some: np.ndarray) -> float:
        present = np.unique(targets[some])
        return f1_score(targets[some], answers[some], labels=present, average="macro", zero_division=0)

    expected = bootstrap(macro_f1, units.tolist())
    assert (measured.value, measured.low, measured.high) == pytest.approx((expected.value, expected.low, expected.high))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_the_area_under_the_curve_agrees_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    positive, scores = (np.array(column) for column in zip(*rows, strict=True))
    assume(0 < positive.sum() < len(positive))
    assert auroc(positive, scores) == pytest.approx(roc_auc_score(positive, scores))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 200 intervals about 95 % hold the true 0.7; fewer than 90 % would happen once in a thousand times."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        values = generator.uniform(size=150) < 0.7
        interval = bootstrap(lambda rows, values=values: values[rows].mean(), range(150), resamples=300)
        held += interval.low <= 0.7 <= interval.high
    assert held >= 180


def test_a_biased_figure_stays_inside_its_interval() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(10), size=900)
    targets = np.array([generator.choice(10, p=row) for row in probabilities])
    error = classification_metrics(targets, probabilities)["ece"]
    assert 0 <= error.low < error.value < error.high


def test_what_no_resample_moves_is_not_certain() -> None:
    """Ten right of ten: Clopper and Pearson's interval begins at 0.025 ** (1 / 10); so of ten patients of five rows."""
    right = np.zeros(10, dtype=np.int64), np.tile([0.9, 0.1], (10, 1))
    assert classification_metrics(*right)["accuracy"] == Interval(1.0, pytest.approx(0.025**0.1), 1.0)
    units = np.arange(50) // 5
    assert bootstrap(lambda rows: 0.0, units.tolist()) == Interval(0.0, 0.0, pytest.approx(1 - 0.025**0.1))


def test_resamples_on_which_a_figure_is_not_defined_are_left_out() -> None:
    """Of 40 rows three are positive: in one resample of twenty there is none."""
    positive = np.arange(40) < 3
    scores = np.linspace(1, 0, 40)
    scores[2], scores[20] = scores[20], scores[2]
    area = bootstrap(lambda rows: auroc(positive[rows], scores[rows]), range(40))
    assert 0 <= area.low < area.value < area.high <= 1


def test_a_figure_below_nought_is_inside_its_interval() -> None:
    values = np.random.default_rng(0).normal(size=60)
    other = -values + np.random.default_rng(1).normal(size=60)
    figure = bootstrap(lambda rows: float(np.corrcoef(values[rows], other[rows])[0, 1]), range(60), bounds=(-1, 1))
    assert -1 <= figure.low < figure.value < figure.high < 0


def test_macro_f1_of_rare_classes_stays_in_its_range() -> None:
    targets = np.repeat([0, 1, 2, 3], [20, 1, 1, 1])
    wrong = targets.copy()
    wrong[0] = 1
    figure = classification_metrics(targets, np.eye(4)[wrong])["macro_f1"]
    assert 0.5 < figure.low < figure.value <= figure.high <= 1


def test_risk_and_coverage_end_at_the_error() -> None:
    generator = np.random.default_rng(1)
    confidence = generator.random(200)
    right = generator.random(200) < confidence
    coverage, risk = risk_coverage(confidence, right)
    assert (coverage[-1], risk[-1]) == (1, pytest.approx(1 - right.mean()))
    assert risk[: len(risk) // 4].mean() < risk[-1]


def test_answers_that_are_as_sure_are_given_together() -> None:
    coverage, risk = risk_coverage(np.ones(100), np.arange(100) < 50)
    assert (coverage.tolist(), risk.tolist()) == ([1.0], [0.5])


def test_of_whom_there_is_none_nothing_is_said() -> None:
    healthy = np.zeros(12, dtype=np.int64)
    probabilities = np.tile([0.7, 0.3], (12, 1))
    assert finding_auroc(probabilities, healthy, 0, range(12)) == {}
    assert set(threshold_metrics(probabilities[:, 1], healthy > 0, 0.5, range(12))) == {"specificity"}


def test_whole_units_are_drawn() -> None:
    # ten patients with ten equal slices each: the interval is that of ten values, not of a hundred
    values = np.repeat(np.arange(10) % 2, 10).astype(float)
    patients = np.repeat(np.arange(10), 10)
    grouped = bootstrap(lambda rows: values[rows].mean(), patients)
    apart = bootstrap(lambda rows: values[rows].mean(), range(100))
    assert grouped.high - grouped.low > 2.5 * (apart.high - apart.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).uniform(size=50)
    first, second = (bootstrap(lambda rows: values[rows].mean(), range(50), seed=3) for _ in range(2))
    assert first == second


def test_baselines_learn_both_languages() -> None:
    train = (
        ["利润上升"] * 3 + ["公司亏损"] * 2 + ["profit rose"] * 3 + ["profit fell"] * 2,
        ["a", "a", "a", "b", "b"] * 2,
    )
    predicted = baseline_predictions(train, ["利润上升了", "亏损", "profit fell"])
    assert predicted["majority"].tolist() == ["a"] * 3
    assert predicted["tfidf_logistic_regression"].tolist() == ["a", "b", "b"]


def test_report_round_trip() -> None:
    stamp = DatasetStamp("headlines", "test", "0" * 64, 10, "given", True)
    report = Report("finance", "tone", stamp, "b-1", {"accuracy": Interval(0.5, 0.4, 0.6)}, {}, {}, {}, {}, 1.0)
    assert Report.from_dict(report.to_dict()) == report
