"""Which documents share rare words with a question: BM25 over English and Chinese.

The engine is bm25s (kept up, numpy alone, no pickle on disk); rank_bm25 is slower and has no saved form, tantivy knows
no Chinese without a tokenizer of one's own. Words come from here, so that one index serves both languages.
"""

import logging
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LexicalIndex", "search_words"]

_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LONGEST_RUN = 1_000  # characters without a stop that jieba is given at once: of one repeated it takes quadratic time
# Of words that most questions share; a longer list would take words such as "not" or "back" away, which decide.
_STOP_WORDS = """
a an and are as at be been but by can could did do does for from had has have how i if in is it its me my of on or our
please so that the their them there they this to was we were what when where which who why will with would you your
的 了 吗 呢 啊 吧 我 你 您 是 在 有 和 就 也 都 要 会 把 被 给 请 请问 怎么 什么 一个 这个 那个
"""
_STOP = frozenset(_STOP_WORDS.split())
# Harman's S-stemmer: plurals alone, which is the safe half of stemming (Harman 1991, "How effective is suffixing?").
_PLURALS = ((re.compile(r"(?<![ea])ies$"), "y"), (re.compile(r"(?<![aeo])es$"), "e"), (re.compile(r"(?<![us])s$"), ""))


def search_words(text: str) -> list[str]:
    """Return the words that a text is found by: lower case, plurals folded, Chinese cut by jieba, stop words dropped.

    Examples
    --------
    >>> search_words("Where are my Refunds for order TW-1?")
    ['refund', 'order', 'tw', '1']
    """
    words: list[str] = []
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text).lower()):
        if _HAN.match(match[0]):
            words += [word for word in _jieba(match[0]) if word not in _STOP]
        elif match[0] not in _STOP:
            words.append(_singular(match[0]))
    return words


def _jieba(run: str) -> list[str]:
    # "cut for search" gives the parts of a compound beside it: 退款单 is found by 退款
    pieces = (run[at : at + _LONGEST_RUN] for at in range(0, len(run), _LONGEST_RUN))
    return [word for piece in pieces for word in _segmenter().cut_for_search(piece)]


@cache
def _segmenter() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)  # it reports the loading of its dictionary as debug output on stderr
    return jieba


def _singular(word: str) -> str:
    for plural, ending in _PLURALS:
        if len(word) > 3 and plural.search(word):
            return plural.sub(ending, word)
    return word


class LexicalIndex:
    """BM25 over texts.

    Parameters
    ----------
    texts : sequence of str

    References
    ----------
    Robertson, Zaragoza (2009), "The probabilistic relevance framework: BM25 and beyond". Lù (2024), "BM25S",
    arXiv:2407.03618.

    Examples
    --------
    >>> LexicalIndex(["return an item", "track a parcel"]).scores("how do I return this?").argmax()
    np.int64(0)
    """

    def __init__(self, texts: Sequence[str]) -> None:
        from bm25s import BM25

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it reports each index as debug output on stderr
        self._bm25 = BM25()
        words = [search_words(text) for text in texts]
        if not any(words):  # of nothing but "what is it?" there would be no index
            words = [[""] for _ in words]
        self._bm25.index(words, show_progress=False)

    def scores(self, question: str) -> NDArray[np.float32]:
        """Return the BM25 score of every text, shape (n,); 0 where no word is shared."""
        known = self._bm25.get_tokens_ids(search_words(question))
        if not known:
            return np.zeros(int(self._bm25.scores["num_docs"]), dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores_from_ids(known)
        return scores

    def save(self, folder: Path) -> None:
        """Write the index; its files are arrays and JSON."""
        self._bm25.save(folder, show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        """Map what ``save`` wrote into memory."""
        from bm25s import BM25

        index = cls.__new__(cls)
        index._bm25 = BM25.load(folder, mmap=True, show_progress=False)
        return index
