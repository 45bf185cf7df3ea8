"""The knowledge base: what is indexed, one's own articles in its place, and a question to test it."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from apps.columns import ENCODINGS, TABLES
from apps.components import QUIET, empty, lead, shown_errors
from apps.locale import Locale
from apps.pages.support.proposals import proposals_part
from foundation.errors import InputError
from foundation.retrieval.documents import Document
from foundation.retrieval.index import Hit, SearchIndex
from solutions.support.knowledge import is_article_file, read_articles
from solutions.support.pipeline import Support
from solutions.support.schema import SupportRequest

__all__ = ["chosen_articles", "knowledge_tab"]

_LISTED, _FOUND = 12, 5
_KINDS = [*TABLES, ".md", ".txt"]


def knowledge_tab(solution: Support, words: Locale, knowledge: gr.State) -> None:
    """Draw the tab; ``knowledge`` gets the visitor's own index."""
    gr.HTML(lead(words("knowledge.lead")))
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            files = gr.File(label=words("knowledge.files"), file_count="multiple", file_types=_KINDS, height=140)
            folder = gr.File(label=words("knowledge.folder"), file_count="directory", height=140)
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
            with gr.Row():
                build = gr.Button(words("knowledge.index"), variant="primary")
                back = gr.Button(words("knowledge.back"))
            question = gr.Textbox(
                label=words("knowledge.question"),
                placeholder=words("knowledge.placeholder"),
                submit_btn=True,
                elem_id="test-question",
            )
            found = gr.HTML(empty(words("knowledge.empty")), elem_id="test-hits")
        with gr.Column(scale=6, min_width=320):
            shown = gr.HTML(_listed(solution.knowledge.documents, words), elem_id="articles")
    taken = proposals_part(solution, words, knowledge)

    @shown_errors(words, [gr.skip()])
    def index(
        paths: list[str] | None,
        within: list[str] | None,
        code: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        found = [path for path in within or [] if is_article_file(Path(Path(path).name))]
        own = SearchIndex.build(
            chosen_articles([*(paths or []), *found], code),
            solution.knowledge.encoder,
            listener=lambda done, total, _: progress((done, total)),
        )
        return _listed(own.documents, words), own

    @shown_errors(words, [])
    def test(text: str, own: SearchIndex | None) -> str:
        question = SupportRequest(text or "").text
        return _hits((own or solution.knowledge).search(question, _FOUND), words)

    build.click(index, [files, folder, encoding], [shown, knowledge], api_visibility="private", show_progress_on=shown)
    back.click(
        lambda: (_listed(solution.knowledge.documents, words), None), None, [shown, knowledge], api_visibility="private"
    )
    taken.then(lambda own: _listed((own or solution.knowledge).documents, words), [knowledge], [shown], **QUIET)
    question.submit(test, [question, knowledge], [found], api_name="support_search", show_progress="hidden")


def chosen_articles(paths: list[str] | None, encoding: str) -> list[Document]:
    """Read the uploaded files, or say that there is none."""
    if not paths:
        raise InputError("no file is chosen; choose a CSV, Excel or Markdown file with questions and answers")
    return read_articles([Path(path) for path in paths], encoding)


def _listed(documents: Any, words: Locale) -> str:
    """Say what is indexed, with the first articles."""
    rows = "".join(_row(document) for document in documents[:_LISTED])
    more = (
        f"<p class='cl-why'>{words('knowledge.more', count=len(documents) - _LISTED)}</p>"
        if len(documents) > _LISTED
        else ""
    )
    return f'<p class="cl-summary">{words("knowledge.indexed", count=f"{len(documents):,}")}</p>{rows}{more}'


def _row(document: Document) -> str:
    return (
        f"<details><summary>{escape(document.title)} <small>{escape(document.id)}</small></summary>"
        f"<p>{escape(document.body)}</p></details>"
    )


def _hits(hits: list[Hit], words: Locale) -> str:
    return "".join(
        f"<details><summary>{at}. {escape(hit.document.title)} <small>{escape(hit.document.id)} · "
        f"{words('chat.hit', similarity=f'{hit.similarity:.2f}', score=f'{hit.score:.1f}')}</small></summary>"
        f"<p>{escape(hit.document.body)}</p></details>"
        for at, hit in enumerate(hits, start=1)
    )
