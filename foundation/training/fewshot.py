"""``fewshot``: from two to some fifty examples a class."""

from dataclasses import dataclass

import numpy as np

from foundation.text.encoder import TextEncoder
from foundation.training.folds import stratified_folds
from foundation.training.full import Full
from foundation.training.method import Amount, Count, Fitted, Labelled, Share, TrainingJob

__all__ = ["Fewshot"]


@dataclass(frozen=True)
class Fewshot(Full):
    """Contrast every example with one proxy a class, which begins at the centre of the class.

    Pairs of examples, as SetFit makes them, grow with the square of their number (setfit#472, #628); against proxies
    the cost is examples times classes. The loss is the cross-entropy of scaled cosines, that is the contrastive loss
    with proxies for the other side of the pair. The names of the classes are examples too, where they are words:
    ``lost_or_stolen_card`` says what is meant before any customer does.

    No rows are spent on choosing an epoch, so a ``refit`` would add nothing and is not done. Confidence is calibrated
    on scores of two halves of the examples, each scored by a network that was fitted to the other: half as many
    examples, so it errs on the careful side.

    References
    ----------
    Movshovitz-Attias et al. (2017), "No fuss distance metric learning using proxies", arXiv:1703.07464.
    Snell et al. (2017), "Prototypical networks for few-shot learning", arXiv:1703.05175: the centres.
    """

    epochs: Count = 8
    learning_rate: Amount = 1e-4
    layer_decay: Amount = 0.9
    label_smoothing: Share = 0.0
    r_drop: Amount = 1.0
    adversarial: Share = 0.03
    batch_size: Count = 32

    @property
    def needs_dev(self) -> bool:
        """Few examples are better spent in training."""
        return False

    def fit(self, job: TrainingJob[TextEncoder]) -> Fitted:
        """Fit to each half for calibration, then to everything."""
        targets = job.train.targets
        logits = np.zeros((len(targets), len(job.class_weight)))
        for train, held_out in stratified_folds(job.train, 2, job.seed):
            network, _ = self.train(_with_names(job.part(train)))
            logits[held_out] = network.logits([job.train.items[row] for row in held_out])
        network, history = self.train(_with_names(job))
        return Fitted(network, logits, targets, history, self)


def _with_names(job: TrainingJob[TextEncoder]) -> TrainingJob[TextEncoder]:
    """Add the classes' names to the examples, where they are words."""
    named = [(label.replace("_", " ").strip(), index) for index, label in enumerate(job.labels) if _is_words(label)]
    texts = [*job.train.items, *(name for name, _ in named)]
    targets = np.concatenate([job.train.targets, np.array([index for _, index in named], dtype=np.int64)])
    return job.with_train(Labelled(texts, targets))


def _is_words(label: str) -> bool:
    return sum(character.isalpha() for character in label) >= 2
