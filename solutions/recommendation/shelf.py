"""From a ranking to a shelf: rules, the dials of variety and popularity, and what is new."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundation.errors import InputError
from solutions.recommendation.catalogue import Catalogue

__all__ = ["Dials", "Rules", "allowed", "boosts", "drawn", "varied"]

# The best so many are chosen among: variety from farther down would cost more relevance than anybody wants to pay.
_CHOSEN_AMONG = 100
# Places left to chance are drawn from so many that come next.
_DRAWN_FROM = 40
# A boosted tag lifts an item by this many standard deviations of the user's scores.
_BOOST = 1.0


@dataclass(frozen=True)
class Dials:
    """What a person turns.

    Attributes
    ----------
    variety : float, 0 to 1
        How much unlikeness to what is already on the shelf counts against relevance.
    discovery : float, 0 to 1
        How much being well known counts against an item.
    """

    variety: float = 0.0
    discovery: float = 0.0

    def __post_init__(self) -> None:
        for name in ("variety", "discovery"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(f"{name}: got {value}; expected a number from 0 to 1")


@dataclass(frozen=True)
class Rules:
    """What a business wants, whatever the models say.

    Attributes
    ----------
    exclude, boost, must : tuple of str
        Tags or ids: never shown; lifted; an item needs all of the ``must``.
    again : bool
        Whether what the user had may be shown.
    """

    exclude: tuple[str, ...] = ()
    boost: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    again: bool = False


def allowed(catalogue: Catalogue, rules: Rules) -> NDArray[np.bool_]:
    """Return which items the rules let through, shape (items,).

    Raises
    ------
    InputError
        A rule names what is neither a tag nor an item: it would do nothing, unseen.
    """
    kept = ~_has_any(catalogue, rules.exclude)
    for name in rules.must:
        kept &= _has_any(catalogue, (name,))
    return kept


def boosts(catalogue: Catalogue, rules: Rules) -> NDArray[np.float64]:
    """Return what the rules add to the standing of each item, shape (items,)."""
    return np.where(_has_any(catalogue, rules.boost), _BOOST, 0.0)


def varied(
    relevance: NDArray[np.float64],
    vectors: NDArray[np.float32],
    well_known: NDArray[np.float64],
    dials: Dials,
    limit: int,
) -> NDArray[np.int64]:
    """Choose items one by one: relevant, unlike those chosen, not too well known.

    Parameters
    ----------
    relevance : ndarray, shape (n,)
        In standard deviations of the user's candidates.
    vectors : ndarray of float32, shape (n, d), of length 1
    well_known : ndarray, shape (n,), 0 to 1
        The share of the candidates that are no better known.
    dials : Dials
    limit : int

    Returns
    -------
    ndarray of int64, shape (min(limit, n),)
        Places in ``relevance``, in the order of the shelf.

    References
    ----------
    Carbonell, Goldstein (1998), "The use of MMR, diversity-based reranking", SIGIR: maximal marginal relevance. At 0
    the order is that of relevance; at 1 relevance decides only between items that are equally unlike.

    Examples
    --------
    Two alike and one unlike: without variety the two best, with variety the unlike one second.

    >>> vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    >>> relevance = np.array([2.0, 1.9, 1.0])
    >>> [varied(relevance, vectors, np.zeros(3), Dials(variety), 2).tolist() for variety in (0.0, 0.6)]
    [[0, 1], [0, 2]]
    """
    order = np.argsort(-relevance, kind="stable")[: max(limit, _CHOSEN_AMONG)]
    if not len(order):
        return order
    spread = np.ptp(relevance[order]) or 1.0
    worth = (relevance[order] - relevance[order].min()) / spread - dials.discovery * well_known[order]
    likeness = np.zeros(len(order))
    chosen: list[int] = []
    for _ in range(min(limit, len(order))):
        value = (1 - dials.variety) * worth - dials.variety * likeness
        value[chosen] = -np.inf
        best = int(value.argmax())
        chosen.append(best)
        likeness = np.maximum(likeness, vectors[order] @ vectors[order[best]])
    return order[chosen]


def drawn(
    relevance: NDArray[np.float64], chosen: NDArray[np.int64], places: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw items by chance, each as likely as any other, from those that come after the chosen ones.

    Returns
    -------
    pool, taken : ndarray of int64
        What might have been drawn, the most relevant first, and what was, at most ``places``.
    """
    order = np.argsort(-relevance, kind="stable")
    pool = order[~np.isin(order, chosen)][: _DRAWN_FROM if places else 0]
    return pool, generator.choice(pool, min(places, len(pool)), replace=False) if len(pool) else pool


def _has_any(catalogue: Catalogue, names: Sequence[str]) -> NDArray[np.bool_]:
    if not names:
        return np.zeros(len(catalogue), dtype=bool)
    wanted = {name.strip().lower() for name in names}
    tags = {tag.lower() for item in catalogue.tags for tag in item}
    if unknown := wanted - tags - set(map(str.lower, catalogue.ids)):
        known = ", ".join(sorted(tags)[:8])
        raise InputError(f"rule: got {min(unknown)!r}; expected a tag ({known}, ...) or the id of an item")
    return np.array(
        [
            bool(wanted & {item.lower(), *map(str.lower, tags)})
            for item, tags in zip(catalogue.ids, catalogue.tags, strict=True)
        ]
    )
