"""The tone of an article: each sentence is read, and those that moved the whole are named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundation.text.sentences import split_sentences

__all__ = ["DocumentTone", "SentenceTone", "read_documents", "sentence_weights"]

# Journalists put the news first: the headline or first sentence counts twice.
_FIRST = 2.0
# A sentence that says nothing of good or bad still counts a little, or one aside would speak for a page.
_LEAST = 0.2
# The model learned from texts of one or two sentences and reads them best as they are.
_FEWEST, _SHOWN = 3, 3


@dataclass(frozen=True)
class SentenceTone:
    """A sentence of an article.

    Attributes
    ----------
    text : str
    label : str
    share : float
        Of the article's tone that this sentence made up, 0 to 1.
    """

    text: str
    label: str
    share: float


@dataclass(frozen=True, eq=False)
class DocumentTone:
    """The tone of a text.

    Attributes
    ----------
    probabilities : ndarray, shape (labels,)
    moved_by : tuple of SentenceTone
        The sentences that made up most of the likeliest label, the strongest first; none where the text is no article.
    """

    probabilities: NDArray[np.float64]
    moved_by: tuple[SentenceTone, ...] = ()


def read_documents(
    texts: Sequence[str], probabilities: Callable[[Sequence[str]], NDArray[np.float64]], labels: Sequence[str]
) -> list[DocumentTone]:
    """Read texts of any length: a headline or comment as a whole, an article sentence by sentence.

    An article's probabilities are the weighted mean of its sentences' (see ``sentence_weights``).

    Parameters
    ----------
    texts : sequence of str
    probabilities : callable
        From n texts to an array of shape (n, labels).
    labels : sequence of str
        With ``neutral`` among them, if the model knows it.
    """
    parts = [_sentences(text) for text in texts]
    flat = [sentence for sentences in parts for sentence in sentences]
    scores = probabilities(flat)
    read, at = [], 0
    for sentences in parts:
        scored, at = scores[at : at + len(sentences)], at + len(sentences)
        if len(sentences) == 1:
            read.append(DocumentTone(scored[0]))
            continue
        neutral = scored[:, labels.index("neutral")] if "neutral" in labels else np.zeros(len(scored))
        weights = sentence_weights(neutral)
        read.append(DocumentTone(weights @ scored, _moving(sentences, scored, weights, labels)))
    return read


def sentence_weights(neutral: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each sentence in its article, shape (n,), summing to 1.

    Parameters
    ----------
    neutral : ndarray, shape (n,)
        Probability that the sentence says neither good nor bad.

    Examples
    --------
    >>> sentence_weights(np.array([1.0, 0.0])).round(2).tolist()
    [0.29, 0.71]
    """
    weights = _LEAST + (1 - _LEAST) * (1 - neutral)
    weights[0] *= _FIRST
    return np.asarray(weights / weights.sum())


def _sentences(text: str) -> list[str]:
    """Return the sentences of an article, or the whole text where it has but one or two."""
    sentences = split_sentences(text)
    return sentences if len(sentences) >= _FEWEST else [text]


def _moving(
    sentences: Sequence[str], scored: NDArray[np.float64], weights: NDArray[np.float64], labels: Sequence[str]
) -> tuple[SentenceTone, ...]:
    label = int((weights @ scored).argmax())
    parts = weights * scored[:, label]
    strongest = np.argsort(-parts, kind="stable")[:_SHOWN]
    return tuple(
        SentenceTone(sentences[row], labels[int(scored[row].argmax())], float(parts[row] / parts.sum()))
        for row in strongest
    )
