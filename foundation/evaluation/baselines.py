"""What any model has to beat: the commonest label, and a linear model on word and character counts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

__all__ = ["baseline_predictions"]

# Words, and single Han characters: with pairs of neighbours this serves both languages without a segmenter.
_WORDS = r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+"


def baseline_predictions(
    train: tuple[Sequence[str], Sequence[str]], test: Sequence[str], *, seed: int = 0
) -> dict[str, NDArray[np.str_]]:
    """Fit the baselines on train and predict test.

    Parameters
    ----------
    train : (texts, labels)
    test : sequence of str, length n
    seed : int

    Returns
    -------
    dict of baseline name to ndarray of str, shape (n,)
        ``majority`` and ``tfidf_logistic_regression``.

    Examples
    --------
    >>> predicted = baseline_predictions((["up", "up up", "down"], ["good", "good", "bad"]), ["down"])
    >>> predicted["majority"].tolist()
    ['good']
    """
    texts, labels = train
    models = {
        "majority": DummyClassifier(strategy="most_frequent"),
        "tfidf_logistic_regression": make_pipeline(
            TfidfVectorizer(token_pattern=_WORDS, ngram_range=(1, 2), sublinear_tf=True),
            LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced", random_state=seed),
        ),
    }
    return {
        name: np.asarray(model.fit(list(texts), list(labels)).predict(list(test))) for name, model in models.items()
    }
