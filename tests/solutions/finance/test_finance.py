import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.data.tables import MAX_TEXT_CHARACTERS
from foundation.errors import InputError
from solutions.base import Decision
from solutions.finance.schema import FinanceRequest, FinanceResponse
from solutions.finance.trends import most_negative, tone_over_time


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "!!!"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="without a letter or digit; expected a headline"):
        FinanceRequest(text)


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(
        InputError, match=re.escape(f"got a text of {MAX_TEXT_CHARACTERS + 1:,} characters; expected at most")
    ):
        FinanceRequest("a" * (MAX_TEXT_CHARACTERS + 1))
    assert FinanceRequest("a" * MAX_TEXT_CHARACTERS)


def decision(label: str, shares: dict[str, float], *, abstained: bool) -> Decision:
    return Decision(label, max(shares.values()), abstained, shares, "finance-tone-0")


def test_an_unsure_response_names_the_runners_up() -> None:
    topic = decision("credit", {"credit": 0.9, "markets": 0.1}, abstained=False)
    tone = decision("negative", {"negative": 0.45, "neutral": 0.4, "positive": 0.15}, abstained=True)
    response = FinanceResponse(tone, topic)
    assert response.abstained
    assert response.reasons == ("between negative (45%) and neutral (40%)",)
    sure = FinanceResponse(decision("negative", {"negative": 0.9, "neutral": 0.1}, abstained=False), topic)
    assert sure.reasons == ()


def test_shares_by_topic_and_period() -> None:
    times = pd.to_datetime(["2026-03-02 09:00", "2026-03-02 15:00", "2026-03-09 09:00", "2026-03-02 10:00"])
    frame = pd.DataFrame(
        {
            "time": times,
            "topic": ["credit", "credit", "credit", "markets"],
            "tone": ["negative", "positive", "negative", "neutral"],
        }
    )
    trend = tone_over_time(frame, "W").set_index(["topic", "time"])
    assert trend["items"].tolist() == [2, 1, 1]
    assert trend["negative_share"].tolist() == [0.5, 1.0, 0.0]
    assert trend["low"].iloc[2] == 0.0
    assert trend["high"].iloc[1] == 1.0


def test_the_interval_of_a_share_covers_it() -> None:
    """Jeffreys intervals of 30 items hold the true share in 95 % of draws; below 92 % once in a thousand."""
    generator = np.random.default_rng(0)
    tones = np.where(generator.uniform(size=(600, 30)) < 0.3, "negative", "neutral")
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2026-03-02"),
            "topic": np.repeat([f"t{n}" for n in range(600)], 30),
            "tone": tones.ravel(),
        }
    )
    trend = tone_over_time(frame)
    assert ((trend["low"] <= 0.3) & (trend["high"] >= 0.3)).mean() > 0.92


def test_the_worst_items_are_sure_and_negative() -> None:
    frame = pd.DataFrame(
        {
            "tone": ["negative", "negative", "positive", "negative"],
            "tone_confidence": [0.7, 0.9, 0.99, 0.95],
            "tone_unsure": [False, False, False, True],
        }
    )
    assert most_negative(frame)["tone_confidence"].tolist() == [0.9, 0.7]


@pytest.mark.slow
def test_what_the_samples_teach_transfers_to_phrasebank(trained_home: Path, data_root: Path) -> None:
    """Trained on the embedded samples alone; docs/RESULTS.md has 0.745 (0.718 to 0.771) and 0.720 (0.690 to 0.751)."""
    import json

    from tests.conftest import colonnade

    done = colonnade(
        "evaluate", "finance", "--task", "tone", "--dataset", "financial_phrasebank", "--data-root", str(data_root),
        "--json", home=trained_home, seconds=300,
    )  # fmt: skip
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["accuracy"]["value"] >= 0.718
    assert metrics["macro_f1"]["value"] >= 0.690
