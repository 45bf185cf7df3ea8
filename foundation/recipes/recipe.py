"""What a person may choose about training, what training gives, and what a bundle records of both."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from foundation.bundle import Bundle, Savable
from foundation.data.labelled import Columns, LabelledTable
from foundation.data.leakage import Leakage
from foundation.data.splits import Split
from foundation.evaluation.metrics import Interval
from foundation.incumbents import set_incumbent
from foundation.papers import Papers
from foundation.training.encoder_classifier import EncoderClassifier
from foundation.training.method import MethodName

__all__ = ["Recipe", "Trained", "described", "lineage", "names_of", "splits_file"]


@dataclass(frozen=True)
class Recipe:
    """What a person may choose about training.

    Attributes
    ----------
    method : str
    backbone : str or None
        The default of texts or of images where it is None.
    class_weight : {"auto", "balanced", None}
    seed : int
    options : mapping of name to text
        Hyper-parameters of the method, as a command line gives them.
    unlabelled : tuple
        Items that the encoder sees before it is fitted.
    leaks : {"refuse", "drop", "keep"}
        Of images that stand in two splits: whether training is refused, is done without the earlier copies, or goes on.
    figures : bool
        Whether texts are read with compared figures said in a word (``foundation.text.figures``).
    start : Bundle, optional
        Whose encoder training of texts starts from, as it was tuned there.
    more_labels : bool
        Whether labels that only a companion has are learned too; otherwise they are taken for a mistake.
    risk : float, optional
        Share of wrong answers that is borne; what is usual for texts or images where it is None.
    """

    method: str = MethodName.PROBE.value
    backbone: str | None = None
    class_weight: str | None = "auto"
    seed: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    unlabelled: tuple[Any, ...] = ()
    leaks: str = "refuse"
    figures: bool = False
    start: Bundle | None = None
    more_labels: bool = False
    risk: float | None = None


@dataclass(frozen=True)
class Trained:
    """A bundle that is not saved yet, what goes with it, and what was found in the data."""

    bundle: Savable
    papers: Papers
    leakage: Leakage
    metrics: Mapping[str, Interval]
    history: tuple[Mapping[str, Any], ...]

    def save(self, folder: Path) -> Savable:
        """Write the bundle to a folder of one's own."""
        return self.bundle.save(folder, self.papers)

    def install(self) -> Path:
        """Let the bundle answer from now on, and return its folder in ``COLONNADE_HOME``."""
        return set_incumbent(self.bundle, self.papers)


def splits_file(table: LabelledTable) -> str:
    """Write the split of each row as a small table."""
    return "row,split\n" + "".join(f"{row},{split}\n" for row, split in enumerate(table.frame[Columns.SPLIT], start=1))


def described(model: EncoderClassifier, recipe: Recipe) -> dict[str, Any]:
    """Return the method as it was used, for a bundle's record."""
    used = {"name": type(model.method_).__name__.lower(), "class_weight": recipe.class_weight}
    asked = {} if used["name"] == recipe.method else {"chosen_by": recipe.method}
    start = {"start": recipe.start.record.id} if recipe.start else {}
    return {**used, **asked, **start, **_plain(asdict(model.method_))}


def lineage(table: LabelledTable, rows: int, unlabelled: int) -> dict[str, Any]:
    """Return what was trained on, for a bundle's record."""
    lineage = {
        "name": table.name,
        "sha256": table.sha256,
        "rows": rows,
        "protocol": table.protocol,
        "licence": table.licence,
    }
    if table.companions:
        lineage["companions"] = [
            {
                "name": companion.name,
                "sha256": companion.sha256,
                "rows": len(companion.part(Split.TRAIN, Split.DEV)[0]),
                "licence": companion.licence,
            }
            for companion in table.companions
        ]
    if unlabelled:
        lineage["unlabelled_rows"] = unlabelled
    return lineage


def names_of(table: LabelledTable, label: str) -> dict[str, str]:
    """Return a label's name in both languages: the card's, or the label itself."""
    known = {**{name: it for companion in table.companions for name, it in companion.names.items()}, **table.names}
    names = known.get(label)
    return {"en": names.en, "zh": names.zh} if names else {"en": label, "zh": label}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Write tuples as the lists that JSON gives back, so that saving and loading is the identity."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
