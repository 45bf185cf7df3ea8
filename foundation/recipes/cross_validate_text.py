"""Cross-validation: how far a figure moves when other rows are held out."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold

from foundation.data.labelled import LabelledTable
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.metrics import Interval
from foundation.progress import Listener, silent
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_text import classifier, companion_rows

__all__ = ["CrossValidation", "cross_validate_text"]


@dataclass(frozen=True)
class CrossValidation:
    """Figures of every fold.

    Attributes
    ----------
    folds : dict of metric to tuple of float
    """

    folds: dict[str, tuple[float, ...]]

    def summary(self) -> dict[str, Interval]:
        """Return mean, least and greatest of each metric: with a handful of folds, anything finer would pretend."""
        return {name: Interval(float(np.mean(values)), min(values), max(values)) for name, values in self.folds.items()}


def cross_validate_text(
    table: LabelledTable, recipe: Recipe, folds: int, listener: Listener = silent
) -> CrossValidation:
    """Train ``folds`` times on train and dev together, each time without one stratified part; test is not touched.

    Raises
    ------
    InputError
        A class has fewer rows than there are folds, or there are fewer than two folds.
    """
    texts, labels = table.part(Split.TRAIN, Split.DEV)
    counts = {label: labels.count(label) for label in set(labels)}
    rarest = min(counts, key=counts.__getitem__, default="")
    if folds < 2 or not counts or counts[rarest] < folds:
        raise InputError(
            f"--cv {folds}: expected between 2 folds and as many as the rarest class has rows "
            f"({rarest or 'none'}: {counts.get(rarest, 0)})"
        )
    more_texts, more_labels = companion_rows(table)
    figures: dict[str, list[float]] = {"accuracy": [], "macro_f1": []}
    cut = StratifiedKFold(folds, shuffle=True, random_state=recipe.seed)
    for fold, (train, held_out) in enumerate(cut.split(texts, labels), start=1):
        model = classifier(recipe, _named(listener, fold))
        rows = [texts[row] for row in train] + more_texts, [labels[row] for row in train] + more_labels
        model.fit(*rows, unlabelled=recipe.unlabelled)
        predicted = model.predict([texts[row] for row in held_out])
        truth = [labels[row] for row in held_out]
        figures["accuracy"].append(float(accuracy_score(truth, predicted)))
        figures["macro_f1"].append(float(f1_score(truth, predicted, average="macro", zero_division=0)))
    return CrossValidation({name: tuple(values) for name, values in figures.items()})


def _named(listener: Listener, fold: int) -> Listener:
    return lambda done, total, what: listener(done, total, f"fold {fold}: {what}")
