"""A client: a folder with their settings, their models and the history of both.

::

    clients/acme/client.toml    name, colours, texts, label names, which verticals; people edit it
    clients/acme/history.json   who replaced which model by which, when and why, with the comparison
    clients/acme/bundles/VERTICAL/TASK/ID/     every candidate that was ever fitted
    clients/acme/said/          databases of what people said on the pages of the client's hub
    clients/acme/feedback/      of that what models learned from, with the names of who said it
    clients/acme/rows/          what each of their models learned from, without personal data
    clients/acme/articles.jsonl what support answers from, indexed in knowledge/
    clients/acme/README.md      how to run it
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from foundation.bundle import Savable
from foundation.data.cards import Names
from foundation.data.tables import write_table
from foundation.errors import BundleError, InputError
from foundation.files import atomic_file
from foundation.incumbents import incumbent, keep_bundle
from foundation.papers import Papers
from foundation.settings import settings

__all__ = ["Client", "ClientSettings", "Replacement"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
# WCAG 2.2, 1.4.3: white text on a button of this colour must be readable.
_LEAST_CONTRAST = 4.5


class ClientSettings(BaseModel):
    """The content of ``client.toml``.

    Attributes
    ----------
    name : str
        As people write it.
    verticals : list of str
        Which pages the hub has.
    language : {"en", "zh"}
        Of a visitor whose browser does not say.
    accent : str
        ``#RRGGBB``, readable under white.
    logo : str
        A PNG, JPEG or SVG file in the client's folder; none where empty.
    texts : dict of language to dict of key to str
        Strings of the pages that read otherwise, by their keys in ``apps/locale``.
    names : dict of vertical to dict of task to dict of label to Names
        What people read for a label; used by the next training.
    risk : dict of vertical to dict of task to str
        Share of answers that may be wrong, such as ``"0.1"``; used by the next training.
    data : dict of vertical to dict of task to dict
        How the columns of the client's file were read.
    bundles : dict of vertical to dict of task to str
        Which model answers; the suite's own where none is named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    verticals: list[str]
    language: Literal["en", "zh"] = "en"
    accent: str = "#0072B2"
    logo: str = ""
    texts: dict[str, dict[str, str]] = {}
    names: dict[str, dict[str, dict[str, Names]]] = {}
    risk: dict[str, dict[str, str]] = {}
    data: dict[str, dict[str, dict[str, str]]] = {}
    bundles: dict[str, dict[str, str]] = {}


