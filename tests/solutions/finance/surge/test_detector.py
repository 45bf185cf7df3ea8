from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln
from scipy.stats import betabinom, chi2, nbinom

from solutions.finance.surge.baseline import DAY, WEEK
from solutions.finance.surge.bets import Bets, e_bh, log_beta_binomial, log_negative_binomial
from solutions.finance.surge.detector import AlarmKind, SurgeDetector
from solutions.finance.surge.simulation import Planted, Scenario, simulate

QUIET_HOURS = 5 * WEEK


def alarms(items, negative, dial=1.0):
    detector = SurgeDetector(items.shape[1], dial)
    return [alarm for hour in range(len(items)) for alarm in detector.step(hour, items[hour], negative[hour])]


def regular(hours: int, series: int = 1) -> tuple[np.ndarray, np.ndarray]:
    return np.full((hours, series), 4), np.full((hours, series), 1)


def test_probabilities_are_those_of_scipy():
    n, r, mean, a, b = 7, 3.5, 4.0, 2.0, 5.0
    k = np.arange(n + 1)
    ours = np.exp(log_beta_binomial(k, np.full(n + 1, n), a, b))
    coefficient = np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))
    assert ours * coefficient == pytest.approx(betabinom.pmf(k, n, a, b))
    counts = np.arange(30)
    volume = np.exp(log_negative_binomial(counts, np.float64(mean), np.float64(r)) - gammaln(counts + 1))
    assert volume == pytest.approx(nbinom.pmf(counts, r, r / (r + mean)))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_a_bet_is_worth_one_on_average_as_things_usually_go(seed, past):
    """The guarantee rests on this: whatever the past was, the next hour's ratio has mean 1 under the baseline."""
    generator = np.random.default_rng(seed)
    stream = simulate(Scenario(share=generator.uniform(0.05, 0.6)), seed % 1000, weeks=4)
    detector = SurgeDetector(4)
    for hour in range(3 * WEEK + past):
        detector.step(hour, stream.items[hour], stream.negative[hour])
    assert detector._baseline is not None
    baseline, hour = replace(detector._baseline, share_pack=np.ones(4), volume_pack=np.ones(4)), 3 * WEEK + past
    volume, share = baseline.items[hour % WEEK], baseline.share[hour % WEEK]
    day = detector._day.copy() if hour % DAY else np.zeros((4, 4))
    many = baseline.volume_shape + day[1]
    mean = volume * many / (baseline.volume_shape + day[2])
    bad = baseline.share_strength * share + day[0]
    good = baseline.share_strength * (1 - share) + day[1] - day[0]
    worth = 0.0
    for items in range(60):
        for negative in range(items + 1):
            detector._day = day.copy()
            ratios = detector._burst_bets(baseline, hour, np.full(4, items), np.full(4, negative))
            usual = nbinom.pmf(items, many, many / (many + mean)) * betabinom.pmf(negative, items, bad, good)
            worth = worth + np.exp(ratios) * usual
    assert worth == pytest.approx(1.0, abs=1e-3)


def test_shiryaev_roberts_by_hand():
    bets = Bets(1, 1, fade=1.0)
    for ratio in (2.0, 0.5, 4.0):
        bets.add(0, np.log([[ratio]]))
    # 1*2 = 2; (1+2)*0.5 = 1.5; (1+1.5)*4 = 10; Page: 2, 2*0.5 = 1 -> begins anew, 4
    assert np.exp(bets.shiryaev_roberts()) == pytest.approx([10.0])
    assert np.exp(bets.cusum()) == pytest.approx([4.0])


def test_e_bh_by_hand():
    # K = 4, A = 10: one must reach 40, two 20, three 13.3, four 10
    assert e_bh(np.log([39.0, 1, 1, 1]), np.log(10)).tolist() == [False] * 4
    assert e_bh(np.log([41.0, 1, 1, 1]), np.log(10)).tolist() == [True, False, False, False]
    assert e_bh(np.log([14.0, 39, 1, 14]), np.log(10)).tolist() == [True, True, False, True]


