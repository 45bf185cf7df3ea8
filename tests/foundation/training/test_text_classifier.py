import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from foundation.errors import InputError, UnknownNameError
from foundation.text.encoder import load_encoder
from foundation.training import TextClassifier
from foundation.training.full import Full, PooledClassifier, layer_groups
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
    with pytest.raises(UnknownNameError, match="unknown method 'prob'; known: full, probe; did you mean 'probe'"):
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


@pytest.mark.parametrize("method", ["probe", Full(epochs=1)])
def test_the_same_seed_gives_the_same_figures(tiny_backbone: Path, method: str | Full) -> None:
    runs = [TextClassifier(str(tiny_backbone), method, seed=7).fit(TEXTS, LABELS) for _ in range(2)]
    np.testing.assert_array_equal(*(run.predict_proba(TEXTS) for run in runs))


def test_it_works_inside_cross_validation_and_clone(classifier: TextClassifier) -> None:
    assert clone(classifier).get_params() == classifier.get_params()
    assert cross_val_score(classifier, TEXTS, LABELS, cv=2).shape == (2,)


def test_zero_logits_cost_log_of_the_number_of_classes(tiny_backbone: Path) -> None:
    encoder = load_encoder(str(tiny_backbone)).tunable_copy()
    model = PooledClassifier(encoder.model, torch.ones(5), label_smoothing=0.0)
    batch = encoder.tokenizer(["profit rose"], return_tensors="pt")
    loss = model(batch["input_ids"], batch["attention_mask"], torch.tensor([3]))["loss"]
    assert loss.item() == pytest.approx(math.log(5), abs=1e-5)


def test_class_weights_weigh_examples(tiny_backbone: Path) -> None:
    encoder = load_encoder(str(tiny_backbone)).tunable_copy()
    model = PooledClassifier(encoder.model, torch.tensor([3.0, 1.0]), label_smoothing=0.0)
    # losses log(1 + e) of the first and log(1 + 1/e) of the second: (3 * 1.3133 + 1 * 0.3133) / 4
    loss = model._loss(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx((3 * math.log(1 + math.e) + math.log(1 + 1 / math.e)) / 4, abs=1e-5)


def test_full_overfits_eight_examples(tiny_backbone: Path) -> None:
    texts, labels = GOOD[:4] + BAD[:4], ["good"] * 4 + ["bad"] * 4
    method = Full(epochs=60, learning_rate=5e-3, layer_decay=1.0, label_smoothing=0.0, batch_size=8)
    fitted = TextClassifier(str(tiny_backbone), method).fit(texts, labels, dev=(texts, labels))
    assert fitted.predict(texts).tolist() == labels


def test_full_leaves_the_shared_encoder_and_the_table_alone(tiny_backbone: Path) -> None:
    shared = load_encoder(str(tiny_backbone))
    before = {name: value.clone() for name, value in shared.model.state_dict().items()}
    fitted = TextClassifier(str(tiny_backbone), Full(epochs=2, batch_size=4)).fit(TEXTS, LABELS)
    assert all(torch.equal(before[name], value) for name, value in shared.model.state_dict().items())
    tuned = fitted.network_.encoder.model
    assert tuned.get_input_embeddings().weight is shared.model.get_input_embeddings().weight
    assert not torch.equal(
        tuned.state_dict()["encoder.layer.1.output.dense.weight"], before["encoder.layer.1.output.dense.weight"]
    )


def test_layer_decay_reaches_every_trained_parameter_once(tiny_backbone: Path) -> None:
    model = PooledClassifier(load_encoder(str(tiny_backbone)).tunable_copy().model, torch.ones(2), 0.0)
    groups = dict(layer_groups(model))
    assert sorted(groups) == [0, 1, 2, 3]
    grouped = [id(parameter) for parameters in groups.values() for parameter in parameters]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters() if p.requires_grad)


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
