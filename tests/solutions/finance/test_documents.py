import numpy as np
import pytest

from solutions.finance.documents import read_documents, sentence_weights

LABELS = ("negative", "neutral", "positive")


def by_words(texts):
    """Sure of what a text says by its first word."""
    return np.array([np.eye(3)[LABELS.index(text.split()[0].strip(".").lower())] for text in texts])


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
