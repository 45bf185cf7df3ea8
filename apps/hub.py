"""The web hub in one language: a landing page, and a page a vertical."""

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache, partial
from html import escape
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import gradio as gr

from apps.components import AT_ONCE, header, percent
from apps.learning import Learner, Verticals
from apps.locale import Locale
from apps.waiting import build_waiting, state
from apps.workshop.page import build_workshop
from apps.workshop.work import choices
from solutions.base import Solution

__all__ = ["WORKSHOP", "build_hub", "build_page", "pages"]

ENTRY_POINTS = "colonnade.pages"
#: The name of the page that makes models for clients.
WORKSHOP = "customise"

# What a visitor uploaded is deleted after an hour.
_HOUR = 3600

Page = Callable[[Solution[Any, Any], Locale], None]


@cache
def pages() -> Mapping[str, Page]:
    """Return the page of each vertical: those of ``apps/pages``, then those of installed packages."""
    import apps.pages as package

    found: dict[str, Page] = {
        module.name: import_module(f"apps.pages.{module.name}").build
        for module in pkgutil.iter_modules(package.__path__)
    }
    return found | {entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS)}


def build_hub(verticals: Verticals, words: Locale, *, workshop: bool = False) -> gr.Blocks:
    """Build the hub.

    Parameters
    ----------
    verticals : mapping of name to solution or learner
    words : Locale
    workshop : bool
        Whether there is a page that makes models for clients: it writes to this machine.
    """
    titles = _titles(verticals, words, workshop=workshop)
    hub = _blocks(words)
    with hub:
        gr.HTML(header(words, titles, ""))
        landing = partial(_landing, verticals, words)
        shown = gr.HTML(landing())
        if any(isinstance(vertical, Learner) for vertical in verticals.values()):
            hub.load(landing, None, shown, **AT_ONCE)  # what their cards say changes
    for name, title in titles.items():
        if name:
            with hub.route(title, name):
                gr.HTML(header(words, titles, name))
                _build(name, verticals, words)
    return hub


def build_page(
    solution: Solution[Any, Any], verticals: Verticals, words: Locale, *, workshop: bool = False
) -> gr.Blocks:
    """Build the page of one of the verticals, which was learning when the hub was built and is ready now."""
    name, page = solution.spec.name, _blocks(words)
    with page:
        gr.HTML(header(words, _titles(verticals, words, workshop=workshop), name))
        pages()[name](solution, words)
    return page


def _blocks(words: Locale) -> gr.Blocks:
    return gr.Blocks(title=words("hub.title"), analytics_enabled=False, delete_cache=(_HOUR, _HOUR))


def _titles(verticals: Verticals, words: Locale, *, workshop: bool) -> Mapping[str, str]:
    known = pages()
    titles = {name: words.pick(vertical.spec.title) for name, vertical in verticals.items() if name in known}
    last = {WORKSHOP: words("workshop.title")} if workshop and choices(verticals) else {}
    return {"": words("hub.home")} | titles | last


def _build(name: str, verticals: Verticals, words: Locale) -> None:
    vertical = verticals.get(name)
    if vertical is None:
        build_workshop(verticals, words)
    elif isinstance(vertical, Learner):
        build_waiting(vertical, words)
    else:
        pages()[name](vertical, words)


def _landing(verticals: Verticals, words: Locale) -> str:
    cards = "".join(_card(vertical, words) for vertical in verticals.values())
    return f"""<main><div class="cl-hero"><h1>{words("hub.title")}</h1><p>{words("hub.sentence")}</p></div>
<div class="cl-cards">{cards}</div><p class="cl-privacy">{words("hub.privacy")}</p></main>"""


def _card(vertical: Solution[Any, Any] | Learner, words: Locale) -> str:
    spec = vertical.spec
    if isinstance(vertical, Learner):
        known = _known(vertical.ready, words) if vertical.ready else f"<p>{escape(state(vertical, words))}</p>"
    else:
        known = _known(vertical, words)
    return f"""<article class="cl-card"><h2>{escape(words.pick(spec.title))}</h2>
<p>{escape(words.pick(spec.summary))}</p>
{known}
<a class="cl-open" href="/{words.language.value}/{spec.name}">{words("hub.open")}</a></article>"""


def _known(solution: Solution[Any, Any], words: Locale) -> str:
    """Say what a vertical's models learned from, and how often they are right."""
    figures, data = [], {}
    for task, record in solution.records().items():
        key, metric = ("hub.accuracy", "accuracy") if "accuracy" in record.metrics else ("hub.hit", "hit_at_10")
        shares = {name: percent(value) for name, value in record.metrics[metric].items()}
        figures.append(words(key, task=words.pick(solution.spec.task(task).title), **shares))
        for source in record.sources:
            data[source["name"]] = words("hub.rows", rows=f"{source['rows']:,}")
    learned = ", ".join(f"{escape(str(name))} ({rows})" for name, rows in data.items())
    return f"""<dl><dt>{words("hub.trained_on")}</dt><dd>{learned}</dd><dt>{words("hub.held_out")}</dt>
<dd>{"<br>".join(escape(figure) for figure in figures)}</dd></dl>"""
