"""A form on which people say what is right, where an answer was wrong or unsure."""

from html import escape
from typing import Any

import gradio as gr

from apps.components import AT_ONCE, shown_errors
from apps.locale import Locale
from apps.tabs import label_names
from foundation.errors import InputError
from solutions.base import Solution
from solutions.corrections import Corrections

__all__ = ["correction_form"]


def correction_form(solution: Solution[Any, Any], words: Locale, text: gr.Textbox) -> None:
    """Draw the form, closed; what is chosen is kept for the text that stands in ``text``."""
    names = label_names(solution, words)
    specs = [spec for spec in solution.spec.tasks if spec.reads == "text" and spec.name in names]
    with gr.Accordion(words("correct.title"), open=False, elem_id="correct"):
        gr.HTML(f'<p class="cl-why">{escape(words("correct.lead"))}</p>')
        with gr.Row():
            right = [
                gr.Dropdown(
                    [("", ""), *((name, label) for label, name in names[spec.name].items())],
                    value="",
                    label=words.pick(spec.title),
                    min_width=140,
                )
                for spec in specs
            ]
            who = gr.Textbox(label=words("correct.who"), max_lines=1, min_width=140)
        save = gr.Button(words("correct.save"))
        said = gr.HTML("", elem_id="corrected")

    @shown_errors(words, [])
    def keep(value: str, name: str, *labels: str) -> str:
        chosen = [(spec, label) for spec, label in zip(specs, labels, strict=True) if label]
        if not chosen:
            raise InputError("no label is chosen; choose what is right")
        kept = Corrections.here()
        for spec, label in chosen:
            kept.keep(solution.spec.name, spec.name, value or "", label, name or "")
        task = chosen[0][0].name
        thanks = words("correct.kept", count=len(chosen), vertical=solution.spec.name, task=task)
        return f'<p class="cl-summary">{escape(thanks)}</p>'

    save.click(keep, [text, who, *right], [said], **AT_ONCE)
