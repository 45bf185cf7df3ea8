import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apps.cli.tables import labelled_table
from foundation.assets import ASSETS
from foundation.data.image_leakage import find_image_leakage, leaked_rows
from foundation.data.image_tables import load_own_images
from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.errors import InputError, IntegrityError, OfflineError, UnknownNameError
from foundation.files import md5_file
from foundation.settings import settings
from solutions.medical.pipeline import Medical


def pictures(count: int, seed: int = 0) -> list[np.ndarray]:
    """Smooth random pictures: noise would have no likeness at low frequencies."""
    from scipy.ndimage import gaussian_filter

    generator = np.random.default_rng(seed)
    smooth = [gaussian_filter(generator.normal(size=(40, 40)), 4) for _ in range(count)]
    return [np.rint(255 * (part - part.min()) / (part.max() - part.min())).astype(np.uint8) for part in smooth]


def folder_of(root: Path, classes: dict[str, int]) -> Path:
    for at, (name, count) in enumerate(classes.items()):
        (root / name).mkdir(parents=True)
        for number, image in enumerate(pictures(count, at)):
            Image.fromarray(image).save(root / name / f"{number:02d}.png")
    return root


def test_a_folder_a_class(tmp_path: Path) -> None:
    table = load_own_images(folder_of(tmp_path / "own", {"sick": 20, "well": 30}), "image", {})
    assert len(table.images) == 50
    assert table.frame["label"].value_counts().to_dict() == {"well": 30, "sick": 20}
    images, labels = table.part(Split.TEST)
    assert len(images) == len(labels) == 10


def test_a_split_in_the_folders_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "own"
    for split, count in (("train", 4), ("val", 2), ("test", 3)):
        folder_of(root / split, {"sick": count, "well": count})
    table = load_own_images(root, "image", {})
    assert table.frame["split"].value_counts().to_dict() == {"train": 8, "test": 6, "dev": 4}
    assert table.protocol == "the file's own split"


def test_a_folder_around_all_changes_nothing(tmp_path: Path) -> None:
    for split, count in (("train", 4), ("val", 2), ("test", 3)):
        folder_of(tmp_path / "own" / "scans" / split, {"sick": count, "well": count})
    table = load_own_images(tmp_path / "own", "image", {})
    assert table.frame["split"].value_counts().to_dict() == {"train": 8, "test": 6, "dev": 4}
    assert set(table.frame["label"]) == {"sick", "well"}


def test_train_and_test_alone_give_a_dev_of_other_patients(tmp_path: Path) -> None:
    root = folder_of(tmp_path, {"sick": 60, "well": 60})
    rows = [
        f"{kind}/{n:02d}.png,{kind},p{kind[0]}{n // 3},{'Test' if n < 15 else 'TRAIN'}"
        for kind in ("sick", "well")
        for n in range(60)
    ]
    (root / "list.csv").write_text("image,label,patient,split\n" + "\n".join(rows))
    table = load_own_images(root / "list.csv", "image", {})
    assert table.frame["split"].value_counts()["test"] == 30
    assert 3 <= table.frame["split"].value_counts()["dev"] <= 15
    assert table.frame.groupby("patient")["split"].nunique().max() == 1
    (root / "list.csv").write_text("image,label,split\nsick/00.png,sick,train\nsick/01.png,sick,\nsick/02.png,,test\n")
    with pytest.raises(InputError, match=r"1 of 2 pictures are in no split \(sick/01.png\)"):
        load_own_images(root / "list.csv", "image", {})
    (root / "list.csv").write_text("image,label,split\nsick/00.png,sick,holdout\n")
    with pytest.raises(InputError, match="got split 'holdout'; expected train, val or test"):
        load_own_images(root / "list.csv", "image", {})


def test_a_table_of_files_keeps_patients_together(tmp_path: Path) -> None:
    root = folder_of(tmp_path, {"sick": 30, "well": 30})
    rows = [f"{kind}/{n:02d}.png,{kind},p{kind[0]}{n // 3}" for kind in ("sick", "well") for n in range(30)]
    (root / "list.csv").write_text("path,dx,who\n" + "\n".join(rows))
    table = load_own_images(root / "list.csv", "image", {"image": "path", "label": "dx", "patient": "who"})
    assert table.frame.groupby("patient")["split"].nunique().max() == 1
    assert set(table.groups(Split.TRAIN)).isdisjoint(table.groups(Split.TEST))


