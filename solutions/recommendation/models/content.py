"""What items say of themselves, read against what users had: a new item is judged as those like it were taken."""

from collections import Counter
from typing import Self

import numpy as np
from numpy.typing import NDArray

from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.events import Events
from solutions.recommendation.models.ease import Ease

__all__ = ["ContentRidge", "item_features"]

# Of what stands beside the text's vector of length 1. Both were chosen on items of MovieLens 100K that seeds 10 to 15
# hide; between 0.3 and 0.7, and between 10 and 100, NDCG@10 is within 6 % (docs/LOG.md).
_FACT_LENGTH = 0.3
_REGULARISATION = 30.0
# Hat functions over the quantiles of a column: years, prices and running times matter in ranges, not in proportion.
_KNOTS = 8
# A tag that few items have says little of the others, and each takes a column.
_MOST_TAGS = 1_000


class ContentRidge:
    """Ridge regression, user by user, of EASE's scores of the items that people had on what is known of every item.

    EASE says what a user would take of the items that have a past, those that he had not among them; the regression
    says which words, tags and numbers that goes with, and so what he would take of an item without a past. An item with
    a past is scored as if it had none: by the regression on all items but itself. So old and new compare.

    Parameters
    ----------
    features : ndarray of float32, shape (items, d)
        See ``item_features``.
    ease : Ease
        Fitted to the same events.

    References
    ----------
    Gantner et al. (2010), "Learning attribute-to-feature mappings for cold-start recommendations", ICDM;
    Rifkin, Lippert (2007), "Notes on regularized least squares", MIT-CSAIL-TR-2007-025, section 3: leaving one out.
    """

    def __init__(self, features: NDArray[np.float32], ease: Ease) -> None:
        self.features = features
        self.ease = ease

    def fit(self, events: Events) -> Self:
        """Learn how features of items go together; the solution for a user is then one product."""
        self.past = np.intersect1d(events.items, self.ease.kept)
        known = self.features[self.past].astype(np.float64)
        gram = known.T @ known
        gram[np.diag_indices_from(gram)] += _REGULARISATION
        solver = known @ np.linalg.inv(gram)
        self.solver: NDArray[np.float32] = solver.astype(np.float32)
        #: How much of its own score an item's prediction is, 0 to 1.
        self.leverage: NDArray[np.float32] = np.einsum("id,id->i", solver, known).astype(np.float32)
        return self

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return scores, shape (users, items)."""
        wanted = self.ease.scores(histories)[:, self.past]
        scores = np.asarray((wanted @ self.solver) @ self.features.T, dtype=np.float32)
        scores[:, self.past] = (scores[:, self.past] - self.leverage * wanted) / (1 - self.leverage)
        return scores


def item_features(catalogue: Catalogue, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is known of items without their past, shape (items, d).

    Parameters
    ----------
    catalogue : Catalogue
    vectors : ndarray of float32, shape (items, d)
        Of their texts, centred, of length 1.
    """
    facts = [np.ones((len(vectors), 1)), *([_tags(catalogue)] if any(catalogue.tags) else [])]
    facts += [_hats(values) for values in catalogue.numbers.values() if np.isfinite(values).any()]
    return np.concatenate([vectors, *(_FACT_LENGTH * fact for fact in facts)], axis=1, dtype=np.float32)


def _tags(catalogue: Catalogue) -> NDArray[np.float64]:
    """Return which of the commonest tags each item has, its row of length 1."""
    from sklearn.preprocessing import MultiLabelBinarizer, normalize

    counts = Counter(tag for tags in catalogue.tags for tag in tags)
    common = dict(counts.most_common(_MOST_TAGS))
    kept = [[tag for tag in tags if tag in common] for tags in catalogue.tags]
    rows: NDArray[np.float64] = normalize(MultiLabelBinarizer().fit_transform(kept).astype(np.float64))
    return rows


def _hats(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where in its column each number lies, its row of length 1; zeros where there is none."""
    from sklearn.preprocessing import SplineTransformer, normalize

    there = np.isfinite(values)
    knots = np.unique(np.quantile(values[there], np.linspace(0, 1, _KNOTS)))
    if len(knots) < 2:
        return there[:, None].astype(np.float64)
    hats = SplineTransformer(degree=1, knots=knots[:, None], extrapolation="constant")
    rows = np.zeros((len(values), len(knots)))
    rows[there] = normalize(hats.fit_transform(values[there, None]))
    return rows
