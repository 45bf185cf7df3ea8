"""What can be found at all: the detector told what no detector knows, the true baseline and how strong a surge will be.

python -m tests.benchmarks.surge_oracle --data-root ../shared/data [--runs 200] [--weeks 200] [--dial 1]
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from solutions.finance.surge import benchmark, detector
from solutions.finance.surge.baseline import DAY, WEEK, Baseline
from solutions.finance.surge.simulation import Scenario, headline_share, simulate


def true_baseline(scenario: Scenario) -> Baseline:
    """Return what the streams are drawn from: of 2,000 weeks without day-to-day variation, the mean."""
    steady = replace(scenario, correlation=0.0, variation=0.0, pack=1.0)
    items = simulate(steady, seed=0, weeks=2000).items.reshape(2000, WEEK, -1).mean(axis=0)
    topics = len(scenario.items_a_day)
    return Baseline(
        items,
        np.full((WEEK, topics), scenario.share),
        np.full(topics, 1 / scenario.correlation - 1),
        np.full(topics, 1 / scenario.variation**2),
        np.ones(topics),
        np.ones(topics),
        days=WEEK // DAY,
    )


def main() -> None:
    """Print false alarms a week and the share found within a day."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--dial", type=float, default=1.0, help="As the detector takes it; see what rate it gives.")
    asked = parser.parse_args()
    scenario = Scenario(headline_share(asked.data_root)[0])
    odds = scenario.factor * (1 - scenario.share) / (1 - scenario.factor * scenario.share)
    truth = true_baseline(scenario)
    with (
        patch.object(detector, "fit_baseline", lambda *_, **__: truth),
        patch.object(detector, "_BURST_ODDS", (odds,)),
        patch.object(benchmark, "RIVALS", {}),
    ):
        wanted = benchmark.SurgeBenchmark(scenario, asked.dial, asked.weeks, asked.runs)
        figures: dict[str, Any] = benchmark.benchmark_surge(wanted)
    sys.stdout.write(json.dumps({"odds": round(odds, 2), **figures}) + "\n")


if __name__ == "__main__":
    main()
