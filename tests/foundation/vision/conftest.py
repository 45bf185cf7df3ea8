"""Small pictures that a network can tell apart, and the real default backbone where it is there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from foundation.settings import settings
from foundation.vision.backbone import ImageBackbone
from foundation.vision.efficientnet import EfficientNetLite0
from foundation.vision.encoder import ImageEncoder, Preparation


@pytest.fixture
def encoder() -> ImageEncoder:
    """The architecture with seeded random weights: nothing is fetched."""
    torch.manual_seed(0)
    network = EfficientNetLite0().eval().requires_grad_(False)
    return ImageEncoder(network, ImageBackbone("random"), Preparation(32), "0" * 64)


@pytest.fixture
def real_backbone(real_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLONNADE_HOME", str(real_home))
    settings.cache_clear()
    yield
    settings.cache_clear()


class TinyNetwork(torch.nn.Module):
    """Two convolutions: learns in milliseconds what the real architecture takes minutes for."""

    channels = 32

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv_stem = torch.nn.Conv2d(3, 16, 5, 2, 2, bias=False)
        self.bn0 = torch.nn.BatchNorm2d(16)
        self.conv_head = torch.nn.Conv2d(16, 32, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(32)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.bn0(self.conv_stem(images)))
        return torch.relu(self.bn1(self.conv_head(hidden)))

    def layer_groups(self) -> list[list[torch.nn.Module]]:
        return [[self.conv_head, self.bn1], [self.conv_stem, self.bn0]]


def tiny_encoder() -> ImageEncoder:
    network = TinyNetwork().eval().requires_grad_(False)
    return ImageEncoder(network, ImageBackbone("tiny"), Preparation(32), "0" * 64)


def discs(count: int, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """Noise with a bright disc, or without one."""
    generator = np.random.default_rng(seed)
    down, across = np.mgrid[:32, :32]
    images, labels = [], []
    for number in range(count):
        image = generator.normal(90, 20, (32, 32))
        if number % 2:
            row, column = generator.integers(8, 24, 2)
            image += 110 * (np.hypot(down - row, across - column) < 6)
        images.append(np.clip(image, 0, 255).astype(np.uint8))
        labels.append("disc" if number % 2 else "none")
    return images, labels