def test_a_surge_is_found_with_its_start_and_its_figures():
    items, negative = regular(QUIET_HOURS + DAY)
    items[QUIET_HOURS:], negative[QUIET_HOURS:] = 8, 5
    (alarm,) = alarms(items, negative)
    assert alarm.kind is AlarmKind.BURST
    assert abs(alarm.start - QUIET_HOURS) <= 1
    assert QUIET_HOURS <= alarm.hour < QUIET_HOURS + 12
    assert alarm.usual_share == pytest.approx(0.25, abs=0.02)
    assert alarm.effect == pytest.approx(2.5, abs=0.3)
    assert alarm.p < 0.01
    assert 0 < alarm.expected_false <= 1.0


def test_good_news_and_more_news_are_no_surge():
    items, negative = regular(QUIET_HOURS + 2 * DAY)
    items[QUIET_HOURS:], negative[QUIET_HOURS:] = 12, 3
    assert alarms(items, negative) == []
    items[QUIET_HOURS:], negative[QUIET_HOURS:] = 8, 0
    assert alarms(items, negative) == []


def test_slow_change_is_found_by_drift():
    items, negative = regular(QUIET_HOURS + 5 * WEEK)
    rising = np.arange(5 * WEEK)
    negative[QUIET_HOURS:, 0] += (rising % 5 < 3 * rising / len(rising)).astype(int)
    kinds = [alarm.kind for alarm in alarms(items, negative)]
    assert kinds
    assert kinds[0] is AlarmKind.DRIFT


def test_one_surge_is_one_alarm_while_it_lasts():
    items, negative = regular(QUIET_HOURS + 4 * DAY)
    negative[QUIET_HOURS:] = 4
    assert len(alarms(items, negative)) == 1


def test_nothing_is_raised_before_it_knows_what_is_usual():
    items, negative = regular(3 * WEEK)
    negative[2 * WEEK :] = 4
    assert alarms(items, negative) == []
    detector = SurgeDetector(1)
    assert detector.learning


def test_the_future_does_not_reach_back():
    scenario = Scenario(share=0.3)
    stream = simulate(scenario, 0, 12, surge_at=10 * WEEK)
    cut = 10 * WEEK + 18
    order = np.random.default_rng(0).permutation(np.arange(cut, len(stream.items)))
    shuffled = np.concatenate([np.arange(cut), order])
    before = [alarm for alarm in alarms(stream.items, stream.negative) if alarm.hour < cut]
    again = [alarm for alarm in alarms(stream.items[shuffled], stream.negative[shuffled]) if alarm.hour < cut]
    assert before
    assert before == again


@pytest.mark.parametrize(("dial", "pack"), [(1.0, 1.0), (0.2, 1.0), (1.0, 1.5)])
def test_false_alarms_stay_within_the_dial(dial, pack):
    weeks, false = 0, 0
    for seed in range(3):
        stream = simulate(Scenario(share=0.3, pack=pack), seed, 49)
        false += sum(alarm.hour >= 9 * WEEK for alarm in alarms(stream.items, stream.negative, dial))
        weeks += 40
    # the exact 99 % interval of what was counted must reach down to the dial
    assert chi2.ppf(0.005, 2 * max(false, 1)) / 2 / weeks <= dial


@pytest.mark.parametrize("planted", list(Planted))
def test_most_large_surges_are_found(planted):
    found = 0
    for seed in range(12):
        stream = simulate(Scenario(share=0.2, factor=4.0, planted=planted), seed, 11, surge_at=9 * WEEK + 5 * DAY)
        hits = [alarm.series for alarm in alarms(stream.items, stream.negative) if alarm.hour >= 9 * WEEK + 5 * DAY]
        found += 0 in hits
    assert found >= 10
