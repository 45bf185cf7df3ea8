"""The medical page: one case, a batch, the operating point and how good it is, what the model is."""

import gradio as gr

from apps.locale import Locale
from apps.pages.medical.batch import batch_tab
from apps.pages.medical.case import case_tab
from apps.pages.medical.measure import measure_tab
from apps.tabs import model_tab
from solutions.medical.pipeline import Medical

__all__ = ["build"]


def build(solution: Medical, words: Locale) -> None:
    """Draw the page."""
    gr.HTML(f'<p class="cl-notice" role="note"><strong>{words("medical.notice")}</strong></p>')
    with gr.Tabs():
        with gr.Tab(words("medical.try"), id="try"):
            case_tab(solution, words)
        with gr.Tab(words("medical.batch"), id="batch"):
            batch_tab(solution, words)
        with gr.Tab(words("measure.tab"), id="measure"):
            measure_tab(solution, words)
        with gr.Tab(words("model.tab"), id="model"):
            model_tab(solution, words)
