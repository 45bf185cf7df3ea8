"""The walk as a page: upload, check, learn, decide."""

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from apps.columns import ENCODINGS, TABLES
from apps.components import empty, error, lead, shown_errors
from apps.locale import Locale
from apps.workshop.work import Checked, accept, check, choices, fit, guessed
from foundation.evaluation.comparison import ALL_ROWS, Comparison, Verdict
from foundation.trust.audit import Finding
from solutions.base import Solution, find_solution
from solutions.client import Replacement
from solutions.customise import Judgement

__all__ = ["build_workshop"]

_BUDGETS = {"quick": 60.0, "usual": 900.0, "long": 3600.0}
_NUMBERS_SHOWN = 10


def build_workshop(loaded: Mapping[str, Solution[Any, Any]], words: Locale) -> None:
    """Draw the page; it writes into the folder of clients on this machine."""
    tasks = choices(loaded)
    names = [
        (f"{words.pick(find_solution(name).spec.title)} · {words.pick(spec.title)}", f"{name}/{spec.name}")
        for name, spec in tasks
    ]
    gr.HTML(lead(words("workshop.lead")))
    state = gr.State(None)
    with gr.Row():
        with gr.Column(scale=4, min_width=320):
            gr.HTML(f"<h3>1 · {words('workshop.upload')}</h3>")
            what = gr.Dropdown(names, value=names[0][1], label=words("workshop.what"), elem_id="what")
            name = gr.Textbox(
                label=words("workshop.client"), info=words("workshop.client_hint"), value="acme", elem_id="client"
            )
            file = gr.File(label=words("workshop.file"), file_types=TABLES, height=140, elem_id="client-file")
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
        with gr.Column(scale=7, min_width=320):
            gr.HTML(f"<h3>2 · {words('workshop.check')}</h3>")
            with gr.Row():
                text = gr.Dropdown([], label=words("finance.text_column"), interactive=True)
                label = gr.Dropdown([], label=words("workshop.label_column"), interactive=True)
            look = gr.Button(words("workshop.look"), variant="primary", interactive=False)
            found = gr.HTML(empty(words("workshop.no_file")), elem_id="findings")
            gr.HTML(f"<h3>3 · {words('workshop.learn')}</h3>")
            times = [(words(f"workshop.budget_{key}"), key) for key in _BUDGETS]
            budget = gr.Radio(times, value="quick", label=words("workshop.budget"))
            learn = gr.Button(words("workshop.start"), variant="primary", interactive=False)
            told = gr.HTML(empty(words("workshop.nothing_learned")), elem_id="verdict")
            with gr.Row(visible=False) as refused:
                why = gr.Textbox(label=words("workshop.why"), scale=3, elem_id="why")
                anyway = gr.Button(words("workshop.accept"), scale=1)

    @shown_errors(words, [gr.skip()] * 5)
    def read(path: str | None, code: str, task: str) -> tuple[Any, ...]:
        columns, mapping, problem = guessed(path, code, task.partition("/")[2])
        boxes = [gr.Dropdown(columns, value=mapping.get(wanted)) for wanted in ("text", "label")]
        said = error(words, problem) if problem else empty(words("workshop.ready"))
        # what was looked through is of another file or task now: it must not be learned from
        return said, *boxes, gr.Button(interactive=True), None, gr.Button(interactive=False)

    @shown_errors(words, [gr.skip(), gr.skip()])
    def examine(
        task: str,
        client: str,
        path: str,
        code: str,
        column: str | None,
        labels: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        vertical, _, wanted = task.partition("/")
        checked = check(client, vertical, wanted, path, code, (column, labels), _listener(progress, words))
        return _findings(checked, words), checked, gr.Button(interactive=True)

    @shown_errors(words, [gr.skip()])
    def train(
        checked: Checked,
        key: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        judgement, entry = fit(checked, _BUDGETS[key], _listener(progress, words))
        return _verdict(checked, judgement, entry, words), gr.Row(visible=not entry.accepted)

    @shown_errors(words, [gr.skip()])
    def take(checked: Checked, reason: str) -> tuple[Any, ...]:
        return _answers_now(checked, accept(checked, reason), words), gr.Row(visible=False)

    wired: dict[str, Any] = {"api_visibility": "private"}
    gr.on(
        [file.change, encoding.change, what.change], read, [file, encoding, what],
        [found, text, label, look, state, learn],
        show_progress="hidden", **wired,
    )  # fmt: skip
    asked = [what, name, file, encoding, text, label]
    look.click(examine, asked, [found, state, learn], show_progress_on=found, **wired)
    learn.click(train, [state, budget], [told, refused], show_progress_on=told, concurrency_limit=1, **wired)
    anyway.click(take, [state, why], [told, refused], show_progress="hidden", **wired)


def _listener(progress: gr.Progress, words: Locale) -> Any:
    return lambda done, total, _: progress((done, total), desc=words("workshop.working"), unit="")


def _findings(checked: Checked, words: Locale) -> str:
    data = checked.data
    counts = data.table.frame["split"].value_counts()
    said = words(
        "workshop.kept",
        rows=f"{data.rows:,}",
        kept=f"{len(data.table.frame):,}",
        test=f"{counts.get('test', 0):,}",
        labels=data.table.frame["label"].nunique(),
        chinese=f"{data.chinese:.0%}",
    )
    rows = "".join(_finding(finding, words) for finding in data.findings)
    heads = "".join(f"<th>{head}</th>" for head in words("workshop.finding_heads").split("|"))
    listed = f'<table class="cl-worst cl-plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<p class="cl-summary">{said}</p>{listed if rows else words("workshop.no_findings")}'


def _finding(finding: Finding, words: Locale) -> str:
    numbers = ", ".join(map(str, finding.rows[:_NUMBERS_SHOWN])) + ("…" if len(finding.rows) > _NUMBERS_SHOWN else "")
    return (
        f"<tr><td>{words(f'problem.{finding.problem.name}')}</td><td>{len(finding.rows):,}</td>"
        f"<td>{numbers}</td><td>{escape(finding.example)}</td></tr>"
    )


def _verdict(checked: Checked, judgement: Judgement, entry: Replacement, words: Locale) -> str:
    parts = (
        ("workshop.own_rows", [told for told in judgement.own if told.group == ALL_ROWS]),
        ("workshop.trivial", [judgement.trivial]),
        ("workshop.our_rows", [told for told in judgement.ours if told.group == ALL_ROWS]),
    )
    lost = f"<p>{words('workshop.lost', labels=escape(', '.join(judgement.lost)))}</p>" if judgement.lost else ""
    rows = "".join(_compared(words(key), told, words) for key, comparisons in parts for told in comparisons)
    heads = "".join(f"<th>{head}</th>" for head in words("workshop.compared_heads").split("|"))
    table = f'<table class="cl-worst cl-plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    if entry.accepted:
        return _answers_now(checked, entry, words) + table
    return f'<p class="cl-summary">✗ {words("workshop.refused", former=escape(entry.former))}</p>{lost}{table}'


def _answers_now(checked: Checked, entry: Replacement, words: Locale) -> str:
    said = words("workshop.accepted", candidate=escape(entry.candidate), former=escape(entry.former))
    command = f"colonnade demo --client {escape(checked.client.folder.name)}"
    return f'<p class="cl-summary">✓ {said}</p><p>{words("workshop.next")} <code>{command}</code></p>'


def _compared(where: str, told: Comparison, words: Locale) -> str:
    gap = told.difference
    mark = {Verdict.BETTER: "▲", Verdict.WORSE: "▼", Verdict.ALIKE: "■"}[told.verdict]
    return (
        f"<tr><td>{where}<br>{words(f'metric.{told.metric}')}</td><td>{told.former:.3f}</td><td>{told.candidate:.3f}</td>"
        f"<td>{gap.value:+.3f} ({gap.low:+.3f} – {gap.high:+.3f})</td>"
        f"<td>{mark} {words(f'verdict.{told.verdict.name}')}</td></tr>"
    )
