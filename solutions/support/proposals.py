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
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError
from foundation.files import atomic_file
from foundation.progress import Listener, silent
from foundation.retrieval.index import SearchIndex
from solutions.client import Client
from solutions.support.gaps import group_alike
from solutions.support.history import Exchange, read_exchanges
from solutions.support.knowledge import client_knowledge, load_knowledge
from solutions.support.reading import language_of
from solutions.support.schema import Language
from solutions.support.searching import search_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from foundation.text.encoder import TextEncoder

__all__ = ["PROPOSED", "Proposal", "keep_proposals", "mark_answered", "proposal_table", "propose_articles"]

#: In a client's folder.
PROPOSED = "proposed.csv"
# What was asked once is no article yet; and replies are compared each with each, which takes a minute for so many.
_LEAST_ASKED = 2
_MOST_EXCHANGES = 5000
# One phrasing beside the title made searching worse, some made it better (docs/LOG.md, "support").
_LEAST_PHRASINGS = 3
# Articles that are compared with a reply, and how alike one is that says the same: of the sample's replies to what
# articles answer all but one lie above it, of those to what none answers all below 0.63.
_NEAREST, _THE_SAME = 5, 0.65


@dataclass(frozen=True)
class Proposal:
    """An article that could be written.

    Attributes
    ----------
    title : str
        The question that is nearest to the reply.
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
    """Group exchanges by what was replied, language by language; what was asked most often comes first.

    Customers ask the same in words that have little in common, and agents answer in words that have much: on the
    sample, pairs of conversations are put together with an F1 of 0.96 by replies, and of 0.39 at best by questions
    (docs/RESULTS.md).

    Parameters
    ----------
    exchanges : sequence of Exchange
        Of more than 5,000, the latest are read.
    encoder : TextEncoder
    centre : ndarray, shape (d,)
        Mean vector of the articles (``group_alike``).
    listener : Listener
    """
    latest = exchanges[-_MOST_EXCHANGES:]
    said: dict[str, list[Exchange]] = {}
    for each in latest:
        said.setdefault(each.reply, []).append(each)
    found = []
    for language in Language:
        own = [reply for reply in said if language_of(reply) is language]
        for replies in group_alike(own, encoder, centre, listener):
            group = [each for reply in replies for each in said[reply]]  # the most typical reply first
            if len(group) < _LEAST_ASKED:
                continue
            plain = [each.question for each in group if not each.named] or [each.question for each in group]
            asked = _plainest_first(plain, replies[0], encoder)
            body = next((each.reply for each in group if each.general), "")
            others = asked[1:] if len(asked) > _LEAST_PHRASINGS else ()
            found.append(Proposal(asked[0], body, others, language, len(group)))
    return sorted(found, key=lambda proposal: -proposal.asked)


def keep_proposals(
    client: Client, source: Path, mapping: Mapping[str, str], encoding: str = "utf-8", listener: Listener = silent
) -> list[Proposal]:
    """Write what a client's old conversations propose into ``proposed.csv`` of the client's folder, and return it.

    Where the client has articles, what they answer already is marked.

    Raises
    ------
    InputError
        No question came more than once; and see ``read_exchanges``.
    """
    exchanges = read_exchanges(source, mapping, encoding)
    search = search_model("support", "retrieval", client.bundles("support").get("retrieval"), listener)
    ours = load_knowledge(search.network.encoder.texts if search else None, listener)
    own = client_knowledge(client.folder, ours.encoder, listener)
    proposals = propose_articles(exchanges, ours.encoder, (own or ours).centre, listener)
    if not proposals:
        raise InputError(f"{source.name}: no question came more than once; give more conversations")
    if own:
        proposals = mark_answered(proposals, own)
    with atomic_file(client.folder / PROPOSED) as temporary:
        write_table(without_formulas(proposal_table(proposals)), temporary, append=False, kind=".csv")
    return proposals


def mark_answered(proposals: Sequence[Proposal], knowledge: SearchIndex) -> list[Proposal]:
    """Say which of them an article answers already: one that says what the reply says."""
    return [replace(proposal, answered_by=_article_like(proposal.body, knowledge)) for proposal in proposals]


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


def _plainest_first(questions: Sequence[str], reply: str, encoder: "TextEncoder") -> tuple[str, ...]:
    """Return distinct questions, the nearest to what was replied first: it says most of what it is about."""
    distinct = list(dict.fromkeys(questions))
    vectors = encoder.encode([reply, *distinct])
    return tuple(distinct[at] for at in np.argsort(-(vectors[1:] @ vectors[0]), kind="stable"))


def _article_like(reply: str, knowledge: SearchIndex) -> str:
    """Return the id of the article whose body is alike, or nothing."""
    hits = knowledge.search(reply, _NEAREST) if reply else []
    if not hits:
        return ""
    texts = [reply, *(hit.document.body for hit in hits)]
    vectors = knowledge.encoder.encode(texts) - knowledge.centre
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    likeness = vectors[1:] @ vectors[0]
    best = int(likeness.argmax())
    return hits[best].document.id if likeness[best] >= _THE_SAME else ""
