"""The benchmark itself, on real data and few rows: a figure that it gives is one that can be trusted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.recipes.recipe import Recipe
from tests.benchmarks.text_methods import Protocol, _draw, measure


def test_a_draw_has_as_many_of_each_and_dev_is_apart() -> None:
    texts, labels = [f"text {n}" for n in range(60)], ["a", "b", "c"] * 20
    (train, train_labels), (dev, _) = _draw(texts, labels, 5, seed=1)
    assert [train_labels.count(label) for label in "abc"] == [5, 5, 5]
    assert not set(train) & set(dev)
    assert _draw(texts, labels, 5, seed=1) == _draw(texts, labels, 5, seed=1) != _draw(texts, labels, 5, seed=2)


def test_it_drives_a_classifier_straight_from_a_card(data_root: Path, tiny_backbone: Path, home: Path) -> None:
    table = load_card_table("banking77", "intent", data_root)
    few = table.frame[table.frame["label"].isin(["card_arrival", "exchange_rate", "lost_or_stolen_phone"])]
    told = measure(replace(table, frame=few), Recipe(backbone=str(tiny_backbone)), Protocol(shots=20, seeds=(0, 1)))
    assert told["rows"] == 36
    assert told["accuracy"][0] == pytest.approx(np.mean(told["each_accuracy"]), abs=1e-3)
    assert told["accuracy"][0] > 0.5  # of three classes, by a random encoder
    assert told["split"] == Split.DEV.value
