import copy

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn
from transformers import BertConfig, BertModel

from foundation.text.packed import PackedLayer, PackedLinear, pack

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


@pytest.fixture
def bert() -> BertModel:
    config = BertConfig(vocab_size=50, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96)
    model = BertModel(config, add_pooling_layer=False).eval()
    for parameter in model.parameters():  # layer norms and biases begin as ones and zeros, which would hide a mistake
        nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.parametrize("lengths", [[1], [7], [40], [9, 4, 1]])
def test_a_layer_gives_the_same_numbers(bert: BertModel, lengths: list[int]) -> None:
    mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
    ids = torch.randint(50, mask.shape)
    with torch.inference_mode():
        plain = bert(input_ids=ids, attention_mask=mask).last_hidden_state[mask.bool()]
        pack(bert)
        assert all(type(layer) is PackedLayer for layer in bert.encoder.layer)
        for _ in range(2):
            again = bert(input_ids=ids, attention_mask=mask).last_hidden_state[mask.bool()]
            torch.testing.assert_close(again, plain, rtol=1e-4, atol=1e-4)


def test_a_layer_that_may_move_or_is_adapted_is_computed_from_its_modules(bert: BertModel) -> None:
    layer, hidden = pack(bert).encoder.layer[0], torch.randn(1, 5, 48)
    with torch.inference_mode():
        before = layer(hidden)
    tuned = copy.deepcopy(layer).requires_grad_(True)
    torch.testing.assert_close(tuned(hidden), before, rtol=1e-4, atol=1e-4)
    tuned(hidden).square().sum().backward()
    torch.optim.SGD(tuned.parameters(), lr=1e-3).step()
    adapted = inject_adapter_in_model(
        LoraConfig(target_modules=["value"], init_lora_weights=False), copy.deepcopy(layer)
    )
    with torch.inference_mode():
        assert not torch.allclose(tuned(hidden), before, atol=1e-2)
        assert not torch.allclose(adapted.requires_grad_(False)(hidden), before, atol=1e-2)
        torch.testing.assert_close(layer(hidden), before)


def test_a_layer_with_another_activation_stays_as_it_is() -> None:
    config = BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, hidden_act="relu"
    )
    assert not any(isinstance(module, PackedLayer) for module in pack(BertModel(config)).modules())


def test_under_autocast_a_layer_is_computed_from_its_modules(bert: BertModel) -> None:
    layer, hidden = pack(bert).encoder.layer[0], torch.randn(1, 5, 48)
    with torch.no_grad():
        plain = layer(hidden)
        with torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(layer(hidden).float(), plain, rtol=0.1, atol=0.1)
