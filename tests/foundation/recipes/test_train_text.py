"""What a recipe adds to the estimator: companions, cross-validation, a card with a picture."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foundation.bundle import Bundle, fingerprints
from foundation.data.labelled import LabelledTable, load_own_table
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.recipes.cross_validate import cross_validate
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_text import train_text
from foundation.training.text_classifier import TextClassifier
from foundation.trust.scope import OUT_OF_SCOPE
from tests.foundation.training.conftest import BAD, GOOD

pytestmark = pytest.mark.usefixtures("home")


def table(folder: Path, name: str, positive: str = "good", rounds: int = 4) -> LabelledTable:
    rows = [f"{text} {name} {n},{label}" for n in range(rounds) for text, label in _labelled(positive)]
    (folder / f"{name}.csv").write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    return load_own_table(folder / f"{name}.csv", "tone", {})


def _labelled(positive: str) -> list[tuple[str, str]]:
    return [(text, positive) for text in GOOD] + [(text, "bad") for text in BAD]


def test_companions_are_trained_on_and_told(tmp_path: Path, tiny_backbone: Path) -> None:
    own, other = table(tmp_path, "own"), table(tmp_path, "other")
    recipe = Recipe("full", str(tiny_backbone), options={"epochs": "2"})
    alone = train_text(own, recipe, "finance")
    beside = train_text(replace(own, companions=(other,)), recipe, "finance")
    counts = other.frame["split"].value_counts()
    assert beside.bundle.record.data["rows"] == alone.bundle.record.data["rows"]
    (companion,) = beside.bundle.record.data["companions"]
    assert (companion["name"], companion["rows"]) == ("other", counts["train"] + counts["dev"])
    assert len(beside.bundle.seen) > len(alone.bundle.seen)
    saved = beside.save(tmp_path / "bundle")
    card = (tmp_path / "bundle" / "CARD.md").read_text(encoding="utf-8")
    assert f"with {companion['rows']} of other (sha256" in card
    assert "![loss and figures on dev by epoch](curve.svg)" in card
    assert "| epoch | loss | dev_loss | accuracy | macro_f1 |" in card
    assert [line.split(" | ")[0] for line in card.splitlines() if line.startswith(("| 1 |", "| 2 |"))] == ["| 1", "| 2"]
    assert (tmp_path / "bundle" / "curve.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert Bundle.load(tmp_path / "bundle").record == saved.record


def test_what_a_refit_saw_of_dev_counts_as_seen(tmp_path: Path, tiny_backbone: Path) -> None:
    own = table(tmp_path, "own")
    texts, _ = own.part(Split.DEV)
    for refit, shown in (("false", 0), ("true", len(texts))):
        recipe = Recipe("full", str(tiny_backbone), options={"epochs": "1", "refit": refit})
        bundle = train_text(own, recipe, "finance").bundle
        assert np.isin(fingerprints(texts), bundle.seen).sum() == shown


def test_companions_have_the_same_labels(tmp_path: Path, tiny_backbone: Path) -> None:
    own = replace(table(tmp_path, "own"), companions=(table(tmp_path, "other", positive="fine"),))
    with pytest.raises(InputError, match=r"other cannot be trained on beside own: it has other labels \(fine\)"):
        train_text(own, Recipe(backbone=str(tiny_backbone)), "finance")


def test_the_share_of_wrong_answers_that_is_borne_is_kept_and_promised(tmp_path: Path, tiny_backbone: Path) -> None:
    own = table(tmp_path, "own", rounds=6)
    usual, lax = (train_text(own, Recipe(backbone=str(tiny_backbone), risk=risk), "finance") for risk in (None, 0.3))
    for trained, share in ((usual, "0.2"), (lax, "0.3")):
        calibration = trained.bundle.calibration
        assert calibration.risk == float(share)
        assert calibration.threshold == calibration.dial[share] <= 1
        assert f"of its answers at most {float(share):.0%} are wrong" in trained.papers.card


def test_cross_validation_holds_every_row_out_once(tmp_path: Path, tiny_backbone: Path) -> None:
    own = table(tmp_path, "own", rounds=6)
    told = cross_validate(own, Recipe(backbone=str(tiny_backbone)), 4)
    assert {name: len(values) for name, values in told.folds.items()} == {"accuracy": 4, "macro_f1": 4}
    figure = told.summary()["accuracy"]
    assert figure.low <= figure.value <= figure.high
    assert figure.value > 0.6  # the words tell the labels apart
    with pytest.raises(InputError, match="--cv 500: expected between 2 folds and as many as the rarest class has rows"):
        cross_validate(own, Recipe(backbone=str(tiny_backbone)), 500)


def test_copies_of_a_text_are_held_out_together(tmp_path: Path, tiny_backbone: Path) -> None:
    """Labels that say nothing: who has seen a copy knows them, and nobody else."""
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(list("abcdefghij"), 6)) for _ in range(40)]
    rows = [f"{text},{label}" for text, label in zip(texts, random.permutation(["up", "down"] * 20), strict=True)] * 6
    (tmp_path / "copies.csv").write_text("text,label\n" + "\n".join(rows), encoding="utf-8")
    own = load_own_table(tmp_path / "copies.csv", "tone", {})
    told = cross_validate(own, Recipe("probe", str(tiny_backbone)), 4)
    assert told.summary()["accuracy"].value < 0.65


def test_a_cross_validation_that_was_killed_goes_on(
    tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, recipe = table(tmp_path, "own", rounds=2), Recipe("probe", str(tiny_backbone))
    whole = cross_validate(own, recipe, 4)
    fit, begun = TextClassifier.fit, []

    def dying(self: TextClassifier, *given: Any, **named: Any) -> TextClassifier:
        begun.append(1)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return fit(self, *given, **named)

    monkeypatch.setattr(TextClassifier, "fit", dying)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(own, recipe, 4)
    assert cross_validate(own, recipe, 4) == whole
    assert len(begun) == 5  # two, the one that was killed, and the two that were left
    cross_validate(own, recipe, 4)
    assert len(begun) == 9, "a run that has ended begins anew"


def test_the_method_that_auto_chose_is_what_the_bundle_names(tmp_path: Path, tiny_backbone: Path) -> None:
    recipe = Recipe("auto", str(tiny_backbone), options={"budget": "0"})
    trained = train_text(table(tmp_path, "own"), recipe, "finance")
    assert trained.bundle.record.method["name"] == "probe"
    assert trained.bundle.record.method["chosen_by"] == "auto"
    assert "| tried | macro_f1 | dev_loss | seconds |" in trained.papers.card
    assert "| strength | held_out_log_loss |" in trained.papers.card


def test_an_open_world_is_kept_with_the_bundle(tmp_path: Path, tiny_backbone: Path) -> None:
    own = table(tmp_path, "own", rounds=6)
    for method in ("probe", "full"):
        trained = train_text(own, Recipe(method, str(tiny_backbone)), "support", open_world=True)
        trained.save(tmp_path / method)
        scope = Bundle.load(tmp_path / method).scope
        assert scope is not None
        assert trained.bundle.scope is not None
        assert scope.threshold == trained.bundle.scope.threshold
        # of what the head was fitted on, all has a class
        assert set(scope.reference.classes) == {0, 1}
    assert train_text(own, Recipe(backbone=str(tiny_backbone)), "finance").bundle.scope is None


def test_examples_out_of_scope_are_a_class_and_need_no_scope(tmp_path: Path, tiny_backbone: Path) -> None:
    own = table(tmp_path, "own", rounds=6)
    strange = own.frame.head(12).assign(text=[f"zebra {n}" for n in range(12)], label=OUT_OF_SCOPE, split="train")
    mixed = replace(own, frame=pd.concat([own.frame, strange], ignore_index=True))
    trained = train_text(mixed, Recipe(backbone=str(tiny_backbone)), "support", open_world=True)
    assert OUT_OF_SCOPE in trained.bundle.labels
    assert trained.bundle.scope is None


@pytest.mark.parametrize("former", ["full", "lora"])
def test_training_starts_where_another_bundle_ended(tmp_path: Path, tiny_backbone: Path, former: str) -> None:
    first, second = table(tmp_path, "first"), table(tmp_path, "second")
    start = train_text(first, Recipe(former, str(tiny_backbone), options={"epochs": "2"}), "finance").bundle
    assert isinstance(start, Bundle)
    trained = train_text(replace(second, companions=(first,)), Recipe(start=start), "finance")
    bundle = trained.bundle
    assert isinstance(bundle, Bundle)
    assert bundle.record.method["start"] == start.record.id
    assert bundle.record.backbone == str(tiny_backbone)
    assert set(start.seen) <= set(bundle.seen)
    # its confidence is learned from the table's own rows: the others were seen by the encoder
    assert bundle.calibration.examples == len(second.part(Split.TRAIN, Split.DEV)[0])
    texts = ["profit rose", "profit fell", "利润上升"]
    assert np.array_equal(bundle.network.encoder.encode(texts), start.network.encoder.encode(texts))
    trained.save(tmp_path / "saved")
    assert (tmp_path / "saved" / "adapter_config.json").exists() == (former == "lora")
    loaded = Bundle.load(tmp_path / "saved")
    assert loaded.probabilities(texts) == pytest.approx(bundle.probabilities(texts), abs=1e-5)


def test_an_adapter_is_multiplied_in_where_layers_are_trained_on(tmp_path: Path, tiny_backbone: Path) -> None:
    own = table(tmp_path, "own")
    start = train_text(own, Recipe("lora", str(tiny_backbone), options={"epochs": "2"}), "finance").bundle
    assert isinstance(start, Bundle)
    trained = train_text(own, Recipe("full", options={"epochs": "1"}, start=start), "finance")
    trained.save(tmp_path / "saved")
    assert not (tmp_path / "saved" / "adapter_config.json").exists()
    assert Bundle.load(tmp_path / "saved").record.method["start"] == start.record.id


def test_a_column_of_numbers_is_no_column_of_texts(tmp_path: Path) -> None:
    said = [(f"{text} {n}", label) for n in range(4) for text, label in _labelled("good")]
    rows = [f"{customer},{text},{label}" for customer, (text, label) in enumerate(said)]
    (tmp_path / "own.csv").write_text("customer,said,label\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match=r"own.csv, column 'customer': got numbers only; choose the column of texts"):
        load_own_table(tmp_path / "own.csv", "tone", {"text": "customer"})
    assert len(load_own_table(tmp_path / "own.csv", "tone", {"text": "said"}).frame) == len(rows)
