"""``auto``: the method and its hyper-parameters are chosen by what they give on dev, within a time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from foundation.text.encoder import TextEncoder
from foundation.training.activations import transformer_layers
from foundation.training.fewshot import Fewshot
from foundation.training.finetuning import FineTuning
from foundation.training.full import Full
from foundation.training.lora import Lora
from foundation.training.method import Amount, Count, Fitted, TrainingJob
from foundation.training.probe import Probe
from foundation.training.runs import run_folder
from foundation.training.trial import Chooser, Stopwatch, Trial

__all__ = ["Auto"]

# Above this many examples a class, a head of its own learns faster than one that begins at the centres.
_FEW_PER_CLASS = 50
# An epoch goes forwards over every example, and backwards in about twice the time.
_TIMED, _PASSES = 128, 3


@dataclass(frozen=True)
class Auto(Chooser):
    """Successive halving: every candidate trains for an epoch, the better half for two, the better half of it for four.

    ``probe`` is always tried and takes seconds; what it gives is the answer where the time allows nothing better. A
    round begins only with candidates that its time will see finished, foretold from the round before, and of the first
    from how long texts take to be read. What was tried is in the history. Since time decides, a faster machine may
    choose another method.

    Parameters
    ----------
    budget : float
        Seconds.
    epochs : int
        Of the last round.

    References
    ----------
    Jamieson, Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter optimization",
    arXiv:1502.07943.
    """

    budget: Amount = 600.0
    epochs: Count = 4

    def fit(self, job: TrainingJob[TextEncoder]) -> Fitted:
        """Try candidates, and return what the best of all gave; its held-out scores are of dev."""
        job.held_out()
        with run_folder(self, *job.decisive()) as folder:
            return self._best(job, Stopwatch(folder / "seconds.json"))

    def _best(self, job: TrainingJob[TextEncoder], watch: Stopwatch) -> Fitted:
        best = watch.trial(Probe(), job)
        tried = [best.record()]
        field: list[FineTuning] = list(_candidates(job))
        seconds_an_epoch = [watch.keep(_foretold(job))] * len(field)
        for epochs in self._rounds():
            trials = []
            for candidate, cost in zip(field, seconds_an_epoch, strict=True):
                if self.budget - watch.spent > cost * epochs:
                    trials.append(watch.trial(replace(candidate, epochs=epochs), job))
                    tried.append(trials[-1].record())
                    best = max(best, trials[-1], key=Trial.rank)
            trials.sort(key=Trial.rank, reverse=True)
            survivors = trials[: max(1, len(trials) // 2)]
            field = [replace(trial.method, epochs=self.epochs) for trial in survivors]
            seconds_an_epoch = [trial.seconds / epochs for trial in survivors]
        return replace(best.fitted, history=(*best.fitted.history, *tried))

    def _rounds(self) -> Iterator[int]:
        epochs = 1
        while epochs < self.epochs:
            yield epochs
            epochs *= 2
        yield self.epochs


def _foretold(job: TrainingJob[TextEncoder]) -> float:
    """Return about how many seconds an epoch takes, from how long some examples take to be encoded."""
    some = job.train.items[:_TIMED]
    started = time.monotonic()
    job.encoder.encode(some)
    return _PASSES * (time.monotonic() - started) * len(job.train.items) / len(some)


def _candidates(job: TrainingJob[TextEncoder]) -> Sequence[FineTuning]:
    half = len(transformer_layers(job.encoder)) // 2
    few = len(job.train.items) <= _FEW_PER_CLASS * len(job.class_weight)
    return [
        *([Fewshot()] if few else []),
        Full(),
        Full(frozen_layers=half),
        Full(learning_rate=3 * Full.learning_rate, frozen_layers=half),
        Lora(),
    ]
