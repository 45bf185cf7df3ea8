"""Dataset cards: a README.md whose YAML header maps files to typed columns, splits and label names."""

from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from foundation.data.tables import ColumnKind
from foundation.errors import InputError, UnknownNameError

__all__ = [
    "Card",
    "CorpusColumns",
    "EventColumns",
    "ImageColumns",
    "ItemColumns",
    "Names",
    "TaskColumns",
    "all_cards",
    "find_card",
]

#: A client's package names the folder of its cards here.
ENTRY_POINTS = "colonnade.datasets"
# In a checkout the cards lie at the top, in an installed wheel beside this file.
_ROOTS = (Path(__file__).parents[2] / "datasets", Path(str(files("foundation.data"))) / "embedded")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(_Strict):
    """A thing's name for people, in both languages."""

    en: str
    zh: str


class TaskColumns(_Strict):
    """Which columns hold a task's text and label; a set of images has a column of file names, or none (``.npz``).

    ``other`` is the second text, where the task is about pairs of texts; ``features`` are the columns of cells, where
    it is about rows.
    """

    text: str = ""
    other: str = ""
    features: tuple[str, ...] = ()
    label: str


class CorpusColumns(_Strict):
    """Where the documents lie that a question may be answered by; the questions' label is a document's id."""

    file: str
    id: str
    title: str
    body: str
    topic: str | None = None
    language: str | None = None


class ImageColumns(_Strict):
    """How a set of images is read.

    Attributes
    ----------
    file : str or None
        The column of paths, relative to the table's folder; None for a MedMNIST archive (``.npz``).
    patient : str or None
        The column by which pictures of one patient, or near-duplicates, are kept together.
    slices : tuple of str
        Columns of subgroups for which figures are given apart.
    negative : str or None
        The label that stands for nothing found; None where there is no such thing.
    excluded : tuple of str
        Labels that are left out, because they are too rare.
    size, stem_stride : int
        The preparation that suits the images (``foundation.vision.encoder.Preparation``).
    flip : bool
        Whether a mirrored picture is still one of its class.
    """

    file: str | None = None
    patient: str | None = None
    slices: tuple[str, ...] = ()
    negative: str | None = None
    excluded: tuple[str, ...] = ()
    size: int = 128
    stem_stride: int = 2
    flip: bool = True


class ItemColumns(_Strict):
    """How a catalogue is read: what can be recommended.

    Attributes
    ----------
    file : str
    id : str
    title, text : dict of language to column
        ``text`` is a description, where there is one.
    tags : tuple of str
        Columns of words or phrases.
    tag_separators : str
        Characters of which each holds two of them apart.
    tag_names : dict of tag to Names
        What they are called for people; a tag that is not named stands for itself.
    numbers : tuple of str
        Columns that a ranker may read, such as a price.
    """

    file: str
    id: str
    title: dict[str, str]
    text: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    tag_separators: str = "|;,，；、\n"
    tag_names: dict[str, Names] = {}
    numbers: tuple[str, ...] = ()


class EventColumns(_Strict):
    """How a table of what users did with items is read; the task's ``text`` is the user and its ``label`` the item.

    Attributes
    ----------
    time, kind, value : str or None
        Seconds since 1970 or a date; what was done; a rating of 1 to 5.
    protocols : tuple of str
        Ways to split that published figures were made with, the usual one first.
    """

    time: str | None = None
    kind: str | None = None
    value: str | None = None
    protocols: tuple[str, ...]


class Card(_Strict):
    """What is known of a data set.

    Attributes
    ----------
    files : dict of split to file name
        ``{"all": ...}`` where one file holds everything.
    split_column : str or None
        The column with ``train``, ``dev`` and ``test``, where files are not split.
    sha256 : dict of file name to hash
        Of the copy that the published figures are for.
    labels : dict of task to dict of label to Names
        Of the tasks whose labels are a closed set.
    slice_names : dict of subgroup to Names
        What subgroups, ``column=value`` each, are called for people; one that is not named stands for itself.
    corpus : CorpusColumns or None
        Of a set of questions and the documents that answer them.
    images : ImageColumns or None
        Of a set of images.
    items : ItemColumns or None
        Of a catalogue.
    events : EventColumns or None
        Of a set of what users did with the items.
    companions : tuple of str
        Other cards whose train and dev rows are trained on together with this one's, in the tasks that both have: their
        labels are the same.
    asset : str or None
        Of a set that may be fetched: the asset that holds its files (``foundation.assets``).
    published : tuple of str
        Results of others, with their source.
    """

    name: str
    title: Names
    solution: str
    licence: str
    origin: str
    citation: str = ""
    files: dict[Literal["all", "train", "dev", "test"], str]
    split_column: str | None = None
    sha256: dict[str, str]
    columns: dict[str, ColumnKind]
    tasks: dict[str, TaskColumns]
    labels: dict[str, dict[str, Names]] = {}
    slice_names: dict[str, Names] = {}
    corpus: CorpusColumns | None = None
    images: ImageColumns | None = None
    items: ItemColumns | None = None
    events: EventColumns | None = None
    companions: tuple[str, ...] = ()
    asset: str | None = None
    published: tuple[str, ...] = ()

    def folder(self) -> Path:
        """Where the card lies; an embedded set lies beside it."""
        return _folders()[self.name]


@cache
def _folders() -> dict[str, Path]:
    ours = [path for root in _ROOTS for path in sorted(root.glob("*/*/README.md"))]
    theirs = [
        path for entry in entry_points(group=ENTRY_POINTS) for path in sorted(Path(entry.load()).glob("*/README.md"))
    ]
    return {path.parent.name: path.parent for path in (*theirs, *ours)}


def all_cards() -> dict[str, Card]:
    """Return every card by name."""
    return {name: find_card(name) for name in _folders()}


@cache
def find_card(name: str) -> Card:
    """Read the card of this name.

    Raises
    ------
    UnknownNameError
        There is none; the nearest name is suggested.
    InputError
        Its header is not valid; the message names the field.

    Examples
    --------
    >>> find_card("headlines").tasks["tone"].label
    'tone'
    """
    if name not in _folders():
        raise UnknownNameError("dataset", name, _folders())
    return read_card(_folders()[name] / "README.md")


def read_card(path: Path) -> Card:
    """Read a card from its file."""
    _, separator, rest = path.read_text(encoding="utf-8").partition("---\n")
    header, closing, _ = rest.partition("\n---\n")
    if not separator or not closing:
        raise InputError(f"{path} has no YAML header; expected it between two lines '---'")
    try:
        return Card.model_validate(yaml.safe_load(header))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: the header is not YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: field {where!r}: {first['msg']}") from error
