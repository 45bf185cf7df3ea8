import re
from dataclasses import replace

from apps.locale import Language
from apps.reporting.charts import line_chart, matrix
from apps.reporting.page import Skipped, report_page
from foundation.evaluation.metrics import Interval
from foundation.evaluation.report import DatasetStamp, Report

REPORT = Report(
    solution="finance",
    task="tone",
    dataset=DatasetStamp("<client>", "test", "ab" * 32, 4, "the file's own split", as_published=False),
    bundle="finance-tone-12345678",
    metrics={"accuracy": Interval(0.75, 0.5, 0.9)},
    baselines={"majority": {"accuracy": 0.5}},
    per_class={},
    calibration={},
    leakage={},
    seconds=0.1,
    diagnostics={
        "reliability": [{"confidence": 0.9, "accuracy": 0.75, "rows": 4}],
        "risk_coverage": [{"coverage": 0.5, "risk": 0.0}, {"coverage": 1.0, "risk": 0.25}],
        "confusion": {"labels": [f"label {n}" for n in range(13)], "rows": [[0, 3, *[0] * 11], *[[0] * 13] * 12]},
        "errors": [{"item": "<script>alert(1)</script>", "label": "a", "predicted": "b", "confidence": 0.99}],
    },
)


def test_what_comes_from_outside_is_escaped() -> None:
    page = report_page([REPORT], [Skipped("finance", "tone", "<b>", "<i>no</i>")])
    assert not re.search("<script|<client>|<i>no", page)
    assert "&lt;script&gt;alert(1)" in page


def test_a_medical_report_says_what_it_is_not() -> None:
    page = report_page([replace(REPORT, solution="medical", task="image")], [])
    assert "Not a medical device." in page
    assert "不是医疗器械。" in page


def test_of_many_labels_the_commonest_confusions_are_listed() -> None:
    page = report_page([REPORT], [])
    assert "<td>label 0</td><td>label 1</td><td>3</td>" in page


def test_what_a_model_has_over_another_stands_beside_it() -> None:
    better = replace(REPORT, gains={"majority": {"accuracy": Interval(0.25, -0.05, 0.5)}})
    page = report_page([better], [])
    assert "<td>commonest label</td><td>-0.050 – +0.500</td>" in page
    assert "How much better this model is" in page
    assert "How much better" not in report_page([REPORT], [])


def test_a_clients_subgroups_keep_their_names() -> None:
    named = {"lead": {"accuracy": 0.75, "rows": 4.0}, "history_under_30": {"accuracy": 0.5, "rows": 2.0}}
    page = report_page([replace(REPORT, slices=named)], [])
    assert "<td>lead</td>" in page
    assert "<td>under 30 events</td>" in page


def test_the_preferred_language_is_checked() -> None:
    assert 'id="zh" checked' in report_page([REPORT], [], preferred=Language.ZH)


def test_a_point_lies_where_it_should() -> None:
    drawn = line_chart([(0.0, 0.0), (1.0, 1.0)], "across", "up", shares=[0.25, 1.0])
    assert drawn.count("<circle") == 2
    (path,) = re.findall(r'polyline points="([^"]*)"', drawn)
    (left, bottom), (right, top) = (map(float, point.split(",")) for point in path.split())
    assert left < right
    assert top < bottom


def test_a_cell_is_as_dark_as_its_share() -> None:
    drawn = matrix(["a", "b"], [[3, 1], [0, 0]], "")
    assert "rgba(0,114,178,0.75);color:white" in drawn
    assert drawn.count("<td") == 4
