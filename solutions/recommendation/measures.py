"""Measures of ranked lists, over the whole catalogue, user by user."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.events import Events

__all__ = ["Lists", "list_measures", "top_items", "user_measures"]

DEPTH = 10


@dataclass(frozen=True, eq=False)
class Lists:
    """The first ten items of users, best first.

    Attributes
    ----------
    users : ndarray of int64, shape (n,)
    items : ndarray of int64, shape (n, 10)
        -1 where there were no more candidates.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]


def top_items(blocks: Iterable[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]]) -> Lists:
    """Take the best of scored pairs of user and item; ties go to the item with the lower number.

    Parameters
    ----------
    blocks : iterable of (users, items, scores)
        Each of shape (n,), the users of one block in no other.
    """
    all_users, all_items = [np.empty(0, np.int64)], [np.empty((0, DEPTH), np.int64)]
    for of_users, of_items, scores in blocks:
        order = np.lexsort((of_items, -scores, of_users))
        users, items = of_users[order], of_items[order]
        distinct, start = np.unique(users, return_index=True)
        place = np.arange(len(users)) - start[np.searchsorted(distinct, users)]
        lists = np.full((len(distinct), DEPTH), -1)
        kept = place < DEPTH
        lists[np.searchsorted(distinct, users[kept]), place[kept]] = items[kept]
        all_users.append(distinct)
        all_items.append(lists)
    return Lists(np.concatenate(all_users), np.concatenate(all_items))


def user_measures(lists: Lists, truth: Events) -> dict[str, NDArray[np.float64]]:
    """Return each measure for each user who has true events, in the order of their numbers; no list scores 0.

    Returns
    -------
    dict of measure to ndarray, shape (users with truth,)
        ``ndcg_at_10`` with binary gains and the ideal of min(10, true items) (Järvelin, Kekäläinen 2002),
        ``recall_at_10`` over all true items, ``mrr`` of the first hit within ten, ``hit_at_10``.

    Examples
    --------
    Of two true items one is second: (1 / log2 3) / (1 + 1 / log2 3).

    >>> truth = Events(np.array([0, 0]), np.array([4, 5]), np.zeros(2), np.ones(2), ("a",), 6)
    >>> lists = Lists(np.array([0]), np.array([[1, 4, 2, -1, -1, -1, -1, -1, -1, -1]]))
    >>> {name: value.round(3).tolist() for name, value in user_measures(lists, truth).items()}
    {'ndcg_at_10': [0.387], 'recall_at_10': [0.5], 'mrr': [0.5], 'hit_at_10': [1.0]}
    """
    users, count = np.unique(truth.users, return_counts=True)
    wanted = truth.matrix()
    hits = np.zeros((len(users), DEPTH))
    rows = np.searchsorted(users, lists.users)
    has_truth = (rows < len(users)) & (users[np.minimum(rows, len(users) - 1)] == lists.users)
    shown = lists.items[has_truth]
    if shown.size:
        of_user = np.repeat(lists.users[has_truth], DEPTH)
        found = np.asarray(wanted[of_user, shown.clip(min=0).ravel()]).reshape(shown.shape)
        hits[rows[has_truth]] = (found > 0) & (shown >= 0)
    discount = 1 / np.log2(np.arange(DEPTH) + 2)
    ideal = np.cumsum(discount)[np.minimum(count, DEPTH) - 1]
    return {
        "ndcg_at_10": hits @ discount / ideal,
        "recall_at_10": hits.sum(axis=1) / count,
        "mrr": np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1.0), 0.0),
        "hit_at_10": hits.any(axis=1).astype(float),
    }


def list_measures(lists: Lists, known: Events, vectors: NDArray[np.float32]) -> dict[str, float]:
    """Return what the lists are like, whether right or not.

    Returns
    -------
    dict of measure to float
        ``coverage``: share of the catalogue that is in any list. ``novelty``: mean of -log2 of the share of users who
        had an item (Vargas, Castells 2011), an unseen one counted as had once. ``popularity_share``: share of the
        places that go to the tenth of items with most events. ``diversity``: mean cosine distance of the texts of two
        items of a list (Ziegler et al. 2005).
    """
    shown = lists.items[lists.items >= 0]
    count = np.bincount(known.items, minlength=known.item_count)
    popular = np.argsort(-count, kind="stable")[: max(1, len(count) // 10)]
    share = np.maximum(count, 1) / max(1, len(np.unique(known.users)))
    distances = []
    for row in lists.items:
        of_list = vectors[row[row >= 0]]
        size = len(of_list)
        if size > 1:
            # the sum over all pairs, from the length of the sum of unit vectors
            distances.append(1 - (np.square(of_list.sum(axis=0)).sum() - size) / (size * (size - 1)))
    return {
        "coverage": len(np.unique(shown)) / known.item_count,
        "novelty": float(-np.log2(np.minimum(share[shown], 1)).mean()) if len(shown) else 0.0,
        "popularity_share": float(np.isin(shown, popular).mean()) if len(shown) else 0.0,
        "diversity": float(np.mean(distances)) if distances else 0.0,
    }
