"""How well messages out of scope are told from others: what an evaluation of intents says besides."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foundation.data.splits import Split
from foundation.evaluation.metrics import Interval, auroc, bootstrap
from foundation.trust.scope import OUT_OF_SCOPE

if TYPE_CHECKING:
    from foundation.bundle import Bundle
    from foundation.data.labelled import LabelledTable

__all__ = ["found_at", "scope_metrics"]

_KEPT = 0.95


def scope_metrics(bundle: "Bundle", table: "LabelledTable") -> Mapping[str, Interval]:
    """Measure on the test split of a table that has messages out of scope.

    Returns
    -------
    mapping of metric to Interval
        ``scope_auroc``; ``out_of_scope_found_at_95``, the share of messages out of scope that score below 95 % of the
        others; ``in_scope_accuracy``, of messages in scope among the intents alone. Empty where all are in scope or
        none is.
    """
    texts, labels = table.part(Split.TEST)
    inside = np.array([label != OUT_OF_SCOPE for label in labels])
    if inside.all() or not inside.any() or OUT_OF_SCOPE not in bundle.labels:
        return {}
    probabilities = bundle.probabilities(texts)
    out = bundle.labels.index(OUT_OF_SCOPE)
    scores = 1.0 - probabilities[:, out]
    probabilities[:, out] = 0.0
    right = np.array(bundle.labels)[probabilities.argmax(axis=1)] == np.array(labels)
    rows = np.flatnonzero(inside)

    def found(part: NDArray[np.int64]) -> float:
        kept, strange = scores[part][inside[part]], scores[part][~inside[part]]
        return found_at(kept, strange) if len(kept) and len(strange) else float("nan")

    return {
        "scope_auroc": bootstrap(lambda part: auroc(inside[part], scores[part]), range(len(texts))),
        "out_of_scope_found_at_95": bootstrap(found, range(len(texts))),
        "in_scope_accuracy": bootstrap(lambda part: float(right[rows[part]].mean()), range(len(rows))),
    }


def found_at(inside: NDArray[np.float64], outside: NDArray[np.float64], kept: float = _KEPT) -> float:
    """Return the share of scores outside that lie below what ``kept`` of those inside reach.

    Examples
    --------
    >>> found_at(np.linspace(0.1, 1, 10), np.array([0.05, 0.2, 0.5]), kept=0.8)
    0.6666666666666666
    """
    return float(np.mean(outside < np.quantile(inside, 1 - kept)))
