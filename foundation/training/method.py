"""The contract of a fine-tuning method, and how one is found by name.

A method is a frozen dataclass in a file of its own: its fields are its hyper-parameters, ``fit`` does the work.
"""

from collections.abc import Sequence
from dataclasses import Field, dataclass
from enum import Enum
from importlib import import_module
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from foundation.errors import UnknownNameError
from foundation.progress import Listener
from foundation.text.encoder import TextEncoder
from foundation.text.network import TextNetwork

__all__ = ["Fitted", "LabelledTexts", "Method", "MethodName", "find_method"]


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with class indices (0 to classes - 1)."""

    texts: Sequence[str]
    targets: NDArray[np.int64]


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
    """

    network: TextNetwork
    held_out_logits: NDArray[np.float64]
    held_out_targets: NDArray[np.int64]
    history: tuple[dict[str, float], ...]


class Method(Protocol):
    """A way to fit a network to labelled texts; a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def needs_dev(self) -> bool:
        """Whether ``fit`` needs texts that it must not train on; where not, they are better spent in training."""

    @property
    def class_weight(self) -> str | None:
        """What ``class_weight="auto"`` means for this method."""

    def fit(
        self,
        encoder: TextEncoder,
        train: LabelledTexts,
        dev: LabelledTexts | None,
        class_weight: NDArray[np.float64],
        seed: int,
        listener: Listener,
    ) -> Fitted:
        """Fit; ``class_weight`` has one entry a class, all 1 where classes are not weighted."""


class MethodName(str, Enum):
    """The methods of this release; the value is the module's name."""

    PROBE = "probe"
    FULL = "full"


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
