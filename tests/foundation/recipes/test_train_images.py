"""From a client's folder of pictures to a bundle: what stands for no finding, and what stands in two parts."""

from pathlib import Path

import pytest
from PIL import Image

from foundation.data.image_tables import ImageTable, load_own_images
from foundation.data.splits import Split
from foundation.errors import InputError, UnknownNameError
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_images import gate_leaks, leaking_rows, train_images
from tests.foundation.vision.conftest import discs, tiny_encoder


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    encoder = tiny_encoder()
    monkeypatch.setattr("foundation.training.image_classifier.load_image_encoder", lambda *_, **__: encoder)


def folder(root: Path, names: tuple[str, str], leak: bool = False) -> ImageTable:
    """Thirty pictures with and without a disc, in the parts that a person made."""
    images, labels = discs(30)
    for at, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = root / ("train" if at < 16 else "val" if at < 24 else "test") / names[label == "disc"]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{at}.png")
    if leak:
        Image.fromarray(images[0]).save(root / "test" / names[labels[0] == "disc"] / "again.png")
    return load_own_images(root, "image", {})


@pytest.mark.parametrize(
    ("names", "options", "negative"),
    [
        (("Normal", "disc"), {}, "Normal"),
        (("no_disc", "disc"), {}, "no_disc"),
        (("正常", "disc"), {}, "正常"),
        (("cats", "dogs"), {}, None),
        (("cats", "dogs"), {"negative": "cats"}, "cats"),
        (("normal", "disc"), {"negative": "none"}, None),
    ],
)
def test_what_stands_for_no_finding(
    tmp_path: Path, names: tuple[str, str], options: dict[str, str], negative: str | None
) -> None:
    trained = train_images(folder(tmp_path / "own", names), Recipe(options=options), "medical")
    record = trained.bundle.record
    assert record.image["negative"] == negative
    if negative:
        point = trained.bundle.held_out.operating_point(sorted(names).index(negative), 0.9)
        assert point.sensitivity[0] >= 0.9


def test_a_label_of_no_finding_that_is_none_is_told_before_training(tmp_path: Path) -> None:
    table = folder(tmp_path / "own", ("cats", "dogs"))
    with pytest.raises(UnknownNameError, match="unknown label 'cat'; known: cats, dogs; did you mean 'cats'"):
        train_images(table, Recipe(options={"negative": "cat"}), "medical")


def test_a_picture_in_two_parts_stops_training_unless_told_otherwise(tmp_path: Path) -> None:
    table = folder(tmp_path / "own", ("cats", "dogs"), leak=True)
    exact, near, patients = leaking_rows(table)
    assert (len(exact), len(near), len(patients)) == (1, 0, 0)
    with pytest.raises(InputError, match=r"leaks: 1 of dev or test are copies.*say --leaks drop"):
        train_images(table, Recipe(), "medical")
    dropped, leakage = gate_leaks(table, "drop")
    assert leakage.exact == 1
    assert len(dropped.images) == len(table.images) - 1
    assert len(dropped.part(Split.TRAIN)[0]) == len(table.part(Split.TRAIN)[0])
    assert "1 leaking rows of dev and test left out" in dropped.protocol
    kept, leakage = gate_leaks(table, "keep")
    assert kept is table
    assert leakage.any
