"""A shelf for somebody known, or for somebody new who likes something or says what they want."""

import time
from collections.abc import Sequence
from functools import cache
from typing import Any

import gradio as gr

from apps.components import AT_ONCE, empty, lead, shown_errors
from apps.locale import Language, Locale
from apps.pages.recommendation.cards import changes, shelf
from apps.pages.recommendation.judging import Judging
from foundation.data.cards import find_card
from foundation.data.labelled import CLIENTS_OWN
from foundation.errors import InputError
from foundation.text.backbone import DEFAULT_BACKBONE
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.schema import RecommendationRequest
from solutions.recommendation.shelf import Dials, Rules
from solutions.recommendation.shelves import Shelves
from solutions.recommendation.tables import load_catalogue

__all__ = ["LEARNED", "OWN", "WAYSIDE", "try_tab"]

LEARNED, WAYSIDE, OWN = "learned", "wayside", "own"
_USERS = 200
_MOST_CHANCE = 3
# Wishes for a catalogue that nobody has used yet: what is wanted, what is not, a mood alone, for whom.
EXAMPLES = {
    Language.EN: ("slow science fiction, no gore", "something warm the whole family can watch, by the sea"),
    Language.ZH: ("慢节奏的悬疑感，别太血腥", "陪孩子看的，温暖好笑"),
}
# Films of the learned catalogue, for people who know them: three likes, then one of another taste.
_LIKES = (("50", "181", "172"), ("1", "71", "588", "95"))


def try_tab(solution: Recommendation, words: Locale, own: gr.State) -> None:
    """Draw the tab; ``own`` holds the shelves of a visitor's catalogue, or None."""
    learned = solution.shelves
    examples_there = _examples(solution, words)
    gr.HTML(lead(words("shelf.lead")))
    before = gr.State(())
    with gr.Row():
        with gr.Column(scale=4, min_width=320):
            which = gr.Radio(_catalogues(solution, words), value=LEARNED, label=words("shelf.catalogue"))
            user = gr.Dropdown(
                [(words("shelf.new_here"), ""), *((words("shelf.user", id=name), name) for name in _users(learned))],
                value="",
                label=words("shelf.who"),
                allow_custom_value=True,
                elem_id="who",
            )
            liked = gr.Dropdown(
                _titles(learned, words),
                multiselect=True,
                label=words("shelf.likes"),
                info=words("shelf.likes_hint"),
                elem_id="likes",
            )
            wish = gr.Textbox(
                label=words("shelf.wish"), placeholder=words("shelf.wish_hint"), submit_btn=True, elem_id="wish"
            )
            with gr.Row():
                variety = gr.Slider(0, 1, 0, step=0.1, label=words("shelf.variety"))
                discovery = gr.Slider(0, 1, 0, step=0.1, label=words("shelf.discovery"))
            with gr.Accordion(words("shelf.rules"), open=False):
                tags = _tags(learned, words)
                exclude = gr.Dropdown(tags, multiselect=True, label=words("shelf.exclude"))
                must = gr.Dropdown(tags, multiselect=True, label=words("shelf.must"))
                boost = gr.Dropdown(tags, multiselect=True, label=words("shelf.boost"))
                only_new = gr.Checkbox(label=words("shelf.only_new"))
                again = gr.Checkbox(label=words("shelf.again"))
                chance = gr.Slider(
                    0, _MOST_CHANCE, 0, step=1, label=words("shelf.chance"), info=words("shelf.chance_hint")
                )
            examples = gr.Dataset(
                components=[gr.Textbox(visible=False)],
                samples=[[caption] for caption, _ in examples_there],
                label=words("finance.examples"),
                samples_per_page=8,
                type="index",
            )
        with gr.Column(scale=6, min_width=320):
            panel = gr.HTML(empty(words("shelf.empty")), elem_id="shelf")
            judging = Judging.draw(words)
    asked = [which, user, liked, wish, variety, discovery, exclude, must, boost, only_new, again, chance, before, own]

    @shown_errors(words, [gr.skip(), *judging.hidden()])
    def show(catalogue: str, *given: Any) -> tuple[Any, ...]:
        *request, shown, uploaded = given
        shelves = _shelves(solution, catalogue, uploaded)
        started = time.perf_counter()
        wanted = _request(*request)
        response = shelves.shelf(wanted)
        spent = 1000 * (time.perf_counter() - started)
        told = [source["name"] for source in solution.bundle.record.sources] if catalogue == LEARNED else [catalogue]
        changed = changes(shelves, shown, response, words)
        return (
            shelf(shelves, response, changed, told, words, spent),
            tuple(item.item for item in response.items),
            *judging.begin(shelves, wanted if catalogue == LEARNED else None, response),
        )

    @shown_errors(words, [*[gr.skip()] * 6, *judging.hidden()])
    def choose(catalogue: str, uploaded: Shelves | None) -> tuple[Any, ...]:
        shelves = _shelves(solution, catalogue, uploaded)
        tags = gr.Dropdown(_tags(shelves, words), value=[])
        return (
            empty(words("shelf.empty")),
            gr.Dropdown(value="", visible=catalogue == LEARNED),
            gr.Dropdown(_titles(shelves, words), value=[]),
            tags,
            tags,
            tags,
            (),
            *judging.hidden(),
        )

    def example(index: int) -> tuple[Any, ...]:
        _, (catalogue, person, likes, text) = examples_there[index]
        shelves = _shelves(solution, catalogue, None)
        return (
            catalogue,
            gr.Dropdown(value=person, visible=catalogue == LEARNED),
            gr.Dropdown(_titles(shelves, words), value=list(likes)),
            text,
            *(gr.Dropdown(_tags(shelves, words), value=[]) for _ in range(3)),
        )

    outputs = [panel, before, *judging.outputs]
    chosen = [panel, user, liked, exclude, must, boost, before, *judging.outputs]
    which.input(choose, [which, own], chosen, **AT_ONCE)
    gr.on(
        [user.input, liked.input, exclude.input, must.input, boost.input, only_new.input, again.input],
        show, asked, outputs, **AT_ONCE,
    )  # fmt: skip
    # a key moves a slider too, and "release" is of the mouse alone
    gr.on(
        [variety.input, discovery.input, chance.input],
        show, asked, outputs, trigger_mode="always_last", **AT_ONCE,
    )  # fmt: skip
    wish.submit(show, asked, outputs, api_name="recommendation_shelf", show_progress="minimal", show_progress_on=panel)
    settings = [which, user, liked, wish, exclude, must, boost]
    examples.click(example, [examples], settings, **AT_ONCE).then(
        show, asked, outputs, show_progress_on=panel, api_visibility="private"
    )


