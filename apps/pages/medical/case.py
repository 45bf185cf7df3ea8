"""One case: upload or click a picture; the answer, a viewer with the heat map, the reviewer's word, a report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from apps.components import AT_ONCE, QUIET, empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.pages.medical.answer import SHARE_STEP, Case, Site, case_card
from apps.pages.medical.examples import Example, example_pictures
from apps.pages.medical.pictures import thumbnail
from apps.pages.medical.report import write_report
from apps.tabs import label_names
from foundation.data.pictures import PICTURE_SUFFIXES, Picture, read_pictures
from foundation.errors import InputError
from solutions.medical.pipeline import Medical
from solutions.medical.reviews import Reviews
from solutions.medical.schema import MedicalRequest

__all__ = ["case_tab"]

# What a visitor uploads is kept in memory while the page is open: a study of this many slices is enough to look at.
_MOST_SLICES, _MOST_BYTES = 256, 256 << 20


@dataclass(frozen=True, eq=False)
class _Cases:
    """The tab's handlers."""

    solution: Medical
    words: Locale
    names: dict[str, str]
    examples: Sequence[Example] = field(default_factory=tuple)

    def opened(self, path: str | None, sensitivity: float, prevalence: float) -> tuple[Any, ...]:
        """Read an uploaded file; of several slices the middle one is shown first."""
        if path is None:
            return empty(self.words("medical.empty")), None, gr.update(visible=False), *self.nothing()
        started = time.perf_counter()
        pictures = _slices(Path(path))
        at = len(pictures) // 2
        slider = gr.Slider(1, max(2, len(pictures)), value=at + 1, step=1, visible=len(pictures) > 1)
        card, *rest = self._answered(pictures[at], Site(sensitivity, prevalence), started)
        return card, pictures, slider, *rest

    def example(self, event: gr.SelectData, sensitivity: float, prevalence: float) -> tuple[Any, ...]:
        """Answer an example."""
        started = time.perf_counter()
        picture = self.examples[event.index].picture
        card, *rest = self._answered(picture, Site(sensitivity, prevalence), started)
        return card, [picture], gr.Slider(visible=False), *rest

    def turned(
        self, pictures: list[Picture] | None, number: float, sensitivity: float, prevalence: float
    ) -> tuple[Any, ...]:
        """Answer the slice that the slider shows."""
        if not pictures:
            return gr.skip(), *(gr.skip() for _ in self.nothing())
        at = min(max(int(number), 1), len(pictures)) - 1 if len(pictures) > 1 else 0
        return self._answered(pictures[at], Site(sensitivity, prevalence), time.perf_counter())

    def point(self, sensitivity: float, prevalence: float) -> str:
        """Say what an operating point gave on held-out pictures, and what its calls are worth at a site."""
        point = self.solution.operating_point(sensitivity)
        if point is None:
            return ""
        positive, negative = point.predictive_values(prevalence)
        shares = {
            name: percent(figure)
            for kind, figures in (
                ("seen", point.sensitivity),
                ("spared", point.specificity),
                ("right", positive),
                ("clear", negative),
            )
            for name, figure in zip((kind, f"{kind}_low", f"{kind}_high"), figures, strict=True)
        }
        said = self.words("medical.point", threshold=f"{point.threshold:.1%}", **shares)
        worth = self.words("medical.point_worth", share=f"{prevalence:.1%}", **shares)
        return f'<p class="cl-lead">{said}</p><p class="cl-lead">{worth}</p>'

    def sited(self, case: Case | None, sensitivity: float, prevalence: float) -> Any:
        """Say the answer on the page anew for another site; nothing is looked at again."""
        if case is None:
            return gr.skip()
        return case_card(self.solution, self.words, case, self.names, Site(sensitivity, prevalence))

    def review(self, case: Case | None, label: str | None, who: str, note: str) -> str:
        """Keep what a reviewer says of the answer on the page."""
        if case is None:
            raise InputError("there is no answer to review yet; open a picture first")
        with Reviews.open() as reviews:
            agreed = reviews.add(case.pixels, case.response, label or "", who or "", note or "")
        return f'<p class="cl-lead">{self.words("medical.agreed" if agreed else "medical.corrected")}</p>'

    def _answered(self, picture: Picture, site: Site, started: float) -> tuple[Any, ...]:
        (response,) = self.solution.predict([MedicalRequest(picture)])
        attributions = () if response.refused else self.solution.explain_picture(picture, response)
        milliseconds = 1000 * (time.perf_counter() - started)
        case = Case(picture.name, picture.pixels, response, attributions, milliseconds)
        card = case_card(self.solution, self.words, case, self.names, site)
        report = write_report(self.solution, self.words, [case], self.names)
        choice = gr.Radio(value=None if response.refused else response.finding.label)
        return card, case, gr.DownloadButton(value=str(report), visible=True), gr.update(visible=True), choice, ""

    def nothing(self) -> tuple[Any, ...]:
        """Return what stands below an answer where there is none: no case, report or review."""
        return None, gr.update(visible=False), gr.update(visible=False), gr.update(value=None), ""


