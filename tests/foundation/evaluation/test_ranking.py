import numpy as np
import pytest

from foundation.evaluation.ranking import ranking_metrics


def test_figures_by_hand() -> None:
    figures = {name: figure.value for name, figure in ranking_metrics(np.array([0, 1, 9, 10])).items()}
    assert figures["top1"] == 1 / 4
    assert figures["recall_at_10"] == 3 / 4
    assert figures["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 10) / 4)
    assert figures["ndcg_at_10"] == pytest.approx((1 + 1 / np.log2(3) + 1 / np.log2(11)) / 4)
