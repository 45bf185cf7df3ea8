"""Order numbers, amounts, dates and cards that a customer writes, in English and Chinese, found by rules.

Microsoft's recognizers-text covers more, but was archived in 2023 and pins an old emoji and regex stack; duckling is a
Haskell service. Four kinds in two languages are a page of patterns.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum

__all__ = ["Slot", "SlotKind", "find_slots"]

_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?", "aug(?:ust)?",
    "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "欧元": "EUR", "欧": "EUR",
    "$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "美元": "USD", "美金": "USD", "刀": "USD",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP", "英镑": "GBP",
    "¥": "CNY", "￥": "CNY", "cny": "CNY", "rmb": "CNY", "yuan": "CNY", "元": "CNY", "块": "CNY", "块钱": "CNY",
}  # fmt: skip
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,3}(?:\.\d{3})+,\d{1,2}|\d+(?:[.,]\d{1,2})?"
_BEFORE = r"€|\$|£|¥|￥|(?<![a-z])(?:eur|usd|gbp|cny|rmb)"
_AFTER = r"€|欧元|欧|美元|美金|刀|英镑|块钱|块|元(?!宵|旦)|(?:eur|euros?|usd|dollars?|gbp"
_AFTER += r"|pounds?|quid|cny|rmb|yuan)(?![a-z])"
# "May" may be a verb too, and a number after a month may count something.
_MONTH = rf"({'|'.join(_MONTHS)})(?![a-z])(?!(?<=may) (?:be|have|not|i|you|we|it|need|take|only|still)\b)\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?(?!\d| (?:times?|days?|weeks?|months?|years?|hours?)\b)"


class SlotKind(str, Enum):
    """What can be recognised."""

    ORDER = "order"
    AMOUNT = "amount"
    DATE = "date"
    CARD = "card"


@dataclass(frozen=True)
class Slot:
    """A thing that was named.

    Attributes
    ----------
    kind : SlotKind
    text : str
        As the customer wrote it.
    value : str
        In one form: ``TW-48213907``, ``49.90 EUR``, ``2026-03-02`` (``--03-02`` where no year is given), ``1234``.
    start : int
        Where it stands in the text.
    """

    kind: SlotKind
    text: str
    value: str
    start: int


def find_slots(text: str) -> tuple[Slot, ...]:
    """Return what a text names, in its order; where two rules see the same characters, the earlier kind has them.

    Parameters
    ----------
    text : str
        "Yesterday" is no date: who wrote when is not known here.

    Examples
    --------
    >>> [(slot.kind.value, slot.value) for slot in find_slots("tw 48213907 of 2 March cost €49,90, card ending 1234")]
    [('order', 'TW-48213907'), ('date', '--03-02'), ('amount', '49.90 EUR'), ('card', '1234')]
    >>> [slot.value for slot in find_slots("订单TW-48213907，3月2日扣了199元，尾号8866")]
    ['TW-48213907', '--03-02', '199.00 CNY', '8866']
    """
    # full-width digits and letters become plain ones, one for one, so that positions stay
    plain = "".join(_plain(letter) for letter in text).lower()
    found: list[Slot] = []
    for kind, pattern, value in _RULES:
        for match in pattern.finditer(plain):
            said = value(match)
            if said is not None and not any(_overlap(slot, match) for slot in found):
                found.append(Slot(kind, text[match.start() : match.end()], said, match.start()))
    return tuple(sorted(found, key=lambda slot: slot.start))


def _plain(letter: str) -> str:
    folded = unicodedata.normalize("NFKC", letter)
    return folded if len(folded) == 1 and len(folded.lower()) == 1 else letter


def _overlap(slot: Slot, match: re.Match[str]) -> bool:
    return slot.start < match.end() and match.start() < slot.start + len(slot.text)


def _order(match: re.Match[str]) -> str:
    return f"TW-{match[1]}"


def _card(match: re.Match[str]) -> str:
    return match[1] or match[2]


def _amount(match: re.Match[str]) -> str:
    number, currency = match["before"] or match["after"], match["unit"] or match["suffix"]
    if "." in number and "," in number[number.index(".") :]:
        digits = number.replace(".", "").replace(",", ".")  # as in 1.250,50
    else:
        digits = number.replace(",", "") if re.search(r",\d{3}(?!\d)", number) else number.replace(",", ".")
    return f"{float(digits) * (10_000 if match['myriad'] else 1):.2f} {_CURRENCIES[currency]}"


def _year_first(match: re.Match[str]) -> str | None:
    return _valid(match[1], match[2], match[3])


def _day_month(match: re.Match[str]) -> str | None:
    return _valid(match[3], _month(match[2]), match[1])


def _month_day(match: re.Match[str]) -> str | None:
    return _valid(match[3], _month(match[1]), match[2])


def _month(name: str) -> str:
    return str(next(at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name[:3])))


def _valid(year: str | None, month: str, day: str) -> str | None:
    try:
        # a leap year stands in where none is given, so that 29 February passes
        checked = date(int(year or 2000), int(month), int(day))
    except ValueError:
        return None
    return f"{checked:%Y-%m-%d}" if year else f"--{checked:%m-%d}"


_Value = Callable[[re.Match[str]], str | None]
_RULES: tuple[tuple[SlotKind, re.Pattern[str], _Value], ...] = (
    (SlotKind.ORDER, re.compile(r"(?<![a-z0-9])tw[ -]?(\d{8})(?!\d)"), _order),
    (
        SlotKind.CARD,
        re.compile(
            r"(?:ending|ends|finishing)(?: in| with)?:? (\d{4})(?!\d)|(?:尾号|后四位)(?:是|为|:)? ?(\d{4})(?!\d)"
        ),
        _card,
    ),
    (SlotKind.DATE, re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), _year_first),
    (SlotKind.DATE, re.compile(r"(?:(\d{4})年)?(?<!\d)(\d{1,2})月(\d{1,2})[日号]?"), _year_first),
    (
        SlotKind.DATE,
        re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? (\d{{4}})(?![-\d]))?"),
        _day_month,
    ),
    (
        SlotKind.DATE,
        re.compile(rf"(?<![a-z]){_MONTH} {_DAY}(?:,? (\d{{4}})(?![-\d]))?"),
        _month_day,
    ),
    (
        SlotKind.AMOUNT,
        re.compile(
            rf"(?P<unit>{_BEFORE}) ?(?P<before>{_NUMBER})(?![.,]?\d)"
            rf"|(?<![\d.,-])(?P<after>{_NUMBER}) ?(?P<myriad>万)?(?P<suffix>{_AFTER})"
        ),
        _amount,
    ),
)
