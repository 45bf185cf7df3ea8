from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from foundation.errors import InputError, UnknownNameError
from foundation.training.image_classifier import ImageClassifier
from foundation.training.images.augmentation import Augmentation
from foundation.training.images.auto import Auto
from foundation.training.images.finetuning import ImageFineTuning, _ImageModel
from foundation.training.images.full import Full
from foundation.training.images.lora import Lora
from foundation.training.method import Labelled, Modality, TrainingJob, find_method
from foundation.vision.encoder import ImageEncoder
from foundation.vision.trained import load_training, save_training
from tests.foundation.vision.conftest import discs, tiny_encoder

STILL = {"turn": 0.0, "shift": 0.0, "zoom": 0.0, "contrast": 0.0, "noise": 0.0, "flip": False}


@pytest.fixture
def job(home: Path) -> TrainingJob[ImageEncoder]:
    images, labels = discs(12)
    targets = np.array([label == "disc" for label in labels], dtype=np.int64)
    return TrainingJob(
        tiny_encoder(),
        Labelled(images[:8], targets[:8]),
        Labelled(images[8:], targets[8:]),
        np.ones(2),
        ("none", "disc"),
    )


@pytest.mark.parametrize("method", [Full, Lora])
def test_eight_pictures_are_overfitted(method: type[ImageFineTuning], job: TrainingJob[ImageEncoder]) -> None:
    chosen = method(epochs=60, batch_size=8, learning_rate=1e-2, dropout=0.0, label_smoothing=0.0, patience=60, **STILL)
    same = TrainingJob(job.encoder, job.train, job.train, job.class_weight, job.labels)
    network = chosen.fit(same).network
    assert network.logits(job.train.items).argmax(axis=1).tolist() == job.train.targets.tolist()


def test_zero_logits_cost_log_of_the_number_of_classes(job: TrainingJob[ImageEncoder]) -> None:
    model = _ImageModel(job.encoder, torch.ones(2), dropout=0.0, label_smoothing=0.0)
    torch.nn.init.zeros_(model.head.weight)
    loss = model(torch.rand(4, 3, 32, 32), torch.tensor([0, 1, 0, 1]))["loss"]
    assert float(loss.detach()) == pytest.approx(log(2))


@pytest.mark.parametrize("method", [Full(epochs=3, batch_size=2), Lora(epochs=3, batch_size=2)])
def test_the_shared_network_is_left_alone(method: ImageFineTuning, job: TrainingJob[ImageEncoder]) -> None:
    before = {name: value.clone() for name, value in job.encoder.network.state_dict().items()}
    tuned = method.fit(job).network.encoder
    assert all(value.equal(before[name]) for name, value in job.encoder.network.state_dict().items())
    assert tuned.network.state_dict().keys() == before.keys()  # adapters are merged: a plain network answers
    assert not tuned.network.conv_head.weight.equal(before["conv_head.weight"])


def test_a_network_comes_back_exactly_from_half_precision(
    job: TrainingJob[ImageEncoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foundation.vision.trained.load_image_encoder", lambda *_: job.encoder)
    tuned = Full(epochs=2).fit(job).network.encoder
    save_training(tuned, tmp_path)
    written = load_file(tmp_path / "encoder.safetensors")
    assert written["conv_head.weight"].dtype == torch.float16
    assert written["bn1.running_var"].dtype == torch.float32
    again = load_training(job.encoder, tmp_path, ["encoder.safetensors"]).network.state_dict()
    assert all(value.equal(again[name]) for name, value in tuned.network.state_dict().items())


def test_the_same_seed_gives_the_same_figures(job: TrainingJob[ImageEncoder]) -> None:
    scores = [Full(epochs=3).fit(job).held_out_logits for _ in range(2)]
    np.testing.assert_array_equal(*scores)


def test_learning_rates_fall_with_depth_and_reach_everything_once(job: TrainingJob[ImageEncoder]) -> None:
    tuned = job.encoder.tunable_copy()
    model = _ImageModel(tuned, torch.ones(2), 0.0, 0.0)
    groups = list(Full()._groups(model, tuned))
    rates = [group["lr"] for group in groups]
    assert rates == sorted(rates, reverse=True)
    trained = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(trained) == len(set(trained)) == len(list(model.parameters()))


def test_changes_follow_the_seed_and_stay_in_range() -> None:
    change = Augmentation(15, 0.1, 0.1, 0.3, 0.05, flip=True).transform(32)
    image = torch.rand(3, 32, 32)
    torch.manual_seed(1)
    first = change(image)
    torch.manual_seed(1)
    assert change(image).equal(first)
    assert not change(image).equal(first)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1


def test_methods_for_images_have_their_own_list() -> None:
    assert isinstance(find_method("full", Modality.IMAGE), Full)
    with pytest.raises(UnknownNameError, match="unknown method for images 'fewshot'; known: auto, full, lora, probe"):
        find_method("fewshot", Modality.IMAGE)


def test_what_is_no_picture_is_told() -> None:
    model = ImageClassifier(size=32)
    with pytest.raises(InputError, match=r"image 1 is float64 \(8, 8\); expected uint8"):
        model.fit([np.zeros((8, 8), np.uint8), np.zeros((8, 8))], ["a", "b"])
    with pytest.raises(InputError, match="got 2 images and 1 labels"):
        model.fit([np.zeros((8, 8), np.uint8)] * 2, ["a"])
    with pytest.raises(InputError, match=r"got labels of 1 class \(a\)"):
        model.fit([np.zeros((8, 8), np.uint8)] * 2, ["a", "a"])


@pytest.mark.parametrize(("budget", "expected"), [(600.0, ["probe", "full"]), (0.0, ["probe"])])
def test_auto_trains_all_layers_where_the_time_allows(
    job: TrainingJob[ImageEncoder], budget: float, expected: list[str]
) -> None:
    fitted = Auto(budget=budget, epochs=2).fit(job)
    tried = [record for record in fitted.history if "tried" in record]
    assert [record["tried"] for record in tried] == expected
    assert type(fitted.method).__name__.lower() in expected
    best = max(tried, key=lambda record: (record["macro_f1"], -record["dev_loss"]))
    assert best["tried"] == type(fitted.method).__name__.lower()
