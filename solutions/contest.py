"""The model that answers now, a candidate, and a plain answer, measured on the same test rows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.bundle import Bundle, Savable, fingerprints
from foundation.data.labelled import LabelledTable
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.outcomes import Outcomes
from foundation.recipes.evaluate_text import outcomes_of

__all__ = ["SHARES", "Contest", "classifier_contest", "rows_not_seen"]

#: What a model of labels must do better than.
SHARES = "one that knows only how common each label is"


@dataclass(frozen=True, eq=False)
class Contest:
    """What three give row by row; row numbers agree.

    Attributes
    ----------
    former, candidate, plain : Outcomes
        ``plain`` is no rival to a model that has learned anything, but the former may know nothing of a client's data.
    plain_name : str
        What it does, to be read after *better than*.
    metric : str
        By which the candidate is told apart from the plain answer.
    """

    former: Outcomes
    candidate: Outcomes
    plain: Outcomes
    plain_name: str
    metric: str


def classifier_contest(former: Path, candidate: Savable, table: LabelledTable) -> Contest:
    """Measure two classifiers on a table's test rows, and beside them the shares of its labels.

    The shares are beaten by probabilities that say more than they do, and not by being right more often: of 100 loans
    of which 30 fail, the commonest label is right 70 times, and a model that knows which half the failures are in may
    be so too. Test rows that the former learned from, as a part of an earlier file may have been, are no test of it and
    are left out.

    Raises
    ------
    InputError
        The candidate is no classifier, or the former has learned from every test row.
    """
    if not isinstance(candidate, Bundle):
        raise InputError(f"{candidate.record.id} is no classifier; train it with 'colonnade train'")
    incumbent = Bundle.load(former)
    fresh = rows_not_seen(incumbent, table)
    now, then = (outcomes_of(bundle, table).take(fresh) for bundle in (incumbent, candidate))
    labels, counts = np.unique(table.part(Split.TRAIN, Split.DEV)[1], return_counts=True)
    shares = np.tile(counts / counts.sum(), (len(now.units), 1))
    plain = Outcomes.of_classes(now.units, now.targets.tolist(), labels.tolist(), shares, {}, now.clusters)
    return Contest(now, then, plain, SHARES, "quadratic_score")


def rows_not_seen(former: Bundle, table: LabelledTable) -> NDArray[np.bool_]:
    """Tell of each test row whether a model has not learned from it, shape (test rows,).

    Raises
    ------
    InputError
        It has learned from all of them.
    """
    fresh = np.array([not np.isin(fingerprints([item]), former.seen)[0] for item in table.part(Split.TEST)[0]])
    if not fresh.any():
        raise InputError(f"{former.record.id} has learned from every test row; give rows that it has not seen")
    return fresh
