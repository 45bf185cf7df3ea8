"""A scikit-learn classifier whose input is texts."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from foundation.errors import InputError
from foundation.progress import Listener, silent
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from foundation.text.network import TextNetwork
from foundation.training.method import LabelledTexts, Method, TrainingJob, class_weights, find_method

__all__ = ["TextClassifier"]

# A class needs a text to learn from and one to be checked on.
_FEWEST_PER_CLASS = 2


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Classify texts with an encoder and a head, fitted by the method of your choice.

    Parameters
    ----------
    backbone : str
        A known backbone, a local folder or a Hub id.
    method : str or Method
        ``"probe"``, ``"full"``, or a configured method such as ``Full(epochs=3)``.
    class_weight : {"auto", "balanced", None}
        ``"balanced"`` weighs classes inversely to their frequency, ``"auto"`` leaves it to the method.
    seed : int
        The same seed, data and machine give the same figures.
    listener : Listener
        Told how the fit goes on.

    Attributes
    ----------
    classes_ : ndarray of str, shape (classes,)
    network_ : TextNetwork
    held_out_logits_, held_out_targets_ : ndarray
        Scores of texts that the scoring model had not seen, and their class indices: what calibration is fitted on.
    held_out_texts_ : list of str
        The texts of those scores.
    history_ : tuple of dict
        One entry an epoch or candidate.
    method_ : Method
        As it was used in the end, hyper-parameters included.

    Examples
    --------
    >>> model = TextClassifier(method="probe")
    >>> model.fit(["profit rose", "profit fell"] * 8, ["good", "bad"] * 8)  # doctest: +SKIP
    >>> model.predict(["sales rose"])  # doctest: +SKIP
    array(['good'], dtype='<U4')
    """

    def __init__(
        self,
        backbone: str = DEFAULT_BACKBONE,
        method: str | Method = "probe",
        class_weight: str | None = "auto",
        seed: int = 0,
        listener: Listener = silent,
    ) -> None:
        self.backbone = backbone
        self.method = method
        self.class_weight = class_weight
        self.seed = seed
        self.listener = listener

    def fit(
        self,
        X: Sequence[str],
        y: Sequence[str],
        dev: tuple[Sequence[str], Sequence[str]] | None = None,
        unlabelled: Sequence[str] = (),
    ) -> Self:
        """Fit to texts and their labels.

        Parameters
        ----------
        X : sequence of str, length n
        y : sequence of str, length n
        dev : (texts, labels), optional
            What a method that chooses an epoch is checked on; without it a stratified tenth of X is set aside.
        unlabelled : sequence of str
            Texts like X that the encoder reads first (``foundation.training.pretrain``).

        Raises
        ------
        InputError
            X is not texts, lengths differ, there is one class only, or a class has a single example.
        """
        texts, labels = _as_texts(X), np.asarray(y)
        if len(texts) != len(labels):
            raise InputError(f"got {len(texts)} texts and {len(labels)} labels; expected as many labels as texts")
        method = find_method(self.method) if isinstance(self.method, str) else self.method
        self.classes_, targets = np.unique(labels, return_inverse=True)
        _check_classes(self.classes_, targets)
        train = LabelledTexts(texts, targets.astype(np.int64))
        held_out = self._labelled(*dev) if dev is not None else None
        if method.needs_dev and held_out is None:
            train, held_out = _set_aside(train, self.seed)
        chosen = method.class_weight if self.class_weight == "auto" else self.class_weight
        weight = class_weights(chosen, train.targets, len(self.classes_))
        encoder = load_encoder(self.backbone)
        if len(unlabelled):
            from foundation.training.pretrain import Pretrain

            encoder = Pretrain().fit(encoder, _as_texts(unlabelled), self.seed, self.listener).encoder
        fitted = method.fit(
            TrainingJob(encoder, train, held_out, weight, tuple(map(str, self.classes_)), self.seed, self.listener)
        )
        self.network_: TextNetwork = fitted.network
        self.held_out_logits_ = fitted.held_out_logits
        self.held_out_targets_ = fitted.held_out_targets
        self.held_out_texts_ = list((held_out if held_out and method.needs_dev else train).texts)
        self.history_ = fitted.history
        self.method_ = fitted.method
        return self

    def decision_function(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return logits, shape (n, classes); as scikit-learn has it, shape (n,) for two classes."""
        check_is_fitted(self)
        logits = self.network_.logits(_as_texts(X))
        return logits if len(self.classes_) > 2 else logits[:, 1] - logits[:, 0]

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return uncalibrated class probabilities, shape (n, classes)."""
        check_is_fitted(self)
        probabilities: NDArray[np.float64] = softmax(self.network_.logits(_as_texts(X)), axis=1)
        return probabilities

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return the likeliest label of each text, shape (n,)."""
        best: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return best

    def _labelled(self, texts: Sequence[str], labels: Sequence[str]) -> LabelledTexts:
        index = {label: position for position, label in enumerate(self.classes_)}
        strange = sorted({str(label) for label in labels} - {str(label) for label in index})
        if strange:
            raise InputError(f"dev has labels that train has not: {', '.join(strange)}; expected only train's labels")
        if not len(texts):
            raise InputError("dev is empty; give labelled rows, or leave it out to have a tenth of train set aside")
        return LabelledTexts(_as_texts(texts), np.array([index[label] for label in labels], dtype=np.int64))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags


def _as_texts(values: Sequence[str]) -> list[str]:
    texts = list(values)
    wrong = next((at for at, value in enumerate(texts) if not isinstance(value, str)), None)
    if wrong is not None:
        kind = type(texts[wrong]).__name__
        raise InputError(f"text {wrong} is of type {kind}, expected str; choose the column that holds the texts")
    return texts


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


def _set_aside(train: LabelledTexts, seed: int) -> tuple[LabelledTexts, LabelledTexts]:
    """Split off a stratified tenth, but one of each class at least."""
    from sklearn.model_selection import train_test_split

    classes = int(train.targets.max()) + 1
    size = max(classes, len(train.texts) // 10)
    kept, held = train_test_split(
        np.arange(len(train.texts)), test_size=size, stratify=train.targets, random_state=seed
    )
    return (
        LabelledTexts([train.texts[i] for i in kept], train.targets[kept]),
        LabelledTexts([train.texts[i] for i in held], train.targets[held]),
    )
