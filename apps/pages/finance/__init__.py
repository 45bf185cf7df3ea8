"""The finance page: one text, a table, what the monitor sees, how good it is, what the model is."""

import gradio as gr

from apps.locale import Locale
from apps.pages.finance.batch import batch_tab
from apps.pages.finance.live import live_tab
from apps.pages.finance.try_it import try_tab
from apps.tabs import evaluation_tab, model_tab
from solutions.finance.pipeline import Finance

__all__ = ["build"]


def build(solution: Finance, words: Locale) -> None:
    """Draw the page."""
    with gr.Tabs():
        with gr.Tab(words("finance.try"), id="try"):
            try_tab(solution, words)
        with gr.Tab(words("finance.batch"), id="batch"):
            batch_tab(solution, words)
        with gr.Tab(words("live.tab"), id="live") as live:
            live_tab(solution, words, live)
        with gr.Tab(words("measure.tab"), id="measure"):
            evaluation_tab(solution, words)
        with gr.Tab(words("model.tab"), id="model"):
            model_tab(solution, words)
