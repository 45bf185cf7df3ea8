import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.data.splits import make_splits, normalise
from foundation.errors import InputError


def test_normalise_folds_width_case_space_and_punctuation() -> None:
    assert normalise("Ｐrofit  ROSE， 5%!") == "profit rose 5%"
    assert normalise("利润 上升。") == "利润 上升"


def test_shares_and_strata() -> None:
    labels = ["a"] * 100 + ["b"] * 50
    splits = make_splits([f"text {n}" for n in range(150)], labels)
    assert [int((splits == name).sum()) for name in ("train", "dev", "test")] == [105, 15, 30]
    assert [label for label, split in zip(labels, splits, strict=True) if split == "test"].count("a") == 20


def test_the_same_seed_gives_the_same_split() -> None:
    texts, labels = [f"text {n}" for n in range(60)], ["a", "b"] * 30
    assert (make_splits(texts, labels, seed=3) == make_splits(texts, labels, seed=3)).all()
    assert (make_splits(texts, labels, seed=3) != make_splits(texts, labels, seed=4)).any()


@given(st.lists(st.sampled_from(["one", "two", "three", "four", "five", "six"]), min_size=20, max_size=60))
def test_repeats_stay_together(texts: list[str]) -> None:
    padded = texts + [f"own {n}" for n in range(40)]
    splits = make_splits(padded, ["a"] * len(padded))
    for text in set(texts):
        assert len(np.unique(splits[[i for i, other in enumerate(padded) if other == text]])) == 1


def test_too_few_rows() -> None:
    with pytest.raises(InputError, match="got 9 rows; expected at least 10"):
        make_splits(["x"] * 9, ["a"] * 9)


def test_too_few_rows_that_differ() -> None:
    with pytest.raises(InputError, match="got 30 rows of 2 different kinds; expected at least 10"):
        make_splits(["one", "two"] * 15, ["a", "b"] * 15)
