import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import f1_score

from foundation.errors import InputError
from foundation.evaluation.comparison import Comparison, Verdict, compare, compare_values
from foundation.evaluation.outcomes import Outcomes

CLASSES = ("a", "b", "c")


def classifier(generator: np.random.Generator, labels: np.ndarray, accuracy: float) -> Outcomes:
    """A model that is right with this probability, whatever the label."""
    other = (labels + generator.integers(1, 3, len(labels))) % 3
    said = np.where(generator.random(len(labels)) < accuracy, labels, other)
    probabilities = np.full((len(labels), 3), 0.1)
    probabilities[np.arange(len(labels)), said] = 0.8
    names = [CLASSES[label] for label in labels]
    groups = {f"label={name}": np.array(names) == name for name in CLASSES}
    return Outcomes.of_classes([str(row) for row in range(len(labels))], names, CLASSES, probabilities, groups)


def test_200_replacements_without_a_difference() -> None:
    """Accepted as better at most as often as promised: 1 in 40; more than 12 of 200 has a chance of 1 in 500."""
    generator, better = np.random.default_rng(0), 0
    for _ in range(200):
        labels = generator.integers(3, size=150)
        former, candidate = (classifier(generator, labels, 0.8) for _ in range(2))
        verdict = compare_values("accuracy", former.values["accuracy"], candidate.values["accuracy"]).verdict
        better += verdict is Verdict.BETTER
    assert better <= 12
    assert binom.sf(12, 200, 0.025) < 0.002


def test_200_replacements_without_a_difference_on_eight_patients() -> None:
    """Of so few the percentiles alone told 19 of 200 apart; 5 % are promised, and more than 18 have one in 80."""
    generator, apart = np.random.default_rng(0), 0
    patients = np.repeat(np.arange(8), 8)
    for _ in range(200):
        former, candidate = (np.clip(generator.normal(0.8, 0.1, 8), 0, 1)[patients] for _ in range(2))
        right = [(generator.random(64) < chance).astype(float) for chance in (former, candidate)]
        told = compare_values("accuracy", *right, cluster=patients)
        apart += told.verdict is not Verdict.ALIKE
        assert told.difference.low <= 0 <= told.difference.high or told.p < 0.06
    assert apart <= 18


def test_a_true_difference_is_found_and_a_loss_is_one() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(3, size=600)
    poor, good = classifier(generator, labels, 0.6), classifier(generator, labels, 0.8)
    for told in compare(poor, good):
        assert told.verdict is Verdict.BETTER
        assert told.difference.low > 0
        assert told.difference.low <= told.difference.value <= told.difference.high
    assert compare(good, poor)[0].verdict is Verdict.WORSE
    assert {told.group for told in compare(poor, good)} == {"all", "label=a", "label=b", "label=c"}


def test_macro_f1_is_scikit_learns() -> None:
    generator = np.random.default_rng(2)
    labels = generator.integers(3, size=90)
    poor, good = classifier(generator, labels, 0.5), classifier(generator, labels, 0.9)
    told = next(told for told in compare(poor, good) if told.metric == "macro_f1")
    assert told.former == pytest.approx(f1_score(poor.targets, poor.predicted, average="macro"))
    assert told.candidate == pytest.approx(f1_score(good.targets, good.predicted, average="macro"))


def test_a_model_is_like_itself() -> None:
    generator = np.random.default_rng(3)
    model = classifier(generator, generator.integers(3, size=90), 0.7)
    assert all(told.verdict is Verdict.ALIKE and told.p == 1 for told in compare(model, model))


def test_figures_of_ranks_are_compared_by_bootstrap() -> None:
    values = np.random.default_rng(0).random(300)
    noise = np.tile([0.1, -0.1], 150)
    assert compare_values("ndcg_at_10", values, values + noise).verdict is Verdict.ALIKE
    better = compare_values("ndcg_at_10", values, values + 0.1)
    assert better.verdict is Verdict.BETTER
    assert better.difference.value == pytest.approx(0.1)


def test_labels_that_a_model_does_not_know_are_never_found() -> None:
    model = Outcomes.of_classes(["x", "y"], ["new", "a"], ["a", "b"], np.array([[0.9, 0.1], [0.8, 0.2]]), {})
    assert model.values["accuracy"].tolist() == [0, 1]
    assert next(told for told in compare(model, model) if told.metric == "macro_f1").former == pytest.approx(1 / 3)


def test_other_rows_cannot_be_compared() -> None:
    first, second = (Outcomes((unit,), {"accuracy": np.ones(1)}) for unit in "ab")
    with pytest.raises(InputError, match="measured on other rows"):
        compare(first, second)


def test_diagnostics_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.92, 0.08], [0.55, 0.45], [0.3, 0.7]])
    units = ["one", "two", "three", "four"]
    drawn = Outcomes.of_classes(units, ["b", "a", "a", "b"], ["a", "b"], probabilities, {}).diagnostics()
    assert drawn["confusion"] == {"labels": ["a", "b"], "rows": [[2, 0], [1, 1]]}
    assert drawn["errors"] == [{"item": "one", "label": "b", "predicted": "a", "confidence": 0.95}]
    assert [(row["rows"], row["accuracy"]) for row in drawn["reliability"]] == [(1, 1.0), (1, 1.0), (2, 0.5)]
    # the surest answer is wrong: from then on the risk falls
    assert [round(point["risk"], 3) for point in drawn["risk_coverage"]] == [1.0, 0.5, 0.333, 0.25]


def test_pictures_of_one_patient_are_no_independent_proofs() -> None:
    """Two models differ by patient, not by picture: counting pictures takes chance for a difference far too often."""
    generator = np.random.default_rng(0)
    taken_for_better = {True: 0, False: 0}
    for _ in range(200):
        patients = np.repeat(np.arange(30), 8)
        now, then = (np.repeat(generator.random(30) < 0.7, 8).astype(float) for _ in range(2))
        for clustered in taken_for_better:
            told = compare_values("accuracy", now, then, cluster=patients if clustered else None)
            taken_for_better[clustered] += told.verdict is not Verdict.ALIKE
    # at most one in twenty by its own promise; 20 of 200 is beyond the 99.9 % quantile of that
    assert taken_for_better[True] <= 20
    assert taken_for_better[False] >= 60


def test_what_stands_alone_is_compared_as_rows_are() -> None:
    generator = np.random.default_rng(1)
    classes = ("a", "b")
    labels = generator.choice(classes, 80).tolist()
    models = [generator.dirichlet((1, 1), 80) for _ in range(2)]

    def told(clusters: tuple[str, ...]) -> list[Comparison]:
        rows = [str(row) for row in range(80)]
        return compare(*(Outcomes.of_classes(rows, labels, classes, model, {}, clusters) for model in models))

    alone = told(())
    assert told(tuple(f"p{row:03d}" for row in range(80))) == alone
    pairs = told(tuple(f"p{row // 2}" for row in range(80)))
    assert [each.former for each in pairs] == [each.former for each in alone]
    assert {each.metric for each in pairs} == {"accuracy", "quadratic_score", "macro_f1"}


@pytest.mark.parametrize("patients", [1, 2, 5])
def test_a_handful_of_patients_proves_nothing(patients: int) -> None:
    """All of five gaps are positive in one of 16 draws by chance (a sign test); the bootstrap alone would be sure."""
    cluster = np.repeat(np.arange(patients), 30)
    now = np.random.default_rng(0).random(len(cluster))
    told = compare_values("quadratic_score", now, now + 0.01, cluster=cluster)
    assert told.p == 2 * 0.5**patients
    assert told.verdict is Verdict.ALIKE
