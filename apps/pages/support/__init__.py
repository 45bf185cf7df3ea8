"""The support page: a chat, a table, the desk behind it, the knowledge base, how good it is, what the models are."""

import gradio as gr

from apps.locale import Locale
from apps.pages.support.batch import batch_tab
from apps.pages.support.chat import chat_tab
from apps.pages.support.inbox import inbox_tab
from apps.pages.support.knowledge import knowledge_tab
from apps.tabs import evaluation_tab, model_tab
from solutions.support.pipeline import Support

__all__ = ["build"]


def build(solution: Support, words: Locale) -> None:
    """Draw the page."""
    # what a visitor uploaded answers that visitor alone
    knowledge = gr.State(None)
    with gr.Tabs():
        with gr.Tab(words("chat.tab"), id="try"):
            chat_tab(solution, words, knowledge)
        with gr.Tab(words("support.batch"), id="batch"):
            batch_tab(solution, words)
        with gr.Tab(words("inbox.tab"), id="inbox") as inbox:
            inbox_tab(solution, words, inbox)
        with gr.Tab(words("knowledge.tab"), id="knowledge"):
            knowledge_tab(solution, words, knowledge)
        with gr.Tab(words("measure.tab"), id="measure"):
            evaluation_tab(solution, words)
        with gr.Tab(words("model.tab"), id="model"):
            model_tab(solution, words)
