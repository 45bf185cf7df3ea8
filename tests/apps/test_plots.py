"""Plots say what they show, in a title that a phone has room for."""

from types import SimpleNamespace
from typing import Any

import pytest

from apps.locale import Language, locale
from apps.plots import accuracy_plot, blank_figure, recall_plot

ENGLISH = locale(Language.EN)


def report(accuracy: float, words: float) -> Any:
    figure = SimpleNamespace(value=accuracy, low=accuracy - 0.05, high=accuracy + 0.05)
    baselines = {"majority": {"accuracy": 0.95}, "tfidf_logistic_regression": {"accuracy": words}}
    return SimpleNamespace(metrics={"accuracy": figure}, baselines=baselines)


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Confidence and truth differ by 3%", 1),
        ("1.05 times the best single model (sequence of texts)", 2),
        ("最佳单一模型的 1.05 倍", 1),
        ("是最佳单一模型“文本序列”的 1.05 倍，与词频差距最小的是意图", 2),
    ],
)
def test_a_long_title_is_broken_and_its_figure_grows(title: str, lines: int) -> None:
    layout = blank_figure(title, 300).layout
    assert layout.title.text.count("<br>") == lines - 1
    assert (layout.height, layout.margin.t) == (300 + 20 * (lines - 1), 56 + 20 * (lines - 1))


def test_the_title_of_accuracies_is_the_task_that_words_alone_come_nearest_to() -> None:
    drawn = accuracy_plot(ENGLISH, {"Tone": report(0.81, 0.55), "Mood": report(0.88, 0.77)})
    assert drawn.layout.title.text == "Mood: 88% right, word counts 77%"


def test_the_title_of_classes_is_the_one_that_is_found_least() -> None:
    found = {"refund": {"recall": 0.6, "support": 10.0}, "pin": {"recall": 1.0, "support": 8.0}}
    measured: Any = SimpleNamespace(per_class=found)
    drawn = recall_plot(ENGLISH, "Intent", measured, {"refund": "Refund"})
    assert drawn.layout.title.text == "Intent: Refund is found least, 60%"
    assert list(drawn.data[0].text) == ["60%", "100%"]
    assert list(drawn.data[0].y) == ["Refund (10)", "pin (8)"]
