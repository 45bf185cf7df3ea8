"""Events and a catalogue as one table: from a card, or from a client's own two files."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foundation.assets.cache import fetch
from foundation.assets.catalog import find_asset
from foundation.data.cards import Card, EventColumns, ItemColumns, find_card
from foundation.data.labelled import CLIENTS_OWN, LabelledTable, locate
from foundation.data.labelled import Columns as Labelled
from foundation.data.splits import Split
from foundation.data.tables import iter_table, read_table, rename_columns
from foundation.errors import InputError, UnknownNameError
from foundation.files import atomic_folder
from foundation.settings import settings
from solutions.recommendation.actions import Columns
from solutions.recommendation.catalogue import Catalogue, read_catalogue
from solutions.recommendation.events import Events, collect_events
from solutions.recommendation.protocols import Protocol, find_protocol, split_events

__all__ = [
    "ML100K_ASSET",
    "EventTable",
    "load_card_events",
    "load_catalogue",
    "load_own_events",
    "own_catalogue",
]

_ML100K = "ml100k"
#: What delivers it.
ML100K_ASSET = "ml-100k"
_BLOCK_ROWS = 200_000
_OWN_COLUMNS = (Columns.USER, Columns.ITEM, Columns.TIME, Columns.KIND, Columns.VALUE)


@dataclass(frozen=True, eq=False, kw_only=True)
class EventTable(LabelledTable):
    """What users did with items; a user is what is read, an item what is found.

    Attributes
    ----------
    events : Events
    catalogue : Catalogue
    by : Protocol
        How the events are split.
    seed : int
        Of the split.
    """

    events: Events
    catalogue: Catalogue
    by: Protocol
    seed: int

    def events_of(self, *splits: Split) -> Events:
        """Return the events of the splits."""
        return self.events.take(np.flatnonzero(self.frame[Labelled.SPLIT].isin([split.value for split in splits])))

    def under(self, protocol: str, seed: int = 0) -> "EventTable":
        """Return the same events, split by another protocol or seed."""
        return replace(self, **_split(self.events, find_protocol(protocol), seed))


def load_card_events(name: str, task: str, data_root: Path | None = None) -> EventTable:
    """Load the events of a card; MovieLens comes out of its asset where it lies nowhere else."""
    card = find_card(name)
    if card.events is None or card.items is None or task not in card.tasks:
        raise UnknownNameError(f"task of dataset {name}", task, card.tasks)
    if name == _ML100K:
        _unpack_ml100k(card, data_root)
    columns, task_columns = card.events, card.tasks[task]
    mapping = {Columns.USER: task_columns.text, Columns.ITEM: task_columns.label} | _optional(columns)
    catalogue = load_catalogue(card, data_root)
    path = locate(card, card.files["all"], data_root)
    blocks = (rename_columns(block, mapping) for block in iter_table(path, _BLOCK_ROWS))
    events = collect_events(blocks, catalogue.ids)
    content = events.sha256()
    return EventTable(
        name=name,
        task=task,
        sha256=content,
        licence=card.licence,
        names={},
        as_published=content in card.sha256.values(),
        data_root=data_root,
        catalogue=catalogue,
        **_split(events, find_protocol(columns.protocols[0]), 0),
    )


def load_own_events(
    path: Path,
    task: str,
    mapping: Mapping[str, str],
    items: Path | None,
    *,
    encoding: str = "utf-8",
    seed: int = 0,
    more: pd.DataFrame | None = None,
) -> EventTable:
    """Load a client's events, and their items where they give a table of these.

    Parameters
    ----------
    path : Path
        A table of events.
    task : str
    mapping : mapping of ``user``, ``item``, ``time``, ``kind``, ``value`` to the file's column names; ``title``,
        ``text``, ``tags`` to those of the items' table
    items : Path, optional
        A table of items; without it an item's id is all that can be read of it. The ranker reads its columns of numbers
        (price, year, stock), too.
    encoding : str
    seed : int
        Of the split: by time where there are times (each user's last event is test), otherwise at random.
    more : DataFrame, optional
        Events beside those of the file, with ``user``, ``item`` and ``time`` in seconds.
    """
    about_items = ("title", "text", "tags")
    if strange := set(mapping) - {*_OWN_COLUMNS, *about_items}:
        raise UnknownNameError("column to map", strange.pop(), [*_OWN_COLUMNS, *about_items])
    named = {wanted: given for wanted, given in mapping.items() if wanted in _OWN_COLUMNS}

    def blocks() -> Iterator[pd.DataFrame]:
        timed = False
        for block in iter_table(path, _BLOCK_ROWS, encoding):
            renamed = rename_columns(block, named)
            timed = timed or Columns.TIME in renamed.columns
            yield renamed
        if more is not None:
            yield more if timed else more.drop(columns=Columns.TIME)

    if items:
        catalogue = own_catalogue(read_table(items, encoding), mapping, items.name)
    else:
        catalogue = _catalogue_of_ids(blocks())
    events = collect_events(blocks(), catalogue.ids)
    return EventTable(
        name=path.stem,
        task=task,
        sha256=_fingerprint(events, catalogue),
        licence=CLIENTS_OWN,
        names={},
        catalogue=catalogue,
        **_split(events, Protocol.LEAVE_ONE_OUT if events.timed else Protocol.RATIO_75_25, seed),
    )


def load_catalogue(card: Card, data_root: Path | None = None) -> Catalogue:
    """Read the items of a card."""
    if card.items is None:
        raise InputError(f"dataset {card.name} has no catalogue of items")
    path = locate(card, card.items.file, data_root)
    return read_catalogue(read_table(path), card.items, path.name)


def own_catalogue(
    frame: pd.DataFrame, mapping: Mapping[str, str], name: str, numbers: Collection[str] | None = None
) -> Catalogue:
    """Read a client's table of items.

    Parameters
    ----------
    frame : DataFrame
    mapping : mapping of ``item``, ``title``, ``text``, ``tags`` to its columns
        Called so where left out.
    name : str
        Of the table, for messages.
    numbers : collection of str, optional
        Columns of numbers to look for; where left out, those that hold nothing else.
    """
    named = {wanted: mapping.get(wanted, wanted) for wanted in ("item", "title", "text", "tags")}
    title = named["title"] if "title" in mapping or named["title"] in frame.columns else named["item"]
    columns = ItemColumns(
        file=name,
        id=named["item"] if named["item"] in frame.columns else "item",
        title={"en": title},
        text={"en": named["text"]} if "text" in mapping or named["text"] in frame.columns else {},
        tags=(named["tags"],) if "tags" in mapping or named["tags"] in frame.columns else (),
    )
    known = {columns.id, *columns.title.values(), *columns.text.values(), *columns.tags}
    others = [column for column in frame.columns if column not in known]
    found = _number_columns(frame[others]) if numbers is None else tuple(name for name in others if name in numbers)
    return read_catalogue(frame, columns.model_copy(update={"numbers": found}), name)


def _split(events: Events, protocol: Protocol, seed: int) -> dict[str, Any]:
    """Return the fields of a table that follow from how its events are split."""
    splits = split_events(events, protocol, seed)
    frame = pd.DataFrame({Labelled.TEXT: events.users, Labelled.LABEL: events.items, Labelled.SPLIT: splits})
    made = protocol.value if protocol.by_time else f"{protocol.value}, seed {seed}"
    stamp = f"{made}; all {events.item_count} items ranked, what the user had left out"
    return {"events": events, "frame": frame, "protocol": stamp, "by": protocol, "seed": seed}


def _fingerprint(events: Events, catalogue: Catalogue) -> str:
    """Return a hash of what a model learns from: the events as they were read, and the order of the items."""
    content = sha256("\n".join((*events.user_ids, *catalogue.ids)).encode())
    for part in (events.users, events.items, events.times, events.weights):
        content.update(np.ascontiguousarray(part).tobytes())
    return content.hexdigest()


def _optional(columns: EventColumns) -> dict[str, str]:
    named = {Columns.TIME: columns.time, Columns.KIND: columns.kind, Columns.VALUE: columns.value}
    return {wanted: given for wanted, given in named.items() if given}


def _number_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns such as price or year: of each cell that is not empty the number, and not always the same."""
    numbers = frame.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
    empty = frame.astype(str).apply(lambda cells: cells.str.strip() == "")
    told = (numbers.notna() | empty).all() & (numbers.min() < numbers.max())
    return tuple(map(str, told.index[told]))


def _catalogue_of_ids(blocks: Iterator[pd.DataFrame]) -> Catalogue:
    ids: dict[str, None] = {}
    for block in blocks:
        if Columns.ITEM in block.columns:
            ids |= dict.fromkeys(item for item in block[Columns.ITEM].astype(str).str.strip() if item)
    if not ids:
        raise InputError("the events have no column 'item'; name the right one with --map item=COLUMN")
    return read_catalogue(pd.DataFrame({"item": list(ids)}), ItemColumns(file="", id="item", title={"en": "item"}), "")


def _unpack_ml100k(card: Card, data_root: Path | None) -> None:
    """Write the asset's tables as the card describes them, where no copy of the set is on this machine."""
    folder = settings().home / "datasets" / card.name
    try:
        locate(card, card.files["all"], data_root)
    except InputError:
        asset = fetch(find_asset(ML100K_ASSET))
        with atomic_folder(folder) as temporary:
            for source, target in (("ml-100k.inter", "ratings.csv"), ("ml-100k.item", "items.csv")):
                frame = pd.read_csv(asset / source, sep="\t", dtype=str, keep_default_na=False)
                frame.columns = [name.partition(":")[0] for name in frame.columns]
                frame.to_csv(temporary / target, index=False, lineterminator="\n")
