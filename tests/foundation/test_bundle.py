import json
import shutil
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.bundle import Bundle, BundleRecord, fingerprints, read_record
from foundation.data.labelled import load_own_table
from foundation.errors import BundleError, InputError, UnknownNameError
from foundation.incumbents import incumbent
from foundation.recipes.evaluate_text import evaluate_text
from foundation.recipes.recipe import Recipe, Trained
from foundation.recipes.train_text import classifier, train_text
from foundation.text.encoder import TextEncoder, _load, load_encoder
from foundation.text.figures import compare_figures
from tests.foundation.training.conftest import BAD, GOOD

TEXTS = [f"{text} {n}" for n in range(4) for text in (*GOOD, *BAD)]
LABELS = (["good"] * 8 + ["bad"] * 8) * 4


def table(folder: Path, labels: list[str] = LABELS, name: str = "client.csv"):
    path = folder / name
    path.write_text(
        "text,label\n" + "\n".join(f"{t},{y}" for t, y in zip(TEXTS, labels, strict=True)), encoding="utf-8"
    )
    return load_own_table(path, "tone", {})


QUICK = {"epochs": "1"}


@pytest.fixture(params=["probe", "full", "lora"])
def trained(request: pytest.FixtureRequest, tmp_path: Path, tiny_backbone: Path, home: Path) -> Trained:
    options = {} if request.param == "probe" else QUICK
    return train_text(table(tmp_path), Recipe(request.param, str(tiny_backbone), options=options), "finance")


def test_a_loaded_bundle_answers_as_the_saved_one(trained: Trained, tmp_path: Path) -> None:
    saved = trained.save(tmp_path / "bundle")
    loaded = Bundle.load(tmp_path / "bundle")
    np.testing.assert_allclose(loaded.probabilities(TEXTS), trained.bundle.probabilities(TEXTS), atol=1e-6)
    assert loaded.record == saved.record
    assert loaded.calibration == trained.bundle.calibration
    splits = pd.read_csv(tmp_path / "bundle" / "splits.csv")["split"].tolist()
    assert splits == table(tmp_path).frame["split"].tolist()
    assert saved.record.id in (tmp_path / "bundle" / "CARD.md").read_text(encoding="utf-8")


def test_the_same_training_gives_the_same_id(tmp_path: Path, tiny_backbone: Path, home: Path) -> None:
    recipe = Recipe("full", str(tiny_backbone), options=QUICK)
    ids = []
    for number in range(2):
        _load.cache_clear()
        trained = train_text(table(tmp_path), recipe, "finance")
        ids.append(trained.save(tmp_path / str(number)).record.id)
    assert ids[0] == ids[1]


def test_compared_figures_are_said_to_training_and_to_the_loaded_model(
    tmp_path: Path, tiny_backbone: Path, home: Path
) -> None:
    told = [f"{text} {n + 5} mn, compared to {n} mn" for n, text in enumerate(TEXTS)]
    recipe = Recipe("probe", str(tiny_backbone), figures=True)
    network = classifier(recipe).fit(told, LABELS).network_
    said = classifier(replace(recipe, figures=False)).fit([compare_figures(text) for text in told], LABELS).network_
    np.testing.assert_array_equal(network.weight, said.weight)

    train_text(table(tmp_path), recipe, "finance").save(tmp_path / "bundle")
    loaded = Bundle.load(tmp_path / "bundle")
    logits = loaded.network.logits([compare_figures(text) for text in told])
    np.testing.assert_array_equal(loaded.probabilities(told), loaded.calibration.probabilities(logits))
    assert "compared figures said in a word" in (tmp_path / "bundle" / "CARD.md").read_text(encoding="utf-8")


def test_a_tuned_bundle_holds_what_training_moved(tmp_path: Path, tiny_backbone: Path, home: Path) -> None:
    from safetensors.numpy import load_file

    recipe = Recipe("full", str(tiny_backbone), options=QUICK | {"frozen_layers": "1"})
    train_text(table(tmp_path), recipe, "finance").save(tmp_path / "bundle")
    tensors = load_file(tmp_path / "bundle" / "encoder.safetensors")
    assert {name.split(".")[2] for name in tensors} == {"1"}
    assert "encoder.layer.1.output.dense.weight" in tensors