def _slices(path: Path) -> list[Picture]:
    """Read what a visitor may have open: one picture of any size, or so many slices."""
    slices: list[Picture] = []
    held = 0
    for picture in read_pictures(path):
        slices.append(picture)
        held += picture.pixels.nbytes
        if len(slices) > _MOST_SLICES:
            raise InputError(f"{path.name} has more than {_MOST_SLICES} slices, too many for here; give it in parts")
        if len(slices) > 1 and held > _MOST_BYTES:
            most = f"{_MOST_BYTES >> 20} MB of slices"
            raise InputError(f"{path.name} unpacks to more than {most}, too many for here; give it in parts")
    return slices


def case_tab(solution: Medical, words: Locale) -> None:
    """Draw the tab."""
    names = dict(label_names(solution, words)["image"])
    usual = round(max(round(solution.prevalence / SHARE_STEP), 1) * SHARE_STEP, 3)
    cases = _Cases(solution, words, names, example_pictures(solution, words))
    gr.HTML(lead(words("medical.lead")))
    pictures, shown = gr.State(None), gr.State(None)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            file = gr.File(
                label=words("medical.file"), file_types=[*PICTURE_SUFFIXES, ".gz"], height=140, elem_id="medical-file"
            )
            gr.HTML(f'<p class="cl-kind">{words("medical.examples")}</p>', visible=bool(cases.examples))
            gallery = gr.Gallery(
                [(thumbnail(example.picture.pixels), example.caption) for example in cases.examples],
                columns=3,
                height="auto",
                show_label=False,
                allow_preview=False,
                object_fit="contain",
                elem_id="medical-examples",
                elem_classes="cl-gallery",
                visible=bool(cases.examples),
            )
            sensitivity = gr.Slider(
                0.80,
                0.99,
                value=solution.sensitivity,
                step=0.01,
                label=words("medical.sensitivity"),
                visible=solution.negative is not None,
            )
            prevalence = gr.Slider(
                SHARE_STEP,
                0.95,
                value=usual,
                step=SHARE_STEP,
                label=words("medical.prevalence"),
                info=words("medical.prevalence_hint", share=f"{solution.prevalence:.1%}"),
                visible=solution.negative is not None,
            )
            point = gr.HTML(cases.point(solution.sensitivity, usual), elem_id="operating-point")
        with gr.Column(scale=3, min_width=320):
            slice_number = gr.Slider(1, 2, value=1, step=1, label=words("medical.slice"), visible=False)
            answer = gr.HTML(empty(words("medical.empty")), elem_id="answer")
            report = gr.DownloadButton(words("medical.report"), visible=False)
            with gr.Group(visible=False) as reviewing:
                choice = gr.Radio([(name, label) for label, name in names.items()], label=words("medical.review"))
                with gr.Row():
                    who = gr.Textbox(label=words("correct.who"), max_lines=1, min_width=140, elem_id="reviewer")
                    note = gr.Textbox(
                        label=words("medical.note"), max_length=500, lines=1, min_width=200, scale=2, elem_id="note"
                    )
                keep = gr.Button(words("medical.keep"))
                kept = gr.HTML()
    site = [sensitivity, prevalence]
    rest = [shown, report, reviewing, choice, kept]
    # of a picture that could not be read there is nothing to report or to review, nor of the one before it
    guard = shown_errors(words, [None, gr.update(visible=False), *cases.nothing()])
    outputs = [answer, pictures, slice_number, *rest]
    file.change(guard(cases.opened), [file, *site], outputs, api_name="medical_look", show_progress_on=answer)
    gallery.select(guard(cases.example), [*site], outputs, show_progress_on=answer, api_visibility="private")
    # a key moves a slider too, and "release" is of the mouse alone
    again = shown_errors(words, cases.nothing())(cases.turned)
    slice_number.input(again, [pictures, slice_number, *site], [answer, *rest], trigger_mode="always_last", **QUIET)
    moved = {"triggers": [sensitivity.input, prevalence.input], "trigger_mode": "always_last", **AT_ONCE}
    gr.on(fn=cases.point, inputs=site, outputs=[point], **moved)
    gr.on(fn=shown_errors(words, [])(cases.sited), inputs=[shown, *site], outputs=[answer], **moved)
    keep.click(shown_errors(words, [])(cases.review), [shown, choice, who, note], [kept], **AT_ONCE)
