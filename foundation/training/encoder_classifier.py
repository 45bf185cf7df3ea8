"""What the scikit-learn classifiers of texts and of images share: everything but what an item is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from foundation.errors import InputError
from foundation.network import Network
from foundation.progress import Listener
from foundation.training.folds import set_aside
from foundation.training.method import Labelled, Method, Modality, TrainingJob, class_weights, find_method
from foundation.training.runs import kept_runs

__all__ = ["EncoderClassifier"]

# A class needs an item to learn from and one to be checked on.
_FEWEST_PER_CLASS = 2


class EncoderClassifier(ABC, ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An encoder and a head, fitted by the method of your choice; a child says what its items are.

    Attributes
    ----------
    classes_ : ndarray of str, shape (classes,)
    network_ : Network
    held_out_logits_, held_out_targets_ : ndarray
        Scores of items that the scoring model had not seen, and their class indices: what calibration is fitted on.
    held_out_items_ : list
        The items of those scores.
    held_out_groups_ : list of int
        Their groups; empty where none were given.
    history_ : tuple of dict
        One entry an epoch or candidate.
    method_ : Method
        As it was used in the end, hyper-parameters included.
    saw_dev_ : bool
        Whether the network learned from dev too.
    """

    modality: ClassVar[Modality]

    backbone: str
    method: str | Method
    class_weight: str | None
    seed: int
    listener: Listener

    @abstractmethod
    def _checked(self, items: Sequence[Any]) -> list[Any]:
        """Return the items as a list, or raise ``InputError`` naming the first that is none."""

    @abstractmethod
    def _encoder(self, unlabelled: Sequence[Any]) -> Any:
        """Load the encoder; where there are unlabelled items, it has read them first."""

    def fit(
        self,
        X: Sequence[Any],
        y: Sequence[str],
        dev: tuple[Sequence[Any], Sequence[str]] | None = None,
        unlabelled: Sequence[Any] = (),
        groups: Sequence[str] | None = None,
    ) -> Self:
        """Fit to items and their labels.

        Parameters
        ----------
        X : sequence, length n
        y : sequence of str, length n
        dev : (items, labels), optional
            What a method that chooses an epoch is checked on; without it a stratified tenth of X is set aside.
        unlabelled : sequence
            Items like X that the encoder sees first.
        groups : sequence of str, length n, optional
            What each item is of, a customer or a patient: whatever is held out inside X, is so by whole groups. An
            item whose group is empty is alone.

        Raises
        ------
        InputError
            X is of another kind, lengths differ, there is one class only, or a class has a single example.
        """
        items, labels = self._checked(X), np.asarray(y)
        if len(items) != len(labels):
            kind = self.modality.value
            raise InputError(f"got {len(items)} {kind}s and {len(labels)} labels; expected as many labels as {kind}s")
        method = find_method(self.method, self.modality) if isinstance(self.method, str) else self.method
        self.classes_, targets = np.unique(labels, return_inverse=True)
        _check_classes(self.classes_, targets)
        train = Labelled(items, targets.astype(np.int64), _numbered(groups))
        held_out = self._labelled(*dev) if dev is not None else None
        if method.needs_dev and held_out is None:
            kept, held = set_aside(train, self.seed)
            train, held_out = train.take(kept), train.take(held)
        chosen = method.class_weight if self.class_weight == "auto" else self.class_weight
        weight = class_weights(chosen, train.targets, len(self.classes_))
        names = tuple(map(str, self.classes_))
        with kept_runs():
            encoder = self._encoder(unlabelled)
            job = TrainingJob(encoder, train, held_out, weight, names, self.seed, self.listener, self.class_weight)
            fitted = method.fit(job)
        self.network_: Network[Any] = fitted.network
        self.held_out_logits_ = fitted.held_out_logits
        self.held_out_targets_ = fitted.held_out_targets
        scored = held_out if held_out and method.needs_dev else train
        self.held_out_items_ = list(scored.items)
        self.held_out_groups_ = [] if scored.groups is None else scored.groups.tolist()
        self.history_ = fitted.history
        self.method_ = fitted.method
        self.saw_dev_ = fitted.saw_dev
        return self

    def decision_function(self, X: Sequence[Any]) -> NDArray[np.float64]:
        """Return logits, shape (n, classes); as scikit-learn has it, shape (n,) for two classes."""
        check_is_fitted(self)
        logits = self.network_.logits(self._checked(X))
        return logits if len(self.classes_) > 2 else logits[:, 1] - logits[:, 0]

    def predict_proba(self, X: Sequence[Any]) -> NDArray[np.float64]:
        """Return uncalibrated class probabilities, shape (n, classes)."""
        check_is_fitted(self)
        probabilities: NDArray[np.float64] = softmax(self.network_.logits(self._checked(X)), axis=1)
        return probabilities

    def predict(self, X: Sequence[Any]) -> NDArray[Any]:
        """Return the likeliest label of each item, shape (n,)."""
        best: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return best

    def _labelled(self, items: Sequence[Any], labels: Sequence[str]) -> Labelled:
        index = {label: position for position, label in enumerate(self.classes_)}
        strange = sorted({str(label) for label in labels} - {str(label) for label in index})
        if strange:
            raise InputError(f"dev has labels that train has not: {', '.join(strange)}; expected only train's labels")
        if not len(items):
            raise InputError("dev is empty; give labelled rows, or leave it out to have a tenth of train set aside")
        return Labelled(self._checked(items), np.array([index[label] for label in labels], dtype=np.int64))


def _numbered(groups: Sequence[str] | None) -> NDArray[np.int64] | None:
    """Return the groups by number; an empty one is none, and its row alone."""
    if not groups:
        return None
    return np.unique([group or f"row {row}" for row, group in enumerate(groups)], return_inverse=True)[1]


def _check_classes(classes: NDArray[Any], targets: NDArray[np.int64]) -> None:
    if len(classes) < 2:
        raise InputError(f"got labels of {len(classes)} class ({', '.join(map(str, classes))}); expected two or more")
    counts = np.bincount(targets)
    rare = [str(label) for label, count in zip(classes, counts, strict=True) if count < _FEWEST_PER_CLASS]
    if rare:
        raise InputError(
            f"too few examples of {', '.join(rare)}: expected {_FEWEST_PER_CLASS} or more a class; "
            "add some, or merge the class with another"
        )
