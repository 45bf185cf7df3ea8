import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.text.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Sales rose 3.5 % to EUR 4.2 mn. Profit fell!", ["Sales rose 3.5 % to EUR 4.2 mn.", "Profit fell!"]),
        ("Osterby Inc. said on Jan. 5 that it pays No. 7.", ["Osterby Inc. said on Jan. 5 that it pays No. 7."]),
        ("U.S. stocks fell. Dr. Lind left.", ["U.S. stocks fell.", "Dr. Lind left."]),
        ('"We lost." He paused.', ['"We lost."', "He paused."]),
        ("净利润下降。公司表示：“会改善。”股价涨3.5%！", ["净利润下降。", "公司表示：“会改善。”", "股价涨3.5%！"]),
        ("Title without stop\nBody begins", ["Title without stop", "Body begins"]),
        ("...", []),
    ],
)
def test_sentences(text, sentences):
    assert split_sentences(text) == sentences


@given(st.text(alphabet="ab .!。！\n”A", max_size=80))
def test_no_letter_is_lost(text):
    assert [c for c in "".join(split_sentences(text)) if c.isalnum()] == [c for c in text if c.isalnum()]


@pytest.mark.alone
def test_a_text_of_abbreviations_takes_no_longer_than_its_length():
    """Twice the text takes about twice the time: one sentence of 200,000 characters, cut at no stop."""
    text = "Dr. " * 50_000 + "Lind left."
    started = time.perf_counter()
    assert split_sentences(text) == [text]
    assert time.perf_counter() - started < 2


def test_a_row_of_dots_takes_no_longer_than_its_length():
    begun = time.perf_counter()
    assert split_sentences("." * 200_000 + "x. Done...”") == ["." * 200_000 + "x.", "Done...”"]
    assert time.perf_counter() - begun < 2
