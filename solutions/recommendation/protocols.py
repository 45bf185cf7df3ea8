"""Splits of events that published figures were made with, by name. Figures compare only under the same one.

Every protocol ranks the whole catalogue and filters what the user is known to have had (train and dev events).
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from foundation.data.splits import Split
from foundation.errors import InputError, UnknownNameError
from solutions.recommendation.events import Events

__all__ = ["Protocol", "find_protocol", "inner_folds", "split_events"]

_FOLDS = 5
_HELD_OUT_EVENTS = 2
_TENTH = 10


class Protocol(str, Enum):
    """How events are split.

    ``RANDOM_811``: each user's events at random, 80/10/10, of few events one for test and one for dev as long as train
    keeps one (RecBole's default for general recommenders, and its rounding).
    ``RATIO_75_25``: each user's events at random, 75/25, no dev (Microsoft Recommenders' stratified split, which
    rounds train down).
    ``LEAVE_ONE_OUT``: each user's last event is test, the one before dev (SASRec and its successors).
    ``GLOBAL_TIME``: everything after one moment is test, for everybody: the only one without a look at the future.
    """

    RANDOM_811 = "random-811"
    RATIO_75_25 = "ratio-75-25"
    LEAVE_ONE_OUT = "leave-one-out"
    GLOBAL_TIME = "global-time"

    @property
    def by_time(self) -> bool:
        """Whether test events come after the others."""
        return self in (Protocol.LEAVE_ONE_OUT, Protocol.GLOBAL_TIME)


def find_protocol(name: str) -> Protocol:
    """Return a protocol by name, or raise ``UnknownNameError`` with a suggestion.

    Examples
    --------
    >>> find_protocol("leave-one-out").by_time
    True
    """
    names = [protocol.value for protocol in Protocol]
    if name not in names:
        raise UnknownNameError("protocol", name, names)
    return Protocol(name)


def split_events(events: Events, protocol: Protocol, seed: int = 0) -> NDArray[np.str_]:
    """Give each event its split.

    Parameters
    ----------
    events : Events
    protocol : Protocol
    seed : int
        Of the random ones.

    Returns
    -------
    ndarray of str, shape (n,)
        ``train``, ``dev`` or ``test``. Ties of time are broken by the item's number.

    Raises
    ------
    InputError
        The protocol needs times and there are none, or no event falls into test.
    """
    if protocol.by_time and not events.timed:
        raise InputError(
            f"protocol {protocol.value} needs times and the events have none; map a column with --map time=COLUMN, "
            f"or take --protocol {Protocol.RATIO_75_25.value}"
        )
    if protocol is Protocol.LEAVE_ONE_OUT:
        splits = _leave_one_out(events)
    elif protocol is Protocol.GLOBAL_TIME:
        splits = _global_time(events)
    else:
        splits = _at_random(events, seed, *(_tenths(events) if protocol is Protocol.RANDOM_811 else _quarter(events)))
    if not (splits == Split.TEST.value).any():
        raise InputError(
            f"protocol {protocol.value} leaves nothing to test on: {len(events)} events of "
            f"{len(np.unique(events.users))} users; give users with more events"
        )
    return splits


def inner_folds(events: Events, protocol: Protocol, seed: int = 0) -> list[NDArray[np.bool_]]:
    """Return masks of what a ranker's labels are, each to be hidden from the models that make its features.

    By time these are each user's last events, once; otherwise five random parts.
    """
    if protocol.by_time:
        from_start, from_end = events.places()
        return [(from_end < _HELD_OUT_EVENTS) & (from_start >= 1)]
    part = np.random.default_rng(seed).integers(_FOLDS, size=len(events))
    return [part == fold for fold in range(_FOLDS)]


_Counts = NDArray[np.int64]


def _events_of_user(events: Events) -> _Counts:
    """Return of each event how many its user has."""
    from_start, from_end = events.places()
    return from_start + from_end + 1


def _tenths(events: Events) -> tuple[_Counts, _Counts]:
    """Return how many of the events of each event's user are for dev and for test, as RecBole counts them."""
    many = _events_of_user(events)
    test = np.where(many < _TENTH, many > 1, many // _TENTH)
    dev = np.where(many < _TENTH, many - test > 1, many // _TENTH)
    return dev, test


def _quarter(events: Events) -> tuple[_Counts, _Counts]:
    """Return the same of 75/25; somebody's only event is learned from."""
    many = _events_of_user(events)
    return np.zeros_like(many), np.where(many > 1, many - many * 3 // 4, 0)


def _at_random(events: Events, seed: int, for_dev: _Counts, for_test: _Counts) -> NDArray[np.str_]:
    """Give the last places of each user's shuffled events to test, those before to dev."""
    order = np.lexsort((np.random.default_rng(seed).random(len(events)), events.users))
    _, from_end = events.places()  # users are together before and after shuffling
    splits = np.full(len(events), Split.TRAIN.value)
    splits[order[from_end < for_test + for_dev]] = Split.DEV.value
    splits[order[from_end < for_test]] = Split.TEST.value
    return splits


def _leave_one_out(events: Events) -> NDArray[np.str_]:
    from_start, from_end = events.places()
    splits = np.full(len(events), Split.TRAIN.value)
    splits[(from_end == 1) & (from_start >= 1)] = Split.DEV.value
    splits[(from_end == 0) & (from_start >= 1)] = Split.TEST.value
    return splits


def _global_time(events: Events) -> NDArray[np.str_]:
    dev, test = np.quantile(events.times, [0.8, 0.9])
    return np.select([events.times > test, events.times > dev], [Split.TEST.value, Split.DEV.value], Split.TRAIN.value)
