"""What the monitor sees: alerts to act on, and the tone of a topic or company over time with the stories behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from apps.components import empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.pages.finance.plots import tone_plot
from apps.tabs import label_names
from apps.theme import ATTENTION
from foundation.settings import settings
from solutions.finance.monitor.monitor import time_of
from solutions.finance.monitor.records import Alert, AlertState
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.pipeline import Finance
from solutions.finance.surge.baseline import DAY
from solutions.finance.trends import Trend, with_intervals

__all__ = ["live_tab"]

_DAYS, _ALERTS, _STORIES = 60, 20, 8
_SECONDS = 30  # between two looks at the store, while the tab is open


# Of all that is shown, what there is not before anything was watched.
_HIDDEN = (gr.update(visible=False), gr.update(visible=False), "", "", *(gr.update(visible=False) for _ in range(4)))


@cache
def _opened(path: Path) -> MonitorStore:
    return MonitorStore.at(path)


@dataclass(frozen=True)
class _Live:
    """The tab's handlers."""

    words: Locale
    topics: Mapping[str, str]

    def store(self) -> MonitorStore | None:
        """Return the monitor's database, if anything was ever watched."""
        path = settings().home / "monitor.db"
        return _opened(path) if path.exists() else None

    def look(self, focus: str | None, picked: int | None) -> tuple[Any, ...]:
        """Return all that is shown: summary, series, plot, stories, alerts, and what an alert is acted on with.

        What the person has chosen, a series and an alert, stays chosen while it is there.
        """
        store = self.store()
        last = store.last_hour() if store else None
        if store is None or last is None:
            return empty(self.words("live.empty")), *_HIDDEN
        end = last + 1
        known = store.series(end - _DAYS * DAY)
        alerts = store.alerts()
        wished = [focus, *(alert.series for alert in alerts), *known]
        chosen = next(series for series in wished if series in known)
        waiting = [alert for alert in alerts if alert.state is not AlertState.ACKNOWLEDGED]
        return (
            self._summary(end, store.utc_offset, len(known), len(waiting)),
            gr.Dropdown([(self.name(series), series) for series in known], value=chosen, visible=True),
            gr.Plot(self._plot(store, chosen, end, alerts), visible=True),
            self._stories(store, chosen, end, alerts),
            "".join(self._alert(store, alert) for alert in alerts[:_ALERTS]) or empty(self.words("live.no_alerts")),
            self._choice(waiting, picked),
            *(gr.update(visible=bool(waiting)) for _ in range(3)),
        )

    def act(self, state: AlertState, alert: int | None, note: str, focus: str | None) -> tuple[Any, ...]:
        """Acknowledge or snooze an alert, and show what is left."""
        store = self.store()
        if store and alert is not None:
            until = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1) if state is AlertState.SNOOZED else None
            store.change(alert, state, self.words("live.somebody"), (note or "").strip(), until)
        return self.look(focus, None)

    def name(self, series: str) -> str:
        """Return what a series is called in the page's language."""
        kind, _, name = series.partition(":")
        return self.topics.get(name, name) if kind == "topic" else name

    def _summary(self, end: int, offset: int, series: int, waiting: int) -> str:
        zone = f"UTC{offset:+d}" if offset else "UTC"
        seen = self.words(
            "live.summary", zone=zone, until=f"{time_of(end):%Y-%m-%d %H:%M}", series=series, waiting=waiting
        )
        return f'<p class="cl-summary">{escape(seen)}</p>'

    def _plot(self, store: MonitorStore, series: str, end: int, alerts: Sequence[Alert]) -> go.Figure:
        first = (end // DAY - _DAYS) * DAY
        items, negative = store.counts([series], first, end)
        day = np.arange(first, end) // DAY
        counts = (
            pd.DataFrame({"day": day, Trend.ITEMS: items[:, 0], Trend.NEGATIVE: negative[:, 0]}).groupby("day").sum()
        )
        counts = counts[counts[Trend.ITEMS] > 0].reset_index()
        times = [time_of(int(day) * DAY) for day in counts["day"]]
        trend = with_intervals(counts.assign(**{Trend.TIME: pd.to_datetime(times), Trend.TOPIC: series}))
        figure = tone_plot(self.words, trend, series, {series: self.name(series)}, weekly=False)
        for alert in alerts:
            if alert.series == series and alert.start >= first:
                figure.add_vrect(
                    x0=time_of(alert.start), x1=time_of(alert.hour + 1), fillcolor=ATTENTION, opacity=0.35,
                    line_width=0, annotation_text="⚠", annotation_position="top left",
                )  # fmt: skip
        return figure

    def _stories(self, store: MonitorStore, series: str, end: int, alerts: Sequence[Alert]) -> str:
        """Return the stories behind the last alert of a series, or those of the last day."""
        last = next((alert for alert in alerts if alert.series == series), None)
        first, until = (last.start, last.hour) if last else (end - DAY, end)
        rows = store.behind(series, first, until, _STORIES)
        head = self.words("live.stories_alert" if last else "live.stories_day", name=self.name(series))
        if not rows:
            return empty(self.words("live.no_stories", name=self.name(series)))
        ahead = timedelta(hours=store.utc_offset)
        items = "".join(
            f"<li>{escape(row['title'][:300])}<br><small>{row['time'] + ahead:%Y-%m-%d %H:%M} · "
            f"{percent(row['tone_confidence'])}</small></li>"
            for row in rows
        )
        return f'<h3>{escape(head)}</h3><ol class="cl-sentences">{items}</ol>'

    def _alert(self, store: MonitorStore, alert: Alert) -> str:
        share, usual = percent(alert.share), percent(alert.usual_share)
        said = self.words("live.alert", name=self.name(alert.series), share=share, usual=usual)
        facts = self.words(
            "live.alert_facts",
            kind=self.words(f"live.{alert.kind.value}"),
            negative=alert.negative,
            items=alert.items,
            start=f"{time_of(alert.start):%Y-%m-%d %H:%M}",
            chance=f"{alert.expected_false:.1g}",
        )
        notes = "".join(
            f"<br>{change['at']:%Y-%m-%d %H:%M} · {escape(self.words('live.' + change['state']))}"
            + (f": {escape(change['note'])}" if change["note"] else "")
            for change in store.changes(alert.id)[1:]
        )
        mark = "✓" if alert.state is AlertState.ACKNOWLEDGED else "⚠"
        state = self.words(f"live.{alert.state.value}")
        return (
            f'<section class="cl-answer"><p class="cl-kind">#{alert.id} · {escape(state)}</p><h3>'
            f'<span class="cl-mark" aria-hidden="true">{mark}</span>{escape(said)}</h3>'
            f'<p class="cl-why">{escape(facts)}{notes}</p></section>'
        )

    def _choice(self, waiting: Sequence[Alert], picked: int | None) -> gr.Dropdown:
        """Return the choice among the alerts that wait: the one that was picked, or else the newest."""
        known = [alert.id for alert in waiting]
        value = picked if picked in known else next(iter(known), None)
        return gr.Dropdown([(self._short(alert), alert.id) for alert in waiting], value=value, visible=bool(known))

    def _short(self, alert: Alert) -> str:
        return f"#{alert.id} {self.name(alert.series)}, {time_of(alert.hour):%Y-%m-%d %H:%M}"


def live_tab(solution: Finance, words: Locale, tab: gr.Tab) -> None:
    """Draw the tab; the store is first looked at when the tab is opened, and every half minute from then on."""
    live = _Live(words, label_names(solution, words)["topic"])
    gr.HTML(lead(words("live.lead")))
    summary = gr.HTML(empty(words("live.empty")), elem_id="live-summary")
    with gr.Row():
        with gr.Column(scale=3, min_width=320):
            focus = gr.Dropdown([], label=words("live.focus"), visible=False)
            plot = gr.Plot(visible=False, show_label=False, elem_id="live-plot")
            stories = gr.HTML("")
        with gr.Column(scale=2, min_width=320):
            alerts = gr.HTML("", elem_id="live-alerts")
            chosen = gr.Dropdown([], label=words("live.choose"), visible=False)
            note = gr.Textbox(label=words("live.note"), lines=1, max_lines=4, visible=False)
            with gr.Row():
                acknowledge = gr.Button(words("live.acknowledge"), variant="primary", visible=False)
                snooze = gr.Button(words("live.snooze"), visible=False)
            refresh = gr.Button(words("live.refresh"))
    outputs = [summary, focus, plot, stories, alerts, chosen, note, acknowledge, snooze]
    guard = shown_errors(words, [gr.skip() for _ in outputs[1:]])
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    look = guard(live.look)
    timer = gr.Timer(_SECONDS, active=False)
    gr.on([tab.select, refresh.click, focus.input, timer.tick], look, [focus, chosen], outputs, **quiet)
    tab.select(lambda: gr.Timer(active=True), None, timer, queue=False, **quiet)
    for button, state in ((acknowledge, AlertState.ACKNOWLEDGED), (snooze, AlertState.SNOOZED)):
        button.click(
            guard(lambda alert, text, series, state=state: live.act(state, alert, text, series)),
            [chosen, note, focus],
            outputs,
            **quiet,
        )
