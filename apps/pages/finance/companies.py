"""The companies that the running monitor looks for: shown, and exchanged for a list of one's own."""

from html import escape
from pathlib import Path

import gradio as gr

from apps.columns import TABLES, in_its_encoding
from apps.components import AT_ONCE, shown_errors
from apps.locale import Locale
from apps.pages.finance.replay import ReplayRun, store_of
from foundation.errors import InputError
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.watchlist import read_watch_list

__all__ = ["ask_for", "companies_form"]

_SHOWN = 30


def companies_form(words: Locale, run: gr.State, opened: gr.Tab) -> None:
    """Draw the list and an upload; ``run`` is the replay that is shown, where there is one."""
    with gr.Accordion(words("live.companies"), open=False, elem_id="live-companies"):
        gr.HTML(f'<p class="cl-why">{escape(words("live.companies_lead"))}</p>')
        now = gr.HTML("")
        file = gr.File(label=words("replay.companies"), file_types=TABLES, height=120)

    def listed(at: ReplayRun | None) -> str:
        store = store_of(at)
        names = [company.name for company in store.watch_list().companies] if store else []
        if not names:
            return f'<p class="cl-why">{escape(words("live.companies_none"))}</p>'
        first = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        return f"<p>{escape(words('live.companies_now', count=len(names), names=first))}</p>"

    show = shown_errors(words, [])(listed)

    @shown_errors(words, [])
    def take(path: str, at: ReplayRun | None) -> str:
        ask_for(Path(path), store_of(at))
        return listed(at)

    file.upload(take, [file, run], [now], **AT_ONCE)
    opened.select(show, [run], [now], **AT_ONCE)


def ask_for(path: Path, store: MonitorStore | None) -> None:
    """Ask the monitor to look for the companies of a table.

    Raises
    ------
    InputError
        There is no monitor, or the table is no watch list.
    """
    companies = in_its_encoding(read_watch_list, path)
    if store is None:
        raise InputError("nothing is watched yet; start 'colonnade watch finance', then give it the companies here")
    store.ask(companies)
