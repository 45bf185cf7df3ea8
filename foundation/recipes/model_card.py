"""``CARD.md``: what a bundle is, for people."""

from typing import Any

from foundation.bundle import Bundle, BundleRecord
from foundation.data.leakage import Leakage
from foundation.trust.calibration import Calibration

__all__ = ["write_card"]


def write_card(bundle: Bundle, leakage: Leakage, held_out: int, *, curve: bool) -> str:
    """Write ``CARD.md``; ``{id}`` stands for the bundle's id, which is not known yet.

    Parameters
    ----------
    bundle : Bundle
    leakage : Leakage
    held_out : int
        Rows that the figures are of.
    curve : bool
        Whether a picture of the training goes with it.
    """
    record, calibration = bundle.record, bundle.calibration
    figures = "\n".join(
        f"| {name} | {figure['value']:.3f} | {figure['low']:.3f} to {figure['high']:.3f} |"
        for name, figure in record.metrics.items()
    )
    data = record.data
    beside = data.get("companions", [])
    licences = "; ".join([data["licence"], *(f"{other['name']}: {other['licence']}" for other in beside)])
    source = f"{data['rows']} rows of {data['name']} (sha256 {data['sha256'][:12]}...), {data['protocol']}"
    picture = "![loss and figures on dev by epoch](curve.svg)\n\n" if curve else ""
    backbone = f"{record.backbone} (sha256 {record.backbone_sha256[:12]}...)"
    return f"""# {{id}}

- **Task**: {record.solution} / {record.task}: {", ".join(record.labels)}.
- **Made of**: {backbone}, method `{record.method["name"]}`, seed {record.seed}.
- **Trained on**: {source}{_beside(data)}.
- **Licence of the data**: {licences}. It holds for what this model may be used for.
- **Leakage check**: {leakage.summary()}.

Figures on {held_out} held-out rows, with 95 % bootstrap intervals (`colonnade evaluate` gives the test split's):

| metric | value | interval |
|---|---|---|
{figures}

{picture}{_promise(calibration, held_out)}

{_limits(record)}
"""


def _limits(record: BundleRecord) -> str:
    if not record.image:
        return (
            "**Limits**: the figures hold for texts like those it was trained on. Other sources, other times and other "
            "kinds of text\ngive other figures: evaluate on your own before you rely on it. It gives no advice."
        )
    suspects = ", ".join(record.data.get("suspicious_labels", [])) or "none"
    return (
        f"**Labels worth a second look** (confident learning, at most twenty): {suspects}.\n\n"
        "**Limits**: not a medical device, not for diagnosis. The figures hold for images like those it was trained "
        "on;\nanother scanner, site or group of patients gives other figures. Text burnt into pixels is not looked for."
    )


def _promise(calibration: Calibration, held_out: int) -> str:
    if calibration.threshold > 1:
        return f"It vouches for no answer: on {held_out} rows no confidence kept errors below {calibration.risk:.0%}."
    return (
        f"It answers from a confidence of {calibration.threshold:.2f} on, and answered {calibration.answered:.0%} of "
        f"the held-out rows; of its answers at most {calibration.risk:.0%} are wrong, with 90 % certainty, on texts "
        "like these."
    )


def _beside(data: dict[str, Any]) -> str:
    """Name what was trained on besides the data set itself."""
    others = data.get("companions", [])
    parts = [f"{other['rows']} of {other['name']} (sha256 {other['sha256'][:12]}...)" for other in others]
    if "unlabelled_rows" in data:
        parts.append(f"{data['unlabelled_rows']} texts without labels")
    return f", with {' and '.join(parts)}" if parts else ""
