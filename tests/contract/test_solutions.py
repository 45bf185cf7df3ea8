import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foundation.data.pictures import Picture
from foundation.data.splits import Split
from foundation.errors import UnknownNameError
from foundation.settings import settings
from solutions.base import Solution
from solutions.finance.pipeline import Finance
from solutions.finance.schema import FinanceRequest
from solutions.medical.pipeline import Medical
from solutions.medical.schema import MedicalRequest
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.schema import RecommendationRequest
from solutions.registry import find_solution, solutions
from solutions.support.pipeline import Support
from solutions.support.schema import SupportRequest
from solutions.testing import SolutionContract


@pytest.fixture(scope="module")
def home_with_models(trained_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLONNADE_HOME", str(trained_home))
        settings.cache_clear()
        yield
    settings.cache_clear()


@pytest.fixture(scope="module")
def finance(home_with_models: None) -> Finance:
    Finance.prepare()
    return Finance.load()


@pytest.fixture(scope="module")
def support(home_with_models: None) -> Support:
    Support.prepare()
    return Support.load()


@pytest.fixture(scope="module")
def medical(home_with_models: None) -> Medical:
    Medical.prepare()
    return Medical.load()


@pytest.fixture(scope="module")
def recommendation(home_with_models: None) -> Recommendation:
    Recommendation.prepare()
    return Recommendation.load()


class TestFinance(SolutionContract):
    @pytest.fixture
    def solution(self, finance: Finance) -> Solution[Any, Any]:
        return finance

    @pytest.fixture
    def requests(self) -> Sequence[FinanceRequest]:
        return [FinanceRequest("Profit doubled"), FinanceRequest("央行下调利率"), FinanceRequest("word " * 3000)]


class TestSupport(SolutionContract):
    @pytest.fixture
    def solution(self, support: Support) -> Solution[Any, Any]:
        return support

    @pytest.fixture
    def requests(self) -> Sequence[SupportRequest]:
        return [SupportRequest("Where is my parcel?"), SupportRequest("怎么开发票"), SupportRequest("🙂")]


class TestMedical(SolutionContract):
    @pytest.fixture
    def solution(self, medical: Medical) -> Solution[Any, Any]:
        return medical

    @pytest.fixture
    def requests(self, medical: Medical) -> Sequence[MedicalRequest]:
        images, _ = medical.card_table("phantom", "image").part(Split.TEST)
        photo = np.full((40, 60, 3), (200, 90, 20), dtype=np.uint8)
        return [MedicalRequest(Picture(image, "a.png")) for image in (images[0], images[1], photo)]

    @pytest.fixture
    def good_row(self, home_with_models: None) -> dict[str, str]:
        return {"image": str(next((settings().home / "datasets" / "phantom" / "images").iterdir()))}


class TestRecommendation(SolutionContract):
    @pytest.fixture
    def solution(self, recommendation: Recommendation) -> Solution[Any, Any]:
        return recommendation

    @pytest.fixture
    def requests(self) -> Sequence[RecommendationRequest]:
        return [
            RecommendationRequest(user="1"),
            RecommendationRequest(liked=("50", "181")),
            RecommendationRequest(wish="慢节奏的科幻"),
            RecommendationRequest(),
        ]

    @pytest.fixture
    def good_row(self) -> dict[str, str]:
        return {"user": "1", "liked": "50|181", "wish": ""}


def test_every_vertical_has_a_contract_test() -> None:
    tested = {name.removeprefix("Test").lower() for name in globals() if name.startswith("Test")}
    assert tested == set(solutions())


def test_unknown_vertical() -> None:
    with pytest.raises(
        UnknownNameError,
        match="unknown vertical 'finanec'; known: finance, medical, recommendation, support; did you mean 'finance'",
    ):
        find_solution("finanec")


def test_listing_verticals_imports_no_torch() -> None:
    script = "import sys; from solutions.registry import solutions; solutions(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    loaded = set(done.stdout.split())
    assert {"solutions.finance", "solutions.medical", "solutions.recommendation", "solutions.support"} <= loaded
    assert not {"torch", "transformers", "gradio", "sklearn"} & loaded
