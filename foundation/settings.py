"""What the environment decides: where things are kept, and whether the network may be used."""

import os
from enum import Enum
from functools import cache
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.errors import InputError

__all__ = ["Settings", "Tracking", "keep_said_in", "settings"]


class Tracking(str, Enum):
    """Where training writes its curves."""

    TENSORBOARD = "tensorboard"
    WANDB = "wandb"
    NONE = "none"


class Settings(BaseSettings):
    """Settings of this process, read once from ``COLONNADE_*`` variables.

    Attributes
    ----------
    home : Path
        Caches and bundles (``COLONNADE_HOME``).
    data : Path or None
        Local copies of public data sets, a folder per card name (``COLONNADE_DATA``).
    assets : Path or None
        Local copies of assets, a folder per asset name; the ``file:`` source (``COLONNADE_ASSETS``).
    clients : Path
        What was made for clients, a folder each (``COLONNADE_CLIENTS``).
    offline : bool
        Whether every network attempt is an immediate error (``COLONNADE_OFFLINE``).
    tracking : Tracking
        Where training writes its curves (``COLONNADE_TRACKING``). Weights & Biases (the extra ``tracking``) stays
        offline unless ``WANDB_MODE`` says otherwise.
    said : Path or None
        Where the databases of what people say on the pages are (``COLONNADE_SAID``); ``home`` where left out. A
        client's hub keeps them in the client's folder.
    store : str
        Database of the finance monitor, which ``watch`` writes and the page shows (``COLONNADE_STORE``); a file in
        ``home`` by default.
    password : str
        What the pages ask for before they show anything (``COLONNADE_PASSWORD``); they are open to all without it.
    llm, llm_model, llm_key : str
        Address (up to ``/v1``) of an OpenAI-compatible server that may put answers into other words, the model to ask
        it for and its key (``COLONNADE_LLM``, ``COLONNADE_LLM_MODEL``, ``COLONNADE_LLM_KEY``); none by default.
    """

    model_config = SettingsConfigDict(env_prefix="COLONNADE_", frozen=True)

    home: Path = Path.home() / ".cache" / "colonnade"
    data: Path | None = None
    assets: Path | None = None
    clients: Path = Path("clients")
    offline: bool = False
    tracking: Tracking = Tracking.TENSORBOARD
    said: Path | None = None
    store: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    llm: str = ""
    llm_model: str = "default"
    llm_key: SecretStr = SecretStr("")

    def said_in(self, file: str) -> Path:
        """Return where a database of what people say on the pages is."""
        return (self.said or self.home) / file


def keep_said_in(folder: Path) -> None:
    """Keep what people say on the pages of this process in a folder of its own, unless ``COLONNADE_SAID`` names one."""
    os.environ.setdefault("COLONNADE_SAID", str(folder.resolve()))
    settings.cache_clear()


@cache
def settings() -> Settings:
    """Return the settings of this process; ``settings.cache_clear()`` reads the environment anew.

    Raises
    ------
    InputError
        A variable has a value that it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"COLONNADE_{first['loc'][0]}".upper()
        raise InputError(f"{name}: got {first['input']!r}; {first['msg'].lower()}") from error
