"""How good it is: the test split at the press of a button, and what held-out pictures say about thresholds."""

from html import escape
from typing import Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go

from apps.components import empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.plots import blank_figure, recall_plot
from apps.reporting.page import subgroup_name
from apps.tabs import figure_table, kept_figures, label_names, measured_on
from apps.theme import ACCENT, MUTED
from foundation.evaluation.metrics import risk_coverage
from foundation.evaluation.report import Report
from solutions.medical.pipeline import Medical

__all__ = ["measure_tab"]

# Of equal size: most answers are nearly certain, and bins of equal width would hold a handful each.
_GROUPS = 8


def measure_tab(solution: Medical, words: Locale) -> None:
    """Draw the tab."""
    gr.HTML(lead(words("medical.measure_lead")))
    with gr.Row():
        gr.Plot(_risk_coverage(solution, words), show_label=False)
        gr.Plot(_reliability(solution, words), show_label=False)
    dataset = measured_on(solution, solution.spec.task("image"))
    if not dataset:
        gr.HTML(kept_figures(solution, solution.spec.task("image"), words))
        return
    button = gr.Button(words("measure.button"), variant="primary")
    summary = gr.HTML(empty(words("measure.empty", dataset=dataset)), elem_id="measured")
    recalls = gr.Plot(visible=False, show_label=False)

    @shown_errors(words, [gr.skip()])
    def measure() -> tuple[Any, ...]:
        from foundation.recipes.evaluate_images import evaluate_images

        table: Any = solution.card_table(dataset, "image")
        report = evaluate_images(solution.bundle, table)
        names = label_names(solution, words)["image"]
        picture = recall_plot(words, words.pick(solution.spec.task("image").title), report, names)
        return _said(words, report), gr.Plot(picture, visible=True)

    button.click(measure, None, [summary, recalls], api_name="medical_evaluate", show_progress_on=summary)


def _said(words: Locale, report: Report) -> str:
    slices = "".join(
        f"<tr><td>{escape(subgroup_name(report.dataset.name, name, words))}</td>"
        f"<td>{percent(figures['accuracy'])}</td><td>{figures['rows']:.0f}</td></tr>"
        for name, figures in report.slices.items()
    )
    auroc, accuracy = report.metrics["auroc"], report.metrics["accuracy"]
    said = words(
        "medical.measured",
        auroc=f"{auroc.value:.3f}",
        accuracy=percent(accuracy.value),
        low=percent(accuracy.low),
        high=percent(accuracy.high),
        rows=report.dataset.rows,
        baseline=percent(report.baselines["pixels_logistic_regression"]["accuracy"]),
    )
    parts = words("medical.slices").split("|")
    apart = f'<table class="cl-worst cl-plain"><thead><tr>{"".join(f"<th>{each}</th>" for each in parts)}</tr></thead>'
    subgroups = f"{apart}<tbody>{slices}</tbody></table>" if slices else ""
    return f'<p class="cl-summary">{said}</p>{figure_table(report.metrics, words)}{subgroups}'


def _risk_coverage(solution: Medical, words: Locale) -> go.Figure:
    """Draw how often it is wrong when only the surest answers are given."""
    held_out = solution.held_out
    confidence = held_out.probabilities.max(axis=1)
    coverage, risk = risk_coverage(confidence, held_out.probabilities.argmax(axis=1) == held_out.targets)
    answered = (confidence >= solution.threshold).mean()
    at = min(int(np.searchsorted(coverage, answered)), len(risk) - 1)
    title = words("medical.risk_title", share=percent(float(answered)), wrong=percent(float(risk[at])))
    figure = blank_figure(title, 300)
    figure.add_scatter(x=coverage, y=risk, mode="lines", line={"color": ACCENT}, showlegend=False)
    figure.add_scatter(
        x=[coverage[at]], y=[risk[at]], mode="markers", marker={"color": ACCENT, "size": 11}, showlegend=False
    )
    figure.update_xaxes(title=words("medical.answered_share"), tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title=words("medical.wrong_share"), tickformat=".0%", rangemode="tozero")
    return figure


def _reliability(solution: Medical, words: Locale) -> go.Figure:
    """Draw how often it is right when it says that it is so sure."""
    held = solution.held_out
    confidence = held.probabilities.max(axis=1)
    right = held.probabilities.argmax(axis=1) == held.targets
    groups = np.array_split(np.argsort(confidence, kind="stable"), _GROUPS)
    ece = solution.bundle.record.metrics["ece"]["value"]
    figure = blank_figure(words("medical.reliability_title", gap=percent(ece)), 300)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED, "dash": "dot"}, showlegend=False)
    figure.add_scatter(
        x=[float(confidence[rows].mean()) for rows in groups],
        y=[float(right[rows].mean()) for rows in groups],
        mode="lines+markers",
        line={"color": ACCENT},
        showlegend=False,
    )
    figure.update_xaxes(title=words("medical.said_confidence"), tickformat=".0%", range=[0.3, 1.02])
    figure.update_yaxes(title=words("medical.right_share"), tickformat=".0%", range=[0, 1.05])
    return figure
