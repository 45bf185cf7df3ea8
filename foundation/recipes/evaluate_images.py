"""From a bundle and a table of images to a report."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foundation.bundle import Bundle, fingerprints
from foundation.data.image_leakage import find_image_leakage
from foundation.data.image_tables import ImageTable
from foundation.data.labelled import Columns
from foundation.data.pictures import picture_sha256
from foundation.data.splits import Split
from foundation.evaluation.metrics import classification_metrics
from foundation.evaluation.outcomes import Outcomes
from foundation.evaluation.report import Report
from foundation.evaluation.screening import finding_auroc, set_metrics, threshold_metrics
from foundation.progress import Listener, silent
from foundation.recipes.evaluate_text import answer_shares, class_figures, shared_labels, test_stamp
from foundation.vision.encoder import Pixels, squared

__all__ = ["COVERAGE", "SENSITIVITY", "evaluate_images"]

#: What the defaults promise: sets hold the right class for 90 % of each class, and findings are seen in 95 %.
COVERAGE, SENSITIVITY = 0.90, 0.95
_BASELINE_SIDE = 32


def evaluate_images(bundle: Bundle, table: ImageTable, listener: Listener = silent) -> Report:
    """Evaluate on the test split; sets and threshold are those of the bundle's held-out examples.

    Raises
    ------
    InputError
        There is no test split, or it has labels that the bundle does not know.
    """
    images, labels = table.test_part()
    classes = shared_labels(bundle, table)
    units = table.groups(Split.TEST)
    started = time.perf_counter()
    every = bundle.probabilities(images, listener)
    seconds = time.perf_counter() - started
    columns = [bundle.labels.index(label) for label in classes]
    probabilities = every[:, columns] / every[:, columns].sum(axis=1, keepdims=True)
    targets = np.array([classes.index(label) for label in labels], dtype=np.int64)
    negative = bundle.record.image.get("negative")
    absent = classes.index(negative) if negative in classes else None
    metrics = {**finding_auroc(probabilities, targets, absent, units)}
    metrics |= classification_metrics(targets, probabilities, units=units)
    if bundle.held_out is not None:
        metrics |= set_metrics(probabilities >= bundle.held_out.least_in_set(COVERAGE)[columns], targets, units)
        if absent is not None:
            point = bundle.held_out.operating_point(bundle.labels.index(negative), SENSITIVITY)
            metrics |= threshold_metrics(1 - probabilities[:, absent], targets != absent, point.threshold, units)
    leakage = find_image_leakage(table.images, table.frame[Columns.SPLIT].tolist(), table.frame["patient"].tolist())
    seen = np.isin([fingerprints([image])[0] for image in images], bundle.seen)
    # the name of a file may be a patient's; the hash finds the picture for those who have it
    names = [picture_sha256(image)[:12] for image in images]
    groups = {f"label={label}": np.array(labels) == label for label in classes}
    outcomes = Outcomes.of_classes(names, labels, classes, probabilities, groups, units)
    return Report(
        solution=bundle.record.solution,
        task=table.task,
        dataset=test_stamp(table, bundle, classes),
        bundle=bundle.record.id,
        metrics=metrics,
        baselines=_baselines(table, images, targets, classes, absent),
        per_class=class_figures(targets, probabilities, classes),
        calibration=answer_shares(bundle, targets, probabilities, bundle.calibration.threshold),
        leakage={
            "exact": leakage.exact,
            "near": leakage.near,
            "patients": leakage.patients,
            "seen_in_training": int(seen.sum()),
        },
        seconds=round(seconds, 2),
        slices=_slices(table, targets, probabilities),
        diagnostics=outcomes.diagnostics(),
        outcomes=outcomes,
    )


def _slices(
    table: ImageTable, targets: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> Mapping[str, Mapping[str, float]]:
    """Give accuracy and rows of every subgroup of the columns that the card names."""
    right = probabilities.argmax(axis=1) == targets
    rows = table.frame.iloc[table.rows(Split.TEST)]
    return {
        f"{column}={value}": {"accuracy": float(right[rows[column] == value].mean()), "rows": float(count)}
        for column in table.columns.slices
        if column in rows.columns
        for value, count in rows[column].value_counts().sort_index().items()
    }


def _baselines(
    table: ImageTable,
    images: Sequence[Pixels],
    targets: NDArray[np.int64],
    classes: Sequence[str],
    absent: int | None,
) -> Mapping[str, Mapping[str, float]]:
    """Fit the commonest label, and a linear model on 32 x 32 grey pixels, to train and dev."""
    train_images, train_labels = table.part(Split.TRAIN, Split.DEV)
    if not train_images:
        return {}
    train_targets = [list(classes).index(label) for label in train_labels]
    pixels, others = _grey(train_images), _grey(images)
    models = {
        "majority": DummyClassifier(strategy="most_frequent"),
        "pixels_logistic_regression": make_pipeline(
            StandardScaler(), LogisticRegression(C=1e-3, max_iter=500, class_weight="balanced")
        ),
    }
    figures: dict[str, dict[str, float]] = {}
    for name, model in models.items():
        model.fit(pixels, train_targets)
        predicted = model.predict(others)
        figures[name] = {
            "accuracy": float(accuracy_score(targets, predicted)),
            "macro_f1": float(f1_score(targets, predicted, average="macro", zero_division=0)),
        }
        if absent is not None and len(np.unique(targets != absent)) == 2:
            figures[name]["auroc"] = float(roc_auc_score(targets != absent, 1 - model.predict_proba(others)[:, absent]))
    return figures


def _grey(images: Sequence[Pixels]) -> NDArray[np.float32]:
    return np.stack([squared(image, _BASELINE_SIDE).mean(axis=2).ravel() for image in images]).astype(np.float32)
