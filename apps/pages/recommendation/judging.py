"""What a visitor would take of the shelf: asked below it, and kept."""

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Self

import gradio as gr

from apps.components import AT_ONCE, shown_errors
from apps.locale import Locale
from foundation.settings import settings
from solutions.recommendation.feedback import FILE, FeedbackStore
from solutions.recommendation.schema import RecommendationRequest, RecommendationResponse
from solutions.recommendation.shelves import Shelves

__all__ = ["Judging"]

_Shown = tuple[RecommendationRequest, RecommendationResponse]


@dataclass(frozen=True)
class Judging:
    """The question below a shelf.

    Attributes
    ----------
    outputs : list of components
        What ``begin`` and ``hidden`` give values for: the shelf that is asked about, the box, the choices, what was
        said last.
    words : Locale
    """

    outputs: list[Any]
    words: Locale

    @classmethod
    def draw(cls, words: Locale) -> Self:
        """Draw the question, hidden until there is a shelf."""
        shown = gr.State(None)
        with gr.Column(visible=False, elem_id="judging") as box:
            taken = gr.CheckboxGroup([], label=words("shelf.take"), info=words("shelf.take_hint"))
            save = gr.Button(words("shelf.take_save"))
        said = gr.HTML("", elem_id="judged")

        @shown_errors(words, [gr.skip()])
        def keep(at: _Shown | None, items: list[str]) -> tuple[Any, ...]:
            if at:
                _opened(settings().said_in(FILE)).judge(*at, items)
            thanks = escape(words("shelf.taken", count=len(items)))
            return f'<p class="cl-summary">{thanks}</p>', gr.update(visible=False)

        save.click(keep, [shown, taken], [said, box], **AT_ONCE)
        return cls([shown, box, taken, said], words)

    def begin(
        self, shelves: Shelves, request: RecommendationRequest | None, response: RecommendationResponse
    ) -> tuple[Any, ...]:
        """Ask about a shelf; about none where nobody has asked for one that is kept."""
        if request is None or not response.items:
            return self.hidden()
        language, catalogue = self.words.language.value, shelves.catalogue
        titles = [catalogue.title(catalogue.number_of[item.item], language) for item in response.items]
        choices = [(title, item.item) for title, item in zip(titles, response.items, strict=True)]
        return (request, response), gr.update(visible=True), gr.CheckboxGroup(choices, value=[]), ""

    def hidden(self) -> tuple[Any, ...]:
        """Ask nothing."""
        return None, gr.update(visible=False), gr.update(choices=[], value=[]), ""


@cache
def _opened(path: Path) -> FeedbackStore:
    return FeedbackStore.at(path)
