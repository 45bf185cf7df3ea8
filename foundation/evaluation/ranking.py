"""Metrics of rankings with one right item a query, each with a 95 % bootstrap interval."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from foundation.evaluation.metrics import Interval, mean_interval

__all__ = ["ranking_metrics"]

_DEPTH = 10


def ranking_metrics(ranks: NDArray[np.int64]) -> Mapping[str, Interval]:
    """Return how well the right items were ranked.

    Parameters
    ----------
    ranks : ndarray of int, shape (n,)
        Of each query's right item, from 0; ``_DEPTH`` or more counts as not found.

    Returns
    -------
    mapping of metric to Interval
        ``top1``; ``recall_at_10``; ``mrr``, the mean of 1 / (rank + 1) within the first ten (Voorhees 1999, TREC-8);
        ``ndcg_at_10``, with one relevant item 1 / log2(rank + 2) (Järvelin, Kekäläinen 2002).

    Examples
    --------
    First, third, not found: (1 + 1 / 2 + 0) / 3.

    >>> float(ranking_metrics(np.array([0, 2, 99]))["ndcg_at_10"].value)
    0.5
    """
    found = ranks < _DEPTH
    gains = {
        "top1": (ranks == 0).astype(float),
        "recall_at_10": found.astype(float),
        "mrr": np.where(found, 1 / (ranks + 1.0), 0.0),
        "ndcg_at_10": np.where(found, 1 / np.log2(ranks + 2.0), 0.0),
    }
    return {name: mean_interval(values) for name, values in gains.items()}
