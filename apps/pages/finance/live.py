"""What the monitor sees: alerts to act on, and the tone of a topic or company over time with the stories behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from apps.components import AT_ONCE, empty, lead, percent, shown_errors
from apps.locale import Locale
from apps.pages.finance.companies import companies_form
from apps.pages.finance.plots import tone_plot
from apps.pages.finance.replay import ReplayRun, replay_form, store_of, wire_replay
from apps.tabs import label_names
from apps.theme import ATTENTION, TONE_MARKS
from solutions.finance.monitor.monitor import hour_of, time_of
from solutions.finance.monitor.records import Alert, AlertState
from solutions.finance.monitor.store import MonitorStore
from solutions.finance.pipeline import Finance
from solutions.finance.surge.baseline import DAY
from solutions.finance.trends import Trend, with_intervals

__all__ = ["live_tab"]

_ALERTS, _STORIES = 20, 8
_PERIODS = (7, 60, 365)  # days
_SECONDS = 30  # between two looks at the store, while the tab is open


@dataclass(frozen=True)
class Filters:
    """What the person wants to see.

    Attributes
    ----------
    focus : str or None
        A series.
    days : int
        How far back the plot goes.
    bad_only : bool
        Whether stories are bad news only.
    day : str
        ``2026-04-14``, of which stories are shown; anything else is no choice.
    """

    focus: str | None
    days: int
    bad_only: bool
    day: str

    def hours(self) -> tuple[int, int] | None:
        """Return the first and the last hour of the chosen day."""
        try:
            first = hour_of(datetime.strptime(self.day.strip(), "%Y-%m-%d"))
        except ValueError:
            return None
        return first, first + DAY - 1


@dataclass(frozen=True)
class Live:
    """The tab's handlers."""

    words: Locale
    topics: Mapping[str, str]
    tones: Mapping[str, str]

    def look(self, run: ReplayRun | None, filters: Filters, picked: int | None) -> tuple[Any, ...]:
        """Return all that is shown: summary, view, series, plot, stories, alerts, and what an alert is acted on with.

        What the person has chosen, a series and an alert, stays chosen while it is there.
        """
        store = store_of(run)
        last = store.last_hour() if store else None
        if store is None or last is None:
            nothing = empty(self.words("live.empty"))
            return nothing, gr.update(visible=False), gr.skip(), gr.skip(), "", "", gr.skip(), gr.update(visible=False)
        end = last + 1
        known = store.series(end - filters.days * DAY)
        alerts = store.alerts()
        wished = [filters.focus, *(alert.series for alert in alerts), *known]
        chosen = next(series for series in wished if series in known)
        waiting = [alert for alert in alerts if alert.state is AlertState.OPEN]
        rest = sorted(
            (alert for alert in alerts if alert not in waiting), key=lambda alert: alert.state.value, reverse=True
        )
        return (
            self._summary(end, store.utc_offset, len(known), len(waiting)),
            gr.update(visible=True),
            gr.Dropdown([(self.name(series), series) for series in known], value=chosen),
            self._plot(store, chosen, end, alerts, filters.days),
            self._stories(store, chosen, end, alerts, filters),
            "".join(self._alert(store, alert, alerts) for alert in alerts[:_ALERTS])
            or empty(self.words("live.no_alerts")),
            self._choice([*waiting, *rest[:_ALERTS]], picked),
            gr.update(visible=bool(alerts)),
        )

    def act(
        self, state: AlertState, run: ReplayRun | None, filters: Filters, alert: int | None, note: str
    ) -> tuple[Any, ...]:
        """Acknowledge, snooze or open an alert again, with a note where there is one, and show what is left."""
        store = store_of(run)
        if store and alert is not None:
            until = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1) if state is AlertState.SNOOZED else None
            store.change(alert, state, self.words("live.somebody"), (note or "").strip(), until)
        return self.look(run, filters, None)

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

    def _plot(self, store: MonitorStore, series: str, end: int, alerts: Sequence[Alert], days: int) -> go.Figure:
        first = (end // DAY - days) * DAY
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

    def _stories(self, store: MonitorStore, series: str, end: int, alerts: Sequence[Alert], filters: Filters) -> str:
        """Return the stories of the chosen day; without one, those behind the last alert, or those of the last day."""
        last = next((alert for alert in alerts if alert.series == series), None)
        first, until = (last.start, last.hour) if last else (end - DAY, end)
        head = self.words("live.stories_alert" if last else "live.stories_day", name=self.name(series))
        if chosen := filters.hours():
            first, until = chosen
            head = self.words("live.stories_on", name=self.name(series), day=filters.day.strip())
        rows = store.behind(series, first, until, _STORIES, bad_only=filters.bad_only)
        ahead = timedelta(hours=store.utc_offset)
        items = "".join(self._story(row, row["time"] + ahead) for row in rows)
        return f"<h3>{escape(head)}</h3>" + (
            f'<ol class="cl-sentences">{items}</ol>' if rows else empty(self.words("live.no_stories"))
        )

    def _story(self, row: Mapping[str, Any], time: datetime) -> str:
        mark, tone = TONE_MARKS.get(row["tone"], ""), self.tones.get(row["tone"], row["tone"])
        facts = [f"{time:%Y-%m-%d %H:%M}", f"{mark} {tone}, {percent(row['tone_confidence'])}"]
        if row["mentions"] > 1:
            facts.append(self.words("live.mentions", mentions=row["mentions"]))
        facts.append(self.words("live.novelty", share=percent(row["novelty"])))
        return f"<li>{escape(row['title'][:300])}<br><small>{escape(' · '.join(facts))}</small></li>"

    def _alert(self, store: MonitorStore, alert: Alert, alerts: Sequence[Alert]) -> str:
        share, usual = percent(alert.share), percent(alert.usual_share)
        said = self.words("live.alert", name=self.name(alert.series), share=share, usual=usual)
        facts = self.words(
            "live.alert_facts",
            kind=self.words(f"live.{alert.kind.value}"),
            negative=alert.negative,
            items=alert.items,
            start=f"{time_of(alert.start):%Y-%m-%d %H:%M}",
            effect=f"{alert.effect:.1f}",
            p=f"{alert.p:.1g}",
            chance=f"{alert.expected_false:.1g}",
        )
        # a topic and the companies in its news rise together: it is one event to whoever reads it
        others = [
            f"#{each.id} {self.name(each.series)}" for each in alerts if each.hour == alert.hour and each != alert
        ]
        beside = "<br>" + escape(self.words("live.beside", others=", ".join(others))) if others else ""
        ahead = timedelta(hours=store.utc_offset)
        notes = "".join(
            f"<br>{change['at'] + ahead:%Y-%m-%d %H:%M} · {escape(self.words('live.' + change['state']))}"
            + (f": {escape(change['note'])}" if change["note"] else "")
            for change in store.changes(alert.id)[1:]
        )
        mark = "✓" if alert.state is AlertState.ACKNOWLEDGED else "⚠"
        state = self.words(f"live.{alert.state.value}")
        return (
            f'<section class="cl-answer"><p class="cl-kind">#{alert.id} · {escape(state)}</p><h3>'
            f'<span class="cl-mark" aria-hidden="true">{mark}</span>{escape(said)}</h3>'
            f'<p class="cl-why">{escape(facts)}{beside}{notes}</p></section>'
        )

    def _choice(self, left: Sequence[Alert], picked: int | None) -> gr.Dropdown:
        """Return the choice among the alerts that are left: the one that was picked, or else the first."""
        known = [alert.id for alert in left]
        value = picked if picked in known else next(iter(known), None)
        return gr.Dropdown([(self._short(alert), alert.id) for alert in left], value=value)

    def _short(self, alert: Alert) -> str:
        acted = "" if alert.state is AlertState.OPEN else f" · {self.words(f'live.{alert.state.value}')}"
        return f"#{alert.id} {self.name(alert.series)}, {time_of(alert.hour):%Y-%m-%d %H:%M}{acted}"


def live_tab(solution: Finance, words: Locale, tab: gr.Tab) -> None:
    """Draw the tab; the store is first looked at when the tab is opened, and every half minute from then on."""
    names = label_names(solution, words)
    live = Live(words, names["topic"], names["tone"])
    gr.HTML(lead(words("live.lead")))
    run: gr.State = gr.State(None, delete_callback=lambda former: former and former.close())
    replay = replay_form(words)
    summary = gr.HTML(empty(words("live.empty")), elem_id="live-summary")
    with gr.Row(visible=False) as view:
        with gr.Column(scale=3, min_width=320):
            with gr.Row():
                focus = gr.Dropdown([], label=words("live.focus"), min_width=160)
                periods = [(words("live.days", days=days), days) for days in _PERIODS]
                days = gr.Dropdown(periods, value=_PERIODS[1], label=words("live.period"), min_width=120)
                kinds = [(words("live.bad"), True), (words("live.all"), False)]
                bad_only = gr.Dropdown(kinds, value=True, label=words("live.which"), min_width=120)
            plot = gr.Plot(show_label=False, elem_id="live-plot")
            day = gr.Textbox(
                "", label=words("live.day"), placeholder=words("live.day_hint"), max_lines=1, elem_id="live-day"
            )
            stories = gr.HTML("")
        with gr.Column(scale=2, min_width=320):
            alerts = gr.HTML("", elem_id="live-alerts")
            with gr.Column(visible=False) as acting:
                chosen = gr.Dropdown([], label=words("live.choose"))
                note = gr.Textbox(label=words("live.note"), lines=1, max_lines=4)
                with gr.Row():
                    acknowledge = gr.Button(words("live.acknowledge"), variant="primary")
                    snooze = gr.Button(words("live.snooze"))
                    reopen = gr.Button(words("live.reopen"))
    refresh = gr.Button(words("live.refresh"))
    companies_form(words, run, tab)
    outputs = [summary, view, focus, plot, stories, alerts, chosen, acting]
    wanted = [run, focus, days, bad_only, day]
    guard = shown_errors(words, [gr.skip() for _ in outputs[1:]])

    @guard
    def look(at: ReplayRun | None, *asked: Any) -> tuple[Any, ...]:
        *filters, picked = asked
        return live.look(at, Filters(*filters), picked)

    def choose(at: ReplayRun | None, *asked: Any) -> tuple[Any, ...]:
        if at:
            at.asked = asked  # the next frame of the replay shows it too
        return look(at, *asked)

    timer = gr.Timer(_SECONDS, active=False)
    # "select" is what a person does; a dropdown says "input" too when a replay sets it anew
    gr.on([focus.select, days.select, bad_only.select], choose, [*wanted, chosen], outputs, **AT_ONCE)
    day.input(choose, [*wanted, chosen], outputs, trigger_mode="always_last", **AT_ONCE)
    gr.on([tab.select, refresh.click, timer.tick], look, [*wanted, chosen], outputs, **AT_ONCE)
    tab.select(lambda: gr.Timer(active=True), None, timer, **AT_ONCE)
    states = {acknowledge: AlertState.ACKNOWLEDGED, snooze: AlertState.SNOOZED, reopen: AlertState.OPEN}
    for button, state in states.items():

        @guard
        def act(at: ReplayRun | None, *asked: Any, state: AlertState = state) -> tuple[Any, ...]:
            *filters, alert, text = asked
            return live.act(state, at, Filters(*filters), alert, text)

        button.click(act, [*wanted, chosen, note], outputs, **AT_ONCE)
    wire_replay(solution, words, replay, run, look, [*wanted, chosen], outputs)
