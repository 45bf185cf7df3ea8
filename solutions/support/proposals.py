"""What was asked again and again in old conversations becomes a proposal for an article.

Nothing is answered from what an agent once said to one customer: a person reads the proposals first, and gives those
that are right as articles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from foundation.data.tables import write_table
from foundation.files import atomic_file
from foundation.progress import Listener, silent
from solutions.support.gaps import find_gaps
from solutions.support.history import Exchange, read_exchanges
from solutions.support.reading import language_of
from solutions.support.schema import Act, Language, SupportRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from foundation.text.encoder import TextEncoder
    from solutions.support.pipeline import Support

__all__ = ["PROPOSED", "Proposal", "keep_proposals", "mark_answered", "proposal_table", "propose_articles"]

#: In a client's folder.
PROPOSED = "proposed.csv"
# What was asked once is no article yet; and questions are compared each with each, which takes a minute for so many.
_LEAST_ASKED = 2
_MOST_QUESTIONS = 5000
# One phrasing beside the title made searching worse, some made it better (docs/LOG.md, "support").
_LEAST_PHRASINGS = 3


@dataclass(frozen=True)
class Proposal:
    """An article that could be written.

    Attributes
    ----------
    title : str
        The most typical question.
    body : str
        The most typical reply that any customer could be given; empty where there is none.
    phrasings : tuple of str
        The other ways in which it was asked.
    language : Language
    asked : int
        How often.
    answered_by : str
        Id of an article that answers it already, or empty.
    """

    title: str
    body: str
    phrasings: tuple[str, ...]
    language: Language
    asked: int
    answered_by: str = ""


def propose_articles(
    exchanges: Sequence[Exchange], encoder: "TextEncoder", centre: "NDArray[np.float32]", listener: Listener = silent
) -> list[Proposal]:
    """Group questions that mean the same, language by language; what was asked most often comes first.

    Parameters
    ----------
    exchanges : sequence of Exchange
        Of more than 5,000, the latest are read.
    encoder : TextEncoder
    centre : ndarray, shape (d,)
        Mean vector of the articles (``find_gaps``).
    listener : Listener
    """
    latest = exchanges[-_MOST_QUESTIONS:]
    replies: dict[str, list[str]] = {}
    for each in latest:
        if each.general:
            replies.setdefault(each.question, []).append(each.reply)
    found = []
    for language in Language:
        own = [each.question for each in latest if language_of(each.question) is language]
        gaps = [gap for gap in find_gaps(own, encoder, centre) if gap.count >= _LEAST_ASKED]
        for at, gap in enumerate(gaps, start=1):
            said = [reply for question in gap.questions for reply in replies.get(question, ())]
            others = gap.questions[1:] if len(gap.questions) > _LEAST_PHRASINGS else ()
            found.append(Proposal(gap.title, _typical(said, encoder), others, language, gap.count))
            listener(at, len(gaps), "reading replies")
    return sorted(found, key=lambda proposal: -proposal.asked)


def keep_proposals(
    folder: Path, source: Path, mapping: Mapping[str, str], encoding: str = "utf-8", listener: Listener = silent
) -> list[Proposal]:
    """Write what a client's old conversations propose into ``proposed.csv`` of the client's folder, and return it.

    Where the client has articles, what they answer already is marked.
    """
    from solutions.support.pipeline import Support

    exchanges = read_exchanges(source, mapping, encoding)
    Support.prepare(listener=listener)
    ours = Support.load(listener=listener)
    assistant = ours.of_client(folder, listener)
    proposals = propose_articles(exchanges, assistant.knowledge.encoder, assistant.knowledge.centre, listener)
    if assistant is not ours:
        proposals = mark_answered(proposals, assistant)
    with atomic_file(folder / PROPOSED) as temporary:
        write_table(proposal_table(proposals), temporary, append=False, kind=".csv")
    return proposals


def mark_answered(proposals: Sequence[Proposal], assistant: "Support") -> list[Proposal]:
    """Say which of them an assistant answers from its articles as it is."""
    answers = assistant.predict([SupportRequest(proposal.title) for proposal in proposals])
    return [
        replace(proposal, answered_by=answer.hits[0].document.id if answer.act is Act.ANSWER and answer.hits else "")
        for proposal, answer in zip(proposals, answers, strict=True)
    ]


def proposal_table(proposals: Sequence[Proposal]) -> pd.DataFrame:
    """Return a table that ``read_articles`` reads: ``title``, ``body``, ``phrasings`` one a line, and how often."""
    rows = [
        {
            "title": each.title,
            "body": each.body,
            "phrasings": "\n".join(each.phrasings),
            "language": each.language.value,
            "asked": each.asked,
            "answered_by": each.answered_by,
        }
        for each in proposals
    ]
    return pd.DataFrame(rows, columns=["title", "body", "phrasings", "language", "asked", "answered_by"])


def _typical(replies: Sequence[str], encoder: "TextEncoder") -> str:
    """Return the reply nearest to the middle of all; empty where there is none."""
    if not replies:
        return ""
    vectors = encoder.encode(replies)
    return replies[int(np.argmax(vectors @ vectors.mean(axis=0)))]
