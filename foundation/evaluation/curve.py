"""A picture of how training went."""

import io
from collections.abc import Mapping, Sequence

__all__ = ["training_curve"]


def training_curve(history: Sequence[Mapping[str, object]]) -> str:
    """Draw loss, and macro-F1 on dev where there is one, by epoch, as an SVG; empty where nothing has epochs.

    Parameters
    ----------
    history : sequence of mapping
        Records with ``epoch`` and ``loss``, and perhaps ``dev_loss`` and ``macro_f1``; others are passed over.

    Examples
    --------
    >>> training_curve([{"epoch": 1.0, "loss": 1.1}, {"epoch": 2.0, "loss": 0.7}]).startswith("<?xml")
    True
    >>> training_curve([])
    ''
    """
    epochs = [record for record in history if "epoch" in record and "loss" in record]
    if not epochs:
        return ""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # fixed salt and no date: the same training gives the same bytes, and so the same bundle
    with rc_context({"svg.hashsalt": "colonnade"}):
        figure = Figure(figsize=(7, 2.8), layout="constrained")
        panels = [("loss", {"loss": "train", "dev_loss": "dev"})]
        if "macro_f1" in epochs[0]:
            panels.append(("dev", {"macro_f1": "macro-F1", "accuracy": "accuracy"}))
        for axes, (title, curves) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            for name, label in curves.items():
                points = [(record["epoch"], record[name]) for record in epochs if name in record]
                if points:
                    axes.plot(*zip(*points, strict=True), marker="o", label=label)
            axes.set(title=title, xlabel="epoch")
            axes.legend()
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
