"""From labelled images to a bundle: leakage gate, fit, calibration, guard, figures on held-out rows, card."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.bundle import Bundle, fingerprints, new_record
from foundation.data.image_leakage import leaked_rows
from foundation.data.image_tables import ImageTable
from foundation.data.labelled import Columns
from foundation.data.leakage import Leakage
from foundation.data.splits import Split
from foundation.errors import InputError, UnknownNameError
from foundation.evaluation.curve import training_curve
from foundation.evaluation.metrics import classification_metrics
from foundation.evaluation.screening import finding_auroc
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.recipes.effort import Effort
from foundation.recipes.evaluate_text import class_figures
from foundation.recipes.model_card import write_card
from foundation.recipes.recipe import Recipe, Trained, described, lineage, names_of, splits_file
from foundation.training.image_classifier import ImageClassifier
from foundation.training.method import Modality, configure, find_method
from foundation.trust.calibration import fit_calibration
from foundation.trust.guard import is_colourful
from foundation.trust.held_out import HeldOut
from foundation.trust.label_noise import suspicious_labels
from foundation.trust.scope import Reference, fit_nearness
from foundation.vision.backbone import DEFAULT_BACKBONE

__all__ = ["gate_leaks", "image_classifier", "leaking_rows", "train_images", "without_rows"]

_FOLDS = 5
# Pictures of another kind lie far away: the guard can let nearly all that belong pass.
_KEPT = 0.97
_PREPARATION = ("size", "stem_stride")
_NEGATIVE = "negative"
# What a network of pictures is not sure of goes to a person, who looks anyway: it may be stricter with itself than one
# of texts.
_USUAL_RISK = 0.05


def image_classifier(table: ImageTable, recipe: Recipe, listener: Listener = silent) -> ImageClassifier:
    """Make the estimator that a recipe describes; ``size`` and ``stem_stride`` are the card's where it does not say."""
    options = {name: text for name, text in recipe.options.items() if name != _NEGATIVE}
    prepared = {name: _whole(name, options.pop(name, str(getattr(table.columns, name)))) for name in _PREPARATION}
    method = find_method(recipe.method, Modality.IMAGE)
    if hasattr(method, "flip"):
        options = {"flip": str(table.columns.flip), **options}
    return ImageClassifier(
        recipe.backbone or DEFAULT_BACKBONE,
        configure(method, options),
        class_weight=recipe.class_weight,
        seed=recipe.seed,
        listener=listener,
        **prepared,
    )


def train_images(table: ImageTable, recipe: Recipe, solution: str, listener: Listener = silent) -> Trained:
    """Train on the train split; dev decides on the epoch, the confidence and the guard; test is not touched.

    Raises
    ------
    InputError
        Something stands in two splits (and ``recipe.leaks`` is ``"refuse"``), there are no train or dev rows, or the
        labels cannot be learned (see ``ImageClassifier.fit``).
    """
    effort = Effort.start()
    table, leakage = gate_leaks(table, recipe.leaks)
    images, labels = table.part(Split.TRAIN)
    dev_images, dev_labels = table.part(Split.DEV)
    if not images or not dev_images:
        raise InputError(f"{table.name} has no train rows or no dev rows; expected a column 'split' with both, or none")
    table.check_learned(labels)
    negative = _negative(table, recipe, sorted(set(labels)))
    model = image_classifier(table, recipe, listener).fit(
        images,
        labels,
        dev=(dev_images, dev_labels),
        unlabelled=recipe.unlabelled,
        groups=table.groups(Split.TRAIN),
    )
    logits = model.network_.logits(dev_images)
    targets = np.searchsorted(model.classes_, dev_labels)
    calibration = fit_calibration(logits, targets, risk=recipe.risk or _USUAL_RISK)
    held_out = HeldOut(calibration.probabilities(logits), targets)
    absent = None if negative is None else int(np.searchsorted(model.classes_, negative))
    metrics = {
        **classification_metrics(targets, held_out.probabilities, units=table.groups(Split.DEV)),
        **finding_auroc(held_out.probabilities, targets, absent, table.groups(Split.DEV)),
    }
    encoder = model.network_.encoder if not model.network_.encoder.tuned else _plain(model)
    vectors = encoder.encode(images, listener=listener)
    scope = fit_nearness(
        Reference(vectors.astype(np.float16), np.searchsorted(model.classes_, labels)),
        table.groups(Split.TRAIN),
        encoder.encode(dev_images),
        logits.argmax(axis=1),
        kept=_KEPT,
    )
    suspects = _suspects(table, vectors, model, labels)
    record = new_record(
        model.network_,
        solution=solution,
        task=table.task,
        labels={str(label): names_of(table, str(label)) for label in model.classes_},
        method=described(model, recipe),
        data=lineage(table, len(images), len(recipe.unlabelled)) | {"suspicious_labels": suspects},
        metrics={name: asdict(interval) for name, interval in metrics.items()},
        seed=recipe.seed,
        image={
            "size": model.size,
            "stem_stride": model.stem_stride,
            "colourful": bool(np.mean([is_colourful(image) for image in images]) > 0.5),
            "negative": negative,
        },
    )
    bundle = Bundle(record, model.network_, calibration, fingerprints(images), scope, held_out)
    curve = training_curve(model.history_)
    by_label = class_figures(held_out.targets, held_out.probabilities, bundle.labels)
    card = write_card(bundle, leakage, len(targets), by_label, effort.summary(), model.history_, curve=bool(curve))
    return Trained(bundle, Papers(card, splits_file(table), curve), leakage, metrics, model.history_)


