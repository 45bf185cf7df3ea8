"""A table of people: a shelf for each, to take away."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from apps.columns import ENCODINGS, TABLES
from apps.components import empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.scoring import score_rows
from apps.scratch import scratch_file
from foundation.data.tables import read_table, write_table
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError
from solutions.recommendation.pipeline import Recommendation

__all__ = ["batch_tab", "read_people"]

_SHOWN = 8


def batch_tab(solution: Recommendation, words: Locale) -> None:
    """Draw the tab."""
    gr.HTML(lead(words("shelf.batch_lead")))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            file = gr.File(label=words("finance.file"), file_types=TABLES, height=140)
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
            button = gr.Button(words("shelf.batch_button"), variant="primary")
        with gr.Column(scale=2, min_width=320):
            summary = gr.HTML(empty(words("shelf.batch_empty")), elem_id="batch-summary")
            download = gr.File(label=words("finance.download"), visible=False, interactive=False)

    @shown_errors(words, [gr.skip()])
    def answer(path: str | None, code: str, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - how gradio injects it
        frame = read_people(path, code, list(solution.request_columns))
        rows = score_rows(
            solution, frame, {}, Path(path or "").name,
            lambda done, total, _: progress((done, total), desc=words("finance.reading"), unit=""),
        )  # fmt: skip
        target = scratch_file("shelves.csv")
        write_table(without_formulas(rows), target, append=False, kind=".csv")
        return _summary(rows, words), gr.File(str(target), visible=True)

    button.click(
        answer, [file, encoding], [summary, download], api_name="recommendation_batch", show_progress_on=summary
    )


def read_people(path: str | None, encoding: str, columns: list[str]) -> pd.DataFrame:
    """Read a table with at least one of the columns; the others are empty."""
    if path is None:
        raise InputError("no file is chosen; choose a table with a column user, liked or wish")
    frame = read_table(Path(path), encoding)
    if not set(columns) & set(frame.columns):
        has = ", ".join(map(str, frame.columns))
        raise InputError(f"{Path(path).name} has no column user, liked or wish; it has: {has}")
    return frame.assign(**{column: "" for column in columns if column not in frame.columns})


def _summary(rows: pd.DataFrame, words: Locale) -> str:
    answered, refused = rows[rows["error"] == ""], rows[rows["error"] != ""]
    confident = percent(float(answered["confidence"].mean()))
    said = f'<p class="cl-summary">{words("shelf.batch_done", rows=f"{len(answered):,}", confidence=confident)}</p>'
    if len(refused):
        first = f"{refused.index[0] + 1}: {words.explain(refused['error'].iloc[0])}"
        said += f'<p class="cl-lead">{escape(words("finance.batch_refused", refused=len(refused), first=first))}</p>'
    lines = "".join(
        f"<tr><td>{escape(row['user'] or row['wish'] or row['liked'])}</td>"
        f"<td>{escape(row['titles'].replace('|', words('shelf.comma'))[:160])}</td></tr>"
        for row in answered.head(_SHOWN).to_dict(orient="records")
    )
    heads = "".join(f"<th>{head}</th>" for head in words("shelf.batch_heads").split("|"))
    return f'{said}<table class="cl-worst cl-plain"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>'
