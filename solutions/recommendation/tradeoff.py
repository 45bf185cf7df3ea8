"""What variety costs: relevance against diversity, as the dial is turned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foundation.data.splits import Split
from solutions.recommendation.measures import DEPTH, Lists, list_measures, user_measures
from solutions.recommendation.models.scorer import deviations
from solutions.recommendation.shelf import Dials, varied
from solutions.recommendation.shelves import Shelves
from solutions.recommendation.tables import EventTable

__all__ = ["TradeOff", "trade_offs"]

# A curve needs no more: its error is about a tenth of its height.
_MOST_USERS = 300


@dataclass(frozen=True)
class TradeOff:
    """One setting of the dial.

    Attributes
    ----------
    dial : float
    ndcg, diversity : float
        ``ndcg_at_10`` and ``diversity`` of ``solutions.recommendation.measures``.
    """

    dial: float
    ndcg: float
    diversity: float


def trade_offs(shelves: Shelves, table: EventTable, settings: Sequence[float]) -> list[TradeOff]:
    """Measure lists of test users at several settings of the variety dial.

    Parameters
    ----------
    shelves : Shelves
    table : EventTable
        Whose train and dev events the shelves were fitted on.
    settings : sequence of float, 0 to 1
    """
    known, truth = table.events_of(Split.TRAIN, Split.DEV), table.events_of(Split.TEST)
    users = np.intersect1d(truth.users, known.users)
    drawn = np.random.default_rng(0).permutation(users)[:_MOST_USERS]
    asked, truth = (part.take(np.flatnonzero(np.isin(part.users, drawn))) for part in (known, truth))
    hybrid = shelves.hybrid
    ranked = [
        (int(user), found.items[rows], scores[rows])
        for found, scores in hybrid.rank(asked)
        for user in np.unique(found.users)
        for rows in [np.flatnonzero(found.users == user)]
    ]
    measured = []
    for setting in settings:
        dials = Dials(variety=setting)
        lists = np.full((len(ranked), DEPTH), -1)
        for row, (_, items, scores) in enumerate(ranked):
            shown = items[varied(deviations(scores), hybrid.vectors[items], shelves.well_known[items], dials, DEPTH)]
            lists[row, : len(shown)] = shown
        found = Lists(np.array([user for user, _, _ in ranked]), lists)
        like = list_measures(found, known, hybrid.vectors)
        gain = float(user_measures(found, truth)["ndcg_at_10"].mean())
        measured.append(TradeOff(setting, gain, like["diversity"]))
    return measured
