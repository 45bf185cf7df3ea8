from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import InputError, UnknownNameError
from solutions.recommendation.events import collect_events
from solutions.recommendation.protocols import Protocol, find_protocol, inner_folds, split_events
from tests.solutions.recommendation.conftest import make_events, taste_events

ITEMS = ["a", "b", "c"]


def table(**columns: list) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_rows_that_cannot_be_used_are_counted_and_the_first_is_named() -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    frame = table(
        user=["u1", "u1", "", "u2", "u2", "u2", "u1"],
        item=["a", "a", "b", "z", "b", "c", "b"],
        time=["2024-01-02", "2024-01-01", "2024-01-01", "2024-01-01", "1970-05-05", tomorrow, "nonsense"],
    )
    events = collect_events([frame], ITEMS)
    assert len(events) == 1
    faults = events.faults
    assert (faults.repeated, faults.incomplete, faults.unknown_items, faults.impossible_times) == (1, 1, 1, 3)
    assert "row 3, column 'user': ''" in faults.summary()
    # of a repeated event the first counts
    assert datetime.fromtimestamp(events.times[0], UTC).day == 1


def test_a_number_among_dates_costs_itself_alone() -> None:
    frame = table(user=["u"] * 4, item=["a", "b", "c", "a"], time=["2024-01-02", "2024-01-03 09:30", "7", "2024-02-01"])
    events = collect_events([frame], ITEMS)
    assert (len(events), events.faults.impossible_times, events.faults.repeated) == (2, 1, 1)


def test_blocks_and_order_of_rows_do_not_matter() -> None:
    events = taste_events(users=30)
    frame = table(user=[f"u{user // 2}" for user in events.users], item=events.items, time=events.times)
    mixed = frame.sample(frac=1, random_state=0)
    items = [str(item) for item in range(40)]
    whole = collect_events([frame], items)
    apart = collect_events([mixed.iloc[:100], mixed.iloc[100:]], items)
    assert whole.user_ids == apart.user_ids == tuple(sorted(set(frame["user"])))
    assert whole.sha256() == apart.sha256()
    for protocol in Protocol:
        np.testing.assert_array_equal(split_events(whole, protocol), split_events(apart, protocol))


def test_kinds_and_ratings_become_interest() -> None:
    frame = table(user=["u", "u", "v"], item=["a", "b", "a"], kind=["view", "buy", "rating"], value=["", "", "2"])
    assert collect_events([frame], ITEMS).weights.tolist() == pytest.approx([0.4, 1.0, 0.4])


def test_kinds_have_other_names_and_times_other_forms() -> None:
    kinds, times = ["Purchase", "加购", "", "浏览"], ["1704067200000", "20240101", "2024年1月1日", "1704067200"]
    frame = table(user=["u", "v", "w", "x"], item=["a"] * 4, kind=kinds, time=times)
    events = collect_events([frame], ITEMS)
    assert events.weights.tolist() == pytest.approx([1.0, 0.9, 0.4, 0.4])
    assert events.times.tolist() == [1_704_067_200] * 4


def test_a_user_that_is_missing_is_told() -> None:
    frame = pd.DataFrame({"user": ["u", None, float("nan")], "item": ["a", "a", "a"]})
    assert collect_events([frame], ITEMS).faults.incomplete == 2


def test_a_strange_kind_and_a_rating_of_another_scale_are_errors() -> None:
    with pytest.raises(InputError, match="row 2, column 'kind': got 'steal'; expected one of view, click"):
        collect_events([table(user=["u", "u"], item=["a", "b"], kind=["view", "steal"])], ITEMS)
    with pytest.raises(InputError, match="row 1, column 'value': got 8; expected ratings of 0 to 5; divide yours"):
        collect_events([table(user=["u"], item=["a"], value=["8"])], ITEMS)


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(InputError, match="the events have no column 'user'; they have: customer, item; name the right"):
        collect_events([table(customer=["u"], item=["a"])], ITEMS)


def test_nothing_that_can_be_used_is_an_error() -> None:
    with pytest.raises(InputError, match="no event can be used"):
        collect_events([table(user=["u"], item=["z"])], ITEMS)


def test_without_times_there_is_no_protocol_by_time() -> None:
    events = collect_events([table(user=["u"] * 3, item=ITEMS)], ITEMS)
    assert not events.timed
    with pytest.raises(InputError, match="leave-one-out needs times and the events have none"):
        split_events(events, Protocol.LEAVE_ONE_OUT)


def test_one_event_a_user_leaves_nothing_to_test_on() -> None:
    events = make_events([(user, user % 3, 1e9 + user) for user in range(5)], 5, 3)
    with pytest.raises(InputError, match="leaves nothing to test on: 5 events of 5 users"):
        split_events(events, Protocol.LEAVE_ONE_OUT)


def test_unknown_protocol() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'random-811'"):
        find_protocol("random-812")


def test_leave_one_out_takes_the_last_and_the_one_before() -> None:
    events = make_events([(0, 0, 1e9), (0, 2, 1.1e9), (0, 1, 1.2e9), (1, 0, 1e9), (1, 1, 1e9)], 2, 3)
    # user 1 has two events at the same time: the lower number comes first, and one event is left to learn from
    assert split_events(events, Protocol.LEAVE_ONE_OUT).tolist() == ["train", "dev", "test", "train", "test"]


def test_global_time_splits_everybody_at_one_moment() -> None:
    events = taste_events()
    splits = split_events(events, Protocol.GLOBAL_TIME)
    assert events.times[splits == "train"].max() <= events.times[splits == "dev"].min()
    assert events.times[splits == "dev"].max() < events.times[splits == "test"].min()


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(0, 9))
def test_random_shares_are_those_of_the_peers_for_each_user(counts: list[int], seed: int) -> None:
    """RecBole: a tenth rounded down, one each where train keeps one; Recommenders: rank / count <= 0.75 is train."""
    rows = [(user, item, 1e9) for user, count in enumerate(counts) for item in range(count)]
    events = make_events(rows, len(counts), 60)
    if max(counts) < 2:
        return
    splits = split_events(events, Protocol.RANDOM_811, seed)
    for user, count in enumerate(counts):
        own = splits[events.users == user]
        expected = (count // 10, count // 10) if count >= 10 else (min(1, count - 1), min(1, max(0, count - 2)))
        assert ((own == "test").sum(), (own == "dev").sum()) == expected
    splits = split_events(events, Protocol.RATIO_75_25, seed)
    for user, count in enumerate(counts):
        train = max(1, sum(rank / count <= 0.75 for rank in range(1, count + 1)))
        assert (splits[events.users == user] == "train").sum() == train


def test_a_seed_gives_a_split_and_another_seed_another() -> None:
    events = taste_events()
    first, again, other = (split_events(events, Protocol.RATIO_75_25, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_inner_folds_hide_each_event_once_or_the_last_ones() -> None:
    events = taste_events()
    assert np.sum(inner_folds(events, Protocol.RANDOM_811), axis=0).tolist() == [1] * len(events)
    (last,) = inner_folds(events, Protocol.LEAVE_ONE_OUT)
    for user in range(5):
        rows = np.flatnonzero(events.users == user)
        assert last[rows].tolist() == [False] * (len(rows) - 2) + [True, True]
