"""The knowledge base: articles from tables and Markdown, and the index of them in ``COLONNADE_HOME``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.errors import BundleError
from foundation.progress import Listener, silent
from foundation.retrieval.corpus import documents_of_card
from foundation.retrieval.documents import Document
from foundation.retrieval.index import SearchIndex
from foundation.settings import settings
from foundation.text.backbone import DEFAULT_BACKBONE

if TYPE_CHECKING:
    from foundation.text.encoder import TextEncoder

__all__ = ["DEFAULT_KNOWLEDGE", "index_articles", "load_knowledge"]

#: The card whose documents answer until others are given.
DEFAULT_KNOWLEDGE = "tingwell_articles"


def load_knowledge(listener: Listener = silent) -> SearchIndex:
    """Return the index of the embedded articles, made at the first call and kept in ``COLONNADE_HOME``."""
    from foundation.text.encoder import load_encoder

    return index_articles(documents_of_card(DEFAULT_KNOWLEDGE), load_encoder(DEFAULT_BACKBONE, listener), listener)


def index_articles(
    documents: Sequence[Document],
    encoder: "TextEncoder",
    listener: Listener = silent,
    name: str = DEFAULT_KNOWLEDGE,
) -> SearchIndex:
    """Index articles; what was indexed under this name before is encoded again only where it changed."""
    folder = settings().home / "knowledge" / name
    former = _former(folder, encoder)
    if former is not None and list(former.documents) == list(documents):
        return former
    index = SearchIndex.build(documents, encoder, former, listener)
    index.save(folder)
    return index


def _former(folder: Path, encoder: "TextEncoder") -> SearchIndex | None:
    try:
        return SearchIndex.load(folder, encoder) if folder.is_dir() else None
    except BundleError:
        return None  # of another encoder or release, or damaged: it is made anew
