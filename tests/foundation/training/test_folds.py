"""Copies of a text are held out together, by whatever holds rows out inside train."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from foundation.text.encoder import load_encoder
from foundation.training.folds import set_aside, stratified_folds
from foundation.training.full import Full
from foundation.training.method import Labelled, TrainingJob
from foundation.training.probe import Probe
from foundation.training.text_classifier import RowClassifier, TextClassifier

ROWS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2)), min_size=12, max_size=60)


@given(rows=ROWS, folds=st.integers(2, 5), seed=st.integers(0, 9))
@settings(max_examples=60)
def test_folds_cover_every_row_once_and_learn_every_class(rows: list[tuple[str, int]], folds: int, seed: int) -> None:
    # two texts of its own for each class, so that one may always be held out
    rows = rows + [(f"{index}{which}", index) for index in range(3) for which in "xyz"]
    texts, targets = [text for text, _ in rows], np.array([target for _, target in rows])
    held_out = []
    for kept, held in stratified_folds(Labelled(texts, targets), folds, seed):
        assert not {texts[row] for row in kept} & {texts[row] for row in held}
        assert set(targets[kept]) == {0, 1, 2}
        assert sorted([*kept, *held]) == list(range(len(rows)))
        held_out += held.tolist()
    assert sorted(held_out) == list(range(len(rows)))


def test_without_copies_folds_are_those_of_scikit_learn() -> None:
    targets = np.arange(40) % 3
    ours = stratified_folds(Labelled([f"text {row}" for row in range(40)], targets), 5, seed=3)
    theirs = StratifiedKFold(5, shuffle=True, random_state=3).split(targets, targets)
    for (kept, held), (others, out) in zip(ours, theirs, strict=True):
        assert (kept.tolist(), held.tolist()) == (others.tolist(), out.tolist())


def test_a_class_of_copies_of_one_text_is_learned_nevertheless() -> None:
    targets = np.array([0, 0, 0, 0, 1, 1])
    for kept, _ in stratified_folds(Labelled(["a", "b", "c", "d", "same", "same"], targets), 2, seed=0):
        assert set(targets[kept]) == {0, 1}


def test_a_tenth_is_set_aside_with_its_copies() -> None:
    texts = [f"text {row % 40}" for row in range(80)]
    kept, held = set_aside(Labelled(texts, np.arange(80) % 2), seed=0)
    assert len(held) == 8
    assert not {texts[row] for row in kept} & {texts[row] for row in held}


@given(
    rows=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=12, max_size=60),
    folds=st.integers(2, 5),
    seed=st.integers(0, 9),
)
@settings(max_examples=60)
def test_a_group_is_held_out_whole_and_every_class_is_learned(
    rows: list[tuple[int, int]], folds: int, seed: int
) -> None:
    rows = rows + [(6 + which, index) for index in range(3) for which in range(2)]
    groups, targets = (np.array(column) for column in zip(*rows, strict=True))
    held_out = []
    for kept, held in stratified_folds(Labelled(range(len(rows)), targets, groups), folds, seed):
        assert set(targets[kept]) == {0, 1, 2}
        held_out += held.tolist()
        assert not set(groups[kept]) & set(groups[held])
    assert sorted(held_out) == list(range(len(rows)))


def test_only_the_rows_of_a_class_of_one_group_are_parted() -> None:
    targets, groups = np.array([0] * 12 + [1] * 4), np.array([0, 1, 2, 3] * 3 + [9] * 4)
    for kept, held in stratified_folds(Labelled(range(16), targets, groups), 4, seed=0):
        assert set(targets[kept]) == {0, 1}
        assert not set(groups[kept][targets[kept] == 0]) & set(groups[held][targets[held] == 0])


def test_a_tenth_is_set_aside_by_whole_groups() -> None:
    groups = np.arange(80) // 4
    kept, held = set_aside(Labelled(range(80), np.arange(80) % 2, groups), seed=0)
    assert 4 <= len(held) <= 12
    assert not set(groups[kept]) & set(groups[held])


def test_confidence_is_learned_from_customers_who_were_not_seen() -> None:
    random = np.random.default_rng(0)
    # what a customer is called says nothing of another; each has four loans, paid back or not by chance
    paid = random.integers(2, size=60)
    rows = [
        json.dumps({"number": str(1000 + customer), "amount": str(at)}) for customer in range(60) for at in range(4)
    ]
    labels = [f"label {paid[customer]}" for customer in range(60) for _ in range(4)]
    groups = [f"customer {customer}" for customer in range(60) for _ in range(4)]

    def right(model: RowClassifier) -> float:
        return float((model.held_out_logits_.argmax(axis=1) == model.held_out_targets_).mean())

    apart = RowClassifier(method="trees").fit(rows, labels, groups=groups)
    assert right(RowClassifier(method="trees").fit(rows, labels)) > 0.8
    assert right(apart) < 0.7
    assert sorted(apart.held_out_groups_) == sorted(np.arange(60).repeat(4).tolist())


@pytest.fixture(scope="module")
def guesses() -> Labelled:
    """Labels that say nothing: who has seen a copy knows them, and nobody else."""
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(list("abcdefghij"), 6)) for _ in range(40)]
    return Labelled(texts * 6, np.tile(random.permutation([0, 1] * 20), 6))


def test_what_is_held_out_of_train_was_not_seen(guesses: Labelled, tiny_backbone: Path, home: Path) -> None:
    job = TrainingJob(load_encoder(str(tiny_backbone)), guesses, None, np.ones(2), ("up", "down"))
    fitted = Probe().fit(job)
    right = fitted.held_out_logits.argmax(axis=1) == fitted.held_out_targets
    assert right.mean() < 0.6  # with copies on both sides 0.75


def test_what_chooses_the_epoch_was_not_seen(guesses: Labelled, tiny_backbone: Path, home: Path) -> None:
    method = replace(Full(), epochs=2, learning_rate=5e-3)
    model = TextClassifier(str(tiny_backbone), method).fit(guesses.items, [f"label {it}" for it in guesses.targets])
    assert len(model.held_out_items_) == 6 * 4
    assert len(set(model.held_out_items_)) == 4
