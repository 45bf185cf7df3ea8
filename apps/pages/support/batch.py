"""A table of messages: what each is about, how it sounds, what would be done with it, and all of it to take away."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
import plotly.graph_objects as go

from apps.columns import ENCODINGS, TABLES
from apps.components import AT_ONCE, empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.plots import blank_figure
from apps.scoring import score_rows
from apps.scratch import scratch_file
from apps.tabs import label_names
from apps.theme import ATTENTION, TONE_COLOURS
from foundation.data.columns import text_column
from foundation.data.tables import read_table, write_table
from foundation.data.workbooks import without_formulas
from solutions.support.pipeline import Support

__all__ = ["batch_tab"]

_SHOWN_INTENTS = 20
_MOODS = {"calm": TONE_COLOURS["neutral"], "unhappy": ATTENTION, "angry": TONE_COLOURS["negative"]}


@dataclass(frozen=True)
class _Batch:
    """The tab's handlers."""

    solution: Support
    words: Locale
    names: dict[str, dict[str, str]]

    def look(self, path: str | None, encoding: str) -> tuple[Any, ...]:
        """Read the columns of what was uploaded, and guess which holds the messages."""
        waiting = empty(self.words("support.batch_empty"))
        if path is None:
            return waiting, gr.Dropdown(visible=False), gr.Button(interactive=False)
        columns = [str(column) for column in read_table(Path(path), encoding).columns]
        return waiting, gr.Dropdown(columns, value=text_column(columns), visible=True), gr.Button(interactive=True)

    def sort(self, path: str, encoding: str, column: str | None, progress: gr.Progress) -> tuple[Any, ...]:
        """Read all messages and show what came out."""

        def listener(done: int, total: int, _: str) -> None:
            progress((done, total), desc=self.words("finance.reading"), unit="")

        rows = score_rows(self.solution, read_table(Path(path), encoding), {"text": column}, Path(path).name, listener)
        file = scratch_file("messages.csv")
        write_table(without_formulas(rows), file, append=False, kind=".csv")
        answered = rows[rows["error"] == ""]
        picture = gr.Plot(self._plot(answered), visible=True)
        return self._summary(rows, answered), picture, gr.File(str(file), visible=True)

    def _summary(self, rows: pd.DataFrame, answered: pd.DataFrame) -> str:
        shares = answered["act"].value_counts(normalize=True)
        acts = {act: percent(shares.get(act, 0.0)) for act in ("answer", "ask", "refuse", "hand_over")}
        said = f'<p class="cl-summary">{self.words("support.batch_done", rows=f"{len(answered):,}", **acts)}</p>'
        refused = rows[rows["error"] != ""]
        if len(refused):
            first = f"{refused.index[0] + 1}: {self.words.explain(refused['error'].iloc[0])}"
            told = self.words("finance.batch_refused", refused=len(refused), first=first)
            said += f'<p class="cl-lead">{escape(told)}</p>'
        return said

    def _plot(self, answered: pd.DataFrame) -> go.Figure:
        """Count the messages by intent, in the colours of the moods."""
        common = answered["intent"].value_counts().head(_SHOWN_INTENTS).index[::-1]
        top = self.names["intent"].get(common[-1], common[-1])
        figure = blank_figure(self.words("support.batch_plot", intent=top), 140 + 26 * len(common))
        for mood, colour in _MOODS.items():
            part = answered[answered["mood"] == mood]["intent"].value_counts()
            figure.add_bar(
                name=self.names["mood"].get(mood, mood),
                x=[int(part.get(intent, 0)) for intent in common],
                y=[self.names["intent"].get(intent, intent) for intent in common],
                orientation="h",
                marker_color=colour,
            )
        figure.update_layout(barmode="stack", legend={"orientation": "h", "y": -0.1})
        figure.update_yaxes(automargin=True)
        return figure


def batch_tab(solution: Support, words: Locale) -> None:
    """Draw the tab."""
    names = {task: dict(labels) for task, labels in label_names(solution, words).items()}
    batch = _Batch(solution, words, names)
    gr.HTML(lead(words("support.batch_lead")))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            file = gr.File(label=words("finance.file"), file_types=TABLES, height=140)
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
            column = gr.Dropdown([], label=words("finance.text_column"), visible=False)
            button = gr.Button(words("support.batch_sort"), variant="primary", interactive=False)
        with gr.Column(scale=3, min_width=320):
            summary = gr.HTML(empty(words("support.batch_empty")), elem_id="batch-summary")
            plot = gr.Plot(visible=False, show_label=False)
            download = gr.File(label=words("finance.download"), visible=False, interactive=False)
    guard = shown_errors(words, [gr.skip(), gr.skip()])

    @guard
    def sort(path: str, code: str, chosen: str, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - how gradio hands it in
        return batch.sort(path, code, chosen, progress)

    gr.on([file.change, encoding.change], guard(batch.look), [file, encoding], [summary, column, button], **AT_ONCE)
    outputs = [summary, plot, download]
    button.click(sort, [file, encoding, column], outputs, show_progress_on=summary, api_name="support_batch")
