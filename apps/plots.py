"""Plots of reports, each with a title that says what it shows; no gradio and no model in here."""

from collections.abc import Mapping

import plotly.graph_objects as go

from apps.locale import Locale
from apps.theme import ACCENT, MUTED, TONE_COLOURS, plot_template
from foundation.evaluation.report import Report

__all__ = ["accuracy_plot", "blank_figure", "recall_plot", "strongest_baseline"]


def blank_figure(title: str, height: int) -> go.Figure:
    """Return a figure with the house template, a title that says the finding, and a height in pixels."""
    figure = go.Figure()
    figure.update_layout(template=plot_template(), title={"text": title}, height=height)
    return figure


def accuracy_plot(words: Locale, reports: Mapping[str, Report]) -> go.Figure:
    """Draw the accuracy of each task with its interval beside the baselines."""
    figure = blank_figure(words("measure.accuracy"), 280)
    tasks = list(reports)
    accuracy = [report.metrics["accuracy"] for report in reports.values()]
    figure.add_bar(
        name=words("measure.this_model"),
        x=tasks,
        y=[figure.value for figure in accuracy],
        error_y={
            "array": [figure.high - figure.value for figure in accuracy],
            "arrayminus": [figure.value - figure.low for figure in accuracy],
        },
        marker_color=ACCENT,
    )
    rivals = [strongest_baseline(report) for report in reports.values()]
    for baselines, colour in ((rivals, MUTED), (["majority"] * len(tasks), "rgba(127,140,141,0.4)")):
        values = [report.baselines[name]["accuracy"] for name, report in zip(baselines, reports.values(), strict=True)]
        named = ", ".join(dict.fromkeys(words(f"measure.{name}") for name in baselines))
        figure.add_bar(name=named, x=tasks, y=values, marker_color=colour)
    figure.update_layout(barmode="group", legend={"orientation": "h", "y": -0.2})
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return figure


def strongest_baseline(report: Report) -> str:
    """Return the name of the baseline that has learned something, and most of it."""
    learned = {name: figures["accuracy"] for name, figures in report.baselines.items() if name != "majority"}
    return max(learned, key=lambda name: learned[name])


def recall_plot(words: Locale, title: str, report: Report, names: Mapping[str, str]) -> go.Figure:
    """Draw how much of each class was found."""
    rows = sorted(report.per_class.items(), key=lambda item: item[1]["recall"])
    figure = blank_figure(words("measure.recall", task=title), 120 + 28 * len(rows))
    figure.add_bar(
        x=[figures["recall"] for _, figures in rows],
        y=[names.get(label, label) for label, _ in rows],
        orientation="h",
        marker_color=[TONE_COLOURS.get(label, ACCENT) for label, _ in rows],
        text=[
            words("measure.of", share=f"{figures['recall']:.0%}", rows=int(figures["support"])) for _, figures in rows
        ],
        textposition="outside",
        cliponaxis=False,
    )
    figure.update_xaxes(range=[0, 1.12], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    return figure
