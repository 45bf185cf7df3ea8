import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from foundation.errors import InputError, UnknownNameError
from foundation.training import TextClassifier
from foundation.training.method import MethodName, find_method

GOOD = ["profit rose", "sales up", "利润上升", "营收增长", "orders grew", "margin up", "gain", "record sales"]
BAD = ["profit fell", "sales down", "利润下降", "公司亏损", "orders shrank", "margin down", "loss", "weak sales"]
TEXTS, LABELS = GOOD + BAD, ["good"] * 8 + ["bad"] * 8

# No check is skipped by name. Those that feed tables of numbers are turned off as a whole by the tag two_d_array=False,
# since the input is texts; scikit-learn warns of that when it makes the list.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", SkipTestWarning)
    scikit_learn_checks = parametrize_with_checks([TextClassifier()])


@pytest.fixture
def classifier(tiny_backbone: Path) -> TextClassifier:
    return TextClassifier(str(tiny_backbone))


@scikit_learn_checks
def test_scikit_learn_checks(estimator: TextClassifier, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.mark.parametrize("method", list(MethodName))
def test_every_method_is_found_by_its_name(method: MethodName) -> None:
    assert type(find_method(method.value)).__name__.lower() == method.value


def test_unknown_method() -> None:
    with pytest.raises(
        UnknownNameError,
        match=r"unknown method 'prob'; known: .*full, lora, probe; did you mean 'probe'",
    ):
        find_method("prob")


@pytest.mark.parametrize("labels", [LABELS, ["a"] * 6 + ["b"] * 5 + ["c"] * 5])
def test_probe_predicts_calibrates_and_scores(classifier: TextClassifier, labels: list[str]) -> None:
    fitted = classifier.fit(TEXTS, labels)
    probabilities = fitted.predict_proba(TEXTS)
    assert probabilities.shape == (16, len(set(labels)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (fitted.predict(TEXTS) == fitted.classes_[probabilities.argmax(axis=1)]).all()
    assert fitted.held_out_logits_.shape == probabilities.shape
    assert fitted.classes_[fitted.held_out_targets_].tolist() == labels


def test_probe_folds_its_scaler_into_the_head(classifier: TextClassifier) -> None:
    """The one linear map gives what scaler and head give one after the other."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fitted = classifier.fit(TEXTS, LABELS)
    strength = min(fitted.history_, key=lambda tried: tried["held_out_log_loss"])["strength"]
    vectors = fitted.network_.encoder.encode(TEXTS)
    head = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000)
    expected = make_pipeline(StandardScaler(), head).fit(vectors, LABELS).predict_proba(vectors)
    np.testing.assert_allclose(fitted.predict_proba(TEXTS), expected, atol=1e-4)


def test_it_works_inside_cross_validation_and_clone(classifier: TextClassifier) -> None:
    assert clone(classifier).get_params() == classifier.get_params()
    assert cross_val_score(classifier, TEXTS, LABELS, cv=2).shape == (2,)


@pytest.mark.parametrize(
    ("texts", "labels", "expected"),
    [
        (["a", "b"], ["x"], "got 2 texts and 1 labels; expected as many labels as texts"),
        (["a", "b"], ["x", "x"], r"labels of 1 class \(x\); expected two or more"),
        (["a", "b", "c"], ["x", "x", "y"], "too few examples of y: expected 2 or more a class; add some, or merge"),
        ([1, 2], ["x", "y"], "text 0 is of type int, expected str; choose the column that holds the texts"),
        (["a", float("nan")], ["x", "y"], "text 1 is of type float, expected str"),
    ],
)
def test_bad_input_is_one_line(classifier: TextClassifier, texts: list[str], labels: list[str], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        classifier.fit(texts, labels)


def test_dev_must_fit_train(tiny_backbone: Path) -> None:
    classifier = TextClassifier(str(tiny_backbone), "full")
    with pytest.raises(InputError, match="dev has labels that train has not: fine"):
        classifier.fit(TEXTS, LABELS, dev=(["x"], ["fine"]))
    with pytest.raises(InputError, match="dev is empty; give labelled rows, or leave it out"):
        classifier.fit(TEXTS, LABELS, dev=([], []))


def test_no_text_gives_no_probability(classifier: TextClassifier) -> None:
    assert classifier.fit(TEXTS, LABELS).predict_proba([]).shape == (0, 2)
