"""An answer is put together of sentences of articles and of templates; nothing else is ever said.

Each sentence carries its source, so that a reader can check it and a test can prove it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from foundation.retrieval.documents import Document
from foundation.retrieval.lexical import search_words
from foundation.text.sentences import split_sentences
from solutions.support.schema import Language, Sentence
from solutions.support.slots import Slot

__all__ = ["about", "quote", "template", "templates"]

# More is not read in a chat; the article is linked for the rest.
_MOST_SENTENCES = 3


@cache
def templates() -> Mapping[str, Mapping[str, str]]:
    """Return every template by name and language."""
    texts: dict[str, dict[str, str]] = json.loads(
        (Path(__file__).parent / "templates.json").read_text(encoding="utf-8")
    )
    return texts


def template(name: str, language: Language, **values: str) -> Sentence:
    """Fill in a template.

    Examples
    --------
    >>> template("welcome", Language.EN)
    Sentence(text='You are welcome.', source='template:welcome')
    """
    return Sentence(templates()[name][language.value].format(**values), f"template:{name}")


def about(slots: Sequence[Slot], language: Language) -> tuple[Sentence, ...]:
    """Repeat what the customer named, so that a misreading is seen at once; nothing where nothing was named."""
    if not slots:
        return ()
    values = dict.fromkeys(slot.text for slot in slots)
    return (template("about", language, slots=("、" if language is Language.ZH else ", ").join(values)),)


def quote(document: Document, question: str) -> tuple[Sentence, ...]:
    """Return the sentences of an article that answer a question, in the article's order.

    The first is always among them, since it gives the answer; then those that share most words with the question.

    Examples
    --------
    >>> article = Document("kb1", "How do I return something?", "Open Orders. Choose a label. Refunds take 5 days.")
    >>> [sentence.source for sentence in quote(article, "how many days until refunds?")]
    ['kb1#1', 'kb1#2', 'kb1#3']
    """
    sentences = split_sentences(document.body)
    asked = set(search_words(question))
    shared = [len(asked & set(search_words(sentence))) for sentence in sentences]
    best = sorted(range(1, len(sentences)), key=lambda at: (-shared[at], at))[: _MOST_SENTENCES - 1]
    return tuple(Sentence(sentences[at], f"{document.id}#{at + 1}") for at in sorted({0, *best}) if at < len(sentences))
