"""Figures that are compared, said in a word: small encoders know *up* from *down*, and hardly 8.7 from 13.1.

*EUR 4.9 mn compared to EUR 5.2 mn* is read as *EUR 4.9 mn, down, compared to EUR 5.2 mn*. Whether that is good news is
left to the model, which reads what it is that went down. Embeddings of word pieces are the least exact about numbers
(Wallace et al. 2019, "Do NLP models know numbers?", arXiv:1909.07940).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple, TypeVar

__all__ = ["compare_figures"]

Key = TypeVar("Key", str, int)

_CURRENCIES = {
    "eur": "EUR|euros?|€|欧元",
    "usd": r"USD|US\$|\$|dollars?|美元",
    "gbp": "GBP|£|pounds?|英镑",
    "cny": "CNY|RMB|yuan|¥|￥|人民币|元|块",
    "hkd": r"HKD|HK\$|港元|港币",
    "jpy": "JPY|yen|日元",
    "other": "SEK|NOK|DKK|CHF|EEK|LTL|LVL|RUB|INR|kron[ao]r|kroner|crowns?|rupees?|rou?bles?|francs?",
}
# powers of ten
_SCALES = {
    3: "thousand|k",
    4: "万",
    6: "millions?|mln|mn|m|百万",
    7: "千万",
    8: "亿",
    9: "billions?|bln|bn|b|十亿",
    12: "trillions?|tn|万亿",
}
_MONEY = "|".join(_CURRENCIES.values())
_PERCENT = "%|％|percent|per cent|pct|个百分点|percentage points?"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_UNITS = {"percent": _PERCENT, **_CURRENCIES}
_FIGURE = re.compile(
    r"(?<![A-Za-z0-9.,/:])(?P<sign>(?:negative|minus|plus)\s|[-−–+](?=[\d€£$])|[负正])?"
    rf"(?:(?P<before>{_MONEY})\s?)?"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\s?\.\s?\d+)?|\d+,\d{1,2}(?!\d)|\d+(?:\s?\.\s?\d+)?)(?![\d/:]|-\d)"
    r"(?:[\s-]?(?P<scale>(?:thousand|millions?|mln|mn|billions?|bln|bn|trillions?|tn|[kmb])(?![a-z])"
    r"|万亿|千万|百万|十亿|亿|万))?"
    rf"(?:\s?(?P<unit>{_PERCENT}|{_MONEY})(?![a-z]))?",
    re.IGNORECASE,
)
# of a date or a duration
_TIME_AFTER = re.compile(
    rf"\s?-?(?:months?|days?|years?|weeks?|hours?|[ap]\.?m\b|个月|年|月|日|天|周|小时|季度|{_MONTH})", re.I
)
_TIME_BEFORE = re.compile(rf"{_MONTH}\.?\s*$", re.I)

_EARLIER = (
    r"(?:a|one|two|three|six|nine|twelve) (?:years?|months?|quarters?) (?:ago|earlier|before|previously)"
    r"|year[- ]earlier|year[- ]ago|the (?:year|quarter|month) before"
    r"|(?:the )?(?:same|corresponding|comparable) (?:period|quarter|month|half|time|date)"
    r"|(?:last|(?:the |its )?(?:previous|prior|preceding))"
    r" (?:fiscal year|year|month|quarter|week|time|half|period)(?:['’]s)?"
    r"|previously|yesterday|(?:average |analysts?['’]? |market )?(?:consensus|estimates?)"
)
_EARLIER_ZH = (
    "上年同期|去年同期|上年度?|去年|前年|[前上]一年度?|上一?季度?|上月|上周|上期|前期|同期|年初|此前|之前|原先|原来|原本|昨[日天]|"
    "(?:[一二两三半]|十二)(?:年|个?月|季)(?:以?前|之前)|预期|预测|预计|预估"
)
_AGAINST = r"(?:as )?compared (?:to|with)|in comparison (?:to|with)|versus|vs\.?|(?:as )?against|after"
_BEFORE_BASE = re.compile(
    r"(?:\b(?P<start>from)(?: (?:an?|the|about|around|some|just|only|nearly))?|(?P<start_zh>[从由])"
    rf"|(?:\b(?:{_AGAINST}|{_EARLIER})(?!\w)|(?:{_EARLIER_ZH}|较|对比))"
    r"(?P<words>(?:[\s:(（：]+(?!to\b|having\b|which\b)[^\W\d]+(?:['’]s)?){0,5}|[\u4e00-\u9fff]{0,10}))[\s:(（：]*$"
    rf"|(?:^|[;,]\s*)(?:in |at )?(?:{_EARLIER}),\s*$",
    re.IGNORECASE,
)
_AFTER_BASE = re.compile(
    rf"^\s*\(?(?:[^\W\d]+\s+){{0,6}}?(?:{_EARLIER}|expected|forecast|before|earlier)\b|^[（(]?(?:{_EARLIER_ZH})",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(rf"[,;:，；：、(（)）]|\b(?:{_AGAINST}|from|to|while|and)\b", re.I)
_SENTENCE_END = re.compile(r"\s\.\s|[.!?]\s+(?=[A-Z])|[。！？\n]")
_SIGN = re.compile(r"profit|loss|deficit|surplus|negative|positive|盈利|亏损", re.I)
_REACHES = re.compile(r"(?:\s[^\W\d]+){0,3}\s+to\s+|[^\W\d]{0,6}[到至为]了?", re.I)
_OTHER_CLAUSE = re.compile(r"\b(?:while|increas|decreas|grew|rose|fell|and|respectively)", re.I)
_LONGEST_MONTH = 12
_FARTHEST_WORDS = 14
_UNLIKELY_RATIO = 50
# more of them are a table
_MOST_FIGURES = 40


class _Figure(NamedTuple):
    """A figure: where it stands in its sentence, and what it says; ``scale`` is a power of ten."""

    start: int
    end: int
    number: float
    scale: int | None
    unit: str


def compare_figures(text: str) -> str:
    """Say after each figure that a text compares with an earlier or expected one whether it is up or down.

    Compared are figures of one unit within a sentence: one that is marked as what was before, elsewhere or expected
    (*compared to*, *from*, *a year earlier*, *last year*, *上年同期*, *预期*), and the unmarked one nearest to it.

    Parameters
    ----------
    text : str
        English or Chinese.

    Returns
    -------
    str
        With *up*, *down* or *unchanged* (*上升*, *下降*, *持平*) where something is compared;
        otherwise the text as it is.

    Examples
    --------
    >>> compare_figures("Operating profit was EUR 8.3 mn, compared to EUR 13.1 mn a year earlier.")
    'Operating profit was EUR 8.3 mn, down, compared to EUR 13.1 mn a year earlier.'
    >>> compare_figures("净利润3.1亿元，上年同期4400万元")
    '净利润3.1亿元，上升，上年同期4400万元'
    """
    chinese = re.search("[\u4e00-\u9fff]", text) is not None
    ends = [0, *(stop.end() for stop in _SENTENCE_END.finditer(text)), len(text)]
    return "".join(_compared(text[begin:end], chinese=chinese) for begin, end in pairwise(ends))


def _compared(sentence: str, *, chinese: bool) -> str:
    comma, words = ("，", ("下降", "持平", "上升")) if chinese else (",", (" down", " unchanged", " up"))
    for end, order in sorted(_comparisons(sentence), reverse=True):
        rest = sentence[end:]
        closed = not rest.strip() or rest.lstrip()[0] in ",.;:，。；：)）"
        sentence = sentence[:end] + comma + words[order + 1] + ("" if closed else comma) + rest
    return sentence


def _comparisons(sentence: str) -> Iterator[tuple[int, int]]:
    """Yield the end of each figure that is compared, and -1, 0 or 1 as it is less, the same or more."""
    figures = list(_figures(sentence))
    if not 2 <= len(figures) <= _MOST_FIGURES:
        return
    starts, ends = [figure.start for figure in figures], [figure.end for figure in figures]
    gaps = [sentence[begin:end] for begin, end in zip([0, *ends], [*starts, len(sentence)], strict=True)]
    bases = [_base(gaps, at) for at in range(len(figures))]
    told: set[int] = set()
    for at, base in enumerate(bases):
        partner = _partner(figures, bases, gaps, at) if base else None
        if partner is None or partner in told:
            continue
        order = _order(figures[partner], figures[at])
        if order is not None:
            told.add(partner)
            yield figures[partner].end, order


def _figures(sentence: str) -> Iterator[_Figure]:
    for found in _FIGURE.finditer(sentence):
        word = found["unit"] or found["before"] or ""
        unit = _key_of(_UNITS, word) if word else "plain"
        scale = _key_of(_SCALES, found["scale"]) if found["scale"] else None
        if unit == "plain" and scale is None and _is_time(sentence, found):
            continue
        decimal = "." if re.fullmatch(r"\d+,\d{1,2}", found["number"]) else ""
        number = float(re.sub(r"\s", "", found["number"].replace(",", decimal)))
        minus = (found["sign"] or "+").strip().lower() not in ("+", "plus", "正")
        yield _Figure(found.start(), found.end(), -number if minus else number, scale, unit)


def _is_time(sentence: str, found: re.Match[str]) -> bool:
    if re.fullmatch(r"(?:19|20)\d\d", found["number"]) or _TIME_AFTER.match(sentence, found.end()):
        return True
    return _TIME_BEFORE.search(sentence[max(0, found.start() - _LONGEST_MONTH) : found.start()]) is not None


def _key_of(patterns: Mapping[Key, str], word: str) -> Key:
    return next(key for key, pattern in patterns.items() if re.fullmatch(pattern, word, re.I))


def _base(gaps: list[str], at: int) -> str:
    """Tell whether a figure is what others are compared with: empty for no, ``start`` for *from* it, else its sign."""
    marker = _BEFORE_BASE.search(gaps[at])
    if marker:
        if marker["start"] or marker["start_zh"]:
            return "" if re.search(r"rang\w*\s+from", gaps[at], re.I) else "start"
        sign = _SIGN.search(marker["words"] or "")
        return sign[0].lower() if sign else "base"
    cut = _CLAUSE_END.search(gaps[at + 1], 1)
    return "base" if _AFTER_BASE.search(gaps[at + 1][: cut.start()] if cut else gaps[at + 1]) else ""


def _partner(figures: list[_Figure], bases: list[str], gaps: list[str], at: int) -> int | None:
    """Return the place of the figure that is compared with a base."""
    kind = bases[at]
    free = [other for other in range(len(figures)) if not bases[other] and _comparable(figures[other], figures[at])]
    if at + 1 in free and kind == "start" and _REACHES.fullmatch(gaps[at + 1]):
        return at + 1
    free = [other for other in free if figures[other].unit == figures[at].unit] or free
    earlier = [other for other in free if other < at]
    if not earlier:
        return free[0] if free and kind != "start" else None
    partner = earlier[-1]
    between = " ".join(gaps[partner + 1 : at + 1])
    if kind == "start" and (_OTHER_CLAUSE.search(between) or len(between.split()) > _FARTHEST_WORDS):
        return None
    # *a loss compared to a profit* says more than two figures do; *a loss of 5, compared to a loss of 3* says no more
    return partner if kind in ("start", "base") or kind in gaps[partner].lower() else None


def _comparable(one: _Figure, other: _Figure) -> bool:
    if one.unit == other.unit:
        return True
    units = {one.unit, other.unit}
    return "plain" in units and "percent" not in units and (one.scale is not None or other.scale is not None)


def _order(figure: _Figure, base: _Figure) -> int | None:
    """Return -1, 0 or 1; None where the two are so far apart that they measure different things."""
    scale = figure.scale if figure.scale is not None else base.scale or 0
    base_scale = base.scale if base.scale is not None else scale
    value, other = figure.number * 10.0**scale, base.number * 10.0**base_scale
    if value and other and not 1 / _UNLIKELY_RATIO < abs(value / other) < _UNLIKELY_RATIO:
        return None
    return (value > other) - (value < other)
