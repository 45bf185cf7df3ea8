"""Which words moved a prediction, by leaving each one out.

Occlusion (Zeiler, Fergus 2014, arXiv:1311.2901; Li et al. 2016, arXiv:1612.08220 for words), computed by captum: model
agnostic, and in the unit people think in, the points of probability that go when the word goes.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["WordWeight", "explain_words", "split_words"]

# Each word costs a pass over the text: an explanation of more takes too long, and is not read.
_MOST_WORDS, _MOST_CHARACTERS = 64, 1000
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[\u4e00-\u9fff]+|[^\W\u4e00-\u9fff]+(?:['’.,%-][^\W\u4e00-\u9fff]+)*%?")


@dataclass(frozen=True)
class WordWeight:
    """A word, where it stands, and the probability that it gives to (or, negative, takes from) the prediction."""

    word: str
    start: int
    weight: float


def split_words(text: str) -> list[tuple[int, int]]:
    """Return (start, stop) of each word; Chinese runs are cut by jieba.

    Examples
    --------
    >>> text = "Loss of 3.5% at Vantor"
    >>> [text[start:stop] for start, stop in split_words(text)]
    ['Loss', 'of', '3.5%', 'at', 'Vantor']
    """
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if _HAN.match(match[0]):
            spans += [(match.start() + start, match.start() + stop) for _, start, stop in _jieba(match[0])]
        else:
            spans.append(match.span())
    return spans


def _jieba(run: str) -> list[tuple[str, int, int]]:
    import jieba

    jieba.setLogLevel(logging.WARNING)  # it reports the loading of its dictionary as debug output on stderr
    return list(jieba.tokenize(run))


def explain_words(
    text: str, target: int, probabilities: Callable[[Sequence[str]], NDArray[np.float64]]
) -> tuple[WordWeight, ...]:
    """Weigh the words of a text for one class; of a long text, those of its opening, as if it ended there.

    Parameters
    ----------
    text : str
    target : int
        Index of the class that is explained.
    probabilities : function of texts to ndarray, shape (n, classes)

    Returns
    -------
    tuple of WordWeight
        In the order of the text. Weights are differences of probability, -1 to 1; they do not add up, since words act
        together.
    """
    import torch
    from captum.attr import FeatureAblation

    text = text[:_MOST_CHARACTERS]
    spans = split_words(text)[:_MOST_WORDS]
    if not spans:
        return ()

    def kept(mask: torch.Tensor) -> torch.Tensor:
        """Score the text with only those words that each row of the mask keeps."""
        texts = [_without(text, [span for span, keep in zip(spans, row, strict=True) if not keep]) for row in mask]
        return torch.from_numpy(probabilities(texts))

    weights = FeatureAblation(kept).attribute(
        torch.ones(1, len(spans)), target=target, perturbations_per_eval=len(spans)
    )
    return tuple(
        WordWeight(text[start:stop], start, float(weight))
        for (start, stop), weight in zip(spans, weights[0], strict=True)
    )


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, stop in reversed(spans):
        text = text[:start] + text[stop:]
    return " ".join(text.split())
