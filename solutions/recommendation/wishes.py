"""What a new person wants, in their own words: clauses are read apart, and some of them say what is not wanted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from foundation.files import atomic_file
from foundation.progress import Listener, silent
from foundation.retrieval.lexical import LexicalIndex
from foundation.settings import settings
from foundation.text.encoder import TextEncoder
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.models.scorer import deviations
from solutions.recommendation.models.text import centred

__all__ = ["Clause", "WishReader", "clauses", "item_vectors"]

_BREAK = re.compile(r"([,;.!?，。；！？、…\n]+|\b(?:but|just|and|as long as)\b|但是?|不过|而且)")
# Between what is named together: "no blood and gore" wants neither, "no gore and a happy ending" wants one.
_JOINS, _NAME = re.compile(r"and|、"), re.compile(r"\W*(?:[a-z'-]+(?: [a-z'-]+)?|[\u4e00-\u9fff]{1,4})\W*")
_NOT_EN = re.compile(
    r"\b(?:no|not(?! only)|without|nothing|never|don't|dont|isn't|aren't|avoid|except|skip|hold the|hate|minus"
    r"|can't stand|cannot stand|can't bear|free of|free from|less|fewer|tired of|sick of)\b"
)
# "anything but horror" has a word that else begins a clause; "gore-free" and "non-violent" negate within one.
_ALL_BUT = re.compile(r"\b(?:anything|everything|all) but\b")
_FREE_OF = re.compile(r"\b(?:non-([a-z]+)|([a-z]+)-free)\b")
# 别 is a part of other words too: 特别, 离别, 性别, 别墅
_NOT_ZH = re.compile(
    r"不要|不想|不看|不喜欢|不太|(?<!是)不是|没那么|(?<![特离级区个告分性类差辨])别(?![墅的具致人])|没有|无需|除了|讨厌|就算了|免谈|不能|不含|不带"
    r"|[不非](?=恐怖|血腥|暴力|吓人|悲伤|沉重|压抑)"
)
# What is said of a thing that is wanted: 不恐怖的悬疑片, 别太悲伤的爱情片; and what is left out: 除了恐怖片都行.
_NOT_SUCH = re.compile(
    r"(?:不含|不带|不太|别太|不要太|没那么|不那么|[不非](?=恐怖|血腥|暴力|吓人|悲伤|沉重|压抑))"
    r"([^的，,；;。、]{1,8})的(?=[^，,；;。、])|除了([^，,；;。、]{1,8}?)(?:都|以外|之外|外)(?:行|可以|好)?"
)
# How much an unwanted thing counts against an item, beside a wanted one, and words that are shared beside meaning.
# Chosen on the dev wishes of the card wayside.
_AGAINST = 1.0
_WORDS = 0.6


@dataclass(frozen=True)
class Clause:
    """A part of a wish.

    Attributes
    ----------
    text : str
        Without the words that negate it.
    wanted : bool
    """

    text: str
    wanted: bool


def clauses(wish: str) -> tuple[Clause, ...]:
    """Cut a wish into clauses; one that is negated is unwanted from the negation on.

    Examples
    --------
    >>> [(clause.text, clause.wanted) for clause in clauses("slow science fiction, no gore")]
    [('slow science fiction', True), ('gore', False)]
    >>> [(clause.text, clause.wanted) for clause in clauses("慢节奏的剧情片，别太血腥")]
    [('慢节奏的剧情片', True), ('太血腥', False)]
    >>> [(clause.text, clause.wanted) for clause in clauses("no blood and gore and a happy ending")]
    [('blood', False), ('gore', False), ('a happy ending', True)]
    >>> [(clause.text, clause.wanted) for clause in clauses("不恐怖的悬疑片")]
    [('恐怖', False), ('悬疑片', True)]
    """
    found: list[Clause] = []
    said = _ALL_BUT.sub("not", _FREE_OF.sub(r"no \1\2, ", wish.lower().replace("’", "'")))
    pieces = _BREAK.split(_NOT_SUCH.sub(_apart, said))
    for join, piece in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        negation = _NOT_EN.search(piece) or _NOT_ZH.search(piece)
        before, after = (piece[: negation.start()], piece[negation.end() :]) if negation else (piece, "")
        if negation and not after.strip():  # 恐怖片就算了: what is not wanted stands before
            before, after = "", before
        if found and not found[-1].wanted and not negation and _JOINS.fullmatch(join) and _NAME.fullmatch(piece):
            before, after = "", piece
        found += [Clause(text.strip(), wanted) for text, wanted in ((before, True), (after, False)) if text.strip()]
    return tuple(found)


def _apart(found: re.Match[str]) -> str:
    """Write 不恐怖的悬疑片 as 不要恐怖, 悬疑片: the negation ends where what it stands before begins."""
    return f"，不要{found[1] or found[2]}，"


def item_vectors(catalogue: Catalogue, encoder: TextEncoder, listener: Listener = silent) -> NDArray[np.float32]:
    """Encode the items' texts, once: they are kept in ``COLONNADE_HOME``, by a hash of texts and encoder.

    An item in two languages is the mean of both, so that neither is nearer to a wish.

    Returns
    -------
    ndarray of float32, shape (items, d)
        Not centred.
    """
    from safetensors.numpy import load_file, save_file

    texts = [catalogue.texts[language] for language in catalogue.languages]
    content = "\0".join((encoder.content_sha256(), *(text for of_language in texts for text in of_language)))
    path = settings().home / "vectors" / f"{sha256(content.encode()).hexdigest()[:32]}.safetensors"
    if path.is_file():
        return np.asarray(load_file(path)["vectors"], dtype=np.float32)
    by_language = [encoder.encode(of_language, passages=True, listener=listener) for of_language in texts]
    vectors = np.asarray(np.mean(by_language, axis=0), dtype=np.float32)
    with atomic_file(path) as temporary:
        save_file({"vectors": vectors}, temporary)
    return vectors


class WishReader:
    """Scores items for a wish: cosine of texts and shared words, what is not wanted against what is.

    Parameters
    ----------
    catalogue : Catalogue
    vectors : ndarray of float32, shape (items, d)
        Not centred, as ``item_vectors`` gives them.
    encoder : TextEncoder
    """

    def __init__(self, catalogue: Catalogue, vectors: NDArray[np.float32], encoder: TextEncoder) -> None:
        self.mean = vectors.mean(axis=0)
        self.vectors = centred(vectors, self.mean)
        self.encoder = encoder
        self.words = LexicalIndex(
            [
                " ".join(catalogue.texts[language][item] for language in catalogue.languages)
                for item in range(len(catalogue))
            ]
        )

    def scores(self, wish: str) -> NDArray[np.float64]:
        """Return a score an item, shape (items,), in standard deviations over the catalogue; 0 for an empty wish."""
        total = np.zeros(len(self.vectors))
        for clause, match in zip(found := clauses(wish), self.matches([clause.text for clause in found]), strict=True):
            total += match if clause.wanted else -_AGAINST * np.maximum(match, 0)
        return total

    def matches(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return how far each item stands out for each text, shape (texts, items)."""
        if not texts:
            return np.empty((0, len(self.vectors)))
        # the mean of the items is taken from items alone: a wish has a mean of its own, which the deviations take out
        meaning = self.encoder.encode(list(texts)) @ self.vectors.T
        words = np.array([self.words.scores(text) for text in texts])
        return deviations(meaning) + _WORDS * deviations(words)
