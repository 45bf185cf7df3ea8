"""Measure the detector on simulated streams, beside its rivals at the same false-alarm rate."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import beta, chi2

from foundation.progress import Listener, silent
from solutions.finance.surge.baseline import WEEK, Floats
from solutions.finance.surge.detector import SurgeDetector
from solutions.finance.surge.rivals import RIVALS, crossings, tune
from solutions.finance.surge.simulation import Scenario, Stream, simulate, surge_hours

__all__ = ["SurgeBenchmark", "benchmark_surge"]

# The detector learns for three weeks, and is judged when its baseline is full.
_WARM_UP = 9
_STREAM_WEEKS = 50  # judged, of each stream without a surge
_FOUND_WITHIN = 24
_TUNING_SEED, _QUIET_SEED, _SURGE_SEED = 10_000, 20_000, 30_000


@dataclass(frozen=True)
class SurgeBenchmark:
    """How much is measured.

    Attributes
    ----------
    scenario : Scenario
    dial : float
        False alarms a week that are accepted.
    weeks : int
        Without a surge, over which false alarms are counted.
    runs : int
        With one surge each.
    """

    scenario: Scenario
    dial: float = 1.0
    weeks: int = 200
    runs: int = 200


def benchmark_surge(asked: SurgeBenchmark, listener: Listener = silent) -> dict[str, Any]:
    """Return false alarms a week, the share of surges found within a day and the median hours until then.

    The rivals are tuned, on streams of their own, to the false-alarm rate that the detector has. A surge that is not
    found while it lasts counts as found when it is over.
    """
    started = time.perf_counter()
    streams = -(-asked.weeks // _STREAM_WEEKS)
    weeks = [min(_STREAM_WEEKS, asked.weeks - _STREAM_WEEKS * number) for number in range(streams)]
    starts = surge_hours(asked.runs, _WARM_UP)
    total, done = streams + asked.runs, 0
    false, delays = 0, []
    quiet, tuning = (
        [simulate(asked.scenario, seed + number, _WARM_UP + judged) for number, judged in enumerate(weeks)]
        for seed in (_QUIET_SEED, _TUNING_SEED)
    )
    for stream in quiet:
        false += len(_alarms(stream, asked.dial))
        listener(done := done + 1, total, "simulating")
    surges = [simulate(asked.scenario, _SURGE_SEED + run, _WARM_UP + 2, start) for run, start in enumerate(starts)]
    for stream, start in zip(surges, starts, strict=True):
        delays.append(_delay(_alarms(stream, asked.dial), start, asked.scenario))
        listener(done := done + 1, total, "simulating")
    rate = false / asked.weeks
    return {
        "dial": asked.dial,
        "weeks": asked.weeks,
        "runs": asked.runs,
        "scenario": asdict(asked.scenario),
        "false_alarms_per_week": _rate(false, asked.weeks),
        **_found(delays),
        "rivals": {name: _rival(score, rate, (tuning, quiet, surges), starts, asked) for name, score in RIVALS.items()},
        "seconds": round(time.perf_counter() - started, 1),
    }


def _alarms(stream: Stream, dial: float) -> list[tuple[int, int]]:
    detector = SurgeDetector(stream.items.shape[1], dial)
    found = [
        (alarm.hour, alarm.series)
        for hour, (items, negative) in enumerate(zip(stream.items, stream.negative, strict=True))
        for alarm in detector.step(hour, items, negative)
    ]
    return [(hour, series) for hour, series in found if hour >= _WARM_UP * WEEK]


def _rival(
    score: Callable[[Stream], Floats],
    rate: float,
    streams: Sequence[Sequence[Stream]],
    starts: Sequence[int],
    asked: SurgeBenchmark,
) -> dict[str, Any]:
    """Tune a rival to a rate on the first streams, and measure it on those without and those with a surge."""
    tuning, quiet, surges = streams
    first = _WARM_UP * WEEK
    threshold = tune([score(stream) for stream in tuning], rate, first)
    false = sum(len(crossings(score(stream), threshold, first)) for stream in quiet)
    delays = [
        _delay(crossings(score(stream), threshold, first), start, asked.scenario)
        for stream, start in zip(surges, starts, strict=True)
    ]
    rates = {"threshold": round(threshold, 3), "false_alarms_per_week": _rate(false, asked.weeks)}
    return {**rates, **_found(delays)}


def _delay(alarms: Sequence[tuple[int, int]], start: int, scenario: Scenario) -> int:
    """Return the hours from the start of the surge to the end of the hour that raised the alarm."""
    end = start + scenario.hours
    return min((hour + 1 - start for hour, topic in alarms if topic == 0 and start <= hour < end), default=end - start)


def _rate(count: int, weeks: int) -> dict[str, float]:
    """Return events a week with Garwood's exact 95 % interval of a Poisson mean (1936)."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return _figure(count / weeks, low / weeks, chi2.ppf(0.975, 2 * count + 2) / 2 / weeks)


def _found(delays: Sequence[int]) -> dict[str, Any]:
    """Return the share found in time, with Clopper and Pearson's exact 95 % interval (1934), and the median delay."""
    hours: Floats = np.asarray(delays, dtype=float)
    found, runs = int((hours <= _FOUND_WITHIN).sum()), len(hours)
    low = beta.ppf(0.025, found, runs - found + 1) if found else 0.0
    high = beta.ppf(0.975, found + 1, runs - found) if found < runs else 1.0
    return {"found_within_24h": _figure(found / runs, low, high), "median_delay_hours": float(np.median(hours))}


def _figure(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": round(float(value), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
