"""From labelled texts to a bundle: leakage check, fit, calibration, figures on held-out rows, card."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from foundation.bundle import Bundle, fingerprints, new_record
from foundation.data.labelled import Columns, LabelledTable, Reads
from foundation.data.leakage import Leakage, find_leakage
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.curve import training_curve
from foundation.evaluation.metrics import classification_metrics
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.recipes.effort import Effort
from foundation.recipes.evaluate_text import class_figures
from foundation.recipes.model_card import write_card
from foundation.recipes.recipe import Recipe, Trained, described, lineage, names_of, splits_file
from foundation.text.adapters import AdaptedEncoder, merge
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import TextEncoder, load_encoder
from foundation.training import PairClassifier, RowClassifier, TextClassifier
from foundation.training.method import MethodName, configure, find_method
from foundation.trust.calibration import USUAL_RISK, fit_calibration
from foundation.trust.scope import OUT_OF_SCOPE, Reference, Scope, fit_scope

__all__ = ["classifier", "companion_rows", "scope_of", "train_text"]


_ESTIMATORS: dict[Reads, type[TextClassifier]] = {
    "text": TextClassifier,
    "pairs": PairClassifier,
    "rows": RowClassifier,
}


def classifier(recipe: Recipe, listener: Listener = silent, reads: Reads = "text") -> TextClassifier:
    """Make the estimator that a recipe describes, of texts or of what else is read."""
    if reads == "rows" and recipe.backbone:
        raise InputError("rows of a table are read by trees, not by an encoder of texts; leave --backbone out")
    estimator = _ESTIMATORS[reads]
    method = configure(find_method(recipe.method, estimator.modality), recipe.options)
    start = _started(recipe)
    backbone = start.record.name if start else recipe.backbone or DEFAULT_BACKBONE
    return estimator(
        backbone, method, recipe.class_weight, recipe.seed, listener, figures=recipe.figures, encoder=start
    )


def _started(recipe: Recipe) -> TextEncoder | None:
    """Return the encoder that training starts from; an adapter is multiplied into it where its layers are trained."""
    if recipe.start is None:
        return None
    encoder: TextEncoder = recipe.start.network.encoder
    alone = recipe.method == MethodName.PROBE.value and not recipe.unlabelled
    return merge(encoder) if isinstance(encoder, AdaptedEncoder) and not alone else encoder


def train_text(
    table: LabelledTable,
    recipe: Recipe,
    solution: str,
    listener: Listener = silent,
    *,
    open_world: bool = False,
) -> Trained:
    """Train on the train split (and dev, where the method does not need it held out); test is not touched.

    With ``open_world``, what is needed to refuse texts that are of no class is fitted too (``foundation.trust.scope``),
    unless the table has examples of them, which are then a class of their own.

    Raises
    ------
    InputError
        There is no train split, or its labels cannot be learned (see ``TextClassifier.fit``).
    """
    effort = Effort.start()
    model = classifier(recipe, listener, table.reads)
    needs_dev = find_method(recipe.method, model.modality).needs_dev
    learned = (Split.TRAIN,) if needs_dev else (Split.TRAIN, Split.DEV)
    own_texts, own_labels = table.part(*learned)
    if not own_texts:
        raise InputError(f"{table.name} has no train rows; expected rows whose split is 'train'")
    more_texts, more_labels = companion_rows(table, more_labels=recipe.more_labels)
    texts, labels = own_texts + more_texts, own_labels + more_labels
    table.check_learned(labels)
    leakage = _leakage(table, more_texts)
    dev = table.part(Split.DEV)
    chosen_on = dev if needs_dev and dev[0] else None
    groups = table.groups(*learned)
    groups += [""] * len(more_texts) if groups else []
    model.fit(texts, labels, dev=chosen_on, unlabelled=recipe.unlabelled, groups=groups)
    # how sure it may be is learned from texts like those that it will read: the table's own, of which none was seen
    own = slice(None) if needs_dev else slice(len(own_texts))
    held_out, targets = model.held_out_logits_[own], model.held_out_targets_[own]
    calibration = fit_calibration(held_out, targets, risk=recipe.risk or USUAL_RISK)
    units = table.groups(Split.DEV) if chosen_on else model.held_out_groups_[own]
    metrics = classification_metrics(targets, calibration.probabilities(held_out), units=units)
    record = new_record(
        model.network_,
        solution=solution,
        task=table.task,
        labels={str(label): names_of(table, str(label)) for label in model.classes_},
        method=described(model, recipe),
        data=lineage(table, len(own_texts), len(recipe.unlabelled)),
        metrics={name: asdict(interval) for name, interval in metrics.items()},
        seed=recipe.seed,
        reads=table.reads,
        figures=recipe.figures,
    )
    scope = scope_of(model, texts, labels) if open_world and OUT_OF_SCOPE not in model.classes_ else None
    seen = fingerprints([*texts, *dev[0]] if model.saw_dev_ else texts)
    if recipe.start is not None:
        seen = np.union1d(seen, recipe.start.seen)
    bundle = Bundle(record, model.network_, calibration, seen, scope)
    curve = training_curve(model.history_)
    shares = calibration.probabilities(held_out)
    by_label = class_figures(targets, shares, bundle.labels)
    card = write_card(bundle, leakage, len(shares), by_label, effort.summary(), model.history_, curve=bool(curve))
    return Trained(bundle, Papers(card, splits_file(table), curve), leakage, metrics, model.history_)


def scope_of(model: TextClassifier, texts: Sequence[str], labels: Sequence[str]) -> Scope:
    """Fit what tells texts in scope from others to a fitted model and its training rows."""
    encoder = load_encoder(model.backbone)
    reference = Reference(encoder.encode(texts).astype(np.float16), np.searchsorted(model.classes_, labels))
    return fit_scope(reference, encoder.encode(model.held_out_items_), model.held_out_logits_)


def companion_rows(table: LabelledTable, *, more_labels: bool = False) -> tuple[list[str], list[str]]:
    """Return texts and labels of the companions' train and dev rows.

    Raises
    ------
    InputError
        A companion has a label that the table has not, and ``more_labels`` are not wanted.
    """
    known = set(table.frame[Columns.LABEL])
    texts: list[str] = []
    labels: list[str] = []
    for companion in table.companions:
        texts_beside, labels_beside = companion.part(Split.TRAIN, Split.DEV)
        if (strange := sorted(set(labels_beside) - known)) and not more_labels:
            raise InputError(
                f"{companion.name} cannot be trained on beside {table.name}: it has other labels "
                f"({', '.join(strange)}); name others with --with, or 'none'"
            )
        texts, labels = texts + texts_beside, labels + labels_beside
    return texts, labels


def _leakage(table: LabelledTable, more: list[str]) -> Leakage:
    texts = table.frame[Columns.TEXT].tolist() + more
    splits = table.frame[Columns.SPLIT].tolist() + [Split.TRAIN.value] * len(more)
    return find_leakage(texts, splits, near=table.reads != "rows")
