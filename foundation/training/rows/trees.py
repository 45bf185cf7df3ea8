"""``trees``: gradient-boosted trees on the numbers and kinds of a row."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import log_loss

from foundation.errors import InputError
from foundation.network import Network
from foundation.rows import RowColumns, RowEncoder
from foundation.training.folds import stratified_folds
from foundation.training.method import Amount, Fitted, TrainingJob

if TYPE_CHECKING:
    import lightgbm

__all__ = ["Trees"]


@dataclass(frozen=True)
class Trees:
    """Boosting, with the number of rounds and the size of the trees chosen by cross-validation inside train.

    Parameters
    ----------
    leaves : tuple of int
        Sizes that are tried.
    learning_rate : float
    rounds : int
        At most.
    folds : int

    References
    ----------
    Friedman (2001), "Greedy function approximation: a gradient boosting machine"; Ke et al. (2017), "LightGBM", NIPS.

    Examples
    --------
    >>> Trees(rounds=50).needs_dev
    False
    """

    leaves: tuple[int, ...] = (4, 15)
    learning_rate: Amount = 0.05
    rounds: int = 600
    folds: int = 5

    @property
    def needs_dev(self) -> bool:
        """The rounds are chosen by cross-validation inside train."""
        return False

    @property
    def class_weight(self) -> None:
        """None: weights would spoil the probabilities of what is rare, and those are what a threshold is set on."""
        return

    def fit(self, job: TrainingJob[RowEncoder]) -> Fitted:
        """Choose size and rounds by held-out log loss, and fit on everything."""
        targets, classes = job.train.targets, len(job.class_weight)
        columns = RowColumns.of(job.train.items)
        if not columns.names:
            raise InputError(
                "no column tells the rows apart: each holds one value, or another in every row; "
                "give numbers, or kinds that occur more than once"
            )
        matrix = columns.matrix(job.train.items)
        # by number: two people may well have the same cells
        numbered = replace(job.train, items=range(len(targets)))
        parts = list(stratified_folds(numbered, self.folds, job.seed))
        tried: list[tuple[float, int, int, NDArray[np.float64]]] = []
        # scores after each twentieth of the rounds cost nothing beside the fit
        steps = np.unique(np.linspace(self.rounds / 20, self.rounds, 20).astype(int))
        for done, leaves in enumerate(self.leaves, start=1):
            scores = np.zeros((len(steps), len(targets), classes))
            for kept, held in parts:
                booster = self._boosted(matrix[kept], targets[kept], job.class_weight, columns, leaves, job.seed)
                encoder = RowEncoder(columns, booster)
                for at, step in enumerate(steps):
                    scores[at, held] = encoder.scores(matrix[held], int(step))
            losses = [float(log_loss(targets, softmax(each, axis=1))) for each in scores]
            best = int(np.argmin(losses))
            tried.append((losses[best], leaves, int(steps[best]), scores[best]))
            job.listener(done, len(self.leaves), "choosing the size of the trees")
        _, leaves, rounds, held_out = min(tried, key=lambda each: each[0])
        booster = self._boosted(matrix, targets, job.class_weight, columns, leaves, job.seed, rounds)
        encoder = RowEncoder(columns, booster)
        network = Network(encoder, np.eye(classes, dtype=np.float32), np.zeros(classes, dtype=np.float32))
        history = tuple({"leaves": size, "rounds": step, "held_out_log_loss": loss} for loss, size, step, _ in tried)
        return Fitted(network, held_out, targets, history, self)

    def _boosted(
        self,
        matrix: NDArray[np.float64],
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        columns: RowColumns,
        leaves: int,
        seed: int,
        rounds: int | None = None,
    ) -> "lightgbm.Booster":
        import lightgbm

        kinds = list(range(len(columns.numbers), len(columns.names)))
        data = lightgbm.Dataset(matrix, targets, weight=weights[targets], categorical_feature=kinds)
        several: dict[str, Any] = {"objective": "multiclass", "num_class": len(weights)}
        settings = {
            **(several if len(weights) > 2 else {"objective": "binary"}),
            "learning_rate": self.learning_rate,
            "num_leaves": leaves,
            "min_data_in_leaf": max(2, min(20, len(targets) // 20)),
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "cat_smooth": 10.0,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        return lightgbm.train(settings, data, num_boost_round=rounds or self.rounds)
