"""Cross-validation: how far a figure moves when other rows are held out."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

from foundation.data.image_tables import ImageTable
from foundation.data.labelled import LabelledTable
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.metrics import Interval
from foundation.progress import Listener, silent
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_images import image_classifier
from foundation.recipes.train_text import classifier, companion_rows
from foundation.training.encoder_classifier import EncoderClassifier
from foundation.training.folds import stratified_folds

__all__ = ["CrossValidation", "cross_validate"]


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


def cross_validate(table: LabelledTable, recipe: Recipe, folds: int, listener: Listener = silent) -> CrossValidation:
    """Train ``folds`` times on train and dev together, each time without one stratified part; test is not touched.

    Rows that belong together, such as pictures of one patient or copies of one text, are in one part.

    Raises
    ------
    InputError
        A class has fewer rows than there are folds, or there are fewer than two folds.
    """
    items, labels = table.part(Split.TRAIN, Split.DEV)
    counts = {label: labels.count(label) for label in set(labels)}
    rarest = min(counts, key=counts.__getitem__, default="")
    if folds < 2 or not counts or counts[rarest] < folds:
        raise InputError(
            f"--cv {folds}: expected between 2 folds and as many as the rarest class has rows "
            f"({rarest or 'none'}: {counts.get(rarest, 0)})"
        )
    more_items, more_labels = companion_rows(table)
    if groups := table.groups(Split.TRAIN, Split.DEV):
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=recipe.seed).split(labels, labels, groups)
    else:
        parts = stratified_folds(items, np.unique(labels, return_inverse=True)[1], folds, recipe.seed)
    figures: dict[str, list[float]] = {"accuracy": [], "macro_f1": []}
    for fold, (train, held_out) in enumerate(parts, start=1):
        model = _estimator(table, recipe, _named(listener, fold))
        rows = [items[row] for row in train] + more_items, [labels[row] for row in train] + more_labels
        model.fit(*rows, unlabelled=recipe.unlabelled)
        predicted = model.predict([items[row] for row in held_out])
        truth = [labels[row] for row in held_out]
        figures["accuracy"].append(float(accuracy_score(truth, predicted)))
        figures["macro_f1"].append(float(f1_score(truth, predicted, average="macro", zero_division=0)))
    return CrossValidation({name: tuple(values) for name, values in figures.items()})


def _estimator(table: LabelledTable, recipe: Recipe, listener: Listener) -> EncoderClassifier:
    if isinstance(table, ImageTable):
        return image_classifier(table, recipe, listener)
    return classifier(recipe, listener, table.reads)


def _named(listener: Listener, fold: int) -> Listener:
    return lambda done, total, what: listener(done, total, f"fold {fold}: {what}")
