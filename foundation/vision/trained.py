"""What training moved in an image network, on the disk."""

import re
from collections.abc import Collection
from pathlib import Path

import torch

from foundation.vision.encoder import ImageEncoder, load_image_encoder
from foundation.vision.ensemble import Ensemble

__all__ = ["load_training", "save_training"]

_MOVED_FILE = "encoder.safetensors"
_MEMBER = re.compile(r"^members\.(\d+)\.")  # before the name that a tensor has in the backbone


def save_training(encoder: ImageEncoder, folder: Path) -> None:
    """Write the tensors that the backbone itself has not, in half precision where that loses nothing.

    Nothing is written for a frozen encoder.
    """
    from safetensors.torch import save_file

    if not encoder.tuned:
        return
    preparation = encoder.preparation
    before = load_image_encoder(encoder.record.name, preparation.size, preparation.stem_stride).network.state_dict()
    moved = {
        name: _halved(tensor).contiguous()
        for name, tensor in encoder.network.state_dict().items()
        if not tensor.equal(before[_MEMBER.sub("", name)])
    }
    save_file(moved, folder / _MOVED_FILE)


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    half = tensor.half() if tensor.is_floating_point() else tensor
    return half if half.to(tensor.dtype).equal(tensor) else tensor


def load_training(encoder: ImageEncoder, folder: Path, files: Collection[str]) -> ImageEncoder:
    """Return the backbone's encoder with what is in the folder on it.

    Parameters
    ----------
    encoder : ImageEncoder
    folder : Path
    files : collection of str
        Names of the files that were checked; others that lie there are not read.

    Raises
    ------
    KeyError
        A tensor is none of the backbone's.
    """
    from safetensors.torch import load_file

    if _MOVED_FILE not in files:
        return encoder
    moved = load_file(folder / _MOVED_FILE)
    members = {found[1] for name in moved if (found := _MEMBER.match(name))}
    networks = [encoder.tunable_copy().network for _ in range(max(1, len(members)))]
    tuned = encoder.with_network(Ensemble(networks) if members else networks[0])
    result = tuned.network.load_state_dict(moved, strict=False)
    if result.unexpected_keys:
        raise KeyError(f"tensors that the backbone has not: {', '.join(result.unexpected_keys[:3])}")
    tuned.network.eval().requires_grad_(False)
    return tuned
