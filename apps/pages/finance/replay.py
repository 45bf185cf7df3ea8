"""A replay on the Live tab: an archive is told again, as fast as the person likes, and what it shows is summed up."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from apps.columns import ENCODINGS, TABLES, in_its_encoding
from apps.components import AT_ONCE, QUIET, empty, error, shown_errors
from apps.locale import Locale
from foundation.data.cards import find_card
from foundation.data.columns import news_columns
from foundation.data.tables import read_table
from foundation.errors import ColonnadeError, InputError
from solutions.finance.monitor.files import FileSource
from solutions.finance.monitor.monitor import Monitor
from solutions.finance.monitor.replay import Archive, Event, ReplayReport, read_archive, read_events, replay, report
from solutions.finance.monitor.store import MonitorStore, usual_place
from solutions.finance.pipeline import Finance
from solutions.finance.watchlist import read_watch_list

__all__ = ["ReplayRun", "replay_form", "wire_replay"]

_FRAMES = 3  # times a second that the page is drawn anew, at most
_SPEEDS = (1, 60)  # days of the archive in a second
_DIALS = (0.2, 10.0)


@dataclass
class ReplayRun:
    """A replay that a visitor has begun; its database is gone when the visitor is.

    Attributes
    ----------
    speed : float
        Days of the archive in a second; the slider changes it.
    asked : tuple
        What the person asked to see last, while it runs.
    told : bool
        Whether it was begun to be told.
    """

    monitor: Monitor
    store: MonitorStore
    archive: Archive
    events: list[Event]
    speed: float
    _folder: "tempfile.TemporaryDirectory[str]" = field(repr=False)
    asked: tuple[Any, ...] = ()
    told: bool = False

    @classmethod
    def begin(
        cls, solution: Finance, archive: Archive, companies: Path | None, events: Path | None, dial: float, speed: float
    ) -> "ReplayRun":
        """Make an empty database and a monitor over it."""
        watch_list = in_its_encoding(read_watch_list, companies) if companies else None
        known = in_its_encoding(read_events, events) if events else []
        folder = tempfile.TemporaryDirectory(prefix="colonnade-replay-")
        store = MonitorStore.at(Path(folder.name) / "replay.db")
        monitor = Monitor(solution, store, [archive], watch_list=watch_list, dial=dial)
        return cls(monitor, store, archive, known, speed, folder)

    def step(self) -> timedelta:
        """Return how much of the archive is told until the page is drawn next."""
        return timedelta(days=self.speed / _FRAMES)

    def close(self) -> None:
        """Remove the database."""
        self.store.engine.dispose()
        self._folder.cleanup()


@dataclass(frozen=True)
class _Form:
    """What the person fills in."""

    sample: gr.Button
    file: gr.File
    companies: gr.File
    events: gr.File
    encoding: gr.Dropdown
    start: gr.Button
    dial: gr.Slider
    speed: gr.Slider
    stop: gr.Button
    leave: gr.Button
    status: gr.HTML


_opened = cache(MonitorStore.at)


def store_of(run: ReplayRun | None) -> MonitorStore | None:
    """Return the database of a replay, or else the monitor's, if anything was ever watched."""
    if run:
        return run.store
    place = usual_place()
    return _opened(place) if isinstance(place, str) or place.exists() else None


def replay_form(words: Locale) -> _Form:
    """Draw what a replay is asked for with."""
    with gr.Accordion(words("replay.title"), open=True):
        gr.HTML(f'<p class="cl-why">{escape(words("replay.lead"))}</p>')
        with gr.Row():
            sample = gr.Button(words("replay.sample"), variant="primary", min_width=200)
            start = gr.Button(words("replay.start"), interactive=False, min_width=120)
            stop = gr.Button(words("finance.stop"), variant="stop", visible=False, min_width=120)
            leave = gr.Button(words("replay.leave"), visible=False, min_width=120)
        with gr.Row():
            speed = gr.Slider(*_SPEEDS, value=7, step=1, label=words("replay.speed"), min_width=200)
            dial = gr.Slider(*_DIALS, value=1, step=0.2, label=words("replay.dial"), min_width=200)
        with gr.Accordion(words("replay.own"), open=False):
            with gr.Row():
                file = gr.File(label=words("replay.file"), file_types=TABLES, height=120)
                companies = gr.File(label=words("replay.companies"), file_types=TABLES, height=120)
                events = gr.File(label=words("replay.events"), file_types=TABLES, height=120)
            # an archive is read as a growing file is, which is never UTF-16
            known = [encoding for encoding in ENCODINGS if encoding != "utf-16"]
            encoding = gr.Dropdown(known, value=known[0], label=words("finance.encoding"))
        status = gr.HTML("", elem_id="replay-status")
    return _Form(sample, file, companies, events, encoding, start, dial, speed, stop, leave, status)


