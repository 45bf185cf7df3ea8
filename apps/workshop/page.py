"""The walk as a page: upload, check, learn, decide; of texts, rows of a table, images and events."""

from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from apps.columns import ENCODINGS, TABLES
from apps.components import AT_ONCE, empty, error, lead, shown_errors
from apps.learning import Learner, Verticals
from apps.locale import Locale
from apps.workshop.work import WANTED, Checked, accept, check, choices, fit, guessed
from foundation.evaluation.comparison import ALL_ROWS, Comparison, Verdict
from foundation.trust.audit import Finding
from solutions.base import TaskSpec
from solutions.client import Replacement
from solutions.customise import Judgement
from solutions.registry import find_solution

__all__ = ["build_workshop"]

_BUDGETS = {"quick": 60.0, "usual": 900.0, "long": 3600.0}
_NUMBERS_SHOWN = 10
_MOST_COLUMNS = max(map(len, WANTED.values()))


@dataclass(frozen=True)
class _Walk:
    """The page's handlers."""

    words: Locale
    verticals: Verticals

    def turned(self, task: str) -> tuple[Any, ...]:
        """Ask for what another task learns from."""
        reads = _spec(task).reads
        return lead(self.words(f"workshop.file_{reads}")), gr.File(visible=reads == "events")

    def read(self, path: str | None, code: str, task: str) -> tuple[Any, ...]:
        """Show the columns of a file; what was looked through, or learned, is of another one now."""
        forgotten = self.forgotten()
        if path is None:
            hidden = [gr.Dropdown(visible=False)] * _MOST_COLUMNS
            return empty(self.words("workshop.no_file")), *hidden, gr.Button(interactive=False), *forgotten
        spec = _spec(task)
        there, mapping, problem = guessed(path, code, spec)
        wanted = WANTED[spec.reads]
        boxes = [
            gr.Dropdown(there, value=mapping.get(column), label=self.words(f"workshop.column_{column}"), visible=True)
            for column in wanted
        ]
        boxes += [gr.Dropdown(visible=False)] * (_MOST_COLUMNS - len(wanted))
        ready = "workshop.ready" if wanted else "workshop.ready_image"
        said = error(self.words, problem) if problem else empty(self.words(ready))
        return said, *boxes, gr.Button(interactive=True), *forgotten

    def forgotten(self) -> tuple[Any, ...]:
        """Empty what was looked through, or learned: it is of something else now."""
        nothing = empty(self.words("workshop.nothing_learned"))
        return None, gr.update(interactive=False), nothing, gr.update(visible=False)

    def examined(
        self,
        task: str,
        client: str,
        path: str | None,
        of_items: str | None,
        code: str,
        first: str | None,
        second: str | None,
        third: str | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        """Look the file through."""
        vertical, _, wanted = task.partition("/")
        if isinstance(learner := self.verticals[vertical], Learner):
            learner.required()
        given, chosen = (path, of_items, code), (first, second, third)
        checked = check(client, vertical, wanted, given, chosen, _listener(progress, self.words))
        return _findings(checked, self.words), checked, gr.Button(interactive=True)

    def learned(
        self,
        checked: Checked,
        client: str,
        key: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        """Fit a candidate and say what came of it."""
        judgement, entry = fit(checked, client, _BUDGETS[key], _listener(progress, self.words))
        return _verdict(checked, judgement, entry, self.words), gr.update(visible=not entry.accepted)

    def taken(self, checked: Checked, reason: str) -> tuple[Any, ...]:
        """Let the refused candidate answer."""
        return _answers_now(checked, accept(checked, reason), self.words), gr.update(visible=False)


def build_workshop(verticals: Verticals, words: Locale) -> None:
    """Draw the page; it writes into the folder of clients on this machine."""
    tasks = choices(verticals)
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
            wanted = gr.HTML(lead(words(f"workshop.file_{tasks[0][1].reads}")), elem_id="wanted")
            file = gr.File(
                label=words("workshop.file"), file_types=[*TABLES, ".zip"], height=140, elem_id="client-file"
            )
            items = gr.File(
                label=words("workshop.items"), file_types=TABLES, height=120, visible=False, elem_id="client-items"
            )
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
            columns = [
                gr.Dropdown([], interactive=True, visible=False, elem_id=f"column-{at}") for at in range(_MOST_COLUMNS)
            ]
        with gr.Column(scale=7, min_width=320):
            gr.HTML(f"<h3>2 · {words('workshop.check')}</h3>")
            look = gr.Button(words("workshop.look"), variant="primary", interactive=False)
            found = gr.HTML(empty(words("workshop.no_file")), elem_id="findings")
            gr.HTML(f"<h3>3 · {words('workshop.learn')}</h3>")
            times = [(words(f"workshop.budget_{key}"), key) for key in _BUDGETS]
            budget = gr.Radio(times, value="quick", label=words("workshop.budget"), info=words("workshop.budget_hint"))
            learn = gr.Button(words("workshop.start"), variant="primary", interactive=False)
            told = gr.HTML(empty(words("workshop.nothing_learned")), elem_id="verdict")
            with gr.Row(visible=False) as refused:
                why = gr.Textbox(label=words("workshop.why"), scale=3, elem_id="why")
                anyway = gr.Button(words("workshop.accept"), scale=1)

    walk = _Walk(words, verticals)
    wired: dict[str, Any] = {"api_visibility": "private"}
    what.change(walk.turned, [what], [wanted, items], **AT_ONCE)
    later = [state, learn, told, refused]
    # updates, not components: made here, among the page's own, those would stand on it
    unread = [*(gr.skip() for _ in columns), gr.update(interactive=False), *walk.forgotten()]
    gr.on(
        [file.change, encoding.change, what.change], shown_errors(words, unread)(walk.read), [file, encoding, what],
        [found, *columns, look, *later], **AT_ONCE,
    )  # fmt: skip
    gr.on([items.change, *(column.input for column in columns)], walk.forgotten, None, later, **AT_ONCE)
    asked = [what, name, file, items, encoding, *columns]
    examined = shown_errors(words, [None, gr.update(interactive=False)])(walk.examined)
    look.click(examined, asked, [found, state, learn], show_progress_on=found, **wired)
    one = shown_errors(words, [gr.skip()])
    learned, decided = one(walk.learned), [told, refused]
    learn.click(learned, [state, name, budget], decided, show_progress_on=told, concurrency_limit=1, **wired)
    anyway.click(one(walk.taken), [state, why], decided, **AT_ONCE)


def _spec(choice: str) -> TaskSpec:
    vertical, _, task = choice.partition("/")
    return find_solution(vertical).spec.task(task)


def _listener(progress: gr.Progress, words: Locale) -> Any:
    return lambda done, total, _: progress((done, total), desc=words("workshop.working"), unit="")


def _findings(checked: Checked, words: Locale) -> str:
    data = checked.data
    counts = data.table.frame["split"].value_counts()
    said = words(
        f"workshop.kept_{checked.reads}",
        rows=f"{data.rows:,}",
        kept=f"{len(data.table.frame):,}",
        test=f"{counts.get('test', 0):,}",
        labels=f"{data.table.frame['label'].nunique():,}",
        chinese=f"{data.chinese:.0%}" if checked.reads == "text" else "",
    )
    rows = "".join(_finding(finding, words) for finding in data.findings)
    heads = "".join(f"<th>{head}</th>" for head in words("workshop.finding_heads").split("|"))
    listed = f'<table class="cl-worst cl-plain"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<p class="cl-summary">{said}</p>{listed if rows else words("workshop.no_findings")}'


def _finding(finding: Finding, words: Locale) -> str:
    numbers = ", ".join(map(str, finding.rows[:_NUMBERS_SHOWN])) + ("…" if len(finding.rows) > _NUMBERS_SHOWN else "")
    return (
        f"<tr><td>{words(f'problem.{finding.problem.name}')}</td><td>{finding.count:,}</td>"
        f"<td>{escape(numbers)}</td><td>{escape(finding.example)}</td></tr>"
    )


def _verdict(checked: Checked, judgement: Judgement, entry: Replacement, words: Locale) -> str:
    parts = (
        ("workshop.own_rows", [told for told in judgement.own if told.group == ALL_ROWS]),
        ("workshop.popular" if checked.reads == "events" else "workshop.trivial", [judgement.trivial]),
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
