"""A shelf as people see it: cards with reasons, what changed, and how sure it is."""

from collections.abc import Sequence
from html import escape

from apps.components import empty, percent, trust_strip
from apps.locale import Locale
from solutions.recommendation.schema import Ground, RecommendationResponse, Recommended
from solutions.recommendation.shelves import Shelves

__all__ = ["changes", "shelf"]

_MOST_TEXT = 180
_UNSURE: dict[tuple[Ground, ...], str] = {(Ground.NOTHING,): "shelf.nobody", (Ground.UNWANTED,): "shelf.unwanted"}


def shelf(
    shelves: Shelves, response: RecommendationResponse, changed: str, names: Sequence[str], words: Locale, spent: float
) -> str:
    """Return the shelf.

    Parameters
    ----------
    shelves : Shelves
    response : RecommendationResponse
    changed : str
        Safe HTML that says what came and went.
    names : sequence of str
        Data sets that the model learned from.
    words : Locale
    spent : float
        Milliseconds.
    """
    if not response.items:
        return empty(words("shelf.nothing_left"))
    unsure = _UNSURE.get(response.grounds, "shelf.unsure")
    said = words(unsure if response.abstained else "shelf.said", confidence=percent(response.confidence))
    grounds = words("shelf.and").join(words(f"shelf.by_{ground.value}") for ground in response.grounds)
    cards = "".join(_card(shelves, place, item, words) for place, item in enumerate(response.items, start=1))
    return f"""<section class="cl-answer"><p class="cl-kind">{escape(words("shelf.rests_on", grounds=grounds))}</p>
<h3>{escape(said)}</h3>{changed}<ol class="cl-shelf">{cards}</ol></section>
{trust_strip(words, [(response.model, names)], spent)}"""


def changes(shelves: Shelves, before: Sequence[str], response: RecommendationResponse, words: Locale) -> str:
    """Say which items came onto the shelf and which left it since the shelf before."""
    after = [item.item for item in response.items]
    known = [item for item in before if item in shelves.catalogue.number_of]
    came, went = [item for item in after if item not in known], [item for item in known if item not in after]
    if not known or not came or 2 * len(came) > len(after):  # another person's shelf is no change of this one
        return ""
    parts = {
        "shelf.came": words("shelf.comma").join(_title(shelves, item, words) for item in came),
        "shelf.went": words("shelf.comma").join(_title(shelves, item, words) for item in went),
    }
    return "".join(
        f'<p class="cl-why">{escape(words(key, titles=titles))}</p>' for key, titles in parts.items() if titles
    )


def _card(shelves: Shelves, place: int, item: Recommended, words: Locale) -> str:
    catalogue, language = shelves.catalogue, words.language.value
    number = catalogue.number_of[item.item]
    title = catalogue.title(number, language)
    text = catalogue.description(number, language)
    text = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
    causes = words("shelf.comma").join(
        words("shelf.cause", title=_title(shelves, cause.item, words), share=percent(cause.share))
        for cause in item.because
    )
    because = f'<p class="cl-because">{escape(words("shelf.because", causes=causes))}</p>' if causes else ""
    tags = "".join(f"<span>{escape(catalogue.tag_name(tag, language))}</span>" for tag in item.tags)
    matched = f'<p class="cl-tags">{tags}</p>' if tags else ""
    new = f'<span class="cl-new">{words("shelf.new")}</span>' if item.new and shelves.events.any() else ""
    body = f"<p>{escape(text)}</p>" if text else ""
    return f"<li><h4><span>{place}</span> {escape(title)} {new}</h4>{body}{matched}{because}</li>"


def _title(shelves: Shelves, item: str, words: Locale) -> str:
    return shelves.catalogue.title(shelves.catalogue.number_of[item], words.language.value)
