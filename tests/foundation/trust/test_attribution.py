from pathlib import Path

import numpy as np
import pytest
import torch

from foundation.network import Network
from foundation.trust.attribution import Attributor, MapKind
from foundation.vision.backbone import ImageBackbone
from foundation.vision.efficientnet import EfficientNetLite0
from foundation.vision.encoder import ImageEncoder, Preparation


class Bright(torch.nn.Module):
    """A network that measures brightness in one quarter of the picture, which is all that its class depends on."""

    channels = 2

    def __init__(self) -> None:
        super().__init__()
        self.pool = torch.nn.AvgPool2d(4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        light = self.pool(images.mean(dim=1, keepdim=True))
        mask = torch.zeros_like(light)
        mask[..., : light.shape[-2] // 2, : light.shape[-1] // 2] = 1
        return torch.cat([light * mask + 2, torch.full_like(light, 1.0)], dim=1)


@pytest.fixture
def attributor() -> Attributor:
    encoder = ImageEncoder(Bright(), ImageBackbone("bright"), Preparation(32), "0" * 64)
    weight = np.array([[0, 0], [30, -30]], dtype=np.float32)
    return Attributor(Network(encoder, weight, np.zeros(2, dtype=np.float32)))


def quarter() -> np.ndarray:
    image = np.full((32, 32), 40, dtype=np.uint8)
    image[2:12, 2:12] = 240
    image[20:30, 20:30] = 240  # as bright, and of no consequence
    return image


@pytest.mark.parametrize("kind", list(MapKind))
def test_the_map_points_at_what_the_class_depends_on(attributor: Attributor, kind: MapKind) -> None:
    found = attributor.explain(quarter(), 1, kind)
    assert found.heat.shape == (32, 32)
    assert (found.heat.min(), found.heat.max()) == (0, 1)
    assert found.heat[4:10, 4:10].mean() > 3 * found.heat[20:30, 20:30].mean()
    assert found.deletion < found.insertion


def test_a_map_that_points_elsewhere_scores_worse(attributor: Attributor) -> None:
    from foundation.vision.encoder import squared

    square = squared(quarter(), 32)
    right, wrong = np.zeros((32, 32)), np.zeros((32, 32))
    right[2:12, 2:12], wrong[20:30, 20:30] = 1, 1
    good, bad = (attributor._faithfulness(square, heat, 1) for heat in (right, wrong))
    assert good[0] < bad[0]
    assert good[1] > bad[1]


def test_a_map_that_shows_the_picture_and_not_the_model_is_recognised(attributor: Attributor) -> None:
    attributor.__dict__["_random_model"] = attributor._model
    assert attributor.explain(quarter(), 1).random_likeness == pytest.approx(1)


def test_the_network_with_random_weights_is_another(home: Path) -> None:
    torch.manual_seed(0)
    network = EfficientNetLite0().eval().requires_grad_(False)
    encoder = ImageEncoder(network, ImageBackbone("plain"), Preparation(32), "0" * 64)
    before = network.conv_head.weight.clone()
    attributor = Attributor(Network(encoder, np.ones((2, 1280), dtype=np.float32), np.zeros(2, dtype=np.float32)))
    assert not attributor._random_model.network.conv_head.weight.equal(before)
    assert network.conv_head.weight.equal(before)