def _negative(table: ImageTable, recipe: Recipe, labels: list[str]) -> str | None:
    """Return the label of no finding: what the recipe says (``none``: there is none), else the card or the file."""
    said = recipe.options.get(_NEGATIVE)
    if said is None:
        return table.columns.negative if table.columns.negative in labels else None
    if said != "none" and said not in labels:
        raise UnknownNameError("label", said, labels)
    return said if said in labels else None


def gate_leaks(table: ImageTable, leaks: str) -> tuple[ImageTable, Leakage]:
    """Look for pictures and patients in two splits, and do what was asked about them.

    Raises
    ------
    InputError
        There are some and ``leaks`` is ``"refuse"``.
    """
    exact, near, shared = leaking_rows(table)
    leakage = Leakage(len(exact), len(near), (), patients=len(shared))
    if not leakage.any or leaks == "keep":
        return table, leakage
    if leaks != "drop":
        raise InputError(
            f"{table.name} leaks: {leakage.summary()}; figures would be too good. Split by patient, "
            "or say --leaks drop (leaves those rows out) or --leaks keep"
        )
    return without_rows(table, np.concatenate([exact, near, shared])), leakage


def without_rows(table: ImageTable, leaking: NDArray[np.int64]) -> ImageTable:
    """Return the table without rows that leak; its protocol says how many."""
    kept = np.ones(len(table.frame), dtype=bool)
    kept[leaking] = False
    images = tuple(image for image, keep in zip(table.images, kept, strict=True) if keep)
    protocol = f"{table.protocol}; {int((~kept).sum())} leaking rows of dev and test left out"
    frame = table.frame[kept].reset_index(drop=True)
    return replace(table, frame=frame, images=images, protocol=protocol)


def leaking_rows(table: ImageTable) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that an earlier split holds too: the same picture, nearly the same, a picture of its patient."""
    return leaked_rows(table.images, table.frame[Columns.SPLIT].tolist(), table.frame["patient"].tolist())


def _plain(model: ImageClassifier) -> Any:
    from foundation.vision.encoder import load_image_encoder

    return load_image_encoder(model.backbone, model.size, model.stem_stride)


def _suspects(table: ImageTable, vectors: Any, model: ImageClassifier, labels: Sequence[str]) -> list[int]:
    """Return the training pictures whose label a linear model on frozen vectors doubts, at most twenty, from 1 on.

    By number, in the order in which they were read: a file may be called as its patient is.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    targets = np.searchsorted(model.classes_, labels)
    patients = np.array(table.groups(Split.TRAIN))
    if min(len(set(patients[targets == label])) for label in set(targets.tolist())) < _FOLDS:
        return []
    chances = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.003, class_weight="balanced", max_iter=300)),
        vectors,
        targets,
        groups=patients,
        cv=StratifiedGroupKFold(_FOLDS),
        method="predict_proba",
    )
    return [int(row) + 1 for row in table.rows(Split.TRAIN)[suspicious_labels(chances, targets)[:20]]]


def _whole(name: str, text: str) -> int:
    if not text.isdigit():
        raise InputError(f"{name}: got {text!r}; expected a whole number")
    return int(text)
