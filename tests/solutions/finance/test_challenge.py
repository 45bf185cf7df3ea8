import pandas as pd
import pytest

from foundation.data.labelled import load_card_table
from foundation.data.leakage import find_leakage
from tests.benchmarks.challenge import CHALLENGE, challenge


@pytest.fixture(scope="module")
def pairs():
    return pd.read_csv(CHALLENGE)


def test_the_set_is_one_of_pairs_in_two_languages(pairs):
    groups = pairs.groupby("pair")
    assert (groups.size() == 2).all()
    for column, different in (("text", 2), ("label", 2), ("kind", 1), ("language", 1)):
        assert (groups[column].nunique() == different).all(), column
    assert len(groups) >= 200
    assert not pairs["text"].duplicated().any()
    assert set(pairs["label"]) == {"negative", "neutral", "positive"}
    counts = pairs.groupby(["kind", "language"]).size()
    assert counts.min() >= 0.8 * counts.max()


def test_no_training_row_is_a_text_of_the_set(pairs):
    headlines = load_card_table("headlines", "tone")
    rows = [text for card in (headlines, *headlines.companions) for text in card.frame["text"]]
    texts = [*rows, *pairs["text"]]
    found = find_leakage(texts, ["train"] * len(rows) + ["test"] * len(pairs))
    assert (found.exact, found.near) == (0, 0), found.examples


def test_scoring_by_hand():
    rows = [(1, "negation", "en", "negative"), (1, "negation", "en", "positive"), (2, "figures", "zh", "neutral"),
            (2, "figures", "zh", "negative")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["pair", "kind", "language", "label"])
    figures = challenge(["negative", "positive", "positive", "negative"], frame)
    assert figures["accuracy"][0] == 3 / 4
    assert figures["whole_pairs"] == 1 / 2
    assert figures["by_kind"] == {"negation": 1.0, "figures": 0.5}


def test_one_label_for_all_is_at_most_half_right(pairs):
    assert challenge(["positive"] * len(pairs), pairs)["accuracy"][0] <= 0.5
