"""Small pictures that a network can tell apart, and the real default backbone where it is there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from foundation.settings import settings
from foundation.vision.backbone import ImageBackbone
from foundation.vision.efficientnet import EfficientNetLite0
from foundation.vision.encoder import ImageEncoder, Preparation


@pytest.fixture
def encoder() -> ImageEncoder:
    """The architecture with seeded random weights: nothing is fetched."""
    import torch

    torch.manual_seed(0)
    network = EfficientNetLite0().eval().requires_grad_(False)
    return ImageEncoder(network, ImageBackbone("random"), Preparation(32), "0" * 64)


@pytest.fixture
def real_backbone(real_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLONNADE_HOME", str(real_home))
    settings.cache_clear()
    yield
    settings.cache_clear()


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
