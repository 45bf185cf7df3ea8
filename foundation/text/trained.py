"""What training added to an encoder, on the disk: tensors that moved, and an adapter, each where there is one."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.text.adapters import CONFIG_FILE, WEIGHTS_FILE, AdaptedEncoder, Adapter, adapt
from foundation.text.encoder import TextEncoder, load_encoder
from foundation.text.tuned import with_tensors

__all__ = ["load_training", "save_training"]

_MOVED_FILE = "encoder.safetensors"


def save_training(encoder: TextEncoder, folder: Path) -> None:
    """Write what the backbone itself has not; nothing for a frozen encoder."""
    from safetensors.numpy import save_file

    if isinstance(encoder, AdaptedEncoder):
        encoder.adapter.save(folder)
        encoder = encoder.shared
    if encoder.tuned:
        save_file(_moved_tensors(encoder), folder / _MOVED_FILE)


def load_training(encoder: TextEncoder, folder: Path, files: Collection[str]) -> TextEncoder:
    """Return the backbone's encoder with what is in the folder on it.

    Parameters
    ----------
    encoder : TextEncoder
    folder : Path
    files : collection of str
        Names of the files that were checked; others that lie there are not read.

    Raises
    ------
    KeyError
        A tensor is none of the backbone's.
    OSError, ValueError, SafetensorError
        A file cannot be read.
    """
    from safetensors.numpy import load_file

    if _MOVED_FILE in files:
        encoder = with_tensors(encoder, load_file(folder / _MOVED_FILE))
    return adapt(encoder, Adapter.load(folder)) if {WEIGHTS_FILE, CONFIG_FILE} <= set(files) else encoder


def _moved_tensors(encoder: TextEncoder) -> dict[str, NDArray[np.float32]]:
    """Take the tensors that are not those of the backbone."""
    before = dict(load_encoder(encoder.record.name).model.named_parameters())
    return {
        name: np.ascontiguousarray(parameter.detach().numpy())
        for name, parameter in encoder.model.named_parameters()
        if parameter is not before[name] and not parameter.equal(before[name])
    }
