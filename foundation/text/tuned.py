"""A backbone with some tensors of its own: what training moved is held apart, everything else is shared."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from foundation.text.encoder import TextEncoder

__all__ = ["with_tensors"]


def with_tensors(frozen: TextEncoder, tensors: Mapping[str, NDArray[np.float32]]) -> TextEncoder:
    """Return an encoder that has these tensors in place of the backbone's, ready to answer.

    Embeddings, and layers below the first that moved, stay the backbone's own (``foundation.text.shared``).

    Raises
    ------
    KeyError
        A tensor is none of the backbone's.
    """
    import torch

    from foundation.text.packed import pack
    from foundation.text.shared import share_lower_layers

    encoder = frozen.tunable_copy()
    state = {name: torch.from_numpy(value) for name, value in tensors.items()}
    result = encoder.model.load_state_dict(state, strict=False)
    if result.unexpected_keys:
        raise KeyError(f"tensors that the backbone has not: {', '.join(result.unexpected_keys[:3])}")
    share_lower_layers(encoder.model, frozen.model, tensors)
    pack(encoder.model)
    return encoder
