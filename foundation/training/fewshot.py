"""``fewshot``: from two to some fifty examples a class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from foundation.network import Network
from foundation.text.encoder import TextEncoder
from foundation.training.full import Full
from foundation.training.method import Fitted, Labelled, TrainingJob
from foundation.training.probe import as_logits

__all__ = ["Fewshot"]


@dataclass(frozen=True)
class Fewshot(Full):
    """Contrast every example with one proxy a class, which begins at the centre of the class.

    Pairs of examples, as SetFit makes them, grow with the square of their number (setfit#472, #628); against proxies
    the cost is examples times classes. The loss is the cross-entropy of scaled cosines, that is the contrastive loss
    with proxies for the other side of the pair. The names of the classes are examples too, where they are words:
    ``lost_or_stolen_card`` says what is meant before any customer does.

    At last the head is fitted anew, by logistic regression on the tuned vectors.

    No rows are spent on choosing an epoch. Confidence is calibrated on scores of two halves of the examples, each
    scored by a network that was fitted to the other: half as many examples, so it errs on the careful side.

    Parameters
    ----------
    strength : float
        Inverse regularisation strength of the last head, over unit vectors.

    References
    ----------
    Movshovitz-Attias et al. (2017), "No fuss distance metric learning using proxies", arXiv:1703.07464.
    Snell et al. (2017), "Prototypical networks for few-shot learning", arXiv:1703.05175: the centres.
    """

    epochs: int = 8
    learning_rate: float = 1e-4
    layer_decay: float = 0.9
    label_smoothing: float = 0.0
    r_drop: float = 1.0
    batch_size: int = 32
    strength: float = 100.0

    @property
    def needs_dev(self) -> bool:
        """Few examples are better spent in training."""
        return False

    def fit(self, job: TrainingJob[TextEncoder]) -> Fitted:
        """Fit to each half for calibration, then to everything."""
        targets = job.train.targets
        logits = np.zeros((len(targets), len(job.class_weight)))
        halves = StratifiedKFold(2, shuffle=True, random_state=job.seed)
        for train, held_out in halves.split(targets, targets):
            network, _ = self._fit_part(job, train)
            logits[held_out] = network.logits([job.train.items[row] for row in held_out])
        network, history = self._fit_part(job, np.arange(len(targets)))
        return Fitted(network, logits, targets, history, self)

    def _fit_part(
        self, job: TrainingJob[TextEncoder], rows: NDArray[np.int64]
    ) -> tuple[Network[TextEncoder], tuple[dict[str, float], ...]]:
        part = _with_names(job.part(rows))
        network, history = self.train(part)
        vectors = network.encoder.encode(part.train.items)
        middle = vectors.mean(axis=0)
        weights = dict(enumerate(job.class_weight))
        head = LogisticRegression(C=self.strength, class_weight=weights, max_iter=1000)
        head.fit(vectors - middle, part.train.targets)
        return Network(network.encoder, *as_logits(head.coef_, head.intercept_ - head.coef_ @ middle)), history


def _with_names(job: TrainingJob[TextEncoder]) -> TrainingJob[TextEncoder]:
    """Add the classes' names to the examples, where they are words."""
    named = [(label.replace("_", " ").strip(), index) for index, label in enumerate(job.labels) if _is_words(label)]
    texts = [*job.train.items, *(name for name, _ in named)]
    targets = np.concatenate([job.train.targets, np.array([index for _, index in named], dtype=np.int64)])
    return job.with_train(Labelled(texts, targets))


def _is_words(label: str) -> bool:
    return sum(character.isalpha() for character in label) >= 2
