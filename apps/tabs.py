"""Tabs that every vertical has: how good it is, and what the model is."""

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from apps.components import empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.plots import accuracy_plot, recall_plot, strongest_baseline
from foundation.bundle import BundleRecord
from foundation.data.cards import all_cards
from foundation.evaluation.metrics import Interval
from foundation.evaluation.report import Report
from foundation.incumbents import has_incumbent, incumbent
from solutions.base import Solution, TaskSpec

__all__ = ["evaluation_tab", "figure_table", "kept_figures", "label_names", "measured_on", "model_tab"]


def label_names(solution: Solution[Any, Any], words: Locale) -> Mapping[str, Mapping[str, str]]:
    """Return by task the labels' names in the page's language."""
    language = words.language.value
    return {
        task: {label: names[language] for label, names in record.labels.items()}
        for task, record in solution.records().items()
    }


def evaluation_tab(solution: Solution[Any, Any], words: Locale) -> None:
    """Measure the loaded models on a test split at the press of a button; of a client's models, show what is known."""
    sources = {spec.name: measured_on(solution, spec) for spec in solution.spec.tasks}
    for spec in solution.spec.tasks:
        if not sources[spec.name]:
            gr.HTML(kept_figures(solution, spec, words))
    specs = [spec for spec in solution.spec.tasks if sources[spec.name]]
    if not specs:
        return
    datasets = ", ".join(dict.fromkeys(sources[spec.name] for spec in specs))
    gr.HTML(lead(words("measure.lead")))
    button = gr.Button(words("measure.button"), variant="primary")
    summary = gr.HTML(empty(words("measure.empty", dataset=datasets)))
    accuracy = gr.Plot(visible=False, show_label=False)
    classified = [spec for spec in specs if spec.reads in ("text", "image", "rows") and spec.name in solution.records()]
    recalls = [gr.Plot(visible=False, show_label=False) for _ in classified]

    @shown_errors(words, [gr.skip() for _ in range(1 + len(recalls))])
    def measure(progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - how gradio injects it
        reports: dict[str, Report] = {}
        for done, spec in enumerate(specs):
            progress((done, len(specs)), desc=words.pick(spec.title))
            reports[words.pick(spec.title)] = solution.evaluate(solution.card_table(sources[spec.name], spec.name))
        return _shown(words, reports, label_names(solution, words))

    button.click(
        measure,
        None,
        [summary, accuracy, *recalls],
        api_name=f"{solution.spec.name}_evaluate",
        show_progress_on=summary,
    )


def measured_on(solution: Solution[Any, Any], spec: TaskSpec) -> str:
    """Return the data set on whose test split the loaded model of a task can be measured here.

    It is what the model learned from, where that has a card. A client's file has none: its test rows are not kept.
    """
    record = solution.records().get(spec.name)
    if record is None:
        return spec.default_dataset
    vertical = solution.spec.name
    of_the_suite = has_incumbent(vertical, spec.name) and incumbent(vertical, spec.name).name == record.id
    return str(record.data["name"]) if of_the_suite and record.data["name"] in all_cards() else ""


def kept_figures(solution: Solution[Any, Any], spec: TaskSpec, words: Locale) -> str:
    """Return the figures that a model was given when it was made, on rows that were held out."""
    record = solution.records()[spec.name]
    said = words("measure.kept", task=words.pick(spec.title), dataset=record.data["name"])
    figures = {name: Interval(**figure) for name, figure in record.metrics.items()}
    return f'<p class="cl-summary">{escape(said)}</p>{figure_table(figures, words)}'


def figure_table(figures: Mapping[str, Interval], words: Locale) -> str:
    """Return figures with their intervals, a row each."""
    rows = "".join(
        f"<tr><td>{words(f'metric.{name}')}</td><td>{figure.value:.3f}</td>"
        f"<td>{figure.low:.3f} – {figure.high:.3f}</td></tr>"
        for name, figure in figures.items()
    )
    heads = "".join(f"<th>{head}</th>" for head in words("measure.heads").split("|"))
    return f'<table class="cl-worst cl-plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _shown(words: Locale, reports: Mapping[str, Report], names: Mapping[str, Mapping[str, str]]) -> tuple[Any, ...]:
    """Say what was found of each task, and draw those that tell kinds apart, if any."""
    classifiers = {title: report for title, report in reports.items() if report.per_class}
    found = "".join(
        _sentence(words, title, report) if title in classifiers else _search_sentence(words, title, report)
        for title, report in reports.items()
    )
    pictures = [recall_plot(words, title, report, names[report.task]) for title, report in classifiers.items()]
    return (
        found,
        gr.Plot(accuracy_plot(words, classifiers), visible=True) if classifiers else gr.skip(),
        *(gr.Plot(picture, visible=True) for picture in pictures),
    )


def _sentence(words: Locale, title: str, report: Report) -> str:
    accuracy, known, rival = report.metrics["accuracy"], report.calibration, strongest_baseline(report)
    found = words(
        "measure.found",
        task=title,
        value=percent(accuracy.value),
        low=percent(accuracy.low),
        high=percent(accuracy.high),
        rows=report.dataset.rows,
        rival=words(f"measure.{rival}"),
        baseline=percent(report.baselines[rival]["accuracy"]),
    )
    shares = {"answered": percent(known["answered"] or 0), "right": percent(known["accuracy_answered"] or 0)}
    answered = words("measure.answered", **shares) if known["answered"] else ""
    return f'<p class="cl-summary">{words.sentences(found, answered)}</p>'


def _search_sentence(words: Locale, title: str, report: Report) -> str:
    first, ten = report.metrics["top1"], report.metrics["recall_at_10"]
    shares = {"value": percent(first.value), "low": percent(first.low), "high": percent(first.high)}
    others = {"ten": percent(ten.value), "baseline": percent(report.baselines["bm25"]["top1"])}
    said = words("measure.searched", task=title, rows=report.dataset.rows, **shares, **others)
    return f'<p class="cl-summary">{said}</p>'


def model_tab(solution: Solution[Any, Any], words: Locale) -> None:
    """Show what each loaded model is; the same in English lies in its bundle as CARD.md."""
    for task, record in solution.records().items():
        with gr.Accordion(words.pick(solution.spec.task(task).title), open=True):
            gr.Markdown(_card(words, record), sanitize_html=True)


def _source_facts(source: Mapping[str, Any], words: Locale) -> tuple[str, str]:
    """Say what data set a model learned from, and what its licence is."""
    rows, sha = f"{source['rows']:,}", source["sha256"][:12]
    return (
        words("model.trained_on", name=source["name"], rows=rows, sha=sha),
        words("model.licence", licence=source["licence"]),
    )


def _limits(record: BundleRecord) -> str:
    if not record.labels:
        return "model.limits_events"
    return "model.limits_image" if record.image else "model.limits"


def _card(words: Locale, record: BundleRecord) -> str:
    labels = ", ".join(names[words.language.value] for names in record.labels.values())
    facts = (
        *([words("model.labels", labels=labels)] if labels else []),
        words(
            "model.made_of",
            backbone=record.backbone,
            sha=record.backbone_sha256[:12],
            method=record.method["name"],
            seed=record.seed,
        ),
        *(fact for source in record.sources for fact in _source_facts(source, words)),
    )
    figures = "\n".join(
        f"| {words(f'metric.{name}')} | {figure['value']:.3f} | {figure['low']:.3f} – {figure['high']:.3f} |"
        for name, figure in record.metrics.items()
    )
    parts = (
        f"## {record.id}",
        "\n".join(f"- {fact}" for fact in facts),
        words("model.figures"),
        f"{words('model.head')}\n|---|---|---|\n{figures}",
        words(_limits(record)),
    )
    return "\n\n".join(parts)
