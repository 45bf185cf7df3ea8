import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from foundation.errors import InputError
from foundation.training.images.lora import Lora
from foundation.vision.backbone import load_network
from foundation.vision.efficientnet import EfficientNetLite0
from foundation.vision.encoder import ImageEncoder, load_image_encoder, squared


@given(arrays(np.uint8, st.tuples(st.integers(8, 60), st.integers(8, 60))))
@settings(max_examples=30, deadline=None)
def test_a_square_keeps_the_shape_and_invents_no_values(image: np.ndarray) -> None:
    square = squared(image, 32)
    assert square.shape == (32, 32, 3)
    height, width = image.shape
    rows, columns = (max(1, round(side * 32 / max(height, width))) for side in (height, width))
    assert not square[: (32 - rows) // 2].any()
    assert not square[:, : (32 - columns) // 2].any()


def test_vectors_are_of_unit_length_in_order_and_do_not_depend_on_the_batch(encoder: ImageEncoder) -> None:
    images = [np.random.default_rng(n).integers(0, 255, (20 + n, 30), dtype=np.uint8) for n in range(40)]
    together = encoder.encode(images)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together[35], encoder.encode([images[35]])[0], atol=1e-5)
    assert encoder.encode([]).shape == (0, 1280)


def test_a_stem_of_stride_one_sees_twice_as_fine() -> None:
    images = torch.zeros(1, 3, 32, 32)
    assert EfficientNetLite0(stem_stride=1).eval()(images).shape[-1] == 2 * EfficientNetLite0().eval()(images).shape[-1]


def test_padding_is_that_of_tensorflow() -> None:
    # one bright pixel in the corner of 4 x 4, a kernel of ones, stride 2: SAME pads right and below only,
    # so that the first output sees rows and columns 0 to 2, and the second 2 to 4
    from foundation.vision.efficientnet import _SameConv

    conv = _SameConv(1, 1, 3, 2, bias=False)
    conv.weight.data.fill_(1)
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    top = image[0, 0]
    expected = [[top[:3, :3].sum(), top[:3, 2:].sum()], [top[2:, :3].sum(), top[2:, 2:].sum()]]
    assert conv(image)[0, 0].tolist() == [[float(value) for value in row] for row in expected]


def test_the_real_weights_give_the_numbers_that_they_gave(real_backbone: None) -> None:
    """Activations of a ramp by the checkpoint; the classes of two photos were looked at when they were written down."""
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    vector = load_image_encoder("efficientnet-lite0", 64).encode([ramp])[0]
    np.testing.assert_allclose(vector[PINNED_AT], PINNED, atol=1e-4)


PINNED_AT = [526, 54, 418, 1167, 2, 139, 301, 116]
PINNED = [0.29474, 0.26688, 0.25159, 0.2191, 0.20148, 0.19756, 0.19231, 0.19215]


def test_unknown_backbones_are_told() -> None:
    with pytest.raises(InputError, match="unknown backbone 'resnet'; expected efficientnet-lite0, a local folder"):
        load_network("resnet")
    with pytest.raises(InputError, match="has a stem of its own"):
        load_network("some/model", stem_stride=1)


def test_a_folder_of_a_transformers_model_is_a_backbone(tmp_path: object) -> None:
    from transformers import ResNetConfig, ResNetModel, ViTConfig, ViTModel

    torch.manual_seed(0)
    small = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ResNetModel(small).save_pretrained(f"{tmp_path}/resnet")
    tokens = ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32)
    ViTModel(tokens).save_pretrained(f"{tmp_path}/vit")
    image = np.random.default_rng(0).integers(0, 255, (50, 40, 3), dtype=np.uint8)
    for name in ("resnet", "vit"):
        encoder = load_image_encoder(f"{tmp_path}/{name}", 48)
        assert encoder.encode([image]).shape == (1, 16)
        with pytest.raises(InputError, match="of this backbone take full or probe"):
            Lora()._tunable(encoder)
