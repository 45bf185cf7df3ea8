"""Plots of reports, each with a title that says what it shows; no gradio and no model in here."""

import textwrap
import unicodedata
from collections.abc import Mapping

import plotly.graph_objects as go

from apps.components import percent
from apps.locale import Locale
from apps.theme import ACCENT, MUTED, TONE_COLOURS, plot_template
from foundation.evaluation.report import Report

__all__ = ["accuracy_plot", "blank_figure", "recall_plot", "strongest_baseline"]

# Letters of a title that a phone of 390 px shows in one line; a Han character takes twice the room. And a line's
# height in pixels.
_TITLE_LETTERS = 40
_TITLE_LINE = 20


def blank_figure(title: str, height: int) -> go.Figure:
    """Return a figure with the house template, a title that says the finding, and a height in pixels.

    Plotly cuts a title that is wider than its figure: a long one is broken into lines, and the figure grows by them.
    The blank before a break is for who is read the title aloud.
    """
    han = any(unicodedata.east_asian_width(letter) == "W" for letter in title)
    lines = textwrap.wrap(title, _TITLE_LETTERS // 2 if han else _TITLE_LETTERS)
    more = _TITLE_LINE * (len(lines) - 1)
    template = plot_template()
    top = {"t": template.layout.margin.t + more}
    figure = go.Figure()
    figure.update_layout(template=template, title={"text": " <br>".join(lines)}, height=height + more, margin=top)
    return figure


def accuracy_plot(words: Locale, reports: Mapping[str, Report]) -> go.Figure:
    """Draw the accuracy of each task with its interval beside the baselines; the title says where one is nearest."""
    tasks = list(reports)
    accuracy = [report.metrics["accuracy"] for report in reports.values()]
    rivals = [strongest_baseline(report) for report in reports.values()]
    reached = [report.baselines[name]["accuracy"] for name, report in zip(rivals, reports.values(), strict=True)]
    nearest = min(range(len(tasks)), key=lambda task: accuracy[task].value - reached[task])
    title = words(
        "measure.accuracy",
        task=tasks[nearest],
        value=percent(accuracy[nearest].value),
        rival=words(f"measure.{rivals[nearest]}"),
        baseline=percent(reached[nearest]),
    )
    figure = blank_figure(title, 280)
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
    called = [names.get(label, label) for label, _ in rows]
    least = words("measure.recall", task=title, label=called[0], share=percent(rows[0][1]["recall"]))
    figure = blank_figure(least, 120 + 28 * len(rows))
    figure.add_bar(
        x=[figures["recall"] for _, figures in rows],
        y=[
            words("measure.kind", label=name, rows=int(figures["support"]))
            for name, (_, figures) in zip(called, rows, strict=True)
        ],
        orientation="h",
        marker_color=[TONE_COLOURS.get(label, ACCENT) for label, _ in rows],
        text=[percent(figures["recall"]) for _, figures in rows],
        textposition="outside",
    )
    # beside the longest bar there is room for its share, on a phone too
    figure.update_xaxes(range=[0, 1.3], tickvals=[0, 0.5, 1], tickformat=".0%", tickangle=0)
    return figure
