import time

import pytest
import torch

from foundation.progress import Listener
from foundation.threads import beside


def test_work_goes_on_beside_the_block_and_the_threads_of_before_come_back() -> None:
    usual = torch.get_num_threads()
    told: list[str] = []

    def work(listener: Listener) -> int:
        while "block" not in told:  # without a thread of its own this would wait for ever
            time.sleep(0.001)
        return torch.get_num_threads()

    with beside(work) as future:
        told.append("block")
        assert torch.get_num_threads() == 1
        assert future.result() == 1
    assert torch.get_num_threads() == usual


def test_what_fails_beside_the_block_is_raised_where_its_result_is_taken() -> None:
    with pytest.raises(ZeroDivisionError), beside(lambda _: 1 / 0) as future:
        future.result()


def test_an_interrupted_block_ends_the_work_at_its_next_step() -> None:
    steps = 0

    def endless(listener: Listener) -> None:
        nonlocal steps
        while True:
            steps += 1
            listener(steps, 0, "turning")
            time.sleep(0.001)

    with pytest.raises(KeyboardInterrupt), beside(endless):
        while not steps:
            time.sleep(0.001)
        raise KeyboardInterrupt
    ended = steps
    time.sleep(0.02)
    assert steps == ended
