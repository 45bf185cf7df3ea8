"""``colonnade bench``: measure a part of a vertical on simulated or real input."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.progress import progress_bar
from apps.cli.tables import DataRootOption

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["app"]

app = typer.Typer(help="Measure a part of a vertical.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Keep the name of the benchmark a word of its own: ``bench surge``."""


@app.command()
def surge(
    weeks: Annotated[int, typer.Option(min=1, help="Simulated weeks without a surge.")] = 200,
    dial: Annotated[float, typer.Option(min=0.01, help="False alarms a week that are accepted.")] = 1.0,
    runs: Annotated[int, typer.Option(min=1, help="Simulated surges.")] = 200,
    planted: Annotated[
        str, typer.Option(help="Bad news on top of other news (added) or in its place (replaced).")
    ] = "added",
    pack: Annotated[float, typer.Option(min=1, help="Items that come together, of one tone, on average.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data_root: DataRootOption = None,
) -> None:
    """Finance: false alarms a week and hours until a surge of bad news is found, beside three common detectors.

    Measured twice: on headlines resampled, where a day is like another, and where days differ as in real news.
    """
    from dataclasses import replace

    from foundation.errors import UnknownNameError
    from solutions.finance.surge.benchmark import SurgeBenchmark, benchmark_surge
    from solutions.finance.surge.simulation import Planted, Scenario, headline_share

    if planted not in {known.value for known in Planted}:
        raise UnknownNameError("kind of surge", planted, [known.value for known in Planted])
    share, source = headline_share(data_root)
    uneven = Scenario(share, planted=Planted(planted), pack=pack)
    resampled = replace(uneven, correlation=0.0, variation=0.0)
    with progress_bar() as listener:
        figures, on_uneven = (
            benchmark_surge(SurgeBenchmark(scenario, dial, weeks, runs), listener) for scenario in (resampled, uneven)
        )
    if as_json:
        typer.echo(json.dumps({"headlines": source, **figures, "uneven_days": on_uneven}))
        return
    from rich.console import Console

    for title, found in (("headlines resampled", figures), ("days that differ as in real news", on_uneven)):
        Console().print(_figures(title, {"this detector": found, **found["rivals"]}))
    typer.echo(
        f"{source}: {share:.0%} negative; bad news {planted}; dial {dial:g} a week; {weeks} weeks without a surge, "
        f"{runs} with one; {figures['seconds'] + on_uneven['seconds']:.0f} s"
    )


def _figures(title: str, rows: dict[str, dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table("detector", "false alarms a week", "found within 24 h", "median delay", title=title)
    for name, row in rows.items():
        rate, found = row["false_alarms_per_week"], row["found_within_24h"]
        table.add_row(
            name.replace("_", " "),
            f"{rate['value']:.2f} ({rate['low']:.2f} to {rate['high']:.2f})",
            f"{found['value']:.0%} ({found['low']:.0%} to {found['high']:.0%})",
            f"{row['median_delay_hours']:.0f} h",
        )
    return table
