"""How good it is: the test split, every model beside the hybrid, and what variety costs."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from apps.components import empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.plots import blank_figure
from apps.reporting.page import subgroup_name
from apps.tabs import kept_figures, measured_on
from apps.theme import ACCENT, MUTED
from foundation.errors import InputError
from foundation.evaluation.report import Report
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.tables import EventTable
from solutions.recommendation.tradeoff import TradeOff, trade_offs

__all__ = ["measure_tab"]

_SETTINGS = (0.0, 0.2, 0.4, 0.6, 0.8)
_SHOWN = ("ndcg_at_10", "recall_at_10", "mrr", "coverage", "novelty", "diversity", "popularity_share")


def measure_tab(solution: Recommendation, words: Locale) -> None:
    """Draw the tab."""
    source = measured_on(solution, solution.spec.task("top-n"))
    if not source:
        gr.HTML(kept_figures(solution, solution.spec.task("top-n"), words))
        return
    gr.HTML(lead(words("shelf.measure_lead")))
    button = gr.Button(words("shelf.measure_button"), variant="primary")
    summary = gr.HTML(empty(words("measure.empty", dataset=source)), elem_id="measured")
    with gr.Row():
        models = gr.Plot(visible=False, show_label=False)
        curve = gr.Plot(visible=False, show_label=False)

    @shown_errors(words, [gr.skip()] * 2)
    def measure(progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - how gradio injects it
        progress(0.0, desc=words("finance.reading"))
        table = solution.card_table(source, "top-n")
        if not isinstance(table, EventTable):
            raise InputError(f"{source} holds no events")
        table = table.under(solution.bundle.record.data["by"])
        report = solution.evaluate(
            table, listener=lambda done, total, _: progress((done, total), desc=words("shelf.measuring"), unit="")
        )
        points = trade_offs(solution.shelves, table, _SETTINGS)
        return (
            _said(report, words),
            gr.Plot(_models(report, words), visible=True),
            gr.Plot(_curve(points, words), visible=True),
        )

    button.click(measure, None, [summary, models, curve], api_name="recommendation_evaluate", show_progress_on=summary)


def _said(report: Report, words: Locale) -> str:
    hit, best = report.metrics["hit_at_10"], max(report.baselines.items(), key=lambda item: item[1]["hit_at_10"])
    said = words(
        "shelf.measured",
        value=percent(hit.value),
        low=percent(hit.low),
        high=percent(hit.high),
        rows=report.dataset.rows,
        best=words(f"shelf.model_{best[0]}"),
        baseline=percent(best[1]["hit_at_10"]),
        popular=percent(report.baselines["popularity"]["hit_at_10"]),
    )
    heads = "".join(f"<th>{head}</th>" for head in (*(words(f"metric.{name}") for name in _SHOWN), words("shelf.gain")))
    ours = "".join(f"<td>{_figure(report, name)}</td>" for name in _SHOWN)
    others = "".join(
        f"<tr><td>{words(f'shelf.model_{name}')}</td>"
        + "".join(f"<td>{figures[metric]:.3f}</td>" for metric in _SHOWN)
        + f"<td>{_gain(report, name)}</td></tr>"
        for name, figures in report.baselines.items()
    )
    groups = "".join(
        f"<tr><td>{escape(subgroup_name(report.dataset.name, name, words))}</td>"
        f"<td>{figures['ndcg_at_10']:.3f}</td><td>{figures['rows']:.0f}</td></tr>"
        for name, figures in report.slices.items()
    )
    parts = "".join(f"<th>{head}</th>" for head in words("shelf.groups").split("|"))
    return f"""<p class="cl-summary">{said}</p>
<table class="cl-worst cl-plain"><thead><tr><th></th>{heads}</tr></thead>
<tbody><tr><td><strong>{words("measure.this_model")}</strong></td>{ours}<td></td></tr>{others}</tbody></table>
<table class="cl-worst cl-plain"><thead><tr>{parts}</tr></thead><tbody>{groups}</tbody></table>"""


def _figure(report: Report, name: str) -> str:
    figure = report.metrics[name]
    interval = f" <small>({figure.low:.3f} – {figure.high:.3f})</small>" if figure.low < figure.high else ""
    return f"<strong>{figure.value:.3f}</strong>{interval}"


def _gain(report: Report, name: str) -> str:
    """Return how much more this model has, user by user."""
    gain = report.gains[name]["ndcg_at_10"]
    return f"{gain.low:+.3f} – {gain.high:+.3f}"


def _models(report: Report, words: Locale) -> go.Figure:
    """Draw each model beside the hybrid, the best on top."""
    ours = report.metrics["ndcg_at_10"]
    rows = sorted((figures["ndcg_at_10"], words(f"shelf.model_{name}")) for name, figures in report.baselines.items())
    times = ours.value / rows[-1][0] if rows[-1][0] else 0.0
    figure = blank_figure(words("shelf.models_plot", times=f"{times:.2f}", best=rows[-1][1]), 340)
    figure.add_bar(x=[value for value, _ in rows], y=[name for _, name in rows], orientation="h", marker_color=MUTED)
    figure.add_bar(
        x=[ours.value],
        y=[words("measure.this_model")],
        orientation="h",
        marker_color=ACCENT,
        error_x={"array": [ours.high - ours.value], "arrayminus": [ours.value - ours.low]},
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title="NDCG@10", rangemode="tozero")
    return figure


def _curve(points: Sequence[TradeOff], words: Locale) -> go.Figure:
    """Draw what variety costs."""
    first, middle = points[0], points[2]
    loss = 1 - middle.ndcg / first.ndcg if first.ndcg else 0.0
    figure = blank_figure(words("shelf.curve_plot", dial=f"{middle.dial:.1f}", loss=percent(max(0.0, loss))), 340)
    figure.add_scatter(
        x=[point.diversity for point in points],
        y=[point.ndcg for point in points],
        mode="lines+markers+text",
        text=[f"{point.dial:.1f}" for point in points],
        textposition="top center",
        cliponaxis=False,
        line={"color": ACCENT},
    )
    figure.update_xaxes(title=words("shelf.diversity_axis"))
    figure.update_yaxes(title="NDCG@10", rangemode="tozero")
    return figure
