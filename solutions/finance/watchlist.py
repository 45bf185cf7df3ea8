"""Which companies of a client's list an item is about, and how much it is about each."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from foundation.data.tables import read_table
from foundation.errors import InputError

__all__ = ["Company", "Mention", "WatchList", "read_watch_list"]

# As commercial feeds grade it (RavenPack: 0 to 100): a name in the title is what the item is about, one in the lead
# belongs to the story, one further down may be a comparison. More mentions count a little more.
_TITLE, _LEAD, _BODY, _EACH_MORE, _MOST_MORE = 1.0, 0.7, 0.3, 0.1, 0.2
_LEAD_CHARACTERS = 200
_LONGEST_NAME = 200  # characters: a name is a key of the monitor's tables
_MOST_NAMES = 5_000  # all that a company may be called counted: each item is looked through for all of them
# Shorter tickers are words of the language ("A", "F", "IT"): they count only where they are marked as tickers.
_PLAIN_TICKER = 3
_SEPARATORS = re.compile(r"[|;；、]")


@dataclass(frozen=True)
class Company:
    """A company and what it is called.

    Attributes
    ----------
    name : str
    aliases : tuple of str
        Other names, in any script: matched as whole words, upper or lower case.
    tickers : tuple of str
        ``TSLA``, ``600519``: matched as they are written.
    """

    name: str
    aliases: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mention:
    """A company that an item names.

    Attributes
    ----------
    company : str
    relevance : float
        1 in the title, 0.7 to 0.9 in the lead, 0.3 to 0.5 further down.
    """

    company: str
    relevance: float


@dataclass(frozen=True)
class WatchList:
    """Companies to be looked for.

    Examples
    --------
    >>> listed = WatchList([Company("Harlund Shipyard", ("Harlund", "哈伦船厂"), ("HRL",))])
    >>> listed.mentions("Strike at Harlund ends")
    (Mention(company='Harlund Shipyard', relevance=1.0),)
    >>> listed.mentions("Orders rise", "哈伦船厂今日公告，订单增长")
    (Mention(company='Harlund Shipyard', relevance=0.7),)
    """

    companies: Sequence[Company]

    def to_json(self) -> str:
        """Write the list as it is kept."""
        return json.dumps([asdict(company) for company in self.companies], ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "WatchList":
        """Read what ``to_json`` wrote; no text is an empty list."""
        rows = json.loads(text or "[]")
        return cls([Company(row["name"], tuple(row["aliases"]), tuple(row["tickers"])) for row in rows])

    def mentions(self, title: str, body: str = "") -> tuple[Mention, ...]:
        """Return the companies that are named, the most relevant first.

        Parameters
        ----------
        title : str
            The headline, or the whole of a comment.
        body : str
        """
        found: dict[str, list[float]] = {}
        body = _plain(body)
        parts = ((_plain(title), _TITLE), (body[:_LEAD_CHARACTERS], _LEAD), (body[_LEAD_CHARACTERS:], _BODY))
        for text, relevance in parts:
            for company in self._named(text):
                found.setdefault(company, []).append(relevance)
        graded = [Mention(company, _grade(places)) for company, places in found.items()]
        return tuple(sorted(graded, key=lambda mention: (-mention.relevance, mention.company)))

    def _named(self, text: str) -> Iterable[str]:
        if not self.companies or not text:
            return
        names, tickers = self._patterns
        for match in names.finditer(text.casefold()):
            yield self._names[match.group()]
        for match in tickers.finditer(text):
            yield self._tickers[match.group()]

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {
            _plain(name).casefold(): company.name
            for company in self.companies
            for name in (company.name, *company.aliases)
        }

    @cached_property
    def _tickers(self) -> Mapping[str, str]:
        return {ticker: company.name for company in self.companies for ticker in company.tickers}

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        # the longest first: "Bank of Osterby" is not "Osterby"
        names = "|".join(_bounded(name) for name in sorted(self._names, key=len, reverse=True))
        every, long = list(self._tickers), [code for code in self._tickers if len(code) >= _PLAIN_TICKER]
        marked = rf"(?:(?<=[$(:])|(?<=: ))(?:{_either(every)})(?![0-9A-Za-z])"
        tickers = rf"{marked}|(?<![0-9A-Za-z])(?:{_either(long)})(?![0-9A-Za-z])"
        return re.compile(names or "(?!)"), re.compile(tickers)


def read_watch_list(path: Path, encoding: str = "utf-8") -> WatchList:
    """Read a table with the columns ``name`` and, where there are any, ``aliases`` and ``tickers``.

    Several aliases or tickers in one cell are separated by ``|``, ``;`` or ``、``.

    Raises
    ------
    InputError
        The file cannot be read, has no column ``name``, a name is empty or over 200 characters, or belongs to two
        companies, or there are more than 5,000 names, aliases and tickers.
    """
    frame = read_table(path, encoding)
    if "name" not in frame.columns:
        given = ", ".join(map(str, frame.columns))
        raise InputError(f"{path} has no column 'name'; it has: {given}; rename the one with the companies")
    cells = {column: frame[column].map(_split) for column in ("aliases", "tickers") if column in frame.columns}
    companies = [
        Company(
            str(name).strip(),
            *(cells[column].iloc[row] if column in cells else () for column in ("aliases", "tickers")),
        )
        for row, name in enumerate(frame["name"])
    ]
    called = sum(1 + len(company.aliases) + len(company.tickers) for company in companies)
    if called > _MOST_NAMES:
        raise InputError(f"{path} has {called:,} names, aliases and tickers; expected at most {_MOST_NAMES:,}")
    owners: dict[str, str] = {}
    for row, company in enumerate(companies, start=1):
        if not company.name:
            raise InputError(f"{path}, row {row}, column 'name': got an empty cell, expected a company's name")
        if (longest := max(map(len, (company.name, *company.aliases, *company.tickers)))) > _LONGEST_NAME:
            raise InputError(
                f"{path}, row {row}, column 'name': got {longest:,} characters, expected a company's name of "
                f"at most {_LONGEST_NAME}; is a text in that column?"
            )
        for name in (company.name, *company.aliases, *company.tickers):
            other = owners.setdefault(_plain(name).casefold(), company.name)
            if other != company.name:
                raise InputError(f"{path}, row {row}: {name!r} already belongs to {other!r}; keep it with one of them")
    return WatchList(companies)


def _split(cell: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in _SEPARATORS.split(str(cell)) if part.strip())


def _plain(text: str) -> str:
    """Turn full-width letters and digits into plain ones."""
    return unicodedata.normalize("NFKC", text)


def _either(codes: Sequence[str]) -> str:
    return "|".join(map(re.escape, codes)) or "(?!)"


def _bounded(name: str) -> str:
    """Return a pattern that finds a name as a whole word; Chinese has no spaces between words."""
    before = r"(?<![0-9A-Za-z])" if name[0].isascii() else ""
    after = r"(?![0-9A-Za-z])" if name[-1].isascii() else ""
    return before + re.escape(name) + after


def _grade(places: Sequence[float]) -> float:
    best = max(places)
    return min(1.0, best + min(_MOST_MORE, _EACH_MORE * (len(places) - 1)))