def wire_replay(
    solution: Finance,
    words: Locale,
    form: _Form,
    run: gr.State,
    look: Callable[..., tuple[Any, ...]],
    wanted: list[Any],
    outputs: list[Any],
) -> None:
    """Connect the form.

    Parameters
    ----------
    run : State
        Of the ``ReplayRun`` that is shown; it is the first of ``wanted``.
    look : callable
        From the values of ``wanted`` to those of ``outputs``.
    """
    controls = [form.start, form.sample, form.stop, form.leave]
    guard = shown_errors(words, [gr.skip() for _ in range(1 + len(controls))])

    def begin(
        archive: Archive,
        events: Path | None,
        companies: str | None,
        dial: float,
        speed: float,
        former: ReplayRun | None,
    ) -> tuple[Any, ...]:
        begun = ReplayRun.begin(solution, archive, Path(companies) if companies else None, events, dial, speed)
        if former:
            former.close()
        return empty(words("replay.reading")), begun, *_controls(running=True, shown=True)

    @guard
    def begin_own(file: str, encoding: str, events: str | None, *given: Any) -> tuple[Any, ...]:
        return begin(_own_archive(Path(file), encoding), Path(events) if events else None, *given)

    @guard
    def begin_sample(*given: Any) -> tuple[Any, ...]:
        folder = find_card("headlines").folder()
        return begin(read_archive(FileSource(folder / "sample.csv", ended=True)), folder / "events.csv", *given)

    def tell(begun: ReplayRun | None, *asked: Any) -> Iterator[tuple[Any, ...]]:
        if begun is None or begun.told:  # what was asked for could not be read: the error stays
            yield tuple(gr.skip() for _ in range(1 + len(outputs)))  # that nothing is yielded would blank them
            return
        begun.told = True
        try:
            drawn = 0.0
            for share in replay(begun.monitor, begun.archive, begun.step):
                time.sleep(max(0.0, drawn + 1 / _FRAMES - time.monotonic()))
                drawn = time.monotonic()
                told = words("replay.at", time=f"{begun.archive.now:%Y-%m-%d %H:%M}", share=f"{share:.0%}")
                yield _progress(told, share), *look(begun, *(begun.asked or asked))
            yield (
                _report(words, report(begun.store, begun.events, begun.monitor.detector.dial)),
                *look(begun, *(begun.asked or asked)),
            )
        except ColonnadeError as failure:
            yield error(words, str(failure)), *(gr.skip() for _ in outputs)

    def stopped(shown: ReplayRun | None) -> tuple[Any, ...]:
        return _controls(running=False, shown=shown is not None)

    given = [form.companies, form.dial, form.speed, run]
    begun = [form.status, run, *controls]
    runs = []
    for button, handler, inputs in (
        (form.start, begin_own, [form.file, form.encoding, form.events, *given]),
        (form.sample, begin_sample, given),
    ):
        reading = button.click(handler, inputs, begun, show_progress_on=form.status, api_visibility="private")
        telling = reading.success(
            tell, wanted, [form.status, *outputs], concurrency_limit=4, concurrency_id="replay", **QUIET
        )
        telling.then(stopped, run, controls, **QUIET)
        runs.append(telling)
    form.stop.click(stopped, run, controls, cancels=runs, **QUIET)
    form.file.change(lambda file: gr.Button(interactive=file is not None), form.file, form.start, **AT_ONCE)
    form.speed.change(_set_speed, [run, form.speed], None, **AT_ONCE)

    def leave(former: ReplayRun | None, *asked: Any) -> tuple[Any, ...]:
        if former:
            former.close()
        return "", None, *_controls(running=False, shown=False), *look(None, *asked)

    form.leave.click(leave, wanted, [*begun, *outputs], cancels=runs, **QUIET)


def _own_archive(path: Path, encoding: str) -> Archive:
    columns = [str(column) for column in read_table(path, encoding).columns]
    found = news_columns(columns)
    if not {"text", "time"} <= found.keys():
        given = ", ".join(columns)
        raise InputError(
            f"{path.name} needs a column of texts and one of times; it has: {given}; call them text and time"
        )
    return read_archive(FileSource(path, encoding, found, ended=True))


def _controls(*, running: bool, shown: bool) -> tuple[Any, ...]:
    """Return start, sample, stop and leave: while a replay is running, and while one is shown that ran."""
    return (
        gr.Button(visible=not running),
        gr.Button(visible=not running),
        gr.Button(visible=running),
        gr.Button(visible=shown and not running),
    )


def _set_speed(run: ReplayRun | None, speed: float) -> None:
    if run:
        run.speed = speed


def _progress(told: str, share: float) -> str:
    return (
        f'<p class="cl-summary">{escape(told)}</p><span class="cl-track"><span class="cl-fill" '
        f'style="width:{share:.1%};background:var(--primary-500)"></span></span>'
    )


def _report(words: Locale, told: ReplayReport) -> str:
    lines = [
        words("replay.missed", start=f"{event.start:%Y-%m-%d %H:%M}")
        if delay is None
        else words("replay.found", start=f"{event.start:%Y-%m-%d %H:%M}", hours=f"{delay:.0f}")
        for event, delay in told.delays
    ]
    facts = {
        "alerts": told.alerts,
        "moments": told.moments,
        "weeks": f"{told.weeks:.1f}",
        "accepted": f"{told.accepted:.1f}",
    }
    if told.delays:
        lines.append(words("replay.report", false=told.false_alarms, **facts))
    else:
        lines.append(words("replay.report_plain", **facts))
    return f'<p class="cl-summary">{escape(words.sentences(*lines))}</p>'
