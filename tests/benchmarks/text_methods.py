"""Measure a fine-tuning method on a data set, straight from its card.

    python -m tests.benchmarks.text_methods banking77 intent --method fewshot --shots 5 --seeds 5 --split test

Prints one JSON object: accuracy and macro-F1 as the mean over seeds, with a 95 % bootstrap interval over the rows (each
row's figure is its mean over seeds), every seed's own, seconds and peak memory. Choices are made with ``--split dev``,
the default; the test split is asked for once, when they are made.
"""

import argparse
import json
import resource
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

from foundation.data.labelled import Columns, LabelledTable, load_card_table
from foundation.data.splits import Split
from foundation.evaluation.metrics import bootstrap
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_text import classifier, companion_rows
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.training import classifier as layers
from foundation.training.method import find_method

__all__ = ["Protocol", "measure"]


@dataclass(frozen=True)
class Protocol:
    """What is measured.

    Attributes
    ----------
    split : Split
        Dev or test. A card without dev rows gets a seeded tenth of train.
    shots : int
        Examples a class, drawn from train with the run's seed; 0 for all. What was not drawn is dev.
    seeds : tuple of int
    slice : str
        ``column=value``: the accuracy on those rows is told as well.
    """

    split: Split = Split.DEV
    shots: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)
    slice: str = ""


def measure(table: LabelledTable, recipe: Recipe, protocol: Protocol) -> dict[str, Any]:
    """Train once a seed and score the rows of the split."""
    predictions, seconds, used = [], [], []
    for seed in protocol.seeds:
        parts = _parts(table, protocol, seed)
        model = classifier(replace(recipe, seed=seed))
        texts, labels = parts[Split.TRAIN]
        more_texts, more_labels = companion_rows(table)
        dev = parts[Split.DEV] if find_method(recipe.method).needs_dev else None
        started = time.perf_counter()
        model.fit(texts + more_texts, labels + more_labels, dev=dev, unlabelled=recipe.unlabelled)
        seconds.append(time.perf_counter() - started)
        scored, truth = parts[protocol.split]
        predictions.append(model.predict(scored))
        used.append([epoch for epoch in model.history_ if "macro_f1" in epoch])
    right = np.mean([np.asarray(truth) == predicted for predicted in predictions], axis=0)
    return {
        "dataset": table.name,
        "sha256": table.sha256[:12],
        "with": [companion.name for companion in table.companions],
        "backbone": recipe.backbone,
        "method": repr(classifier(recipe).method),
        "split": protocol.split.value,
        "shots": protocol.shots,
        "rows": len(truth),
        "accuracy": _interval(right),
        "macro_f1": round(float(np.mean([_macro_f1(truth, predicted) for predicted in predictions])), 4),
        "each_accuracy": [round(float(accuracy_score(truth, predicted)), 4) for predicted in predictions],
        "each_macro_f1": [round(_macro_f1(truth, predicted), 4) for predicted in predictions],
        **_slice(table, protocol, right),
        "dev_by_epoch": [[round(epoch["macro_f1"], 4) for epoch in history] for history in used],
        "seconds": [round(each, 1) for each in seconds],
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


Part = tuple[list[str], list[str]]


def _parts(table: LabelledTable, protocol: Protocol, seed: int) -> dict[Split, Part]:
    parts = {split: table.part(split) for split in Split}
    texts, labels = parts[Split.TRAIN]
    if protocol.shots:
        parts[Split.TRAIN], parts[Split.DEV] = _draw(texts, labels, protocol.shots, seed)
    elif not parts[Split.DEV][0]:
        kept, held = train_test_split(range(len(texts)), test_size=0.1, stratify=labels, random_state=0)
        parts[Split.TRAIN], parts[Split.DEV] = _pick(texts, labels, kept), _pick(texts, labels, held)
    return parts


def _draw(texts: list[str], labels: list[str], shots: int, seed: int) -> tuple[Part, Part]:
    """Draw ``shots`` rows of each class, and a dozen others of each for dev."""
    generator = np.random.default_rng(seed)
    drawn: list[int] = []
    others: list[int] = []
    for label in sorted(set(labels)):
        rows = generator.permutation([row for row, given in enumerate(labels) if given == label]).tolist()
        drawn, others = drawn + rows[:shots], others + rows[shots : shots + 12]
    return _pick(texts, labels, drawn), _pick(texts, labels, others)


def _pick(texts: list[str], labels: list[str], rows: list[int]) -> Part:
    return [texts[row] for row in rows], [labels[row] for row in rows]


def _slice(table: LabelledTable, protocol: Protocol, right: NDArray[np.float64]) -> dict[str, Any]:
    if not protocol.slice:
        return {}
    column, _, value = protocol.slice.partition("=")
    rows = table.frame[table.frame[Columns.SPLIT] == protocol.split.value][column].astype(str) == value
    return {f"accuracy where {protocol.slice}": _interval(right[rows.to_numpy()])}


def _interval(right: NDArray[np.float64]) -> list[float]:
    figure = bootstrap(lambda rows: float(right[rows].mean()), range(len(right)))
    return [round(value, 4) for value in (figure.value, figure.low, figure.high)]


def _macro_f1(truth: list[str], predicted: NDArray[Any]) -> float:
    return float(f1_score(truth, predicted, average="macro", zero_division=0))


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("task")
    parser.add_argument("--method", default="probe")
    parser.add_argument("--set", default="", dest="options")
    parser.add_argument("--backbone", default=DEFAULT_BACKBONE)
    parser.add_argument("--with", default=None, dest="beside")
    parser.add_argument("--shots", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--slice", default="")
    parser.add_argument("--split", type=Split, default=Split.DEV)
    parser.add_argument("--figures", action="store_true", help="say compared figures in a word, as finance does")
    parser.add_argument("--float32", action="store_true", help="as on a processor that has no fast bfloat16")
    parser.add_argument("--data-root", type=Path, default=Path("../shared/data"))
    asked = parser.parse_args()
    if asked.float32:
        layers.fast_bfloat16 = lambda: False
    table = load_card_table(asked.dataset, asked.task, asked.data_root)
    if asked.beside is not None:
        names = [name for name in asked.beside.split(",") if name and name != "none"]
        table = replace(table, companions=tuple(load_card_table(name, asked.task, asked.data_root) for name in names))
    options = dict(pair.split("=", 1) for pair in asked.options.split(",") if pair)
    recipe = Recipe(asked.method, asked.backbone, options=options, figures=asked.figures)
    protocol = Protocol(asked.split, asked.shots, tuple(range(asked.seeds)), asked.slice)
    print(json.dumps(measure(table, recipe, protocol)))  # noqa: T201  # its output is what it is for


if __name__ == "__main__":
    main()
