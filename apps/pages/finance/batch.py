"""A table of texts: tone per topic over time, the worst items, and the scored table to take away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from apps.columns import ENCODINGS, TABLES
from apps.components import AT_ONCE, QUIET, empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.pages.finance.plots import share_by_topic, tone_plot, worst_topic
from apps.pages.finance.scoring import ScoredTable, score_table
from apps.tabs import label_names
from foundation.data.cards import find_card
from foundation.data.columns import text_column, time_column
from foundation.data.tables import read_table
from solutions.finance.pipeline import Finance
from solutions.finance.trends import most_negative

__all__ = ["batch_tab"]

_WORST_SHOWN = 10


@dataclass(frozen=True)
class _Form:
    """What the person fills in."""

    file: gr.File
    encoding: gr.Dropdown
    text: gr.Dropdown
    time: gr.Dropdown
    score: gr.Button
    sample: gr.Button
    stop: gr.Button


@dataclass(frozen=True)
class _Result:
    """What is shown, and what is kept to draw it anew."""

    summary: gr.HTML
    kept: gr.State
    focus: gr.Dropdown
    plot: gr.Plot
    worst: gr.HTML
    download: gr.File

    @property
    def all(self) -> list[Any]:
        return [self.summary, self.kept, self.focus, self.plot, self.worst, self.download]


def batch_tab(solution: Finance, words: Locale) -> None:
    """Draw the tab."""
    gr.HTML(lead(words("finance.batch_lead")))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            form = _form(words)
        with gr.Column(scale=3, min_width=320):
            result = _result(words)
    _wire(_Batch(solution, words, label_names(solution, words)["topic"]), form, result)


def _form(words: Locale) -> _Form:
    return _Form(
        file=gr.File(label=words("finance.file"), file_types=TABLES, height=140),
        encoding=gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding")),
        text=gr.Dropdown([], label=words("finance.text_column"), visible=False),
        time=gr.Dropdown([], label=words("finance.time_column"), visible=False),
        score=gr.Button(words("finance.score"), variant="primary", interactive=False),
        sample=gr.Button(words("finance.use_sample")),
        stop=gr.Button(words("finance.stop"), variant="stop", visible=False),
    )


def _result(words: Locale) -> _Result:
    return _Result(
        summary=gr.HTML(empty(words("finance.batch_empty")), elem_id="batch-summary"),
        kept=gr.State(None),
        focus=gr.Dropdown([], label=words("finance.focus"), visible=False),
        plot=gr.Plot(visible=False, show_label=False, elem_id="batch-plot"),
        worst=gr.HTML(""),
        download=gr.File(label=words("finance.download"), visible=False, interactive=False, elem_id="batch-download"),
    )


@dataclass(frozen=True)
class _Batch:
    """The tab's handlers."""

    solution: Finance
    words: Locale
    topics: Mapping[str, str]

    def look(self, path: str | None, encoding: str) -> tuple[Any, ...]:
        """Read the columns of what was uploaded, and guess which are meant."""
        waiting = empty(self.words("finance.batch_empty"))
        if path is None:
            hidden = gr.Dropdown(visible=False)
            return waiting, hidden, hidden, gr.Button(interactive=False)
        columns = [str(column) for column in read_table(Path(path), encoding).columns]
        return (
            waiting,
            gr.Dropdown(columns, value=text_column(columns), visible=True),
            gr.Dropdown(["", *columns], value=time_column(columns) or "", visible=True),
            gr.Button(interactive=True),
        )

    def score(
        self, path: Path, encoding: str, text: str | None, time: str | None, progress: gr.Progress
    ) -> tuple[Any, ...]:
        """Score a file and show what came out."""

        def listener(done: int, total: int, _: str) -> None:
            progress((done, total), desc=self.words("finance.reading"), unit="")

        table = score_table(self.solution, read_table(path, encoding), text, time, path.name, listener)
        focus: Any = gr.Dropdown(visible=False)
        picture = share_by_topic(self.words, table.answered, self.topics)
        if table.dated:
            trend = table.trend()
            topic = worst_topic(trend)
            choices = [(self.topics.get(name, name), name) for name in sorted(trend["topic"].unique())]
            focus = gr.Dropdown(choices, value=topic, visible=True)
            picture = tone_plot(self.words, trend, topic, self.topics, weekly=table.weekly)
        return (
            self._summary(table),
            table,
            focus,
            gr.Plot(picture, visible=True),
            self._worst(table.answered),
            gr.File(str(table.save()), visible=True),
        )

    def refocus(self, table: ScoredTable | None, topic: str) -> Any:
        """Draw another topic in the foreground."""
        if table is None or not topic:
            return gr.skip()
        return tone_plot(self.words, table.trend(), topic, self.topics, weekly=table.weekly)

    def _summary(self, table: ScoredTable) -> str:
        sure = table.answered[~table.answered["tone_unsure"].astype(bool)]
        said = self.words(
            "finance.batch_done",
            answered=f"{len(table.answered):,}",
            negative=f"{int(sure['tone'].eq('negative').sum()):,}",
            unsure=f"{len(table.answered) - len(sure):,}",
        )
        lines = f'<p class="cl-summary">{escape(said)}</p>'
        if len(table.refused):
            first = f"{table.refused.index[0] + 1}: {self.words.explain(table.refused['error'].iloc[0])}"
            partial = self.words("finance.batch_refused", refused=len(table.refused), first=first)
            lines += f'<p class="cl-lead">{escape(partial)}</p>'
        return lines

    def _worst(self, answered: pd.DataFrame) -> str:
        rows = "".join(self._worst_row(row) for _, row in most_negative(answered, _WORST_SHOWN).iterrows())
        names = ("time", "text", "topic", "confidence")
        heads = "".join(f"<th>{self.words(f'finance.column_{name}')}</th>" for name in names)
        table = f'<table class="cl-worst"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        return f"<h3>{self.words('finance.worst')}</h3>{table}" if rows else ""

    def _worst_row(self, row: pd.Series) -> str:
        when = "" if pd.isna(row["time"]) else f"{row['time']:%Y-%m-%d %H:%M}"
        topic = self.topics.get(row["topic"], row["topic"])
        cells = (when, str(row["text"])[:300], topic, percent(row["tone_confidence"]))
        return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _wire(batch: _Batch, form: _Form, result: _Result) -> None:
    guard = shown_errors(batch.words, [gr.skip() for _ in result.all[1:]])

    @guard
    def on_file(
        path: str,
        encoding: str,
        text: str,
        time: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio hands it in
    ) -> tuple[Any, ...]:
        return batch.score(Path(path), encoding, text, time, progress)

    @guard
    def on_sample(progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008
        sample = find_card("headlines").folder() / "sample.csv"
        return batch.score(sample, "utf-8", "text", "time", progress)

    columns = [result.summary, form.text, form.time, form.score]
    look = shown_errors(batch.words, [gr.skip() for _ in columns[1:]])(batch.look)
    gr.on([form.file.change, form.encoding.change], look, [form.file, form.encoding], columns, **AT_ONCE)
    given = [form.file, form.encoding, form.text, form.time]
    runs = [
        form.score.click(_shown(True), None, form.stop, **AT_ONCE).then(
            on_file, given, result.all, show_progress_on=result.summary, api_name="finance_batch"
        ),
        form.sample.click(_shown(True), None, form.stop, **AT_ONCE).then(
            on_sample, None, result.all, show_progress_on=result.summary, api_visibility="private"
        ),
    ]
    for run in runs:
        run.then(_shown(False), None, form.stop, **AT_ONCE)
    form.stop.click(_shown(False), None, form.stop, cancels=runs, **QUIET)
    result.focus.input(batch.refocus, [result.kept, result.focus], result.plot, **AT_ONCE)


def _shown(visible: bool) -> Callable[[], Any]:
    return lambda: gr.Button(visible=visible)
