"""The contract of a fine-tuning method, and how one is found by name.

A method is a frozen dataclass in a file of its own: its fields are its hyper-parameters, ``fit`` does the work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from enum import Enum
from hashlib import sha256
from importlib import import_module
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from foundation.errors import InputError, UnknownNameError
from foundation.progress import Listener, silent
from foundation.text.encoder import TextEncoder
from foundation.text.network import TextNetwork

__all__ = [
    "Fitted",
    "LabelledTexts",
    "Method",
    "MethodName",
    "TrainingJob",
    "class_weights",
    "configure",
    "find_method",
]


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with class indices (0 to classes - 1)."""

    texts: Sequence[str]
    targets: NDArray[np.int64]

    @property
    def sha256(self) -> str:
        """Of texts and targets in their order."""
        digest = sha256(self.targets.astype("<i8").tobytes())
        for text in self.texts:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return digest.hexdigest()


@dataclass(frozen=True)
class TrainingJob:
    """What a method is given.

    Attributes
    ----------
    encoder : TextEncoder
        Shared and frozen; a method that tunes layers makes a copy.
    train : LabelledTexts
    dev : LabelledTexts or None
        Texts that must not be trained on; None where the method does not need any.
    class_weight : ndarray, shape (classes,)
        All 1 where classes are not weighted; 1 on average over the training texts in any case.
    labels : tuple of str
        Names of the classes: they may mean something to a language model.
    seed : int
    listener : Listener
    """

    encoder: TextEncoder
    train: LabelledTexts
    dev: LabelledTexts | None
    class_weight: NDArray[np.float64]
    labels: tuple[str, ...] = ()
    seed: int = 0
    listener: Listener = silent

    def decisive(self) -> tuple[object, ...]:
        """Return what the figures depend on besides the method, for the name of a run."""
        texts = [data.sha256 if data else None for data in (self.train, self.dev)]
        return self.encoder.content_sha256(), self.seed, self.class_weight.tolist(), *texts

    def part(self, rows: NDArray[np.int64]) -> "TrainingJob":
        """Return the job with these rows of train only, and no dev."""
        return self.with_train(LabelledTexts([self.train.texts[row] for row in rows], self.train.targets[rows]))

    def with_train(self, train: LabelledTexts) -> "TrainingJob":
        """Return the job with other examples and no dev."""
        return replace(self, train=train, dev=None)

    def held_out(self) -> LabelledTexts:
        """Return dev; for methods whose ``needs_dev`` is true.

        Raises
        ------
        InputError
            There is none.
        """
        if self.dev is None or not len(self.dev.texts):
            raise InputError("this method chooses on dev rows and got none; give dev=(texts, labels)")
        return self.dev


@dataclass(frozen=True)
class Fitted:
    """What a method returns.

    Attributes
    ----------
    network : TextNetwork
    held_out_logits : ndarray, shape (m, classes)
        Scores of texts that the scoring model was not fitted on, for calibration.
    held_out_targets : ndarray of int, shape (m,)
    history : tuple of dict
        One entry an epoch or candidate: what was tried and what it gave.
    method : Method
        With the hyper-parameters that were used in the end.
    """

    network: TextNetwork
    held_out_logits: NDArray[np.float64]
    held_out_targets: NDArray[np.int64]
    history: tuple[dict[str, Any], ...]
    method: "Method"


class Method(Protocol):
    """A way to fit a network to labelled texts; a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def needs_dev(self) -> bool:
        """Whether ``fit`` needs texts that it must not train on; where not, they are better spent in training."""

    @property
    def class_weight(self) -> str | None:
        """What ``class_weight="auto"`` means for this method."""

    def fit(self, job: TrainingJob) -> Fitted:
        """Fit a network to the job's texts."""


class MethodName(str, Enum):
    """The methods of this release; the value is the module's name."""

    PROBE = "probe"
    FULL = "full"
    LORA = "lora"
    ADALORA = "adalora"
    FEWSHOT = "fewshot"
    AUTO = "auto"


def class_weights(choice: str | None, targets: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return one weight a class, shape (classes,): inverse to its frequency for ``"balanced"``, otherwise 1."""
    from sklearn.utils.class_weight import compute_class_weight

    weights: NDArray[np.float64] = compute_class_weight(choice, classes=np.arange(classes), y=targets)
    return weights


def find_method(name: str) -> Method:
    """Return a method with its default hyper-parameters.

    Examples
    --------
    >>> find_method("probe").needs_dev
    False
    """
    if name not in {known.value for known in MethodName}:
        raise UnknownNameError("method", name, [known.value for known in MethodName])
    module = import_module(f"foundation.training.{name}")
    method: Method = getattr(module, name.capitalize())()
    return method


M = TypeVar("M", bound=Method)


def configure(method: M, options: Mapping[str, str]) -> M:
    """Return the method with some of its hyper-parameters set from text, as a command line gives them.

    Raises
    ------
    UnknownNameError
        The method has no such hyper-parameter; the nearest name is suggested.
    InputError
        The text is not of its type.

    Examples
    --------
    >>> configure(find_method("probe"), {"folds": "3"}).folds
    3
    """
    known = {field.name: field for field in fields(method)}
    values = {}
    for name, text in options.items():
        if name not in known:
            raise UnknownNameError("hyper-parameter", name, known)
        kind: Any = known[name].type
        try:
            values[name] = TypeAdapter(kind).validate_strings(text)
        except ValidationError as error:
            raise InputError(f"{name}: got {text!r}; expected {getattr(kind, '__name__', kind)}") from error
    return replace(method, **values)
