"""The order in which rows are trained on."""

from collections.abc import Iterator

import torch
from transformers.trainer_pt_utils import LengthGroupedSampler

__all__ = ["SeededSampler"]


class SeededSampler(LengthGroupedSampler):
    """Draws the order of an epoch from its number alone, rows of like length together.

    So processes that have each drawn differently, for dropout over batches of other shapes, still cut the same order:
    each row is trained on once an epoch.

    Parameters
    ----------
    together : int
        Rows that one step sees.
    lengths : list of int
    seed : int

    Examples
    --------
    >>> sampler = SeededSampler(2, [3, 1, 2, 2], seed=0)
    >>> first = list(sampler)
    >>> torch.manual_seed(5) and first == list(sampler)
    True
    >>> sampler.set_epoch(1)
    >>> sorted(sampler)
    [0, 1, 2, 3]
    """

    def __init__(self, together: int, lengths: list[int], seed: int) -> None:
        super().__init__(together, lengths=lengths, generator=torch.Generator())
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; the Trainer does."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.generator.manual_seed((self.seed << 20) + self.epoch)
        order: Iterator[int] = super().__iter__()  # type: ignore[no-untyped-call]
        return order
