from pathlib import Path

import pytest

from foundation.errors import InputError
from foundation.settings import keep_said_in
from solutions.client import Client, ClientSettings
from solutions.corrections import Corrections, corrected
from solutions.finance.pipeline import Finance


def test_the_latest_word_on_a_text_counts_and_nobody_is_named_in_it() -> None:
    kept = Corrections("sqlite://")
    kept.keep("finance", "tone", "Profit fell, says anna@example.org", "neutral", "Kim")
    kept.keep("finance", "tone", "Sales rose", "positive", "Lee")
    kept.keep("finance", "tone", "Profit fell, says anna@example.org", "negative", "Lee")
    kept.keep("finance", "topic", "Sales rose", "earnings", "Lee")
    kept.keep("claims", "kind", "Sales rose", "urgent", "Lee")
    rows = kept.rows("finance", "tone")
    assert rows["label"].tolist() == ["positive", "negative"]
    assert rows["who"].tolist() == ["Lee", "Lee"]
    assert "anna@" not in " ".join(rows["text"])
    assert list(rows.columns) == ["text", "label", "who", "at"]


@pytest.mark.parametrize(
    ("text", "label", "who", "match"),
    [
        (" ", "negative", "Kim", "there is no text to correct"),
        ("x", "", "Kim", "no label is chosen"),
        ("x", "negative", " ", "nobody is named"),
    ],
)
def test_what_cannot_be_learned_from_is_told(text: str, label: str, who: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        Corrections("sqlite://").keep("finance", "tone", text, label, who)


def test_a_vertical_learns_from_its_page(home: Path) -> None:
    with pytest.raises(InputError, match="nobody has corrected an answer of finance/tone"):
        Finance.feedback("tone")
    Corrections.here().keep("finance", "tone", "Profit fell", "negative", "Kim")
    assert Finance.feedback("tone")[["text", "label"]].values.tolist() == [["Profit fell", "negative"]]
    with pytest.raises(InputError, match="finance/topic"):
        corrected("finance", "topic")


def test_what_is_said_in_a_clients_hub_is_theirs_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLONNADE_SAID", "")  # put back, whatever is set below
    heard = {}
    for name in ("acme", "other"):
        monkeypatch.delenv("COLONNADE_SAID")
        keep_said_in(Client(tmp_path / name, ClientSettings(name=name, verticals=["finance"])).said)
        heard[name] = len(Corrections.here().rows("finance", "tone"))
        Corrections.here().keep("finance", "tone", f"profit of {name}", "positive", "Kim")
    assert heard == {"acme": 0, "other": 0}
    assert (tmp_path / "acme" / "said" / "corrections.db").is_file()
    assert not (home / "corrections.db").exists()
