import copy

import pytest
import torch
from torch import nn

from foundation.text.packed import PackedLinear, pack

torch.manual_seed(0)


@pytest.mark.parametrize("tokens", [1, 7, 16, 300])
def test_the_same_numbers(tokens: int) -> None:
    layer, inputs = nn.Linear(48, 24), torch.randn(2, tokens, 48)
    with torch.inference_mode():
        plain = layer(inputs)
        pack(layer)
        assert isinstance(layer, PackedLinear)
        for _ in range(2):
            torch.testing.assert_close(layer(inputs), plain, rtol=1e-5, atol=1e-5)


def test_what_may_move_is_computed_from_its_weights() -> None:
    """A copy to be trained must not answer from the weights that it began with."""
    layer, inputs = pack(nn.Linear(4, 3)), torch.ones(1, 4)
    with torch.inference_mode():
        before = layer(inputs)
    tuned = copy.deepcopy(layer).requires_grad_(True)
    tuned(inputs).sum().backward()
    torch.optim.SGD(tuned.parameters(), lr=1.0).step()
    with torch.inference_mode():
        torch.testing.assert_close(tuned(inputs), before - 5)  # each weight and the bias went down by one
        torch.testing.assert_close(pack(tuned)(inputs), before - 5)
        torch.testing.assert_close(layer(inputs), before)


def test_nothing_more_is_saved() -> None:
    layer = pack(nn.Linear(4, 3))
    with torch.inference_mode():
        layer(torch.ones(1, 4))
    assert set(layer.state_dict()) == {"weight", "bias"}
