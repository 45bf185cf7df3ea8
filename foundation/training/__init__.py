"""How an encoder is fitted to labels: one method a file, behind one scikit-learn estimator.

The estimator lives here and not in ``foundation.text``: it chooses a method, and imports point one way.
"""

from foundation.training.text_classifier import PairClassifier, RowClassifier, TextClassifier

__all__ = ["PairClassifier", "RowClassifier", "TextClassifier"]
