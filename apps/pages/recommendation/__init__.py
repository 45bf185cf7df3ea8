"""The recommendation page: a shelf, a table, a catalogue of one's own, how good it is, what the model is."""

import gradio as gr

from apps.locale import Locale
from apps.pages.recommendation.batch import batch_tab
from apps.pages.recommendation.catalogues import catalogue_tab
from apps.pages.recommendation.measure import measure_tab
from apps.pages.recommendation.try_it import try_tab
from apps.tabs import model_tab
from solutions.recommendation.pipeline import Recommendation

__all__ = ["build"]


def build(solution: Recommendation, words: Locale) -> None:
    """Draw the page."""
    # what a visitor uploaded is that visitor's alone
    own = gr.State(None)
    with gr.Tabs():
        with gr.Tab(words("shelf.tab"), id="try"):
            try_tab(solution, words, own)
        with gr.Tab(words("shelf.batch"), id="batch"):
            batch_tab(solution, words)
        with gr.Tab(words("shelf.own"), id="catalogue"):
            catalogue_tab(solution, words, own)
        with gr.Tab(words("measure.tab"), id="measure"):
            measure_tab(solution, words)
        with gr.Tab(words("model.tab"), id="model"):
            model_tab(solution, words)
