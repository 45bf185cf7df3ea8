"""``probe``: a multinomial head on frozen embeddings; seconds, not minutes, and one encoder serves all tasks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from foundation.network import Network
from foundation.training.folds import stratified_folds
from foundation.training.method import Fitted, TrainingJob

__all__ = ["Probe", "as_logits"]


@dataclass(frozen=True)
class Probe:
    """Logistic regression on standardised embeddings.

    Parameters
    ----------
    strengths : tuple of float
        Inverse regularisation strengths; the one with the least held-out log loss is taken.
    folds : int
        Of the stratified cross-validation inside train that chooses the strength and gives the held-out scores.

    References
    ----------
    Alain, Bengio (2017), "Understanding intermediate layers using linear classifier probes", arXiv:1610.01644.
    """

    strengths: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    folds: int = 5

    @property
    def needs_dev(self) -> bool:
        """The strength is chosen by cross-validation inside train."""
        return False

    @property
    def class_weight(self) -> str:
        """Balanced: a linear head on few examples leans towards the common classes otherwise."""
        return "balanced"

    def fit(self, job: TrainingJob[Any]) -> Fitted:
        """Encode once, choose the strength, fit on everything."""
        vectors = job.encoder.encode(job.train.items, listener=job.listener)
        targets = job.train.targets
        weights = dict(enumerate(job.class_weight))
        folds = list(stratified_folds(job.train, self.folds, job.seed))
        scores = np.zeros((len(self.strengths), len(targets), len(job.class_weight)))
        for done, (kept, held) in enumerate(folds, start=1):
            scores[:, held] = self._path(vectors[kept], targets[kept], vectors[held], weights)
            job.listener(done, len(folds), "choosing the regularisation")
        losses = [float(log_loss(targets, softmax(each, axis=1))) for each in scores]
        history = tuple(
            {"strength": strength, "held_out_log_loss": loss}
            for strength, loss in zip(self.strengths, losses, strict=True)
        )
        best = int(np.argmin(losses))
        scaler = StandardScaler().fit(vectors)
        head = _head(self.strengths[best], weights).fit(scaler.transform(vectors), targets)
        network = Network(job.encoder, *_fold_in(scaler, head))
        return Fitted(network, scores[best], targets, history, self)

    def _path(
        self,
        vectors: NDArray[np.float32],
        targets: NDArray[np.int64],
        held_out: NDArray[np.float32],
        weights: dict[int, float],
    ) -> NDArray[np.float64]:
        """Score held-out vectors at every strength, shape (strengths, n, classes), each fit begun at the one before."""
        scaler = StandardScaler().fit(vectors)
        scaled, scaled_held_out = scaler.transform(vectors), scaler.transform(held_out)
        head = _head(self.strengths[0], weights).set_params(warm_start=True)
        return np.stack(
            [
                _as_matrix(head.set_params(C=strength).fit(scaled, targets).decision_function(scaled_held_out))
                for strength in self.strengths
            ]
        )


def _head(strength: float, class_weight: dict[int, float]) -> LogisticRegression:
    return LogisticRegression(C=strength, class_weight=class_weight, max_iter=1000, tol=1e-4)


def _as_matrix(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Write the one score of a binary head as two logits, so that softmax gives the head's own probability."""
    return scores if scores.ndim == 2 else np.stack([-scores / 2, scores / 2], axis=1)


def _fold_in(scaler: StandardScaler, head: LogisticRegression) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Write scaler and head as one linear map of the plain vector."""
    weight = head.coef_ / scaler.scale_
    return as_logits(weight, head.intercept_ - weight @ scaler.mean_)


def as_logits(
    weight: NDArray[np.float64], bias: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Write the one row of a binary head as two that give the same probability; leave others as they are."""
    if len(weight) == 1:
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight.astype(np.float32), bias.astype(np.float32)
