"""Every visible string, in both languages."""

import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from solutions.base import Words

if TYPE_CHECKING:
    from foundation.data.cards import Names

__all__ = ["Language", "Locale", "locale"]

# Folders of this machine: whoever reads a page learns a file's name, and not where it lies.
_FOLDERS = re.compile(r"(?:\bfile:|(?<![\w.:/]))(?:[A-Za-z]:)?(?:[\\/][^\s\\/:;,'\"()]+)+[\\/]")


class Language(str, Enum):
    """Languages of the pages; the value is the first part of their address."""

    EN = "en"
    ZH = "zh"

    @property
    def other(self) -> "Language":
        """The language to switch to."""
        return Language.ZH if self is Language.EN else Language.EN


@dataclass(frozen=True)
class Locale:
    """The strings of one language, a client's logo, and, by pattern, errors and protocols that are made elsewhere."""

    language: Language
    strings: dict[str, str]
    errors: dict[str, str]
    protocols: dict[str, str]
    logo: str = ""

    def __call__(self, key: str, **values: object) -> str:
        """Return a string with its places filled in.

        Examples
        --------
        >>> locale(Language.EN)("hub.rows", rows=12)
        '12 rows'
        """
        return self.strings[key].format(**values)

    def explain(self, error: str) -> str:
        """Return an error's text as a page says it, without folders and options.

        Examples
        --------
        >>> locale(Language.EN).explain("cannot keep /home/kim/news/a.csv; see https://example.org/a/b")
        'cannot keep a.csv; see https://example.org/a/b'
        >>> locale(Language.ZH).explain("news.csv is empty; expected a header line and rows")
        'news.csv 是空文件；第一行应为列名，其后为数据'
        """
        return _translated(_FOLDERS.sub("", error), self.errors)

    def protocol(self, stamp: str) -> str:
        """Return how a figure was measured, part by part.

        Examples
        --------
        >>> locale(Language.ZH).protocol("the split of the card; answers restricted to a, b")
        '按数据卡片自带的划分；答案限于 a, b'
        """
        parts = [_translated(part, self.protocols) for part in stamp.split("; ")]
        return ("；" if self.language is Language.ZH else "; ").join(parts)

    def sentences(self, *said: str) -> str:
        """Return sentences one after the other, as the language writes them; an empty one is none.

        Examples
        --------
        >>> locale(Language.ZH).sentences("一共 3 次预警。", "", "误报 1 次。")
        '一共 3 次预警。误报 1 次。'
        """
        return ("" if self.language is Language.ZH else " ").join(sentence for sentence in said if sentence)

    def pick(self, words: "Words | Names") -> str:
        """Return the text of this language."""
        return words.en if self.language is Language.EN else words.zh


@cache
def locale(language: Language) -> Locale:
    """Read the strings of a language."""
    protocols = _read("protocols.zh.json") if language is Language.ZH else {}
    return Locale(language, _read(f"{language.value}.json"), _read(f"errors.{language.value}.json"), protocols)


def _translated(text: str, patterns: dict[str, str]) -> str:
    for pattern, translation in patterns.items():
        if match := re.fullmatch(pattern, text):
            return match.expand(translation)
    return text


def _read(name: str) -> dict[str, str]:
    strings: dict[str, str] = json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return strings
