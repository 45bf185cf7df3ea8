"""A transformer that reads what items are about, in the order in which a user had them, and says what is next."""

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import pairwise
from threading import Lock
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from foundation.progress import Listener, silent
from foundation.threads import one_thread
from solutions.recommendation.events import Events
from solutions.recommendation.models.scorer import Tensors

__all__ = ["SequenceModel"]

_LENGTH = 50
_BATCH = 32
_HEADS = 2
_DROPOUT = 0.2
# An item's own vector is left out this often, so that its text alone learns to stand for it: new items have no other.
_ID_DROPOUT = 0.3
# Beyond this many items the loss is over a drawn part of them.
_MOST_IN_LOSS = 4_000
_PEAK_RATE = 4e-3
_SCORED_AT_ONCE = 256
_FEW_USERS = 8
_PADDING = -1
# Layers take their first weights from torch's own chance, which is one for all threads.
_MAKING = Lock()


class _Dropout(nn.Module):
    """Dropout by a given chance: networks that learn side by side would take turns at torch's own."""

    def __init__(self, chance: torch.Generator) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, values: Tensor) -> Tensor:
        """Leave out what chance says, and make up for it."""
        if not self.training:
            return values
        kept = torch.rand(values.shape, generator=self.chance) >= _DROPOUT
        return values * kept / (1 - _DROPOUT)


class _Network(nn.Module):
    """Item table and transformer; ``known`` marks the items that training saw."""

    known: Tensor

    def __init__(self, text_width: int, items: int, width: int, chance: torch.Generator) -> None:
        super().__init__()
        self.chance = chance
        self.project = nn.Linear(text_width, width)
        self.own = nn.Embedding(items, width)
        self.place = nn.Embedding(_LENGTH, width)
        layer = nn.TransformerEncoderLayer(
            width, _HEADS, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 1, nn.LayerNorm(width), enable_nested_tensor=False)
        self.dropout = _Dropout(chance)
        # in the places of the layer's own; attention takes none but torch's chance, and drops nothing
        only = self.layers.layers[0]
        only.dropout = only.dropout1 = only.dropout2 = self.dropout
        self.register_buffer("known", torch.zeros(items, 1, dtype=torch.bool))
        for embedding in (self.own, self.place):
            nn.init.normal_(embedding.weight, std=0.02)

    def items(self, texts: Tensor, numbers: Tensor) -> Tensor:
        """Return vectors of items, shape (n, width); an item that came later has its text alone."""
        there = numbers.clamp(max=len(self.known) - 1)
        own = self.own(there) * (self.known[there] & (there == numbers)[:, None])
        if self.training:
            own = own * (torch.rand(len(numbers), 1, generator=self.chance) >= _ID_DROPOUT)
        vectors: Tensor = self.project(texts[numbers]) + own
        return vectors

    def states(self, inputs: Tensor, padding: Tensor) -> Tensor:
        """Return what follows each place, shape (n, length, width); places are counted from the latest one."""
        length = inputs.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool).triu(1)
        # a row that may look at nothing is NaN in attention: every place may look at itself
        blocked = (causal | padding[:, None, :]) & ~torch.eye(length, dtype=torch.bool)
        mask = blocked.repeat_interleave(_HEADS, dim=0)
        placed = inputs * inputs.shape[-1] ** 0.5 + self.place.weight[-length:]
        following: Tensor = self.layers(self.dropout(placed), mask=mask)
        return following


