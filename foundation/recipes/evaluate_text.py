"""From a bundle and a table to a report."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from foundation.bundle import Bundle, fingerprints
from foundation.data.labelled import Columns, LabelledTable
from foundation.data.leakage import find_leakage
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.baselines import baseline_predictions
from foundation.evaluation.metrics import chance_calibration_error, classification_metrics
from foundation.evaluation.outcomes import Outcomes
from foundation.evaluation.report import DatasetStamp, Report
from foundation.progress import Listener, silent
from foundation.trust.personal import mask_personal_data

__all__ = ["answer_shares", "class_figures", "evaluate_text", "outcomes_of", "shared_labels", "test_stamp"]


def evaluate_text(bundle: Bundle, table: LabelledTable, listener: Listener = silent) -> Report:
    """Evaluate on the test split, with baselines that are fitted on the table's own train and dev splits.

    Where the table has fewer labels than the bundle, answers are restricted to those, and the report says so.

    Raises
    ------
    InputError
        There is no test split, or it has labels that the bundle does not know.
    """
    texts, labels = table.test_part()
    classes = shared_labels(bundle, table)
    columns = [bundle.labels.index(label) for label in classes]
    started = time.perf_counter()
    every = bundle.probabilities(texts, listener)
    seconds = time.perf_counter() - started
    probabilities = every[:, columns] / every[:, columns].sum(axis=1, keepdims=True)
    targets = np.array([classes.index(label) for label in labels], dtype=np.int64)
    items, splits = table.frame[Columns.TEXT].tolist(), table.frame[Columns.SPLIT].tolist()
    leakage = find_leakage(items, splits, near=table.reads != "rows")
    units = [mask_personal_data(text) for text in texts]
    together = table.groups(Split.TEST)
    outcomes = Outcomes.of_classes(units, labels, classes, probabilities, _text_groups(texts, labels), together)
    return Report(
        solution=bundle.record.solution,
        task=table.task,
        dataset=test_stamp(table, bundle, classes),
        bundle=bundle.record.id,
        metrics=classification_metrics(targets, probabilities, units=together),
        baselines=_baselines(table, texts, labels),
        per_class=class_figures(targets, probabilities, classes),
        calibration=answer_shares(bundle, targets, probabilities, bundle.calibration.threshold),
        leakage={
            "exact": leakage.exact,
            "near": leakage.near,
            "seen_in_training": int(np.isin([fingerprints([text])[0] for text in texts], bundle.seen).sum()),
        },
        seconds=round(seconds, 2),
        slices=_language_slices(outcomes),
        diagnostics=outcomes.diagnostics(),
        outcomes=outcomes,
    )


def outcomes_of(bundle: Bundle, table: LabelledTable, listener: Listener = silent) -> Outcomes:
    """Return what a bundle answers to the test split, as it would in use: a label that it does not know is missed."""
    items, labels = table.test_part()
    units = [str(row) for row in range(len(items))]
    groups = {f"label={label}": np.array(labels) == label for label in sorted(set(labels))}
    probabilities = bundle.probabilities(items, listener)
    return Outcomes.of_classes(units, labels, bundle.labels, probabilities, groups, table.groups(Split.TEST))


def _text_groups(texts: Sequence[str], labels: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Return which rows are of each language, where there are both, and of each label."""
    chinese = np.array([any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts])
    languages = {"language=en": ~chinese, "language=zh": chinese}
    given = np.array(labels)
    return (languages if 0 < chinese.sum() < len(chinese) else {}) | {
        f"label={label}": given == label for label in sorted(set(labels))
    }


def _language_slices(outcomes: Outcomes) -> dict[str, dict[str, float]]:
    """Return accuracy and rows of each language."""
    return {
        name: {"accuracy": float(outcomes.values["accuracy"][mask].mean()), "rows": float(mask.sum())}
        for name, mask in outcomes.groups.items()
        if name.startswith("language=")
    }


def test_stamp(table: LabelledTable, bundle: Bundle, classes: Sequence[str]) -> DatasetStamp:
    """Say which rows were evaluated, and whether answers were restricted to fewer labels than the bundle knows."""
    restricted = "" if len(classes) == len(bundle.labels) else f"answers restricted to {', '.join(classes)}"
    return DatasetStamp.of_test(table, len(table.test_part()[1]), restricted)


def shared_labels(bundle: Bundle, table: LabelledTable) -> list[str]:
    """Return the bundle's labels that the table may have; raise ``InputError`` where the table has others."""
    wanted = set(table.names) or set(table.frame[Columns.LABEL])
    strange = sorted(wanted - set(bundle.labels))
    if strange:
        raise InputError(
            f"{table.name} has labels that {bundle.record.id} does not know: {', '.join(strange)}; it knows "
            f"{', '.join(bundle.labels)}; train on {table.name} first, or name another model with --bundle"
        )
    return [label for label in bundle.labels if label in wanted]


def _baselines(table: LabelledTable, texts: Sequence[str], labels: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    train = table.part(Split.TRAIN, Split.DEV)
    if not train[0]:
        return {}
    return {
        name: {
            "accuracy": float(accuracy_score(labels, predicted)),
            "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        }
        for name, predicted in baseline_predictions(train, texts, rows=table.reads == "rows").items()
    }


def class_figures(
    targets: NDArray[np.int64], probabilities: NDArray[np.float64], classes: Sequence[str]
) -> Mapping[str, Mapping[str, float]]:
    """Return precision, recall, F1 and rows of each class."""
    figures = precision_recall_fscore_support(
        targets, probabilities.argmax(axis=1), labels=range(len(classes)), zero_division=0
    )
    names = ("precision", "recall", "f1", "support")
    return {
        label: {name: float(figure[at]) for name, figure in zip(names, figures, strict=True)}
        for at, label in enumerate(classes)
    }


def answer_shares(
    bundle: Bundle, targets: NDArray[np.int64], probabilities: NDArray[np.float64], threshold: float
) -> Mapping[str, float | None]:
    """Return how many rows are answered from a confidence on, how many of those rightly, and what chance does to it."""
    confidence = probabilities.max(axis=1)
    answered = confidence >= threshold
    right = probabilities.argmax(axis=1) == targets
    chance = chance_calibration_error(confidence)
    return {
        "temperature": bundle.calibration.temperature,
        "threshold": threshold,
        "answered": float(answered.mean()),
        "accuracy_answered": float(right[answered].mean()) if answered.any() else None,
        "ece_by_chance": chance.value,
        "ece_by_chance_high": chance.high,
    }
