"""``colonnade watch``: follow sources, keep what they say, and raise an alert when bad news gathers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.progress import progress_bar
from apps.cli.tables import EncodingOption, parse_pairs
from foundation.errors import ColonnadeError, InputError, UnknownNameError

if TYPE_CHECKING:
    from solutions.finance.monitor.items import Source
    from solutions.finance.monitor.monitor import Monitor, Turn
    from solutions.finance.monitor.replay import ReplayReport
    from solutions.finance.monitor.store import MonitorStore

__all__ = ["watch"]

_LONGEST_PAUSE = 3600.0


def watch(
    vertical: Annotated[str, typer.Argument(help="finance.")],
    source: Annotated[list[str], typer.Option(help="file:PATH of a growing table or folder, or rss:URL; repeatable.")],
    mapping: Annotated[str, typer.Option("--map", help="Your column names: text=headline,time=date,body=story.")] = "",
    encoding: EncodingOption = "utf-8",
    watch_list: Annotated[Path | None, typer.Option(help="Companies: a table with name, aliases, tickers.")] = None,
    dial: Annotated[float, typer.Option(min=0.01, help="False alarms a week that you accept.")] = 1.0,
    alert: Annotated[list[str] | None, typer.Option(help="https://... or mailto:...; repeatable.")] = None,
    store: Annotated[
        str, typer.Option(help="sqlite:///FILE or postgresql+psycopg://...; COLONNADE_STORE where left out.")
    ] = "",
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks at the sources.")] = 60.0,
    utc_offset: Annotated[int, typer.Option(min=-12, max=14, help="Hours that your midnight is ahead of UTC's.")] = 0,
    fold: Annotated[bool, typer.Option(help="Count copies of a story once; among comments each counts.")] = True,
    once: Annotated[bool, typer.Option("--once", help="Stop when the sources have nothing new.")] = False,
    events: Annotated[Path | None, typer.Option(help="Of an archive: what happened (series, start, end).")] = None,
) -> None:
    """Follow sources until Ctrl-C; the same command goes on where it stopped."""
    from solutions.finance.monitor.delivery import deliver, find_channel
    from solutions.finance.monitor.monitor import Monitor
    from solutions.finance.monitor.replay import read_events, report
    from solutions.finance.monitor.store import MonitorStore, usual_place
    from solutions.finance.pipeline import Finance
    from solutions.finance.watchlist import read_watch_list

    if vertical != "finance":
        raise UnknownNameError("vertical that can be watched", vertical, ["finance"])
    if events and not once:
        raise InputError("--events tells what happened in an archive; add --once")
    known = read_events(events, encoding) if events else []
    channels = {channel.name: channel for channel in map(find_channel, alert or [])}
    sources = [_source(address, encoding, parse_pairs("--map", mapping), ended=once) for address in source]
    companies = read_watch_list(watch_list, encoding) if watch_list else None
    kept = MonitorStore.at(store or usual_place())
    with progress_bar() as listener:
        Finance.prepare(listener=listener)
        loaded = Finance.load(listener=listener)
    monitor = Monitor(
        loaded,
        kept,
        sources,
        watch_list=companies,
        dial=dial,
        channels=list(channels),
        utc_offset=utc_offset,
        fold=fold,
    )
    try:
        _follow(monitor, kept, every, lambda: deliver(kept, channels, _warn), once=once)
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here")
        return
    if events:
        _judge(report(kept, known, dial))


def _follow(monitor: "Monitor", store: "MonitorStore", every: float, send: Callable[[], int], *, once: bool) -> None:
    """Turn until there is nothing new (``once``) or for ever; what fails later on is told and tried again."""
    pause, started, found = every, False, 0
    while True:
        try:
            turn = monitor.turn()
            _tell(turn, store)
            send()
        except ColonnadeError as error:
            if once or not started:
                raise
            typer.secho(f"colonnade: {error}; again in {pause:.0f} s", fg="red", err=True)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            continue
        pause, started, found = every, True, found + turn.new
        if not turn.more:
            if monitor.detector.learning and turn.new:
                typer.echo("still learning what is usual: alerts begin when three weeks have been read")
            if once:
                if not found:
                    typer.echo("nothing new")
                return
            time.sleep(every)


def _tell(turn: "Turn", store: "MonitorStore") -> None:
    if turn.new:
        typer.echo(f"{turn.new:,} new items")
    if turn.refused:
        first = turn.refused[0]
        _warn(f"{len(turn.refused):,} refused; the first: {first.where} {first.reason}")
    for alert in store.alerts() if turn.alerts else ():
        if alert.id in turn.alerts:
            figures = f"{alert.negative} of {alert.items} items negative, usually {alert.usual_share:.0%}"
            strength = f"{alert.effect:.1f} times as much, p = {alert.p:.1g}"
            chance = f"chance alone gives {alert.expected_false:.2g} such alerts a week"
            typer.echo(f"alert {alert.id}: {alert.series}, {alert.kind.value}: {figures}, {strength}; {chance}")
            for row in store.behind(alert.series, alert.start, alert.hour, count=3):
                again = f" ({row['mentions']} mentions)" if row["mentions"] > 1 else ""
                typer.echo(f"  - {row['title'][:120]}{again}")


def _warn(line: str) -> None:
    typer.secho(line, fg="yellow", err=True)


def _judge(told: "ReplayReport") -> None:
    for event, delay in told.delays:
        found = "missed" if delay is None else f"found after {delay:.1f} hours"
        typer.echo(f"{event.series}, {event.start:%Y-%m-%d %H:%M}: {found}")
    typer.echo(
        f"alerts in {told.weeks:.1f} weeks: {told.alerts}; moments at which any was raised: {told.moments}, "
        f"false ones: {told.false_alarms}; the dial accepts {told.accepted:.1f}"
    )


def _source(address: str, encoding: str, columns: dict[str, str], *, ended: bool) -> "Source":
    from solutions.finance.monitor.feeds import FeedSource
    from solutions.finance.monitor.files import FileSource

    kind, _, place = address.partition(":")
    if kind == "file" and place:
        return FileSource(Path(place), encoding, columns, ended)
    if kind == "rss" and place:
        return FeedSource(place)
    raise InputError(f"cannot follow {address!r}; expected file:PATH or rss:https://HOST/PATH")
