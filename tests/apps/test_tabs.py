"""What a page says of how good a model is: measured where it can be, and otherwise what the model knows of itself."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from apps.locale import Language, locale
from apps.tabs import _shown, kept_figures, measured_on
from solutions.finance.pipeline import Finance

TONE = Finance.spec.task("tone")


def loaded(bundle_id: str, dataset: str) -> Any:
    figure = {"value": 0.8125, "low": 0.75, "high": 0.875}
    record = SimpleNamespace(id=bundle_id, data={"name": dataset}, metrics={"accuracy": figure})
    return SimpleNamespace(spec=Finance.spec, records=lambda: {"tone": record})


@pytest.fixture
def answering(home: Path) -> None:
    """The suite's own model is ``tone-1``."""
    folder = home / "bundles" / "finance" / "tone"
    folder.mkdir(parents=True)
    (folder / "incumbent").write_text("tone-1", encoding="utf-8")


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize(
    ("bundle_id", "dataset", "expected"),
    [
        ("tone-1", "headlines", "headlines"),
        ("tone-1", "financial_phrasebank", "financial_phrasebank"),
        ("tone-1", "march", ""),  # trained on a file: its test rows are not here
        ("tone-2", "headlines", ""),  # a client's: what is measured is the suite's
    ],
)
def test_a_model_is_measured_where_its_test_rows_are(bundle_id: str, dataset: str, expected: str) -> None:
    assert measured_on(loaded(bundle_id, dataset), TONE) == expected


def test_what_needs_no_model_is_measured_on_the_embedded_set(home: Path) -> None:
    nothing: Any = SimpleNamespace(spec=Finance.spec, records=dict)
    assert measured_on(nothing, TONE) == "headlines"


def test_a_clients_model_shows_the_figures_it_was_made_with() -> None:
    shown = kept_figures(loaded("tone-2", "<b>march"), TONE, locale(Language.EN))
    assert "<td>0.812</td><td>0.750 – 0.875</td>" in shown
    assert "&lt;b&gt;march" in shown
    assert "Right answers (accuracy)" in shown


def test_where_nothing_is_classified_no_accuracy_is_drawn() -> None:
    """In a client's hub the assistant's intents and moods are the client's, and its search alone can be measured."""
    figure = SimpleNamespace(value=0.5, low=0.4, high=0.6)
    searched: Any = SimpleNamespace(
        per_class={},
        dataset=SimpleNamespace(rows=144),
        metrics={"top1": figure, "recall_at_10": figure},
        baselines={"bm25": {"top1": 0.36}},
    )
    said, *drawn = _shown(locale(Language.EN), {"Finding the article": searched}, {})
    assert "144 unseen questions" in said
    assert drawn == [gr.skip()]
