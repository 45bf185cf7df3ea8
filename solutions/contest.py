"""The model that answers now, a candidate, and a plain answer, measured on the same test rows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foundation.bundle import Bundle, Savable
from foundation.data.labelled import LabelledTable
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.outcomes import Outcomes
from foundation.recipes.evaluate_text import outcomes_of

__all__ = ["COMMONEST", "Contest", "classifier_contest"]

#: What a model of labels must do better than.
COMMONEST = "always saying the commonest label"


@dataclass(frozen=True, eq=False)
class Contest:
    """What three give row by row; row numbers agree.

    Attributes
    ----------
    former, candidate, plain : Outcomes
        ``plain`` is no rival to a model that has learned anything, but the former may know nothing of a client's data.
    plain_name : str
        What it does, to be read after *better than*.
    """

    former: Outcomes
    candidate: Outcomes
    plain: Outcomes
    plain_name: str


def classifier_contest(former: Path, candidate: Savable, table: LabelledTable) -> Contest:
    """Compare two classifiers on a table's test rows, and both with its commonest label."""
    if not isinstance(candidate, Bundle):
        raise InputError(f"{candidate.record.id} is no classifier; train it with 'colonnade train'")
    now, then = (outcomes_of(bundle, table) for bundle in (Bundle.load(former), candidate))
    labels, counts = np.unique(table.part(Split.TRAIN, Split.DEV)[1], return_counts=True)
    commonest = str(labels[counts.argmax()])
    sure = np.ones((len(now.units), 1))
    plain = Outcomes.of_classes(now.units, now.targets.tolist(), [commonest], sure, {}, now.clusters)
    return Contest(now, then, plain, COMMONEST)
