import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solutions.finance.documents import read_documents, sentence_weights, split_sentences

LABELS = ("negative", "neutral", "positive")


def by_words(texts):
    """Sure of what a text says by its first word."""
    return np.array([np.eye(3)[LABELS.index(text.split()[0].strip(".").lower())] for text in texts])


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


def test_weights_by_hand():
    # 0.2 + 0.8 * (1 - neutral), the first twice: 2 * 0.2, 1.0, 0.6
    assert sentence_weights(np.array([1.0, 0.0, 0.5])) == pytest.approx(np.array([0.4, 1.0, 0.6]) / 2.0)


def test_an_article_is_the_weighted_mean_of_its_sentences_and_names_them():
    article = "Neutral one. Negative two. Negative three. Positive four."
    (document,) = read_documents([article], by_words, LABELS)
    assert document.probabilities == pytest.approx(np.array([2.0, 0.4, 1.0]) / 3.4)
    assert [sentence.text for sentence in document.moved_by][:2] == ["Negative two.", "Negative three."]
    assert [sentence.share for sentence in document.moved_by][:2] == pytest.approx([0.5, 0.5])


def test_headlines_and_comments_are_read_as_they_are():
    short, article = read_documents(["Negative a. Positive b.", "Positive a. Neutral b. Neutral c."], by_words, LABELS)
    assert short.probabilities.tolist() == [1, 0, 0]
    assert short.moved_by == ()
    assert article.moved_by[0].text == "Positive a."