def test_an_adapted_bundle_is_what_peft_reads(tmp_path: Path, tiny_backbone: Path, home: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModel

    recipe = Recipe("lora", str(tiny_backbone), options=QUICK)
    trained = train_text(table(tmp_path), recipe, "finance")
    trained.save(tmp_path / "bundle")
    assert not (tmp_path / "bundle" / "encoder.safetensors").exists()
    encoder = load_encoder(str(tiny_backbone))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        adapted = PeftModel.from_pretrained(AutoModel.from_pretrained(tiny_backbone), tmp_path / "bundle")
    plain = TextEncoder(adapted.eval(), encoder.tokenizer, encoder.record, encoder.sha256)
    np.testing.assert_allclose(plain.encode(GOOD), trained.bundle.network.encoder.encode(GOOD), atol=1e-5)


def test_unlabelled_texts_and_an_adapter_are_both_kept(tmp_path: Path, tiny_backbone: Path, home: Path) -> None:
    recipe = Recipe("lora", str(tiny_backbone), options=QUICK, unlabelled=tuple(TEXTS))
    trained = train_text(table(tmp_path), recipe, "finance")
    saved = trained.save(tmp_path / "bundle")
    assert {"encoder.safetensors", "adapter_model.safetensors", "curve.svg"} <= set(saved.record.files)
    loaded = Bundle.load(tmp_path / "bundle")
    np.testing.assert_allclose(loaded.probabilities(TEXTS), trained.bundle.probabilities(TEXTS), atol=1e-6)
    assert "64 texts without labels" in (tmp_path / "bundle" / "CARD.md").read_text(encoding="utf-8")


def test_there_is_no_pickle_in_it(trained: Trained, tmp_path: Path) -> None:
    trained.save(tmp_path / "bundle")
    kinds = {path.suffix for path in (tmp_path / "bundle").iterdir()}
    assert kinds - {".svg"} == {".json", ".safetensors", ".npy", ".md", ".html", ".csv"}


@pytest.mark.parametrize("name", ["head.safetensors", "calibration.json", "seen.npy"])
def test_a_changed_file_is_named(tmp_path: Path, tiny_backbone: Path, name: str) -> None:
    trained = train_text(table(tmp_path), Recipe(backbone=str(tiny_backbone)), "finance")
    trained.save(tmp_path / "bundle")
    path = tmp_path / "bundle" / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 0xFF]))
    with pytest.raises(BundleError, match=f"{name} is not the file that was saved"):
        Bundle.load(tmp_path / "bundle")
    path.unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        Bundle.load(tmp_path / "bundle")


def rewritten(folder: Path, **changes: object) -> Path:
    path = folder / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")
    return folder


