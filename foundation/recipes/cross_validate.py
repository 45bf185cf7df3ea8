"""Cross-validation: how far a figure moves when other rows are held out."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from foundation.data.image_tables import ImageTable
from foundation.data.labelled import LabelledTable
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.metrics import Interval
from foundation.files import atomic_file, read_json, write_json
from foundation.progress import Listener, silent
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_images import image_classifier
from foundation.recipes.train_text import classifier, companion_rows
from foundation.training.encoder_classifier import EncoderClassifier
from foundation.training.folds import stratified_folds
from foundation.training.method import Labelled
from foundation.training.runs import is_main_process, run_folder

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

    Rows that belong together, such as pictures of one patient or copies of one text, are in one part. A run that was
    killed goes on with the fold in which it was.

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
    groups = table.groups(Split.TRAIN, Split.DEV)
    of_groups = np.unique(groups, return_inverse=True)[1] if groups else None
    parts = stratified_folds(Labelled(items, np.unique(labels, return_inverse=True)[1], of_groups), folds, recipe.seed)
    rows = Labelled([*items, *more_items], np.unique([*labels, *more_labels], return_inverse=True)[1])
    with run_folder("cross-validation", folds, table.reads, rows.sha256, groups, *_decisive(recipe)) as folder:
        done = folder / "folds.json"
        figures: list[dict[str, float]] = read_json(done)["folds"] if done.is_file() else []
        for fold, (train, held_out) in enumerate(parts):
            if fold < len(figures):
                continue  # a run that was killed has it
            model = _estimator(table, recipe, _named(listener, fold + 1))
            kept = [items[row] for row in train] + more_items, [labels[row] for row in train] + more_labels
            of_kept = [*(groups[row] for row in train), *[""] * len(more_items)] if groups else None
            model.fit(*kept, unlabelled=recipe.unlabelled, groups=of_kept)
            predicted, truth = model.predict([items[row] for row in held_out]), [labels[row] for row in held_out]
            macro_f1 = f1_score(truth, predicted, average="macro", zero_division=0)
            figures.append({"accuracy": float(accuracy_score(truth, predicted)), "macro_f1": float(macro_f1)})
            if is_main_process():
                with atomic_file(done) as temporary:
                    write_json(temporary, {"folds": figures})
    return CrossValidation({name: tuple(each[name] for each in figures) for name in figures[0]})


def _decisive(recipe: Recipe) -> tuple[object, ...]:
    """Return what the figures depend on besides the rows, for the name of a run."""
    unlabelled = Labelled(recipe.unlabelled, np.zeros(0, np.int64)).sha256
    start = recipe.start.record.id if recipe.start else None
    chosen = (recipe.method, recipe.backbone, recipe.class_weight, recipe.seed, sorted(recipe.options.items()))
    return *chosen, recipe.figures, unlabelled, start


def _estimator(table: LabelledTable, recipe: Recipe, listener: Listener) -> EncoderClassifier:
    if isinstance(table, ImageTable):
        return image_classifier(table, recipe, listener)
    return classifier(recipe, listener, table.reads)


def _named(listener: Listener, fold: int) -> Listener:
    return lambda done, total, what: listener(done, total, f"fold {fold}: {what}")