@dataclass(frozen=True)
class Replacement:
    """One entry of the history.

    Attributes
    ----------
    when : str
        ISO 8601, UTC.
    vertical, task, former, candidate : str
        The last two are ids of bundles.
    accepted : bool
    who, why : str
    own, ours : list of dict
        Comparisons on the client's rows, and on the suite's.
    """

    when: str
    vertical: str
    task: str
    former: str
    candidate: str
    accepted: bool
    who: str
    why: str
    own: list[dict[str, Any]] = field(default_factory=list)
    ours: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Client:
    """A client's folder, read.

    Attributes
    ----------
    folder : Path
    settings : ClientSettings
    """

    folder: Path
    settings: ClientSettings

    @classmethod
    def open(cls, name: str) -> Self:
        """Read a client that is there.

        Raises
        ------
        InputError
            There is none of that name, or its settings are not as expected.
        """
        folder = _folder(name)
        path = folder / "client.toml"
        if not path.is_file():
            known = sorted(entry.parent.name for entry in settings().clients.glob("*/client.toml"))
            raise InputError(
                f"no client {name!r} in {settings().clients} (there: {', '.join(known) or 'none'}); "
                f"make one with 'colonnade customize VERTICAL --client {name} --data FILE'"
            )
        return cls(folder, _read(path))

    @classmethod
    def open_or_new(cls, name: str, vertical: str) -> Self:
        """Read a client, or begin one that has a vertical; nothing is written yet."""
        folder = _folder(name)
        if (folder / "client.toml").is_file():
            return cls.open(name)
        return cls(folder, ClientSettings(name=name.replace("-", " ").title(), verticals=[vertical]))

    @property
    def history(self) -> list[Replacement]:
        """What was replaced, the earliest first."""
        path = self.folder / "history.json"
        if not path.is_file():
            return []
        try:
            return [Replacement(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
        except (ValueError, TypeError) as error:
            raise BundleError(f"{path} cannot be read: {error}; restore it, or move it away") from error

    def bundles(self, vertical: str) -> dict[str, Path]:
        """Return the folders of the client's own models of a vertical, by task."""
        return {
            task: self._home(vertical, task) / bundle
            for task, bundle in self.settings.bundles.get(vertical, {}).items()
        }

    @property
    def said(self) -> Path:
        """Where what people say on the pages of the client's hub is kept."""
        return self.folder / "said"

    def model(self, vertical: str, task: str) -> Path:
        """Return the folder of the model that answers now: the client's own, else the suite's."""
        return self.bundles(vertical).get(task) or incumbent(vertical, task)

    def keep(self, bundle: Savable, papers: Papers) -> Path:
        """Save a candidate, whether it will answer or not."""
        return keep_bundle(bundle, papers, self._home(bundle.record.solution, bundle.record.task))

    def _home(self, vertical: str, task: str) -> Path:
        return self.folder / "bundles" / vertical / task

    def with_vertical(self, vertical: str) -> "Client":
        """Write a vertical among those of the hub; what people wrote into the settings stays."""
        return self._save(self._document(vertical))

    def with_bundle(self, vertical: str, task: str, bundle: str, columns: Mapping[str, str]) -> "Client":
        """Write which model answers, and how the data was read; what people wrote into the settings stays."""
        import tomlkit

        document = self._document(vertical)
        chosen: Any = document.setdefault("bundles", tomlkit.table()).setdefault(vertical, tomlkit.table())
        own = self._home(vertical, task) / bundle
        if own.is_dir():
            chosen[task] = bundle
        else:
            chosen.pop(task, None)  # the suite's own answers again
        if columns:
            read: Any = document.setdefault("data", tomlkit.table()).setdefault(vertical, tomlkit.table())
            read[task] = dict(columns)
        return self._save(document)

    def _document(self, vertical: str) -> Any:
        """Return the settings as they are written, with a vertical among those of the hub."""
        import tomlkit

        path = self.folder / "client.toml"
        document: Any = tomlkit.parse(path.read_text(encoding="utf-8") if path.is_file() else _begin(self.settings))
        if vertical not in document["verticals"]:
            document["verticals"].append(vertical)
        return document

    def _save(self, document: Any) -> "Client":
        import tomlkit

        path = self.folder / "client.toml"
        with atomic_file(path) as temporary:
            temporary.write_text(tomlkit.dumps(document), encoding="utf-8")
        return Client(self.folder, _read(path))

    def record(self, entry: Replacement) -> None:
        """Add an entry to the history."""
        entries = [asdict(known) for known in (*self.history, entry)]
        with atomic_file(self.folder / "history.json") as temporary:
            temporary.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def keep_feedback(self, rows: pd.DataFrame, vertical: str, task: str) -> Path:
        """Write what people labelled on the pages beside the models that learn from it, and return the file."""
        path = self.folder / "feedback" / f"{vertical}-{task}.csv"
        with atomic_file(path) as temporary:
            write_table(rows, temporary, append=False, kind=".csv")
        return path


def _folder(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InputError(f"--client: got {name!r}; expected small letters, digits and dashes, such as acme-bank")
    return settings().clients / name


def _read(path: Path) -> ClientSettings:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        read = ClientSettings.model_validate(tomlkit.parse(path.read_text(encoding="utf-8")).unwrap())
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}; mend that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: field {'.'.join(map(str, first['loc']))!r}: {first['msg'].lower()}") from error
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", read.accent):
        raise InputError(f"{path}: accent: got {read.accent!r}; expected a colour such as #0072B2")
    if (contrast := _contrast_with_white(read.accent)) < _LEAST_CONTRAST:
        raise InputError(
            f"{path}: accent: white on {read.accent} has a contrast of {contrast:.1f}; expected {_LEAST_CONTRAST} or "
            "more: take a darker one"
        )
    return read


def _contrast_with_white(colour: str) -> float:
    """Return the contrast ratio of WCAG 2.2.

    Examples
    --------
    >>> round(_contrast_with_white("#000000"), 1), round(_contrast_with_white("#0072B2"), 1)
    (21.0, 5.2)
    """
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


def _begin(first: ClientSettings) -> str:
    name = json.dumps(first.name, ensure_ascii=False)
    return f"""# What makes the hub this client's own; `colonnade demo --client NAME` shows it.
name = {name}
verticals = {json.dumps(first.verticals)}
language = "{first.language}"  # of a visitor whose browser does not say: en or zh
accent = "{first.accent}"  # readable under white
logo = ""  # a PNG, JPEG or SVG file in this folder

# Strings of the pages that read otherwise, by their keys in apps/locale/en.json and zh.json.
[texts.en]
"hub.title" = {name}
[texts.zh]
"hub.title" = {name}

# What people read for a label, and the share of answers that may be wrong. The next training uses both.
# [names.support.intent.card_lost]
# en = "Lost card"
# zh = "卡片遗失"
# [risk.support]
# intent = "0.1"
"""