def test_a_changed_record_is_explained(tmp_path: Path, tiny_backbone: Path) -> None:
    trained = train_text(table(tmp_path), Recipe(backbone=str(tiny_backbone)), "finance")
    folder = tmp_path / "bundle"
    trained.save(folder)
    with pytest.raises(BundleError, match="schema version 99, this release reads 1"):
        read_record(rewritten(folder, schema_version=99))
    with pytest.raises(BundleError, match=r"names a file outside of the bundle: '\.\./evil'"):
        Bundle.load(rewritten(folder, schema_version=1, files={"../evil": "0" * 64}))
    with pytest.raises(BundleError, match=r"was trained on another .* run 'colonnade assets verify'"):
        Bundle.load(rewritten(folder, files={}, backbone_sha256="0" * 64))
    with pytest.raises(BundleError, match="is not as expected"):
        read_record(rewritten(folder, colour="red"))
    (folder / "bundle.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match="is not readable JSON"):
        read_record(folder)
    with pytest.raises(BundleError, match=r"is no bundle .* 'colonnade train"):
        read_record(tmp_path)


def test_record_round_trip(trained: Trained) -> None:
    values = json.loads(json.dumps(asdict(trained.bundle.record)))
    assert BundleRecord(**values) == trained.bundle.record


def test_the_incumbent_is_the_last_one_set(home: Path, tmp_path: Path, tiny_backbone: Path) -> None:
    with pytest.raises(BundleError, match=r"no model for finance/tone .* 'colonnade train finance --task tone'"):
        incumbent("finance", "tone")
    folders = []
    for seed in (0, 1):
        trained = train_text(table(tmp_path), Recipe(backbone=str(tiny_backbone), seed=seed), "finance")
        folders.append(trained.install())
        assert incumbent("finance", "tone") == folders[-1]
        assert trained.install() == folders[-1]
    assert folders[0] != folders[1]
    assert {path.name for path in folders[0].parent.iterdir()} == {"incumbent", *(folder.name for folder in folders)}


def test_fingerprints_know_a_copy_and_tell_no_text() -> None:
    seen = fingerprints(["Profit rose.", "profit  ROSE", "Sales fell."])
    assert seen.dtype == np.uint64
    assert len(seen) == 2
    assert fingerprints(["profit rose!"])[0] in seen


def test_report_counts_what_was_seen_in_training(tmp_path: Path, tiny_backbone: Path) -> None:
    trained = train_text(table(tmp_path), Recipe(backbone=str(tiny_backbone)), "finance")
    elsewhere = tmp_path / "elsewhere.csv"
    rows = [f"{text},{label},test" for text, label in zip(TEXTS, LABELS, strict=True)]
    elsewhere.write_text("text,label,split\n" + "\n".join(rows), encoding="utf-8")
    report = evaluate_text(trained.bundle, load_own_table(elsewhere, "tone", {}))
    assert report.leakage["seen_in_training"] == trained.bundle.record.data["rows"]
    assert report.baselines == {}
    assert report.dataset.rows == len(TEXTS)


def test_labels_that_the_bundle_does_not_know(tmp_path: Path, tiny_backbone: Path) -> None:
    trained = train_text(table(tmp_path), Recipe(backbone=str(tiny_backbone)), "finance")
    other = table(tmp_path, ["fine" if label == "good" else label for label in LABELS], "other.csv")
    with pytest.raises(
        InputError, match=r"labels that finance-tone-\w+ does not know: fine; it knows bad, good; train"
    ):
        evaluate_text(trained.bundle, other)


def test_fewer_labels_restrict_the_answers(tmp_path: Path, tiny_backbone: Path) -> None:
    three = [("good", "bad", "flat")[n % 3] for n in range(len(TEXTS))]
    trained = train_text(table(tmp_path, three), Recipe(backbone=str(tiny_backbone)), "finance")
    report = evaluate_text(trained.bundle, table(tmp_path))
    assert report.dataset.protocol.endswith("; answers restricted to bad, good")
    assert set(report.per_class) == {"bad", "good"}


def test_a_report_of_a_silent_model_is_valid_json(tmp_path: Path, tiny_backbone: Path) -> None:
    trained = train_text(table(tmp_path), Recipe(backbone=str(tiny_backbone)), "finance")
    silent = replace(trained.bundle, calibration=replace(trained.bundle.calibration, threshold=1.01))
    report = evaluate_text(silent, table(tmp_path))
    known = json.loads(report.to_json(), parse_constant=pytest.fail)["calibration"]
    assert (known["answered"], known["accuracy_answered"]) == (0.0, None)


def test_unknown_method_and_missing_split(tmp_path: Path, tiny_backbone: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown method 'prob'"):
        train_text(table(tmp_path), Recipe("prob", str(tiny_backbone)), "finance")
    path = tmp_path / "test_only.csv"
    path.write_text("text,label,split\n" + "\n".join(f"t{n},a,test" for n in range(20)))
    with pytest.raises(InputError, match="test_only has no train rows"):
        train_text(load_own_table(path, "tone", {}), Recipe(backbone=str(tiny_backbone)), "finance")


def test_a_file_that_the_bundle_does_not_name_is_not_read(tmp_path: Path, tiny_backbone: Path, home: Path) -> None:
    own = table(tmp_path)
    train_text(own, Recipe(backbone=str(tiny_backbone)), "finance").save(tmp_path / "plain")
    train_text(own, Recipe("lora", str(tiny_backbone), options=QUICK), "finance").save(tmp_path / "adapted")
    before = Bundle.load(tmp_path / "plain").probabilities(TEXTS)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / "plain" / name).write_bytes((tmp_path / "adapted" / name).read_bytes())
    np.testing.assert_array_equal(Bundle.load(tmp_path / "plain").probabilities(TEXTS), before)


RELEASED = Path(__file__).parents[1] / "data" / "bundle-0.1.0"


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle as 0.1.0 wrote it, with the small backbone that it names by a relative path."""
    place = tmp_path / "tests" / "data" / "bundle-0.1.0"
    shutil.copytree(RELEASED, place)
    monkeypatch.chdir(tmp_path)
    return place


def test_a_bundle_of_the_first_release_answers_as_it_did(released: Path) -> None:
    expected = json.loads((released / "expected.json").read_text(encoding="utf-8"))
    bundle = Bundle.load(released / "bundle")
    assert list(bundle.labels) == expected["labels"]
    np.testing.assert_allclose(bundle.probabilities(expected["texts"]), expected["probabilities"], atol=1e-4)
