"""From labelled texts to a bundle: leakage check, fit, calibration, figures on held-out rows, card."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foundation.bundle import Bundle, fingerprints, new_record, set_incumbent
from foundation.data.labelled import Columns, LabelledTable
from foundation.data.leakage import Leakage, find_leakage
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.metrics import Interval, classification_metrics
from foundation.progress import Listener, silent
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.training import TextClassifier
from foundation.training.method import MethodName, find_method
from foundation.trust.calibration import Calibration, fit_calibration

__all__ = ["TextRecipe", "Trained", "train_text"]


@dataclass(frozen=True)
class TextRecipe:
    """What a person may choose about training."""

    method: str = MethodName.PROBE.value
    backbone: str = DEFAULT_BACKBONE
    class_weight: str | None = "auto"
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """A bundle that is not saved yet, its card and splits, and what was found in the data."""

    bundle: Bundle
    card: str
    splits: str
    leakage: Leakage
    metrics: Mapping[str, Interval]

    def save(self, folder: Path) -> Bundle:
        """Write the bundle to a folder of one's own."""
        return self.bundle.save(folder, self.card, self.splits)

    def install(self) -> Path:
        """Let the bundle answer from now on, and return its folder in ``COLONNADE_HOME``."""
        return set_incumbent(self.bundle, self.card, self.splits)


def train_text(table: LabelledTable, recipe: TextRecipe, solution: str, listener: Listener = silent) -> Trained:
    """Train on the train split (and dev, where the method does not need it held out); test is not touched.

    Raises
    ------
    InputError
        There is no train split, or its labels cannot be learned (see ``TextClassifier.fit``).
    """
    method = find_method(recipe.method)
    texts, labels = table.part(Split.TRAIN) if method.needs_dev else table.part(Split.TRAIN, Split.DEV)
    if not texts:
        raise InputError(f"{table.name} has no train rows; expected rows whose split is 'train'")
    leakage = find_leakage(table.frame[Columns.TEXT].tolist(), table.frame[Columns.SPLIT].tolist())
    model = TextClassifier(recipe.backbone, method, recipe.class_weight, recipe.seed, listener)
    dev = table.part(Split.DEV)
    model.fit(texts, labels, dev=dev if method.needs_dev and dev[0] else None)
    calibration = fit_calibration(model.held_out_logits_, model.held_out_targets_)
    metrics = classification_metrics(model.held_out_targets_, calibration.probabilities(model.held_out_logits_))
    record = new_record(
        model.network_,
        solution=solution,
        task=table.task,
        labels={str(label): _names(table, str(label)) for label in model.classes_},
        method={"name": recipe.method, "class_weight": recipe.class_weight, **_plain(asdict(method))},
        data={
            "name": table.name,
            "sha256": table.sha256,
            "rows": len(texts),
            "protocol": table.protocol,
            "licence": table.licence,
        },
        metrics={name: asdict(interval) for name, interval in metrics.items()},
        seed=recipe.seed,
    )
    bundle = Bundle(record, model.network_, calibration, fingerprints(texts))
    splits = "row,split\n" + "".join(
        f"{row},{split}\n" for row, split in enumerate(table.frame[Columns.SPLIT], start=1)
    )
    return Trained(bundle, _card(bundle, leakage, len(model.held_out_targets_)), splits, leakage, metrics)


def _names(table: LabelledTable, label: str) -> dict[str, str]:
    names = table.names.get(label)
    return {"en": names.en, "zh": names.zh} if names else {"en": label, "zh": label}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Write tuples as the lists that JSON gives back, so that saving and loading is the identity."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _card(bundle: Bundle, leakage: Leakage, held_out: int) -> str:
    record, calibration = bundle.record, bundle.calibration
    figures = "\n".join(
        f"| {name} | {figure['value']:.3f} | {figure['low']:.3f} to {figure['high']:.3f} |"
        for name, figure in record.metrics.items()
    )
    data, backbone = record.data, f"{record.backbone} (sha256 {record.backbone_sha256[:12]}...)"
    return f"""# {{id}}

- **Task**: {record.solution} / {record.task}: {", ".join(record.labels)}.
- **Made of**: {backbone}, method `{record.method["name"]}`, seed {record.seed}.
- **Trained on**: {data["name"]}, {data["rows"]} rows (sha256 {data["sha256"][:12]}...), {data["protocol"]}.
- **Licence of the data**: {data["licence"]}. It holds for what this model may be used for.
- **Leakage check**: {leakage.summary()}.

Figures on {held_out} held-out rows, with 95 % bootstrap intervals (`colonnade evaluate` gives the test split's):

| metric | value | interval |
|---|---|---|
{figures}

{_promise(calibration, held_out)}

**Limits**: the figures hold for texts like those it was trained on. Other sources, other times and other kinds of text
give other figures: evaluate on your own before you rely on it. It gives no advice.
"""


def _promise(calibration: Calibration, held_out: int) -> str:
    if calibration.threshold > 1:
        return f"It vouches for no answer: on {held_out} rows no confidence kept errors below {calibration.risk:.0%}."
    return (
        f"It answers from a confidence of {calibration.threshold:.2f} on, and answered {calibration.answered:.0%} of "
        f"the held-out rows; of its answers at most {calibration.risk:.0%} are wrong, with 90 % certainty, on texts "
        "like these."
    )
