"""What old conversations ask for: articles that could be written, which a person reads before they answer anybody."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from apps.columns import ENCODINGS, TABLES
from apps.components import empty, lead, shown_errors
from apps.locale import Locale
from apps.scratch import scratch_file
from foundation.data.cards import find_card
from foundation.data.labelled import locate
from foundation.data.tables import write_table
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError
from foundation.retrieval.corpus import documents_of_table
from foundation.retrieval.index import SearchIndex
from solutions.support.history import read_exchanges
from solutions.support.pipeline import Support
from solutions.support.proposals import PROPOSED, Proposal, mark_answered, proposal_table, propose_articles

__all__ = ["chosen_dialogues", "proposals_part"]

_SAMPLE, _SAMPLE_FILE = "tingwell_history", "dialogues.csv"
_LISTED, _PHRASINGS = 30, 3


def proposals_part(solution: Support, words: Locale, knowledge: gr.State) -> Dependency:
    """Draw what stands below the articles, and return the event that puts proposals into the visitor's index."""
    found = gr.State([])
    gr.HTML(f"<h3>{words('proposals.title')}</h3>{lead(words('proposals.lead'))}")
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            file = gr.File(label=words("proposals.file"), file_types=TABLES, height=140, elem_id="history-file")
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
            with gr.Row():
                propose = gr.Button(words("proposals.propose"), variant="primary")
                sample = gr.Button(words("proposals.sample"))
            take = gr.Button(words("proposals.take"), visible=False)
            download = gr.File(label=words("proposals.article"), visible=False, interactive=False)
        with gr.Column(scale=6, min_width=320):
            shown = gr.HTML(empty(words("proposals.empty")), elem_id="proposals")
    outputs = [shown, found, take, download]

    def read(path: Path, code: str, own: SearchIndex | None, progress: gr.Progress) -> tuple[Any, ...]:
        index = own or solution.knowledge
        proposals = propose_articles(
            read_exchanges(path, {}, code),
            index.encoder,
            index.centre,
            lambda done, total, _: progress((done, total), desc=words("proposals.reading"), unit=""),
        )
        proposals = mark_answered(proposals, index)
        table = scratch_file(PROPOSED)
        write_table(without_formulas(proposal_table(proposals)), table, append=False, kind=".csv")
        there = any(_is_new(proposal) for proposal in proposals)
        return _listed(proposals, words), proposals, gr.Button(visible=there), gr.File(str(table), visible=True)

    guard = shown_errors(words, [gr.skip()] * 3)

    @guard
    def of_file(
        path: str | None,
        code: str,
        own: SearchIndex | None,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        return read(chosen_dialogues(path), code, own, progress)

    @guard
    def of_sample(own: SearchIndex | None, progress: gr.Progress = gr.Progress()) -> tuple[Any, ...]:  # noqa: B008 - as above
        return read(locate(find_card(_SAMPLE), _SAMPLE_FILE), "utf-8", own, progress)

    @shown_errors(words, [gr.skip()] * 2)
    def answer_from(proposals: list[Proposal], own: SearchIndex | None) -> tuple[Any, ...]:
        former = own or solution.knowledge
        new = [proposal for proposal in proposals if _is_new(proposal)]
        name = f"{len(former.documents)}-{PROPOSED}"  # what is taken in twice has two names
        added = documents_of_table(proposal_table(new), name)
        index = SearchIndex.build([*former.documents, *added], former.encoder, former)
        return _listed(proposals, words, taken=len(new)), index, gr.Button(visible=False)

    propose.click(of_file, [file, encoding, knowledge], outputs, api_visibility="private", show_progress_on=shown)
    sample.click(of_sample, [knowledge], outputs, api_visibility="private", show_progress_on=shown)
    return take.click(
        answer_from, [found, knowledge], [shown, knowledge, take], api_visibility="private", show_progress_on=shown
    )


def chosen_dialogues(path: str | None) -> Path:
    """Return the uploaded file, or say that there is none."""
    if not path:
        raise InputError("no file is chosen; choose a table with the columns conversation, who and text")
    return Path(path)


def _is_new(proposal: Proposal) -> bool:
    return bool(proposal.body) and not proposal.answered_by


def _listed(proposals: list[Proposal], words: Locale, taken: int = 0) -> str:
    """Say what came out, what is missing first, and of that what is in the visitor's language."""
    if not proposals:
        return empty(words("proposals.none"))
    answered = sum(bool(proposal.answered_by) for proposal in proposals)
    told = words("proposals.found", count=len(proposals), answered=answered)
    if taken:
        told += " " + words("proposals.taken", count=taken)
    here = words.language.value
    shown = sorted(proposals, key=lambda each: (bool(each.answered_by), each.language.value != here))
    rows = "".join(_row(proposal, words) for proposal in shown[:_LISTED])
    return (
        f'<p class="cl-summary">{told}</p><table class="cl-worst"><thead><tr><th>{words("inbox.times")}</th>'
        f"<th>{words('proposals.article')}</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(proposal: Proposal, words: Locale) -> str:
    known = proposal.answered_by
    state = words("proposals.answered", article=escape(known)) if known else ""
    body = escape(proposal.body) or f"<em>{words('proposals.no_reply')}</em>"
    also = escape(" · ".join(proposal.phrasings[:_PHRASINGS]))
    return (
        f"<tr><td>{proposal.asked}</td><td><b>{escape(proposal.title)}</b> <small>{state}</small><br>{body}"
        f"{f'<br><small>{also}</small>' if also else ''}</td></tr>"
    )
