"""How a head begins, and how its answers are scored after an epoch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score

from foundation.training.method import TrainingJob

__all__ = ["class_directions", "score"]

# Items that find the centres of the classes: a few tell where a class lies, and a thousand take seconds.
_FEWEST_AT_CENTRE, _MOST_AT_CENTRES = 16, 1024


def class_directions(job: TrainingJob[Any]) -> NDArray[np.float32]:
    """Return the directions from the middle to the centres of the classes, of unit length, shape (classes, d).

    A head that begins there sends sensible gradients down from the first step: Kumar et al. (2022), "Fine-tuning can
    distort pretrained features", arXiv:2202.10054, and Snell et al. (2017), arXiv:1703.05175, for the centres.
    """
    classes = len(job.class_weight)
    most = max(_FEWEST_AT_CENTRE, _MOST_AT_CENTRES // classes)
    rows = [np.flatnonzero(job.train.targets == index)[:most] for index in range(classes)]
    centres = np.stack([job.encoder.encode(job.train.take(some).items).mean(axis=0) for some in rows])
    directions = centres - centres.mean(axis=0)
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    unit: NDArray[np.float32] = directions / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def score(prediction: Any) -> dict[str, float]:
    """Return accuracy and macro-F1 of what the Trainer hands over."""
    logits = prediction.predictions
    predicted = np.argmax(logits, axis=1)
    return {
        "accuracy": float(accuracy_score(prediction.label_ids, predicted)),
        "macro_f1": float(f1_score(prediction.label_ids, predicted, average="macro", zero_division=0)),
    }
