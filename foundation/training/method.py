"""The contract of a fine-tuning method, and how one is found by name.

A method is a frozen dataclass in a file of its own: its fields are its hyper-parameters, ``fit`` does the work.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from hashlib import sha256
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from foundation.errors import InputError, UnknownNameError
from foundation.network import EncoderT, Network
from foundation.progress import Listener, silent

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "Amount",
    "Count",
    "Fitted",
    "Labelled",
    "Method",
    "MethodName",
    "Modality",
    "Share",
    "TrainingJob",
    "class_weights",
    "configure",
    "find_method",
]


#: What a hyper-parameter may be: how many, a part below 1, how much.
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Amount = Annotated[float, Field(ge=0, lt=inf)]


@dataclass(frozen=True)
class Labelled:
    """Items, texts or images, with class indices (0 to classes - 1), and what each is of (a customer, a patient).

    Items of one group are no proofs of one another: none is held out while another is learned from.
    """

    items: Sequence[Any]
    targets: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    @property
    def sha256(self) -> str:
        """Of items, targets and groups in their order."""
        digest = sha256(self.targets.astype("<i8").tobytes())
        if self.groups is not None:
            digest.update(self.groups.astype("<i8").tobytes())
        for item in self.items:
            content = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item.tobytes()
            digest.update(len(content).to_bytes(8, "little") + content)
        return digest.hexdigest()

    def take(self, rows: NDArray[np.int64]) -> "Labelled":
        """Return these rows alone."""
        groups = None if self.groups is None else self.groups[rows]
        return Labelled([self.items[row] for row in rows], self.targets[rows], groups)


@dataclass(frozen=True)
class TrainingJob(Generic[EncoderT]):
    """What a method is given.

    Attributes
    ----------
    encoder : Encoder
        Shared and frozen; a method that tunes layers makes a copy.
    train : Labelled
    dev : Labelled or None
        Items that must not be trained on; None where the method does not need any.
    class_weight : ndarray, shape (classes,)
        All 1 where classes are not weighted; 1 on average over the training items in any case.
    labels : tuple of str
        Names of the classes: they may mean something to a language model.
    seed : int
    listener : Listener
    weighing : {"auto", "balanced"} or None
        What ``class_weight`` was made of; ``"auto"`` leaves it to each method.
    """

    encoder: EncoderT
    train: Labelled
    dev: Labelled | None
    class_weight: NDArray[np.float64]
    labels: tuple[str, ...] = ()
    seed: int = 0
    listener: Listener = silent
    weighing: str | None = "auto"

    def decisive(self) -> tuple[object, ...]:
        """Return what the figures depend on besides the method, for the name of a run."""
        items = [data.sha256 if data else None for data in (self.train, self.dev)]
        return self.encoder.content_sha256(), self.seed, self.class_weight.tolist(), *items

    def part(self, rows: NDArray[np.int64]) -> "TrainingJob[EncoderT]":
        """Return the job with these rows of train only, and no dev."""
        return self.with_train(self.train.take(rows))

    def with_train(self, train: Labelled) -> "TrainingJob[EncoderT]":
        """Return the job with other examples and no dev."""
        return replace(self, train=train, dev=None)

    def with_dev(self) -> "TrainingJob[EncoderT]":
        """Return the job with dev among its examples, and no dev."""
        dev = self.held_out()
        return self.with_train(
            Labelled([*self.train.items, *dev.items], np.concatenate([self.train.targets, dev.targets]))
        )

    def held_out(self) -> Labelled:
        """Return dev; for methods whose ``needs_dev`` is true.

        Raises
        ------
        InputError
            There is none.
        """
        if self.dev is None or not len(self.dev.items):
            raise InputError("this method chooses on dev rows and got none; give dev=(texts, labels)")
        return self.dev


@dataclass(frozen=True)
class Fitted:
    """What a method returns.

    Attributes
    ----------
    network : Network[Any]
    held_out_logits : ndarray, shape (m, classes)
        Scores of items that the scoring model was not fitted on, for calibration.
    held_out_targets : ndarray of int, shape (m,)
    history : tuple of dict
        One entry an epoch or candidate: what was tried and what it gave.
    method : Method
        With the hyper-parameters that were used in the end.
    saw_dev : bool
        Whether the network learned from dev too; what gave the scores did not.
    """

    network: Network[Any]
    held_out_logits: NDArray[np.float64]
    held_out_targets: NDArray[np.int64]
    history: tuple[dict[str, Any], ...]
    method: "Method"
    saw_dev: bool = False


class Method(Protocol):
    """A way to fit a network to labelled texts; a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def needs_dev(self) -> bool:
        """Whether ``fit`` needs items that it must not train on; where not, they are better spent in training."""

    @property
    def class_weight(self) -> str | None:
        """What ``class_weight="auto"`` means for this method."""

    def fit(self, job: TrainingJob[Any]) -> Fitted:
        """Fit a network to the job's items."""


class MethodName(str, Enum):
    """The methods of this release for texts; the value is the module's name."""

    PROBE = "probe"
    FULL = "full"
    LORA = "lora"
    ADALORA = "adalora"
    FEWSHOT = "fewshot"
    AUTO = "auto"


class Modality(str, Enum):
    """What kind of items a method reads."""

    TEXT = "text"
    IMAGE = "image"
    PAIR = "pair"
    ROW = "row"


# A frozen encoder is read in the same way whatever it encodes.
_MODULES = {
    Modality.TEXT: {method.value: f"foundation.training.{method.value}" for method in MethodName},
    Modality.IMAGE: {
        MethodName.PROBE.value: "foundation.training.probe",
        MethodName.FULL.value: "foundation.training.images.full",
        MethodName.LORA.value: "foundation.training.images.lora",
        MethodName.AUTO.value: "foundation.training.images.auto",
    },
    Modality.PAIR: {
        MethodName.PROBE.value: "foundation.training.probe",
        MethodName.FULL.value: "foundation.training.pairs.full",
    },
    Modality.ROW: {"trees": "foundation.training.rows.trees"},
}


def class_weights(choice: str | None, targets: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Return one weight a class, shape (classes,): inverse to its frequency for ``"balanced"``, otherwise 1."""
    from sklearn.utils.class_weight import compute_class_weight

    weights: NDArray[np.float64] = compute_class_weight(choice, classes=np.arange(classes), y=targets)
    return weights


def find_method(name: str, modality: Modality = Modality.TEXT) -> Method:
    """Return a method with its default hyper-parameters.

    Examples
    --------
    >>> find_method("probe").needs_dev
    False
    """
    modules = _MODULES[modality]
    if name not in modules:
        raise UnknownNameError(
            "method" if modality is Modality.TEXT else f"method for {modality.value}s", name, modules
        )
    method: Method = getattr(import_module(modules[name]), name.capitalize())()
    return method


M = TypeVar("M", bound="DataclassInstance")


def configure(method: M, options: Mapping[str, str]) -> M:
    """Return a method, or other settings, with some hyper-parameters set from text, as a command line gives them.

    Raises
    ------
    UnknownNameError
        There is no such hyper-parameter; the nearest name is suggested.
    InputError
        The text is not of its type, or a number that it cannot be.

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
            wanted = error.errors()[0]["msg"].removeprefix("Input should be ")
            raise InputError(f"{name}: got {text!r}; expected {wanted}") from error
    return replace(method, **values)
