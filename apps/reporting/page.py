"""One HTML page of all reports, in both languages; it asks for nothing from outside and can be printed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from apps.locale import Language, Locale, locale
from apps.reporting.charts import line_chart, matrix
from foundation import __version__
from foundation.data.cards import all_cards
from foundation.evaluation.report import Report
from solutions.registry import find_solution

__all__ = ["Skipped", "report_page", "subgroup_name"]

# A matrix of more labels is no picture any more: then the commonest confusions are listed.
_MOST_LABELS = 12
_MOST_CONFUSIONS = 15
_STYLE = Path(__file__).parents[1] / "static" / "report.css"


@dataclass(frozen=True)
class Skipped:
    """A data set that could not be measured, and why."""

    solution: str
    task: str
    dataset: str
    reason: str


def report_page(reports: Sequence[Report], skipped: Sequence[Skipped], *, preferred: Language = Language.EN) -> str:
    """Write the page.

    Parameters
    ----------
    reports : sequence of Report
    skipped : sequence of Skipped
    preferred : Language
        Shown first.
    """
    checked = {language: " checked" if language is preferred else "" for language in Language}
    switch = "".join(
        f'<label><input type="radio" name="language" id="{language.value}"{checked[language]}> {name}</label>'
        for language, name in ((Language.EN, "English"), (Language.ZH, "中文"))
    )
    bodies = "".join(
        f'<div lang="{language.value}">{_body(reports, skipped, locale(language))}</div>' for language in Language
    )
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Colonnade {__version__}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>"
        f'<body><div class="switch">{switch}</div>{bodies}</body></html>\n'
    )


def _body(reports: Sequence[Report], skipped: Sequence[Skipped], words: Locale) -> str:
    sections = "".join(_section(report, words) for report in reports)
    left_out = "".join(
        f"<li><b>{escape(one.solution)} / {escape(one.task)}, {escape(one.dataset)}</b>: "
        f"{escape(words.explain(one.reason))}</li>"
        for one in skipped
    )
    tail = f"<h2>{words('report.skipped')}</h2><ul>{left_out}</ul>" if skipped else ""
    return (
        f'<h1>{words("report.title")}</h1><p class="quiet">{words("report.lead", version=__version__)}</p>'
        f"{_overview(reports, words)}{sections}{tail}"
    )


def _overview(reports: Sequence[Report], words: Locale) -> str:
    rows = []
    for report in reports:
        name, figure = next(iter(report.metrics.items()))
        best = max((baseline[name] for baseline in report.baselines.values() if name in baseline), default=None)
        shown = "" if best is None else f"{best:.3f}"
        interval = f"{figure.low:.3f} – {figure.high:.3f}"
        cells = (_title(report, words), report.dataset.name, _metric(name, words), f"{figure.value:.3f}", interval)
        rows.append([*cells, shown, f"{report.dataset.rows:,}"])
    return _table(words("report.overview_heads").split("|"), rows)


def _section(report: Report, words: Locale) -> str:
    stamp, spec = report.dataset, find_solution(report.solution).spec
    facts = words(
        "report.stamp",
        dataset=escape(stamp.name),
        rows=f"{stamp.rows:,}",
        sha=stamp.sha256[:16],
        protocol=escape(words.protocol(stamp.protocol)),
        bundle=escape(report.bundle),
    )
    other = "" if stamp.as_published else f" {words('report.other_files')}"
    named = _label_names(report, words)
    drawn = report.diagnostics
    by_label = {named(label): figures for label, figures in report.per_class.items()}
    by_subgroup = {subgroup_name(stamp.name, name, words): figures for name, figures in report.slices.items()}
    parts = (
        f"<h2>{escape(_title(report, words))}</h2><p>{escape(words.pick(spec.summary))}</p>",
        f'<p class="quiet">{facts}{other}</p>',
        _figures(report, words),
        _gains(report, words),
        _pictures(report, words),
        _confusions(drawn.get("confusion"), named, words),
        _named(by_label, words("report.classes"), words),
        _named(by_subgroup, words("report.slices"), words),
        _errors(drawn.get("errors", []), named, words),
        _leakage(report, words),
    )
    return "".join(parts)


def _title(report: Report, words: Locale) -> str:
    spec = find_solution(report.solution).spec
    return f"{words.pick(spec.title)} · {words.pick(spec.task(report.task).title)}"


def subgroup_name(dataset: str, name: str, words: Locale) -> str:
    """Return what a subgroup is called: as the data set's card has it, or as we do; of a client's columns, itself."""
    card = all_cards().get(dataset)
    if card and name in card.slice_names:
        return words.pick(card.slice_names[name])
    return words.strings.get(f"slice.{name}", name)


def _label_names(report: Report, words: Locale) -> Callable[[str], str]:
    """Return what turns a label into its name for people, where a card has one."""
    card = all_cards().get(report.dataset.name)
    names = card.labels.get(report.task, {}) if card else {}
    return lambda label: words.pick(names[label]) if label in names else label


def _metric(name: str, words: Locale) -> str:
    return words.strings.get(f"metric.{name}", name)


def _figures(report: Report, words: Locale) -> str:
    heads = [
        *words("measure.heads").split("|"),
        *(_baseline(name, words) for name in report.baselines),
    ]
    rows = [
        [
            _metric(name, words),
            f"{figure.value:.3f}",
            f"{figure.low:.3f} – {figure.high:.3f}",
            *(f"{baseline[name]:.3f}" if name in baseline else "" for baseline in report.baselines.values()),
        ]
        for name, figure in report.metrics.items()
    ]
    return _table(heads, rows)


def _gains(report: Report, words: Locale) -> str:
    """Tell what the model has over each that it was compared with row by row."""
    if not report.gains:
        return ""
    heads = ["", *(_metric(metric, words) for metric in next(iter(report.gains.values())))]
    rows = [
        [_baseline(name, words), *(f"{gain.low:+.3f} – {gain.high:+.3f}" for gain in of_metric.values())]
        for name, of_metric in report.gains.items()
    ]
    return f"<h3>{words('report.gains')}</h3>{_table(heads, rows)}"


def _baseline(name: str, words: Locale) -> str:
    return words.strings.get(f"measure.{name}") or words.strings.get(f"shelf.model_{name}", name)


def _pictures(report: Report, words: Locale) -> str:
    drawn = report.diagnostics
    if not drawn:
        return ""
    sure = [(bin_["confidence"], bin_["accuracy"]) for bin_ in drawn["reliability"]]
    risks = [(point["coverage"], point["risk"]) for point in drawn["risk_coverage"]]
    most = max(0.1, *(risk for _, risk in risks))
    shares = [bin_["rows"] / report.dataset.rows for bin_ in drawn["reliability"]]
    reliability = line_chart(sure, words("report.confidence"), words("report.right"), shares=shares)
    risk = line_chart(risks, words("report.answered"), words("report.wrong"), most=most)
    return (
        f'<div class="row"><div><h3>{words("report.reliability")}</h3>{reliability}</div>'
        f"<div><h3>{words('report.risk_coverage')}</h3>{risk}</div></div>"
    )


def _confusions(confusion: Mapping[str, Any] | None, named: Callable[[str], str], words: Locale) -> str:
    if not confusion:
        return ""
    labels, rows = [named(label) for label in confusion["labels"]], confusion["rows"]
    title = f"<h3>{words('report.confusion')}</h3>"
    if len(labels) <= _MOST_LABELS:
        return f'{title}<div class="wide">{matrix(labels, rows, words("report.corner"))}</div>'
    pairs = [
        (count, labels[row], labels[column])
        for row, counts in enumerate(rows)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    most = sorted(pairs, reverse=True)[:_MOST_CONFUSIONS]
    return title + _table(words("report.confusion_heads").split("|"), [[true, said, str(n)] for n, true, said in most])


def _named(figures: Mapping[str, Mapping[str, float]], title: str, words: Locale) -> str:
    if not figures:
        return ""
    names = list(next(iter(figures.values())))
    heads = ["", *(words.strings.get(f"metric.{name}", name) for name in names)]
    counted = ("rows", "support")
    rows = [
        [key, *(f"{row[name]:.0f}" if name in counted else f"{row[name]:.3f}" for name in names)]
        for key, row in figures.items()
    ]
    return f"<h3>{title}</h3>{_table(heads, rows)}"


def _errors(errors: Sequence[Mapping[str, Any]], named: Callable[[str], str], words: Locale) -> str:
    if not errors:
        return ""
    rows = [[one["item"], named(one["label"]), named(one["predicted"]), f"{one['confidence']:.0%}"] for one in errors]
    heads = words("report.error_heads").split("|")
    return f'<h3>{words("report.errors")}</h3><div class="texts">{_table(heads, rows)}</div>'


def _leakage(report: Report, words: Locale) -> str:
    if not report.leakage:
        return ""
    counts = {name: report.leakage.get(name, 0) for name in ("exact", "near", "seen_in_training")}
    return f'<p class="quiet">{words("report.leakage", **counts)}</p>'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
