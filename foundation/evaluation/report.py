"""One shape of report for every vertical: an object for machines, a table for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from foundation.data.labelled import LabelledTable
from foundation.data.splits import Split
from foundation.evaluation.metrics import Interval
from foundation.evaluation.outcomes import Outcomes

__all__ = ["DatasetStamp", "Report"]


@dataclass(frozen=True)
class DatasetStamp:
    """Which rows were evaluated.

    Attributes
    ----------
    name, split : str
    sha256 : str
        Of the data set's files.
    rows : int
        In the split.
    protocol : str
        Where the split comes from, and what was done to the labels.
    as_published : bool
        Whether the files are the ones that the card's figures are for.
    """

    name: str
    split: str
    sha256: str
    rows: int
    protocol: str
    as_published: bool

    @classmethod
    def of_test(cls, table: LabelledTable, rows: int, remark: str = "") -> Self:
        """Stamp the test split of a table; ``remark`` goes behind where the split comes from."""
        protocol = f"{table.protocol}; {remark}" if remark else table.protocol
        return cls(table.name, Split.TEST.value, table.sha256, rows, protocol, table.as_published)


@dataclass(frozen=True)
class Report:
    """What ``colonnade evaluate`` prints.

    Attributes
    ----------
    solution, task, bundle : str
    dataset : DatasetStamp
    metrics : mapping of metric to Interval
        95 % bootstrap intervals.
    baselines : mapping of baseline to mapping of metric to float
    gains : mapping of baseline to mapping of metric to Interval
        The model's figure less the baseline's, with a paired 95 % bootstrap interval, where rows are compared.
    per_class : mapping of label to mapping of ``precision``, ``recall``, ``f1``, ``support``
    calibration : mapping of str to float or None
        ``temperature``, ``threshold``, ``answered`` (a share), ``accuracy_answered`` (None where nothing is),
        ``ece_by_chance`` and its upper bound (``chance_calibration_error``).
    leakage : mapping of str to int
        Rows of the split that stand in an earlier split, or that the bundle was trained on.
    seconds : float
        Spent in prediction.
    slices : mapping of subgroup to mapping of ``accuracy`` and ``rows``
        Where the data says what subgroup a row is of.
    diagnostics : mapping
        What pictures are drawn from; see ``Outcomes.diagnostics``.
    outcomes : Outcomes or None
        Row by row, to compare two models by; it is in no file.
    """

    solution: str
    task: str
    dataset: DatasetStamp
    bundle: str
    metrics: Mapping[str, Interval]
    baselines: Mapping[str, Mapping[str, float]]
    per_class: Mapping[str, Mapping[str, float]]
    calibration: Mapping[str, float | None]
    leakage: Mapping[str, int]
    seconds: float
    gains: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Outcomes | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dictionaries, as ``from_dict`` takes them; the outcomes of single rows are left out."""
        plain = asdict(replace(self, outcomes=None))
        del plain["outcomes"]
        return plain

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Report":
        """Read what ``to_dict`` gave."""
        metrics = _intervals(values["metrics"])
        gains = {name: _intervals(of_metric) for name, of_metric in values.get("gains", {}).items()}
        return cls(**{**values, "dataset": DatasetStamp(**values["dataset"]), "metrics": metrics, "gains": gains})


def _intervals(values: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    return {name: Interval(**interval) for name, interval in values.items()}
