"""The web hub in one language: a landing page, and a page a vertical."""

import pkgutil
from collections.abc import Callable, Mapping
from html import escape
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import gradio as gr

from apps.components import header, percent
from apps.locale import Locale
from apps.workshop.page import build_workshop
from apps.workshop.work import choices
from solutions.base import Solution

__all__ = ["build_hub", "pages"]

ENTRY_POINTS = "colonnade.pages"
_WORKSHOP = "customise"

# What a visitor uploaded is deleted after an hour.
_HOUR = 3600

Page = Callable[[Solution[Any, Any], Locale], None]


def pages() -> Mapping[str, Page]:
    """Return the page of each vertical: those of ``apps/pages``, then those of installed packages."""
    import apps.pages as package

    found: dict[str, Page] = {
        module.name: import_module(f"apps.pages.{module.name}").build
        for module in pkgutil.iter_modules(package.__path__)
    }
    return found | {entry.name: entry.load() for entry in entry_points(group=ENTRY_POINTS)}


def build_hub(loaded: Mapping[str, Solution[Any, Any]], words: Locale, *, workshop: bool = False) -> gr.Blocks:
    """Build the hub.

    Parameters
    ----------
    loaded : mapping of vertical to its solution, ready to answer
    words : Locale
    workshop : bool
        Whether there is a page that makes models for clients: it writes to this machine.
    """
    known = pages()
    titles = {"": words("hub.home")} | {name: words.pick(loaded[name].spec.title) for name in loaded if name in known}
    if workshop and choices(loaded):
        titles[_WORKSHOP] = words("workshop.title")
    hub: gr.Blocks
    with gr.Blocks(title=words("hub.title"), analytics_enabled=False, delete_cache=(_HOUR, _HOUR)) as hub:
        gr.HTML(header(words, titles, ""))
        gr.HTML(_landing(loaded, words))
    for name, title in titles.items():
        if name:
            with hub.route(title, name):
                gr.HTML(header(words, titles, name))
                if name == _WORKSHOP:
                    build_workshop(loaded, words)
                else:
                    known[name](loaded[name], words)
    return hub


def _landing(loaded: Mapping[str, Solution[Any, Any]], words: Locale) -> str:
    cards = "".join(_card(solution, words) for solution in loaded.values())
    return f"""<main><div class="cl-hero"><h1>{words("hub.title")}</h1><p>{words("hub.sentence")}</p></div>
<div class="cl-cards">{cards}</div><p class="cl-privacy">{words("hub.privacy")}</p></main>"""


def _card(solution: Solution[Any, Any], words: Locale) -> str:
    """Say what a vertical does, what its models learned from, and how often they are right."""
    spec = solution.spec
    figures, data = [], {}
    for task, record in solution.records().items():
        key, metric = ("hub.accuracy", "accuracy") if "accuracy" in record.metrics else ("hub.hit", "hit_at_10")
        shares = {name: percent(value) for name, value in record.metrics[metric].items()}
        figures.append(words(key, task=words.pick(spec.task(task).title), **shares))
        for source in record.sources:
            data[source["name"]] = words("hub.rows", rows=f"{source['rows']:,}")
    learned = ", ".join(f"{escape(str(name))} ({rows})" for name, rows in data.items())
    address = f"/{words.language.value}/{spec.name}"
    return f"""<article class="cl-card"><h2>{escape(words.pick(spec.title))}</h2>
<p>{escape(words.pick(spec.summary))}</p>
<dl><dt>{words("hub.trained_on")}</dt><dd>{learned}</dd><dt>{words("hub.held_out")}</dt>
<dd>{"<br>".join(escape(figure) for figure in figures)}</dd></dl>
<a class="cl-open" href="{address}">{words("hub.open")}</a></article>"""
