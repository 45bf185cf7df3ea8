"""Contract tests of a vertical, for built-in ones and for those of a client's package.

Subclass :class:`SolutionContract` in a test module and give it two fixtures::

    class TestMine(SolutionContract):
        @pytest.fixture
        def solution(self):
            return Mine.load()

        @pytest.fixture
        def requests(self):
            return [MyRequest("one"), MyRequest("two")]
"""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from solutions.base import Decision, Explains, Solution
from solutions.batch import predict_frame

__all__ = ["SolutionContract"]


class SolutionContract:
    """What every vertical must keep."""

    def test_it_is_described_in_both_languages(self, solution: Solution[Any, Any]) -> None:
        spec = solution.spec
        for words in (spec.title, spec.summary, *(task.title for task in spec.tasks)):
            assert words.en
            assert words.zh

    def test_no_request_gives_no_response(self, solution: Solution[Any, Any]) -> None:
        assert solution.predict([]) == []

    def test_one_response_a_request_in_order(self, solution: Solution[Any, Any], requests: Sequence[Any]) -> None:
        together = solution.predict(requests)
        assert len(together) == len(requests)
        for request, response in zip(requests, together, strict=True):
            (alone,) = solution.predict([request])
            assert solution.row(alone).keys() == solution.row(response).keys()
            assert abs(alone.confidence - response.confidence) < 1e-4

    def test_every_response_says_how_sure_why_and_who(
        self, solution: Solution[Any, Any], requests: Sequence[Any]
    ) -> None:
        for response in solution.predict(requests):
            assert 0.0 <= response.confidence <= 1.0
            assert isinstance(response.abstained, bool)
            assert all(isinstance(reason, str) for reason in response.reasons)
            assert response.model

    def test_probabilities_of_a_decision_sum_to_one(
        self, solution: Solution[Any, Any], requests: Sequence[Any]
    ) -> None:
        for response in solution.predict(requests):
            for decision in (value for value in vars(response).values() if isinstance(value, Decision)):
                assert abs(sum(decision.probabilities.values()) - 1.0) < 1e-6
                assert decision.confidence == max(decision.probabilities.values())

    def test_explanations_are_by_task(self, solution: Solution[Any, Any], requests: Sequence[Any]) -> None:
        if isinstance(solution, Explains):
            assert set(solution.explain(requests[0])) == {task.name for task in solution.spec.tasks}

    def test_a_row_is_flat_and_can_be_written(self, solution: Solution[Any, Any], requests: Sequence[Any]) -> None:
        for response in solution.predict(requests):
            json.dumps(solution.row(response))

    @pytest.fixture
    def good_row(self, solution: Solution[Any, Any]) -> dict[str, str]:
        """Return a row of a file that can be read; a vertical whose columns hold no texts gives its own."""
        return dict.fromkeys(solution.request_columns, "a text")

    def test_a_bad_row_is_told_and_the_rest_goes_on(
        self, solution: Solution[Any, Any], good_row: dict[str, str]
    ) -> None:
        good = good_row
        bad = dict.fromkeys(solution.request_columns, "")
        scored = predict_frame(solution, pd.DataFrame([good, bad, good]), "table.csv")
        assert (scored["error"] != "").tolist() == [False, True, False]
