"""``auto`` of images: a linear head, and all layers where the time allows it; what is better on dev is kept."""

from dataclasses import dataclass, replace

from foundation.training.images.full import Full
from foundation.training.method import Amount, Count, Fitted, TrainingJob
from foundation.training.probe import Probe
from foundation.training.runs import run_folder
from foundation.training.trial import Chooser, Stopwatch, Trial
from foundation.vision.encoder import ImageEncoder

__all__ = ["Auto"]


@dataclass(frozen=True)
class Auto(Chooser):
    """``probe``, then one epoch of ``full``, and all of it if that foretells an end within the budget.

    Since time decides, a faster machine may choose another method.

    Parameters
    ----------
    budget : float
        Seconds.
    epochs : int
        Of ``full``.
    flip : bool
        See ``Augmentation``.

    Examples
    --------
    >>> Auto(budget=60).needs_dev
    True
    """

    budget: Amount = 600.0
    epochs: Count = Full.epochs
    flip: bool = True

    def fit(self, job: TrainingJob[ImageEncoder]) -> Fitted:
        """Try both, and return what the better one gave; what was tried is in the history."""
        with run_folder(self, *job.decisive()) as folder:
            watch = Stopwatch(folder / "seconds.json")
            trials = [watch.trial(Probe(), job)]
            full = Full(epochs=self.epochs, flip=self.flip)
            first = watch.trial(replace(full, epochs=1), job)
            if self.budget - watch.spent > first.seconds * self.epochs:
                trials.append(watch.trial(full, job))
        best = max(trials, key=Trial.rank)
        return replace(best.fitted, history=(*best.fitted.history, *(trial.record() for trial in trials)))
