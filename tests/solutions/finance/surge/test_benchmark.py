import json

import numpy as np
import pytest

from solutions.finance.surge.baseline import DAY, WEEK
from solutions.finance.surge.benchmark import SurgeBenchmark, benchmark_surge
from solutions.finance.surge.rivals import RIVALS, count_score, crossings, ewma_score, share_score, tune
from solutions.finance.surge.simulation import Planted, Scenario, Stream, simulate, surge_hours
from tests.conftest import colonnade


@pytest.mark.parametrize("planted", list(Planted))
def test_a_planted_surge_doubles_the_share(planted):
    scenario = Scenario(0.3, items_a_day=(4000.0,), correlation=1e-4, variation=0.01, planted=planted)
    stream = simulate(scenario, 0, 2, surge_at=WEEK)
    surge, before = slice(WEEK, WEEK + 48), slice(0, 48)
    share = [stream.negative[hours].sum() / stream.items[hours].sum() for hours in (before, surge)]
    assert share == pytest.approx([0.3, 0.6], abs=0.02)
    others = [(stream.items - stream.negative)[hours].sum() for hours in (before, surge)]
    growth = stream.items[surge].sum() / stream.items[before].sum()
    if planted is Planted.ADDED:
        assert others[1] / others[0] == pytest.approx(1.0, abs=0.05)
        assert growth == pytest.approx(0.7 + 0.7 * 0.6 / 0.4, abs=0.08)
    else:
        assert growth == pytest.approx(1.0, abs=0.05)


def test_what_varies_is_as_the_scenario_says():
    scenario = Scenario(0.3, items_a_day=(400.0,) * 4, correlation=0.05, variation=0.4, weekend=0.5)
    stream = simulate(scenario, 1, 40)
    days = stream.items.reshape(-1, DAY, 4).sum(axis=1)
    weekend = (np.arange(len(days)) + 3) % 7 >= 5
    assert days[weekend].mean() / days[~weekend].mean() == pytest.approx(0.5, rel=0.15)
    working = days[~weekend] / days[~weekend].mean(axis=0)
    assert working.std() == pytest.approx(0.4, rel=0.1)
    share = stream.negative.reshape(-1, DAY, 4).sum(axis=1) / days
    assert share.var() == pytest.approx(0.05 * 0.3 * 0.7, rel=0.25)


def test_resampled_headlines_vary_as_chance_alone_does():
    scenario = Scenario(0.3, items_a_day=(400.0,) * 4, correlation=0.0, variation=0.0, weekend=1.0)
    stream = simulate(scenario, 1, 40)
    days, bad = (counts.reshape(-1, DAY, 4).sum(axis=1) for counts in (stream.items, stream.negative))
    assert days.var() / days.mean() == pytest.approx(1.0, abs=0.15)
    assert bad.var() / bad.mean() == pytest.approx(1.0, abs=0.15)


def test_surges_begin_on_working_days_at_all_hours():
    hours = np.array(surge_hours(200, 9))
    assert set((hours // DAY + 3) % 7) == {0, 1, 2, 3}
    assert set(hours % DAY) == set(range(24))
    assert (hours // WEEK).min() == 9


def test_rivals_by_hand():
    items = np.full((6 * WEEK, 1), 2)
    negative = np.tile([[1], [0]], (3 * WEEK, 1))
    negative[-DAY:] = 2
    stream = Stream(items, negative)
    assert share_score(stream)[-1, 0] == pytest.approx(1.0)
    assert share_score(stream)[-DAY - 1, 0] == pytest.approx(0.25)
    # an hour of 2, then 2 again, ...: 2 - (2 - about 0.5) * 0.92 ** 24, far above what it ever was
    assert ewma_score(stream)[-1, 0] > 10
    assert count_score(stream)[-1, 0] > 10


def test_crossings_are_merged_and_tuning_keeps_the_rate():
    score = np.zeros((100, 1))
    score[[10, 20, 40, 90]] = [[3.0], [4.0], [3.0], [2.0]]
    assert crossings(score, 3.0, first=0) == [(10, 0)]  # 20 and 40 are within a day of the last
    assert crossings(score, 2.0, first=0) == [(10, 0), (90, 0)]
    assert crossings(score, 3.0, first=15) == [(20, 0)]
    noise = [np.random.default_rng(seed).normal(size=(20 * WEEK, 2)) for seed in range(2)]
    threshold = tune(noise, weekly=0.5, first=0)
    assert 0.4 <= sum(len(crossings(one, threshold, 0)) for one in noise) / 40 <= 0.5


def test_the_report_has_what_was_asked_for():
    figures = benchmark_surge(SurgeBenchmark(Scenario(0.3), dial=1.0, weeks=4, runs=3))
    rows = [figures, *figures["rivals"].values()]
    assert set(figures["rivals"]) == set(RIVALS)
    for row in rows:
        for name in ("false_alarms_per_week", "found_within_24h"):
            assert 0 <= row[name]["low"] <= row[name]["value"] <= row[name]["high"]
        assert 1 <= row["median_delay_hours"] <= 48
    assert figures["dial"] == 1.0


def test_the_command_prints_it(tmp_path):
    done = colonnade("bench", "surge", "--weeks", "2", "--runs", "2", "--json", home=tmp_path)
    figures = json.loads(done.stdout)
    assert figures["headlines"] in ("headlines", "zh_finance_sentiment")
    assert figures["weeks"] == 2
    assert figures["scenario"]["variation"] == 0.0 < figures["uneven_days"]["scenario"]["variation"]
    assert set(figures["uneven_days"]["rivals"]) == set(RIVALS)
    shown = colonnade("bench", "surge", "--weeks", "2", "--runs", "2", "--planted", "replaced", home=tmp_path).stdout
    assert shown.count("this detector") == 2
    assert "bad news replaced; dial 1 a week" in shown
