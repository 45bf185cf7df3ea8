"""Image backbones by name: what each expects of its input, and the network that gives feature maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.assets import fetch, find_asset
from foundation.assets.hub import hub_folder
from foundation.errors import AssetError, InputError
from foundation.files import atomic_folder, sha256_file
from foundation.progress import Listener, silent
from foundation.settings import settings

if TYPE_CHECKING:
    from torch import nn

__all__ = ["DEFAULT_BACKBONE", "ImageBackbone", "load_network"]

DEFAULT_BACKBONE = "efficientnet-lite0"
_WEIGHTS = "model.safetensors"
# What loading needs. No *.bin (pickle) and no *.py (code) is ever taken from a hub.
_HUB_FILES = ["*.json", "*.safetensors"]


@dataclass(frozen=True)
class ImageBackbone:
    """What must be known of an encoder before it is loaded.

    Attributes
    ----------
    name : str
        A known name, a Hub id or a local folder.
    mean, std : float
        What pixels (0 to 255) are shifted and divided by.
    """

    name: str
    # of the TensorFlow release of EfficientNet-Lite; for other networks it is near enough to ImageNet's own figures
    # (0.485, 0.456, 0.406 of 1), and a folder's preprocessor_config.json overrides it
    mean: float = 127.0
    std: float = 128.0


@dataclass(frozen=True, eq=False)
class LoadedBackbone:
    """A network and the hash of the file that its weights were read from."""

    record: ImageBackbone
    network: "nn.Module"
    sha256: str


def load_network(name: str, stem_stride: int = 2, listener: Listener = silent) -> LoadedBackbone:
    """Load a backbone whose output is feature maps, shape (n, channels, h, w).

    Parameters
    ----------
    name : str
        ``efficientnet-lite0``, a Hub id or a local folder of a transformers image model.
    stem_stride : {1, 2}
        See ``EfficientNetLite0``; other networks have a stem of their own.
    listener : Listener
        Told of the bytes of a download.

    Raises
    ------
    InputError
        The name is neither known nor a folder nor a Hub id, or the network has no such stem.
    AssetError
        It cannot be fetched or loaded.
    """
    if name == DEFAULT_BACKBONE:
        return _efficientnet(stem_stride, listener)
    if stem_stride != 2:
        raise InputError(f"backbone {name} has a stem of its own; stem_stride is for {DEFAULT_BACKBONE}")
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _transformers_model(name, folder)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")):
        return _transformers_model(name, hub_folder(name, _HUB_FILES, DEFAULT_BACKBONE))
    raise InputError(f"unknown backbone {name!r}; expected {DEFAULT_BACKBONE}, a local folder, or a Hub id OWNER/NAME")


def _efficientnet(stem_stride: int, listener: Listener) -> LoadedBackbone:
    """Write the checkpoint as safetensors once, and load it; the asset's hash vouches for the former."""
    from filelock import FileLock
    from safetensors.torch import load_file, save_file

    from foundation.vision.efficientnet import EfficientNetLite0, read_checkpoint

    folder = settings().home / "backbones" / DEFAULT_BACKBONE
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not folder.is_dir():
            checkpoint = fetch(find_asset(DEFAULT_BACKBONE), listener) / "efficientnet-lite0.pth"
            with atomic_folder(folder) as temporary:
                save_file(read_checkpoint(checkpoint), temporary / _WEIGHTS)
    network = EfficientNetLite0(stem_stride)
    network.load_state_dict(load_file(folder / _WEIGHTS), strict=True)
    return LoadedBackbone(ImageBackbone(DEFAULT_BACKBONE), network.eval(), sha256_file(folder / _WEIGHTS))


def _transformers_model(name: str, folder: Path) -> LoadedBackbone:
    from transformers import AutoImageProcessor, AutoModel

    from foundation.vision.maps import FeatureMaps

    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise InputError(f"{folder} is no backbone: expected config.json and *.safetensors in it")
    try:
        model: Any = AutoModel.from_pretrained(folder, trust_remote_code=False, use_safetensors=True)
        network = FeatureMaps(model)
    except (OSError, ValueError, KeyError) as error:
        raise AssetError(f"{folder} cannot be loaded as an image backbone: {str(error).splitlines()[0]}") from error
    record = ImageBackbone(name)
    if (folder / "preprocessor_config.json").is_file():
        processor: Any = AutoImageProcessor
        processor = processor.from_pretrained(folder, trust_remote_code=False)
        mean, std = (sum(values) / len(values) * 255 for values in (processor.image_mean, processor.image_std))
        record = ImageBackbone(name, mean, std)
    return LoadedBackbone(record, network.eval(), sha256_file(weights[0]))
