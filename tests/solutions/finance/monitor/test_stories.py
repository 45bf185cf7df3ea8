"""Copies are put to their story: by meaning, rare words and numbers; within a window; in bounded memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.settings import settings
from solutions.finance.monitor.stories import WINDOW, Stories, Telling
from solutions.finance.pipeline import Finance
from tests.benchmarks.folding import STORIES, folded, pairwise, stream

EAST = np.array([1, 0], dtype=np.float32)
NEAR_EAST = np.array([0.8, 0.6], dtype=np.float32)


def tell(key: str, text: str, vector: np.ndarray = EAST, hour: int = 0) -> Telling:
    return Telling(key, text, vector, hour)


def test_a_copy_is_folded_and_its_novelty_grows_back_with_time() -> None:
    stories = Stories(2)
    assert stories.place(tell("a", "Harlund cuts 240 jobs")).novelty == 1
    at_once = stories.place(tell("b", "Harlund cuts 240 jobs - Market Wire"))
    assert at_once.story == "a"
    assert at_once.novelty < 0.05
    a_day_later = stories.place(tell("c", "Harlund cuts 240 jobs", hour=24))
    assert a_day_later.story == "a"
    assert a_day_later.novelty == pytest.approx(0.5, abs=0.03)


def test_the_same_form_with_another_name_and_number_is_another_story() -> None:
    stories = Stories(2)
    for number in range(40):  # "shareholder", "plans", "percent" are in every headline
        stories.add(tell(f"x{number}", f"Shareholder of Firm{number:03} plans to sell {number} percent"), f"x{number}")
    assert stories.place(tell("a", "Shareholder of Torvane plans to sell 71 percent", NEAR_EAST)).story == "a"
    assert stories.place(tell("b", "Torvane's shareholder to part with 71 percent", NEAR_EAST)).story == "a"


def test_a_story_is_over_after_the_window() -> None:
    stories = Stories(2)
    stories.place(tell("a", "Harlund cuts 240 jobs"))
    assert stories.place(tell("b", "Harlund cuts 240 jobs", hour=WINDOW)).story == "a", "it was still told"
    late = stories.place(tell("c", "Harlund cuts 240 jobs", hour=2 * WINDOW + 1))
    assert late.story == "c"
    assert late.novelty == 1


def test_memory_is_bounded_and_the_oldest_makes_room() -> None:
    stories = Stories(4, most=3)
    alder, *others = np.eye(4, dtype=np.float32)
    stories.place(tell("alder", "Alder opens a mill", alder))
    for hour, (name, vector) in enumerate(zip(["Birch", "Cedar", "Dogwood"], others, strict=True)):
        stories.place(tell(name, f"{name} opens a mill", vector, 1 + hour))
    assert len(stories._known) == 3
    assert stories._telling["opens"] == 3
    assert "alder" not in stories._telling
    assert stories.place(tell("again", "Alder opens a mill", alder, 5)).story == "again"
    assert stories.place(tell("known", "Dogwood opens a mill", others[2], 5)).story == "Dogwood"


@given(some.lists(some.tuples(some.sampled_from("abcdef"), some.integers(0, 200)), min_size=1, max_size=30))
def test_added_again_in_the_same_order_it_is_the_same(told: list[tuple[str, int]]) -> None:
    """What the monitor recalls after a restart places the next item as what it had before."""
    vectors = np.random.default_rng(0).normal(size=(128, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = [Telling(f"{at}", 3 * f"{word}ish ", vectors[ord(word)], at) for at, (word, _) in enumerate(told)]
    first, again = Stories(8), Stories(8)
    for item in items:
        again.add(item, first.place(item).story)
    for word in "abc":
        last = Telling("last", 3 * f"{word}ish ", vectors[ord(word)], len(items))
        assert first.compare(last) == again.compare(last)


def test_pairs_are_counted_as_by_hand() -> None:
    assert pairwise([1, 1, 1, 2], ["a", "a", "b", "b"]) == (1 / 3, 1 / 2, 2 / 5)


def test_reprints_and_rewrites_among_headlines(trained_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_HOME", str(trained_home))
    settings.cache_clear()
    background, _ = load_card_table("headlines", "topic").part(Split.TEST)
    stories = pd.read_csv(STORIES)
    items = stream(stories[stories["story"] % 2 == 0], background, seed=0)
    Finance.prepare()
    precision, recall, f1 = pairwise(folded(items, Finance.load()), [item.story for item in items])
    assert f1 >= 0.9, (precision, recall, f1)
