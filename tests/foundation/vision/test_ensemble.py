from pathlib import Path

import numpy as np
import pytest
import torch

from foundation.errors import InputError
from foundation.network import Network
from foundation.training.images.full import Full
from foundation.training.method import Labelled, TrainingJob
from foundation.trust.attribution import Attributor
from foundation.vision.encoder import ImageEncoder
from foundation.vision.ensemble import joined
from foundation.vision.trained import load_training, save_training
from tests.foundation.vision.conftest import discs, tiny_encoder


def network(seed: int) -> Network[ImageEncoder]:
    generator = np.random.default_rng(seed)
    encoder = tiny_encoder()
    encoder.network.conv_head.weight.data *= torch.from_numpy(generator.uniform(0.2, 2, (32, 1, 1, 1))).float()
    weight = generator.normal(size=(3, encoder.dimensions)).astype(np.float32)
    return Network(encoder, weight, generator.normal(size=3).astype(np.float32))


def test_three_networks_answer_with_the_mean_of_their_logits() -> None:
    images, _ = discs(5)
    members = [network(seed) for seed in range(3)]
    mean = np.mean([member.logits(images) for member in members], axis=0)
    np.testing.assert_allclose(joined(members).logits(images), mean, atol=1e-5)
    assert np.ptp([member.logits(images) for member in members], axis=0).min() > 1e-3


def test_the_map_is_the_sum_of_what_the_members_look_at() -> None:
    (image, *_), _ = discs(1)
    members = [network(seed) for seed in range(2)]

    def towards(one: Network[ImageEncoder]) -> np.ndarray:
        """Gradient times activation of the member's last maps, by hand: the head's weight over the vector's length."""
        with torch.inference_mode():
            maps = one.encoder.network(one.encoder.normalised([image]))[0]
        mean = maps.mean(dim=(1, 2))
        vector, weight = mean / mean.norm(), torch.from_numpy(one.weight[1])
        gradient = (weight - (weight @ vector) * vector) / mean.norm()
        return (gradient[:, None, None] * maps).sum(dim=0).numpy()

    heat = Attributor(joined(members)).explain(image, 1).heat
    summed = torch.from_numpy(np.maximum(sum(towards(member) for member in members), 0))
    wide = torch.nn.functional.interpolate(summed[None, None], size=heat.shape, mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(heat, (wide - wide.min()) / np.ptp(wide), atol=1e-4)
    assert all(np.abs(heat - Attributor(member).explain(image, 1).heat).max() > 0.01 for member in members)


def test_a_member_that_sees_nothing_does_not_silence_the_others() -> None:
    images, _ = discs(3)
    dead, alive = network(0), network(1)
    dead.encoder.network.bn1.weight.data.zero_()
    dead.encoder.network.bn1.bias.data.zero_()
    together = joined([dead, alive])
    # of one vector alone the length is 1, and not the root of two
    expected = (alive.logits(images) - alive.bias) / np.sqrt(2) + together.bias
    np.testing.assert_allclose(together.logits(images), expected, atol=1e-5)


def test_members_are_trained_apart_and_come_back_exactly(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = discs(12)
    targets = np.array([label == "disc" for label in labels], dtype=np.int64)
    told: list[float] = []
    job = TrainingJob(
        tiny_encoder(),
        Labelled(images[:8], targets[:8]),
        Labelled(images[8:], targets[8:]),
        np.ones(2),
        ("none", "disc"),
        listener=lambda done, total, what: told.append(done / total),
    )
    monkeypatch.setattr("foundation.vision.trained.load_image_encoder", lambda *_: job.encoder)
    tuned = Full(epochs=2, batch_size=2, members=2).fit(job).network.encoder
    first, second = tuned.network.members
    assert not first.conv_head.weight.equal(second.conv_head.weight)
    assert told == sorted(told)
    assert told[-1] == 1
    save_training(tuned, tmp_path)
    again = load_training(job.encoder, tmp_path, ["encoder.safetensors"])
    np.testing.assert_array_equal(again.encode(images), tuned.encode(images))


def test_no_member_is_one_line() -> None:
    job = TrainingJob(tiny_encoder(), Labelled([], np.array([])), Labelled([], np.array([])), np.ones(2), ("a", "b"))
    with pytest.raises(InputError, match="members: got 0; expected 1 or more"):
        Full(members=0).fit(job)