def test_figures_are_given_apart_by_a_column_of_the_clients(tmp_path: Path) -> None:
    root = folder_of(tmp_path, {"sick": 15, "well": 15})
    rows = [f"{kind}/{n:02d}.png,{kind},{'AB'[n % 2]}" for kind in ("sick", "well") for n in range(15)]
    (root / "list.csv").write_text("image,label,scanner\n" + "\n".join(rows))
    assert load_own_images(root / "list.csv", "image", {}).columns.slices == ()
    table = load_own_images(root / "list.csv", "image", {"subgroup": "scanner"})
    assert table.columns.slices == ("scanner",)
    assert sorted(table.frame["scanner"].unique()) == ["A", "B"]
    (root / "list.csv").write_text("image,label,subgroup\n" + "\n".join(rows))
    assert load_own_images(root / "list.csv", "image", {}).columns.slices == ("subgroup",)
    with pytest.raises(UnknownNameError, match=r"unknown column 'site'.*subgroup"):
        load_own_images(root / "list.csv", "image", {"subgroup": "site"})


def test_bad_files_are_passed_over_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = folder_of(tmp_path / "own", {"sick": 15, "well": 15})
    (root / "sick" / "half.png").write_bytes(b"\x89PNG broken")
    (root / "empty").mkdir()
    table = load_own_images(root, "image", {})
    assert len(table.images) == 30
    assert [problem.split(" ")[0] for problem in table.problems] == ["half.png", "the"]
    labelled_table(Medical, Medical.spec.task("image"), None, root, "", "utf-8", None)
    assert [line.split(" ")[2] for line in capsys.readouterr().err.splitlines()] == ["half.png", "the"]


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no picture that can be read; expected a folder a class"):
        load_own_images(tmp_path, "image", {})
    with pytest.raises(UnknownNameError, match="unknown column to map 'text'"):
        load_own_images(tmp_path, "image", {"text": "a"})


def test_archives_that_are_not_medmnist_are_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", pixels=np.zeros((2, 8, 8), dtype=np.uint8))
    with pytest.raises(InputError, match="is not as MedMNIST's archives are"):
        load_own_images(tmp_path / "other.npz", "image", {})


def test_copies_near_duplicates_and_patients_are_found() -> None:
    base = pictures(6)
    brighter = np.clip(base[1].astype(int) + 6, 0, 255).astype(np.uint8)
    images = [*base, base[0].copy(), brighter, pictures(1, seed=99)[0]]
    splits = ["train"] * 6 + ["test"] * 3
    patients = ["a", "b", "c", "d", "e", "f", "g", "h", "c"]
    exact, near, shared = leaked_rows(images, splits, patients)
    assert (exact.tolist(), near.tolist(), shared.tolist()) == ([6], [7], [8])
    report = find_image_leakage(images, splits, patients)
    assert (report.exact, report.near, report.patients) == (1, 1, 1)
    assert report.any


def test_other_pictures_are_no_leak() -> None:
    images = pictures(40)
    report = find_image_leakage(images, ["train"] * 20 + ["dev"] * 10 + ["test"] * 10, [str(at) for at in range(40)])
    assert not report.any


def test_a_set_of_medmnist_is_fetched_and_checked(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "mirror" / "breastmnist" / "breastmnist.npz"
    copy.parent.mkdir(parents=True)
    parts = {"train": [0, 1, 1, 0], "val": [0, 1], "test": [1, 0, 1]}
    arrays = {f"{part}_labels": np.array(labels)[:, None] for part, labels in parts.items()}
    arrays |= {f"{part}_images": np.full((len(labels), 28, 28), 7, np.uint8) for part, labels in parts.items()}
    np.savez(copy, **arrays)
    monkeypatch.setenv("COLONNADE_ASSETS", str(tmp_path / "mirror"))
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    settings.cache_clear()
    with pytest.raises(IntegrityError, match=r"breastmnist\.npz was not used: .*other bytes than the pinned hash 7506"):
        load_card_table("breastmnist", "image")
    (pinned,) = ASSETS["breastmnist"].members
    member = replace(pinned, md5=md5_file(copy))
    monkeypatch.setitem(ASSETS, "breastmnist", replace(ASSETS["breastmnist"], members=(member,)))
    table = load_card_table("breastmnist", "image")
    assert table.part(Split.TEST)[1] == ["benign", "malignant", "benign"]
    assert table.as_published
    copy.unlink()
    monkeypatch.setenv("COLONNADE_HOME", str(tmp_path / "another"))
    settings.cache_clear()
    with pytest.raises(OfflineError, match="run 'colonnade assets fetch breastmnist' once with the network"):
        load_card_table("breastmnist", "image")


def test_empty_pictures_are_copies_of_nothing_and_need_no_room() -> None:
    blanks = [np.zeros((48, 48), dtype=np.uint8)] * 1_200
    splits = ["train"] * 800 + ["test"] * 400
    tracemalloc.start()
    exact, near, _ = leaked_rows(blanks, splits, [str(at) for at in range(1_200)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(exact) == len(near) == 0
    assert peak < 200e6  # 5 GB where every pair was compared
