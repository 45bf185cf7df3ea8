from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.trust.explanation import explain_words, split_words

pytestmark = [
    pytest.mark.filterwarnings("ignore:invalid escape sequence:SyntaxWarning"),  # jieba's source
    pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning"),  # the same before Python 3.12
    pytest.mark.filterwarnings("ignore:pkg_resources is deprecated"),  # jieba looks for it first
]


def bad_share(texts: Sequence[str]) -> np.ndarray:
    """A model that can be checked by hand: 0.9 with the word 'fell', 0.3 without, 0.2 less with 'not'."""
    bad = np.array([0.3 + 0.6 * ("fell" in text.split()) - 0.2 * ("not" in text.split()) for text in texts])
    return np.stack([1 - bad, bad], axis=1)


def test_weights_are_what_goes_with_the_word() -> None:
    weights = {word.word: word.weight for word in explain_words("profit fell not", 1, bad_share)}
    assert weights == pytest.approx({"profit": 0.0, "fell": 0.6, "not": -0.2})


def test_places_point_into_the_text() -> None:
    text = "亏损收窄3.5%，but sales — they’re down"
    for word in explain_words(text, 0, bad_share):
        assert text[word.start : word.start + len(word.word)] == word.word


def test_chinese_is_cut_into_words() -> None:
    text = "央行宣布下调存款准备金率"
    words = [text[start:stop] for start, stop in split_words(text)]
    assert "央行" in words
    assert "".join(words) == text


@given(st.text(max_size=80))
def test_spans_are_in_order_and_apart(text: str) -> None:
    spans = split_words(text)
    assert all(start < stop <= len(text) for start, stop in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_a_text_without_words_has_no_reasons() -> None:
    assert explain_words("!!! 🙂", 0, bad_share) == ()


def test_long_texts_are_explained_by_their_opening() -> None:
    asked: list[str] = []

    def listening(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return bad_share(texts)

    assert len(explain_words("word " * 40_000, 0, listening)) == 64
    assert max(map(len, asked)) <= 1000
