"""Many pictures, or a zip of them: thumbnails, what needs a person first, a table and a report to take away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from apps.components import empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.pages.medical.answer import Case
from apps.pages.medical.pictures import thumbnail
from apps.pages.medical.report import write_report
from apps.scratch import scratch_file
from apps.tabs import label_names
from foundation.data.archives import RefusedError
from foundation.data.image_files import found_pictures
from foundation.data.pictures import PICTURE_SUFFIXES, Picture, is_picture_file
from foundation.data.tables import write_table
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError
from solutions.medical.pipeline import Medical
from solutions.medical.schema import MedicalRequest

__all__ = ["batch_tab"]

# Pictures are answered this many at a time; of each only a thumbnail and the answer stay.
_BLOCK = 32
_MOST_PICTURES = 5_000
_SHOWN, _REPORTED = 60, 500


@dataclass(frozen=True)
class _Batch:
    """The tab's handlers."""

    solution: Medical
    words: Locale
    names: dict[str, str]

    def look(self, files: list[str] | None, folder: list[str] | None, progress: gr.Progress) -> tuple[Any, ...]:
        """Answer every picture of every file; one that cannot be read is told, the others go on.

        Of a folder, what is no picture is passed over.
        """
        paths = [
            *(files or []),
            *(path for path in folder or [] if is_picture_file(Path(path)) or path.lower().endswith(".zip")),
        ]
        if not paths:
            raise InputError("no file is chosen; choose pictures or a zip of them")
        cases: list[Case] = []
        rows: list[dict[str, Any]] = []
        problems: list[str] = []
        for block in _blocks(_pictures(paths, problems)):
            answers = self.solution.predict([MedicalRequest(picture) for picture in block])
            for picture, response in zip(block, answers, strict=True):
                rows.append({"file": picture.name, **self.solution.row(response)})
                cases.append(Case(picture.name, picture.pixels, response))
            # what needs a person first; the others of many stand in the table alone
            cases.sort(key=lambda case: (not case.response.referrals, case.response.confidence))
            del cases[_REPORTED:]
            progress((len(rows), None), desc=self.words("medical.looking"), unit="")
            if len(rows) > _MOST_PICTURES:
                raise InputError(
                    f"got more than {_MOST_PICTURES:,} pictures; give them in parts, or run 'colonnade predict medical'"
                )
        if not rows:
            raise InputError(
                f"no picture could be read; the first: {problems[0] if problems else 'the files are empty'}"
            )
        table = scratch_file("pictures.csv")
        write_table(without_formulas(pd.DataFrame(rows)), table, append=False, kind=".csv")
        gallery = [(thumbnail(case.pixels), self._caption(case)) for case in cases[:_SHOWN]]
        report = write_report(self.solution, self.words, cases, self.names)
        downloads = gr.File([str(table), str(report)], visible=True)
        return self._summary(rows, problems), gr.Gallery(gallery, visible=True), downloads

    def _caption(self, case: Case) -> str:
        """Say the answer in the room below a thumbnail."""
        response = case.response
        if not response.referrals:
            return f"{self.names[response.finding.label]} {percent(response.confidence)}"
        return self.words("medical.short_refused" if response.refused else "medical.short_referred")

    def _summary(self, rows: Sequence[dict[str, Any]], problems: Sequence[str]) -> str:
        referred = sum(row["referred"] for row in rows)
        counts = pd.Series([row["image_class"] for row in rows if not row["referred"]], dtype=object).value_counts()
        kinds = self.words("list.join").join(f"{self.names[str(label)]} {count}" for label, count in counts.items())
        said = self.words(
            "medical.batch_done", pictures=len(rows), referred=referred, share=percent(referred / len(rows))
        )
        listed = "".join(f"<li>{escape(self.words.explain(problem))}</li>" for problem in problems[:20])
        wrong = (
            f"<p>{self.words('medical.batch_problems', count=len(problems))}</p><ul>{listed}</ul>" if problems else ""
        )
        rest = self.words("medical.batch_rest", kinds=kinds) if kinds else ""
        most = self.words("medical.batch_most", most=_REPORTED, shown=_SHOWN) if len(rows) > _REPORTED else ""
        return f'<p class="cl-summary">{escape(self.words.sentences(said, rest, most))}</p>{wrong}'


def _pictures(paths: Sequence[str], problems: list[str]) -> Iterator[Picture]:
    for path in map(Path, paths):
        try:
            for found in found_pictures(path):
                if isinstance(found.content, RefusedError):
                    problems.append(str(found.content))
                else:
                    yield found.content
        except InputError as error:
            problems.append(str(error))


def _blocks(pictures: Iterator[Picture]) -> Iterator[list[Picture]]:
    block: list[Picture] = []
    for picture in pictures:
        block.append(picture)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def batch_tab(solution: Medical, words: Locale) -> None:
    """Draw the tab."""
    batch = _Batch(solution, words, dict(label_names(solution, words)["image"]))
    gr.HTML(lead(words("medical.batch_lead")))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            kinds = [*PICTURE_SUFFIXES, ".gz", ".zip"]
            files = gr.File(
                label=words("medical.files"),
                file_count="multiple",
                file_types=kinds,
                height=180,
                elem_id="medical-files",
            )
            folder = gr.File(
                label=words("medical.folder"), file_count="directory", height=150, elem_id="medical-folder"
            )
            button = gr.Button(words("medical.batch_look"), variant="primary")
            stop = gr.Button(words("finance.stop"))
        with gr.Column(scale=3, min_width=320):
            summary = gr.HTML(empty(words("medical.batch_empty")), elem_id="batch-summary")
            gallery = gr.Gallery(visible=False, height="auto", show_label=False, elem_classes="cl-gallery cl-wide")
            downloads = gr.File(label=words("medical.downloads"), visible=False, interactive=False)

    @shown_errors(words, [gr.skip(), gr.skip()])
    def look(
        files: list[str] | None,
        folder: list[str] | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio hands it in
    ) -> tuple[Any, ...]:
        return batch.look(files, folder, progress)

    outputs = [summary, gallery, downloads]
    running = button.click(look, [files, folder], outputs, show_progress_on=summary, api_name="medical_batch")
    stop.click(None, cancels=[running], api_visibility="private")
