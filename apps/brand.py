"""Whose hub it is: the suite's own, or a client's with their name, colour, logo and words."""

import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from apps.locale import Language, Locale, locale
from apps.theme import ACCENT
from foundation.errors import InputError, UnknownNameError
from solutions.client import Client

__all__ = ["Brand", "brand_of"]

_LOGO_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
_MOST_LOGO_BYTES = 200_000
_PLACE = r"\{\w*\}"


@dataclass(frozen=True)
class Brand:
    """How the hub presents itself.

    Attributes
    ----------
    words : dict of Language to Locale
    accent : str
        ``#RRGGBB``.
    language : Language
        Of a visitor whose browser does not say.
    """

    words: dict[Language, Locale] = field(default_factory=lambda: {language: locale(language) for language in Language})
    accent: str = ACCENT
    language: Language = Language.EN


def brand_of(client: Client) -> Brand:
    """Return a client's brand.

    Raises
    ------
    InputError
        The settings name a string that no page has, or a logo that cannot be shown.
    """
    chosen = client.settings
    if strange := set(chosen.texts) - {language.value for language in Language}:
        raise UnknownNameError("language of texts", strange.pop(), [language.value for language in Language])
    logo = _logo(client.folder / chosen.logo, chosen.name) if chosen.logo else ""
    words = {
        language: _reworded(locale(language), chosen.name, chosen.texts.get(language.value, {}), logo)
        for language in Language
    }
    return Brand(words, chosen.accent, Language(chosen.language))


def _reworded(words: Locale, name: str, texts: dict[str, str], logo: str) -> Locale:
    for key, text in texts.items():
        if key not in words.strings:
            raise UnknownNameError("string of the pages", key, words.strings)
        if "<" in text or sorted(re.findall(_PLACE, text)) != sorted(re.findall(_PLACE, words.strings[key])):
            places = ", ".join(re.findall(_PLACE, words.strings[key])) or "no place in braces"
            raise InputError(f"texts.{words.language.value}: {key!r}: expected plain text with {places}")
    opening = words("chat.opening_of", name=name.replace("{", "{{").replace("}", "}}"))
    return replace(words, strings={**words.strings, "chat.opening": opening, **texts}, logo=logo)


def _logo(path: Path, name: str) -> str:
    """Return the logo as an image within the page: of an SVG no script runs there, and nothing is fetched."""
    kind = _LOGO_KINDS.get(path.suffix.lower())
    if kind is None or not path.is_file() or path.stat().st_size > _MOST_LOGO_BYTES:
        raise InputError(f"logo: {path} cannot be shown; expected a PNG, JPEG or SVG file of at most 200 KB there")
    return f'<img src="data:{kind};base64,{b64encode(path.read_bytes()).decode()}" alt="{escape(name)}">'
