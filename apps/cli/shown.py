"""Reports and comparisons as tables for a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from foundation.evaluation.comparison import Comparison
    from foundation.evaluation.report import Report

__all__ = ["show_comparisons", "show_report"]

# So many baselines fit beside the figures; more get a table of their own.
_BESIDE = 3


def show_comparisons(comparisons: "Sequence[Comparison]") -> None:
    """Print comparisons as a table."""
    from rich.console import Console
    from rich.table import Table

    shown = Table("metric", "former", "candidate", "difference (95 %)", "p", "verdict")
    for told in comparisons:
        gap = told.difference
        metric = f"{told.metric}, {told.group} ({told.rows})"
        difference = f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
        shown.add_row(
            metric, f"{told.former:.3f}", f"{told.candidate:.3f}", difference, f"{told.p:.2g}", told.verdict.value
        )
    Console().print(shown)


def show_report(report: "Report") -> None:
    """Print the report for people."""
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    stamp = report.dataset
    console.print(f"\n[bold]{report.solution} / {report.task}[/] with {report.bundle}")
    console.print(
        f"{stamp.name}, {stamp.split} split, {stamp.rows} rows, sha256 {stamp.sha256[:12]}…; {escape(stamp.protocol)}"
        + ("" if stamp.as_published else "; [yellow]other files than the card describes[/]")
    )
    console.print(_figures(report))
    if len(report.baselines) > _BESIDE:
        console.print(_baselines(report))
    if report.gains:
        console.print(_gains(report))
    if report.per_class:
        console.print(_classes(report))
    if report.slices:
        console.print(_slices(report))
    if "answered" in report.calibration:
        _show_answers(console, report)
    elif "ece" in report.calibration:
        console.print(f"Calibration error of the confidence: {report.calibration['ece']:.3f}.\n")


def _show_answers(console: "Console", report: "Report") -> None:
    """Print what is known of a classifier's answers."""
    known = report.calibration
    if known["accuracy_answered"] is None:
        console.print("It is sure enough of none of the rows to answer.")
    else:
        console.print(
            f"Answers from a confidence of {known['threshold']:.2f} on: {known['answered']:.0%} of the rows, "
            f"of those {known['accuracy_answered']:.1%} right."
        )
    console.print(
        f"Of the calibration error, {known['ece_by_chance']:.3f} is what chance gives on so many rows to a model whose "
        f"confidence is true (at most {known['ece_by_chance_high']:.3f} in 97.5 % of draws)."
    )
    leaks = report.leakage
    patients = f", {leaks['patients']} rows of patients who are in two" if "patients" in leaks else ""
    console.print(
        f"Leakage: {leaks['exact']} copies and {leaks['near']} near-duplicates between splits{patients}; "
        f"{leaks['seen_in_training']} test rows were seen in training.\n"
    )


def _figures(report: "Report") -> "Table":
    from rich.table import Table

    beside = report.baselines if len(report.baselines) <= _BESIDE else {}
    figures = Table("metric", "value", "95 % interval", *beside)
    for name, interval in report.metrics.items():
        others = [f"{baseline[name]:.3f}" if name in baseline else "" for baseline in beside.values()]
        figures.add_row(name, f"{interval.value:.3f}", f"{interval.low:.3f} to {interval.high:.3f}", *others)
    return figures


def _baselines(report: "Report") -> "Table":
    from rich.table import Table

    baselines = Table("baseline", *report.metrics)
    for name, figures in report.baselines.items():
        baselines.add_row(name, *(f"{figures[metric]:.3f}" if metric in figures else "" for metric in report.metrics))
    return baselines


def _gains(report: "Report") -> "Table":
    from rich.table import Table

    metric = next(iter(report.metrics))
    gains = Table("better than", metric, "paired 95 % interval")
    for name, of_metric in report.gains.items():
        gain = of_metric[metric]
        gains.add_row(name, f"{gain.value:+.3f}", f"{gain.low:+.3f} to {gain.high:+.3f}")
    return gains


def _slices(report: "Report") -> "Table":
    from rich.table import Table

    measured = [name for name in next(iter(report.slices.values())) if name != "rows"]
    slices = Table("subgroup", *measured, "rows")
    for name, figures in report.slices.items():
        slices.add_row(name, *(f"{figures[metric]:.3f}" for metric in measured), f"{figures['rows']:.0f}")
    return slices


def _classes(report: "Report") -> "Table":
    from rich.table import Table

    classes = Table("label", "precision", "recall", "f1", "rows")
    for label, figures in report.per_class.items():
        shares = [f"{figures[name]:.2f}" for name in ("precision", "recall", "f1")]
        classes.add_row(label, *shares, f"{figures['support']:.0f}")
    return classes
