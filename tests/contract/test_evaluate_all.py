"""``evaluate all``: the figures of the embedded defaults stay where they were, and the report shows what JSON says."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from apps.locale import Language, locale
from foundation.evaluation.report import Report
from tests.conftest import colonnade

#: Intervals of the embedded defaults as ``colonnade evaluate all`` gave them; a figure that leaves its own is a change
#: to be looked into: mend it, or write down why and take the new intervals over.
FIGURES = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def evaluated(trained_home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return colonnade("evaluate", "all", "--json", "--out", str(folder), home=trained_home, seconds=600)


@pytest.fixture(scope="module")
def reports(evaluated: subprocess.CompletedProcess[str]) -> dict[str, Report]:
    lines = [json.loads(line) for line in evaluated.stdout.splitlines()]
    return {f"{values['solution']}/{values['task']}": Report.from_dict(values) for values in lines}


@pytest.mark.slow
def test_every_task_is_measured(reports: dict[str, Report]) -> None:
    assert set(reports) == set(FIGURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_left_its_interval(reports: dict[str, Report], name: str) -> None:
    for metric, (low, high) in FIGURES[name].items():
        assert low <= reports[name].metrics[metric].value <= high, metric


@pytest.mark.slow
def test_the_results_file_holds_the_same_objects(reports: dict[str, Report], folder: Path) -> None:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["reports"] == [report.to_dict() for report in reports.values()]
    assert results["skipped"] == []


@pytest.mark.slow
def test_the_page_says_it_in_both_languages_and_asks_for_nothing(reports: dict[str, Report], folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    for report in reports.values():
        figure = next(iter(report.metrics.values()))
        assert page.count(f"{figure.low:.3f} – {figure.high:.3f}") >= 4  # overview and section, twice
        assert report.dataset.sha256[:16] in page
        assert locale(Language.ZH).protocol(report.dataset.protocol) in page
        assert not re.search("[a-z]{3} [a-z]{3}", locale(Language.ZH).protocol(report.dataset.protocol))
    assert "Confusion: what was taken for what" in page
    assert "混淆：把什么认成了什么" in page
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", page)


@pytest.mark.slow
def test_no_picture_goes_by_the_name_of_its_file(reports: dict[str, Report]) -> None:
    worst = reports["medical/image"].diagnostics["errors"]
    assert worst
    assert all(re.fullmatch("[0-9a-f]{12}", error["item"]) for error in worst)
