"""Why an item is on the shelf: take a cause away, and the linear score falls by what was said."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.models.ease import Ease
from solutions.recommendation.schema import Because

__all__ = ["because", "shared_tags"]

_MOST_CAUSES = 3
# A cause that carries less than this is no reason that anybody would give.
_LEAST_SHARE = 0.05
_MOST_TAGS = 4


def because(model: Ease, history: NDArray[np.int64], target: int, catalogue: Catalogue) -> tuple[Because, ...]:
    """Return which items of the history speak for an item, with their shares of all that speaks for it.

    Parameters
    ----------
    model : Ease
        Its score is a sum over the history: without an item it is lower by exactly that item's term.
    history : ndarray of int64
    target : int
    catalogue : Catalogue
    """
    terms = np.maximum(model.contributions(history, target), 0)
    total = float(terms.sum())
    if total <= 0:
        return ()
    strongest = np.argsort(-terms, kind="stable")[:_MOST_CAUSES]
    shares = [(int(history[at]), float(terms[at]) / total) for at in strongest]
    return tuple(Because(catalogue.ids[item], share) for item, share in shares if share >= _LEAST_SHARE)


def shared_tags(catalogue: Catalogue, target: int, history: Sequence[int], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return tags of an item: those that the wish asked for, then those commonest in the history, at most four."""
    count = Counter(tag for item in history for tag in catalogue.tags[item])
    own = catalogue.tags[target]
    asked = [tag for tag in own if tag in wanted]
    shared = sorted((tag for tag in own if count[tag] and tag not in asked), key=lambda tag: -count[tag])
    return tuple((asked + shared)[:_MOST_TAGS])