class SequenceModel:
    """Item texts in, next action out: a small causal transformer over projected text vectors, supervised by behaviour.

    An item is its text vector through a linear layer, plus a vector of its own where training saw it. Queries and
    items share that table, so an item that nobody ever had is scored by its text.

    Parameters
    ----------
    vectors : ndarray of float32, shape (items, d)
        Text vectors.
    width, epochs : int
    seed : int
    listener : Listener

    References
    ----------
    Kang, McAuley (2018), "Self-attentive sequential recommendation", ICDM (the causal transformer); Klenitskiy, Vasilev
    (2023), "Turning dross into gold loss: is BERT4Rec really better than SASRec?", RecSys (its loss over all items);
    Hou et al. (2022), "Towards universal sequence representation learning for recommender systems", KDD (texts in place
    of ids); Bengio, Senecal (2008), "Adaptive importance sampling to accelerate training of a neural probabilistic
    language model" (a loss over drawn items, corrected by the log of their probability).
    """

    name: ClassVar[str] = "sequence"

    def __init__(
        self,
        vectors: NDArray[np.float32],
        width: int = 64,
        epochs: int = 20,
        seed: int = 0,
        listener: Listener = silent,
    ) -> None:
        self.vectors = vectors
        self.width = width
        self.epochs = epochs
        self.seed = seed
        self.listener = listener
        self._made: Tensor | None = None

    def fit(self, events: Events) -> Self:
        """Train by the next item at every place of every user's sequence."""
        with _MAKING, torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.network = self._untrained(events.item_count)
        with one_thread():
            self._train(events)
        self.network.eval()
        self._made = None
        return self

    def _untrained(self, items: int) -> _Network:
        return _Network(self.vectors.shape[1], items, self.width, torch.Generator().manual_seed(self.seed))

    def _train(self, events: Events) -> None:
        counts = torch.from_numpy(np.bincount(events.items, minlength=events.item_count))
        self.network.known.copy_((counts > 0)[:, None])
        texts, windows = torch.from_numpy(self.vectors), torch.from_numpy(np.stack(list(_windows(events))))
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=_PEAK_RATE, weight_decay=0.01)
        steps = self.epochs * -(-len(windows) // _BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_RATE, total_steps=steps, pct_start=0.1)
        self.network.train()
        orders = (torch.randperm(len(windows), generator=self.network.chance) for _ in range(self.epochs))
        batches = (order[start : start + _BATCH] for order in orders for start in range(0, len(order), _BATCH))
        for done, rows in enumerate(batches, start=1):
            optimiser.zero_grad()
            self._loss(windows[rows], texts, counts).backward()  # type: ignore[no-untyped-call]  # torch's own
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            self.listener(done, steps, "learning sequences")

    def _loss(self, windows: Tensor, texts: Tensor, counts: Tensor) -> Tensor:
        """Return the cross-entropy of each next item among all, or among those of the batch and drawn ones."""
        inputs, targets = windows[:, :-1], windows[:, 1:]
        present = torch.unique(windows[windows != _PADDING])
        numbers, correction = torch.arange(len(texts)), torch.zeros(len(texts))
        if len(texts) > _MOST_IN_LOSS:
            drawn = torch.multinomial(counts.double(), _MOST_IN_LOSS, replacement=True, generator=self.network.chance)
            numbers = torch.unique(torch.cat([present, drawn]))
            correction = torch.log(counts[numbers] / counts.sum() * _MOST_IN_LOSS + 1e-9).float()
        table = self.network.items(texts, numbers)
        place = torch.full((len(texts),), 0)
        place[numbers] = torch.arange(len(numbers))
        states = self.network.states(table[place[inputs.clamp(min=0)]], inputs == _PADDING)
        asked = (targets != _PADDING) & (inputs != _PADDING)
        logits = states[asked] @ table.T - correction
        return functional.cross_entropy(logits, place[targets[asked]])

    def scores(self, histories: Events) -> NDArray[np.float32]:
        """Return logits of the next item, shape (users, items); zeros for a user without a history."""
        scores = np.zeros((len(histories.user_ids), histories.item_count), np.float32)
        known = np.unique(histories.users)
        recent = np.full((len(known), _LENGTH), _PADDING)
        for row, user in enumerate(known):
            items = histories.of_user(int(user)).items[-_LENGTH:]
            recent[row, -len(items) :] = items
        table = self._table()
        with torch.inference_mode(), one_thread() if len(known) < _FEW_USERS else nullcontext():
            for start in range(0, len(known), _SCORED_AT_ONCE):
                part = torch.from_numpy(recent[start : start + _SCORED_AT_ONCE])
                states = self.network.states(table[part.clamp(min=0)], part == _PADDING)[:, -1]
                scores[known[start : start + _SCORED_AT_ONCE]] = (states @ table.T).numpy()
        return scores

    def _table(self) -> Tensor:
        """Return the vectors of all items, made anew only when training or the catalogue has changed."""
        if self._made is None or len(self._made) != len(self.vectors):
            with torch.inference_mode():
                self._made = self.network.items(torch.from_numpy(self.vectors), torch.arange(len(self.vectors)))
        return self._made

    def tensors(self) -> Tensors:
        """Return the weights."""
        return {name: np.ascontiguousarray(value.numpy()) for name, value in self.network.state_dict().items()}

    def restore(self, tensors: Tensors) -> Self:
        """Take what ``tensors`` gave."""
        self.network = self._untrained(len(tensors["known"]))
        self.network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
        self.network.eval()
        return self


def _windows(events: Events) -> Iterator[NDArray[np.int64]]:
    """Yield each user's sequence in pieces, the latest whole, the earliest filled up in front."""
    borders = np.flatnonzero(np.diff(events.users, prepend=-1, append=-1))
    for start, end in pairwise(borders):
        items = events.items[start:end]
        for stop in range(len(items), 1, -_LENGTH):
            window = np.full(_LENGTH + 1, _PADDING)
            piece = items[max(0, stop - _LENGTH - 1) : stop]
            window[-len(piece) :] = piece
            yield window
