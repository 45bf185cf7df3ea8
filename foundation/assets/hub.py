"""Whole model folders from the Hugging Face Hub: weights and configuration, never code and never a pickle."""

from collections.abc import Sequence
from pathlib import Path

from foundation.errors import AssetError, OfflineError
from foundation.settings import settings

__all__ = ["hub_folder"]


def hub_folder(name: str, patterns: Sequence[str], instead: str) -> Path:
    """Return the folder of a Hub model in the cache, fetching it first.

    Parameters
    ----------
    name : str
        ``OWNER/NAME``.
    patterns : sequence of str
        Which files are taken; no ``*.bin`` (pickle) and no ``*.py`` (code) may be among them.
    instead : str
        The backbone that needs no hub, for the message.

    Raises
    ------
    AssetError
        It cannot be fetched; ``OfflineError`` where the network is forbidden.
    """
    if settings().offline:
        raise OfflineError(
            f"backbone {name} would come from the Hub and COLONNADE_OFFLINE=1 forbids it; "
            f"give a local folder, or use {instead}"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(patterns), cache_dir=settings().home / "hub"))
    # the Hub client raises its own tree, httpx errors and OSError, all of which mean the same to the user
    except Exception as error:
        raise AssetError(
            f"backbone {name} could not be fetched from the Hub ({type(error).__name__}); "
            f"give a local folder, or use {instead}, which needs no hub"
        ) from error
