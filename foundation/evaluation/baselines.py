"""What any model has to beat: the commonest label, and a linear model on counts of words or on a row's cells."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler

from foundation.rows import as_number, read_row

__all__ = ["baseline_predictions"]

# Words, and single Han characters: with pairs of neighbours this serves both languages without a segmenter.
_WORDS = r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+"


def baseline_predictions(
    train: tuple[Sequence[str], Sequence[str]], test: Sequence[str], *, seed: int = 0, rows: bool = False
) -> dict[str, NDArray[np.str_]]:
    """Fit the baselines on train and predict test.

    Parameters
    ----------
    train : (texts, labels)
    test : sequence of str, length n
    seed : int
    rows : bool
        Whether the texts are rows of a table (``foundation.rows``).

    Returns
    -------
    dict of baseline name to ndarray of str, shape (n,)
        ``majority``, and ``tfidf_logistic_regression`` or, of rows, ``cells_logistic_regression``.

    Examples
    --------
    >>> predicted = baseline_predictions((["up", "up up", "down"], ["good", "good", "bad"]), ["down"])
    >>> predicted["majority"].tolist()
    ['good']
    """
    texts, labels = train
    words = make_pipeline(
        TfidfVectorizer(token_pattern=_WORDS, ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced", random_state=seed),
    )
    cells = make_pipeline(
        FunctionTransformer(_cells), DictVectorizer(), MaxAbsScaler(), LogisticRegression(max_iter=1000)
    )
    linear = {"cells_logistic_regression": cells} if rows else {"tfidf_logistic_regression": words}
    models = {"majority": DummyClassifier(strategy="most_frequent"), **linear}
    return {
        name: np.asarray(model.fit(list(texts), list(labels)).predict(list(test))) for name, model in models.items()
    }


def _cells(items: Sequence[str]) -> list[dict[str, float | str]]:
    """Read rows with their numbers as such; what is missing is left out."""
    parsed = [{name: (as_number(cell), cell) for name, cell in read_row(item).items() if cell} for item in items]
    return [{name: cell if np.isnan(number) else number for name, (number, cell) in row.items()} for row in parsed]
