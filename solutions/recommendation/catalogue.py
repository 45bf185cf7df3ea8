"""What there is to recommend: titles, texts, tags and numbers of items, in one or both languages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from foundation.data.cards import ItemColumns, Names
from foundation.errors import InputError

__all__ = ["Catalogue", "read_catalogue"]

# Of a text this much is read: the encoder takes longer ones, but says little more of them.
_MOST_CHARACTERS = 2_000


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Items, in the order of their numbers.

    Attributes
    ----------
    ids : tuple of str
    titles, descriptions : mapping of language to tuple of str
        A catalogue in one language has it under that one alone; without descriptions there is no language.
    tags : tuple of tuple of str
    tag_names : mapping of tag to Names
    numbers : mapping of column to ndarray of float64, shape (items,)
        Columns that the ranker may read, NaN where a cell is empty.
    """

    ids: tuple[str, ...]
    titles: Mapping[str, tuple[str, ...]]
    descriptions: Mapping[str, tuple[str, ...]]
    tags: tuple[tuple[str, ...], ...]
    tag_names: Mapping[str, Names]
    numbers: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        """Count items."""
        return len(self.ids)

    @cached_property
    def number_of(self) -> Mapping[str, int]:
        """Numbers of items by id."""
        return {item: number for number, item in enumerate(self.ids)}

    def title(self, item: int, language: str = "en") -> str:
        """Return an item's title in a language, or in the one that there is."""
        return _in(self.titles, language)[item]

    @cached_property
    def texts(self) -> Mapping[str, tuple[str, ...]]:
        """What the language model reads of each item: title, tags and description."""
        return {
            language: tuple(
                _text(title, [self.tag_name(tag, language) for tag in tags], self.description(item, language))
                for item, (title, tags) in enumerate(zip(titles, self.tags, strict=True))
            )
            for language, titles in self.titles.items()
        }

    def tag_name(self, tag: str, language: str = "en") -> str:
        """Return what a tag is called."""
        named = self.tag_names.get(tag)
        return (named.zh if language == "zh" else named.en) if named else tag.replace("_", " ")

    def description(self, item: int, language: str = "en") -> str:
        """Return an item's description alone, in a language or in the one that there is; empty where there is none."""
        return _in(self.descriptions, language)[item] if self.descriptions else ""

    def with_items(self, arrivals: "Catalogue") -> "Catalogue":
        """Return the catalogue with items at its end; a language or a number that they lack is left empty.

        Raises
        ------
        InputError
            One of them is in it already.

        Examples
        --------
        >>> old = Catalogue(("a",), {"en": ("A",)}, {}, (("calm",),), {}, {"price": np.array([3.0])})
        >>> new = Catalogue(("b",), {"en": ("B",)}, {"en": ("A tale.",)}, ((),), {}, {})
        >>> both = old.with_items(new)
        >>> both.texts["en"], both.numbers["price"].tolist()
        (('A. calm', 'B. A tale.'), [3.0, nan])
        """
        if twice := set(arrivals.ids) & set(self.ids):
            raise InputError(f"item {min(twice)!r} is in the catalogue already; leave it out, or train again")
        bodies = {
            language: (
                *self.descriptions.get(language, ("",) * len(self)),
                *(arrivals.description(item, language) for item in range(len(arrivals))),
            )
            for language in self.descriptions or arrivals.descriptions
        }
        titles = {
            language: (*known, *(arrivals.title(item, language) for item in range(len(arrivals))))
            for language, known in self.titles.items()
        }
        nothing = np.full(len(arrivals), np.nan)
        numbers = {
            column: np.concatenate([known, arrivals.numbers.get(column, nothing)])
            for column, known in self.numbers.items()
        }
        tags, names = (*self.tags, *arrivals.tags), {**arrivals.tag_names, **self.tag_names}
        return Catalogue((*self.ids, *arrivals.ids), titles, bodies, tags, names, numbers)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that there are texts in."""
        return tuple(self.titles)


def read_catalogue(frame: pd.DataFrame, columns: ItemColumns, name: str) -> Catalogue:
    """Read a table of items.

    An item without text keeps its place: behaviour can recommend it, and its title or id stands for its text.

    Parameters
    ----------
    frame : DataFrame
        Cells as text.
    columns : ItemColumns
    name : str
        Of the table, for messages.

    Raises
    ------
    InputError
        A column is missing, an id is empty or stands twice.
    """
    titles, bodies = columns.title, columns.text
    wanted = [columns.id, *titles.values(), *bodies.values(), *columns.tags, *columns.numbers]
    if missing := [column for column in wanted if column not in frame.columns]:
        raise InputError(
            f"{name} has no column {missing[0]!r}; it has: {', '.join(map(str, frame.columns))}; "
            "name the right one with --map item=COLUMN,title=COLUMN,..."
        )
    ids = frame[columns.id].astype(str).str.strip()
    wrong = (ids == "") | ids.duplicated()
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        raise InputError(f"{name}, row {at + 1}: got item id {ids.iloc[at]!r}; expected one that no other row has")
    tags = _tags(frame, columns.tags, columns.tag_separators)
    shown = {language: _titles(frame[column], ids) for language, column in titles.items()}
    told = {language: tuple(frame[column].astype(str).str.strip()) for language, column in bodies.items()}
    numbers = {column: pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64) for column in columns.numbers}
    return Catalogue(tuple(ids), shown, told, tags, columns.tag_names, numbers)


def _text(title: str, tags: Sequence[str], description: str) -> str:
    return ". ".join(part for part in (title, ", ".join(tags), description) if part)[:_MOST_CHARACTERS]


def _in(by_language: Mapping[str, tuple[str, ...]], language: str) -> tuple[str, ...]:
    return by_language.get(language) or next(iter(by_language.values()))


def _titles(cells: pd.Series, ids: pd.Series) -> tuple[str, ...]:
    stripped = cells.astype(str).str.strip()
    return tuple(stripped.where(stripped != "", ids))


def _tags(frame: pd.DataFrame, columns: tuple[str, ...], separators: str) -> tuple[tuple[str, ...], ...]:
    if not columns:
        return ((),) * len(frame)
    together = frame[list(columns)].astype(str).agg(separators[0].join, axis=1)
    rows = together.str.split(f"[{re.escape(separators)}]", regex=True)
    return tuple(tuple(dict.fromkeys(word.strip() for word in row if word.strip())) for row in rows)