def _request(
    user: str | None,
    liked: list[str] | None,
    wish: str | None,
    variety: float,
    discovery: float,
    exclude: list[str],
    must: list[str],
    boost: list[str],
    only_new: bool,
    again: bool,
    chance: int,
) -> RecommendationRequest:
    return RecommendationRequest(
        user=(user or "").strip(),
        liked=tuple(liked or ()),
        wish=wish or "",
        dials=Dials(variety, discovery),
        rules=Rules(tuple(exclude), tuple(boost), tuple(must), again),
        only_new=only_new,
        chance=chance,
    )


def _shelves(solution: Recommendation, catalogue: str, own: Shelves | None) -> Shelves:
    """Return what answers from a catalogue."""
    if catalogue == OWN:
        if own is None:
            raise InputError("no catalogue of your own is read yet; choose its file on the tab of your catalogue")
        return own
    return _wayside() if catalogue == WAYSIDE else solution.shelves


@cache
def _wayside() -> Shelves:
    return Shelves.of_catalogue(load_catalogue(find_card(WAYSIDE)), DEFAULT_BACKBONE)


def _catalogues(solution: Recommendation, words: Locale) -> list[tuple[str, str]]:
    named = solution.bundle.record.data["name"]
    learned = words("shelf.learned", name=named, items=f"{len(solution.shelves.catalogue):,}")
    films = [] if _of_a_client(solution) else [(words("shelf.wayside"), WAYSIDE)]
    return [(learned, LEARNED), *films, (words("shelf.own_choice"), OWN)]


def _of_a_client(solution: Recommendation) -> bool:
    """Tell whether a shop answers from what is its own: our films have no place in it."""
    return bool(solution.bundle.record.data["licence"] == CLIENTS_OWN)


def _users(shelves: Shelves) -> Sequence[str]:
    return shelves.histories.user_ids[:_USERS]


def _titles(shelves: Shelves, words: Locale) -> list[tuple[str, str]]:
    catalogue = shelves.catalogue
    named = [(catalogue.title(number, words.language.value), item) for number, item in enumerate(catalogue.ids)]
    return sorted(named)


def _tags(shelves: Shelves, words: Locale) -> list[tuple[str, str]]:
    tags = dict.fromkeys(tag for tags in shelves.catalogue.tags for tag in tags)
    return [(shelves.catalogue.tag_name(tag, words.language.value), tag) for tag in tags]


def _examples(solution: Recommendation, words: Locale) -> list[tuple[str, tuple[str, str, Sequence[str], str]]]:
    """Return captions, and catalogue, user, likes and wish of each."""
    learned = solution.shelves
    wishes = [] if _of_a_client(solution) else [*EXAMPLES[words.language], EXAMPLES[words.language.other][0]]
    found: list[tuple[str, tuple[str, str, Sequence[str], str]]] = [(wish, (WAYSIDE, "", (), wish)) for wish in wishes]
    for likes in _LIKES:
        if all(item in learned.catalogue.number_of for item in likes):
            titles = words("shelf.comma").join(
                learned.catalogue.title(learned.catalogue.number_of[item], words.language.value) for item in likes
            )
            found.append((words("shelf.likes_these", titles=titles), (LEARNED, "", likes, "")))
    if learned.histories.user_ids:
        first = learned.histories.user_ids[0]
        found.append((words("shelf.user", id=first), (LEARNED, first, (), "")))
    return [*found, (words("shelf.nobody_known"), (LEARNED, "", (), ""))]
