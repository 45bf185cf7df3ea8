from pathlib import Path

import numpy as np
import pytest
import torch

from foundation.errors import InputError
from foundation.training.images.pretrain import ImagePretrain, _Siblings, _spread
from tests.foundation.vision.conftest import discs, tiny_encoder


def test_vectors_that_are_alike_or_repeat_themselves_cost() -> None:
    corners = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    assert float(_spread(corners)) == pytest.approx(0, abs=1e-6)
    # no variance at all: 25 * (1 - sqrt(1e-4))
    assert float(_spread(torch.ones(4, 2))) == pytest.approx(24.75)
    # the second part repeats the first: covariance 4 / 3 off the diagonal, twice, over two parts
    assert float(_spread(corners[:, [0, 0]])) == pytest.approx((4 / 3) ** 2)


def test_views_that_do_not_differ_cost_nothing_more() -> None:
    torch.manual_seed(0)
    model = _Siblings(tiny_encoder(), 8).train()
    views = torch.rand(6, 3, 32, 32)
    same, other = (float(model(views, second)["loss"].detach()) for second in (views, views.flip(0)))
    assert same < other


def test_the_same_seed_gives_the_same_network_and_the_shared_one_is_left_alone(home: Path) -> None:
    images, _ = discs(100)
    encoder = tiny_encoder()
    before = encoder.encode(images)
    seen = [ImagePretrain(epochs=1).fit(encoder, images, seed=3).encode(images) for _ in range(2)]
    np.testing.assert_array_equal(*seen)
    np.testing.assert_array_equal(encoder.encode(images), before)
    assert not np.allclose(seen[0], before, atol=1e-3)


def test_too_few_pictures_are_one_line() -> None:
    with pytest.raises(InputError, match="got 12 unlabelled pictures; expected 100 or more"):
        ImagePretrain().fit(tiny_encoder(), discs(12)[0])
