"""Personal data in texts is masked before anything is stored: addresses, telephone and account numbers, identity cards.

What has a check digit is masked only if that is right, so that figures of a report stay. It is checked by python-stdnum
(kept up since 2010); Presidio needs a language model that is not here, and scrubadub knows no Chinese numbers.
"""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

__all__ = ["mask_personal_data"]

# Letters of Latin scripts, not of Chinese: that runs on into the address without a space.
_LATIN = r"\w.+\u00c0-\u024f-"
_EMAIL = re.compile(
    rf"(?<![{_LATIN}])[{_LATIN}]{{1,64}}@(?:[a-z0-9\u00c0-\u024f-]{{1,63}}\.){{1,8}}[a-z]{{2,24}}(?![a-z])", re.I | re.A
)
# what follows it may be the next word: cut off until the check digits are right
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])")
# full-width characters, and spaces that do not break
_NARROW = str.maketrans("０１２３４５６７８９＠＋－\u00a0\u2007\u202f", "0123456789@+-   ")
# What makes an amount of the digits before it.
_UNIT = r"\s?[万亿]?(?:元|股|美元|港元|吨|份)"
# Not in the middle of a figure: after a thousands' separator or a currency, before one or decimals. Two numbers may be
# held apart by a comma, though.
_APART = r"(?<!\d)" + "".join(rf"(?<!(?<!\d)\d{{{digits}}}[.,])" for digits in (1, 2, 3))
_NO_FIGURE = _APART + r"(?<![¥￥$€£])"
_WHOLE = r"(?!\d|[.,]\d{1,3}(?![\d/]))"
_NO_AMOUNT = rf"{_WHOLE}(?!%|{_UNIT})"
# Of China; of Spain, Italy, France, Poland and Germany; of Sweden and the United States, whose dashes tell them from
# amounts, as the century does in Sweden (ten bare digits are more often an order's number). A country whose number is
# nine bare digits would take one in eleven of all such numbers away: left out.
_IDENTITY = {
    "cn.ric": re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?!\d)"),
    "es.dni": re.compile(r"(?<![A-Za-z0-9])\d{2}\.?\d{3}\.?\d{3}-?[A-Za-z](?![A-Za-z0-9])"),
    "es.nie": re.compile(r"(?<![A-Za-z0-9])[XYZxyz]-?\d{7}-?[A-Za-z](?![A-Za-z0-9])"),
    "it.codicefiscale": re.compile(r"(?<![A-Z0-9])[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z](?![A-Z0-9])", re.I),
    "fr.nir": re.compile(r"(?<!\d)[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\d)"),
    "pl.pesel": re.compile(rf"{_NO_FIGURE}\d{{11}}{_NO_AMOUNT}"),
    "de.idnr": re.compile(rf"{_NO_FIGURE}\d{{2}} ?\d{{3}} ?\d{{3}} ?\d{{3}}{_NO_AMOUNT}"),
    "se.personnummer": re.compile(
        rf"(?<!\d)(?:\d{{2}})?\d{{6}}[-+]\d{{4}}(?!\d)|{_NO_FIGURE}(?:19|20)\d{{10}}{_NO_AMOUNT}"
    ),
    "us.ssn": re.compile(r"(?<![\d-])\d{3}([- ])\d{2}\1\d{4}(?![\d-])|(?:(?<=ssn )|(?<=ssn: ))\d{9}(?!\d)", re.I),
}
# 14 digits of Diners, 15 of American Express, or 16 of the networks whose numbers begin with 3 to 6 or with 22 to 27;
# of China's 17 to 19. What follows may be the month of expiry or the code on the back: without it, it is tried again.
_GAP = r"(?:[ .-]|  )?"
_SHORT_CARD = (
    rf"{_APART}(?:3[0689]\d{{2}}{_GAP}\d{{6}}{_GAP}\d{{4}}|3[47]\d{{2}}{_GAP}\d{{6}}{_GAP}\d{{5}}"
    rf"|(?:[3-6]\d{{3}}|2[2-7]\d{{2}})(?:{_GAP}\d{{4}}){{3}})"
)
_LONG_CARD = re.compile(rf"{_SHORT_CARD}{_GAP}\d{{1,3}}{_WHOLE}")
_CARD = re.compile(_SHORT_CARD + _WHOLE)
# a Chinese mobile number or one with its country's code, that is no amount; with its area's code in brackets, or after
# the nought that no figure begins with; five pairs as in France; three groups as in North America
_TELEPHONE = re.compile(
    rf"{_NO_FIGURE}(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_NO_AMOUNT}"
    rf"|(?<![A-Za-z\d+])(?:\+[1-9]\d{{0,2}}|00[1-9]\d{{0,2}}(?=[ -]))(?:[ -]?\(?\d{{1,5}}\)?){{2,6}}{_NO_AMOUNT}"
    rf"|(?<![A-Za-z-]){_APART}(?:\(0?\d{{2,4}}\) ?|0\d{{1,4}}[ /-])\d{{3,4}}[ -]?\d{{3,4}}{_NO_AMOUNT}"
    rf"|(?<![A-Za-z-]){_APART}(?:0[1-9](?:([ .])\d{{2}}(?:\1\d{{2}}){{3}})|0[1-9]\d{{8,9}}){_NO_AMOUNT}"
    rf"|(?<![A-Za-z-]){_APART}(?:1[ .-])?[2-9]\d{{2}}([ .-])[2-9]\d{{2}}\2\d{{4}}{_NO_AMOUNT}"
)


def mask_personal_data(text: str) -> str:
    """Return the text with what points at a person replaced by what it was.

    Names are left: who is written about in the news is news. What is masked: e-mail addresses, IBANs (ISO 13616),
    identity numbers of China (GB 11643), of six countries of the EU and of the United States, payment cards (ISO/IEC
    7812, Luhn), and telephone numbers that can be told from figures: Chinese mobile ones, and those with the code of a
    country or an area. Full-width digits become narrow.

    Examples
    --------
    >>> mask_personal_data("Call 13800138000 or write to li.na@example.com, profit rose 12,345,678.")
    'Call [phone] or write to [e-mail], profit rose 12,345,678.'
    """
    text = _EMAIL.sub("[e-mail]", text.translate(_NARROW))
    if not any(letter.isdigit() for letter in text):
        return text
    text = _IBAN.sub(_without_iban, text)
    for name, pattern, valid in _checked():
        text = pattern.sub(_masking(name, valid), text)
    return _TELEPHONE.sub("[phone]", text)


@cache
def _checked() -> tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...]:
    from stdnum import luhn

    identity = ((pattern, import_module(f"stdnum.{number}").is_valid) for number, pattern in _IDENTITY.items())
    return (
        *(("[identity number]", pattern, valid) for pattern, valid in identity),
        ("[card]", _LONG_CARD, luhn.is_valid),
        ("[card]", _CARD, luhn.is_valid),
    )


def _without_iban(found: re.Match[str]) -> str:
    from stdnum import iban

    groups = found[0].split(" ")
    for count in range(len(groups), 0, -1):
        if iban.is_valid("".join(groups[:count]), check_country=False):
            return " ".join(["[IBAN]", *groups[count:]])
    return found[0]


def _masking(name: str, valid: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda found: name if valid(re.sub(r"[ .-]", "", found[0])) else found[0]
