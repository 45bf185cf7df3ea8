"""Out-of-scope detection on BANKING77: twenty of its intents are held out of training and are what must be refused.

``python -m tests.benchmarks.scope --split dev --draws 1`` while choosing, ``--split test --draws 5`` for the record. No
example of a held-out intent is seen in training, calibration or the choice of a threshold.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_text import classifier, scope_of
from foundation.text.encoder import load_encoder
from foundation.training import TextClassifier
from foundation.trust.calibration import fit_calibration
from solutions.support.scope_report import found_at

UNKNOWN = 20
FULL = {"epochs": "5", "learning_rate": "2e-4", "batch_size": "32"}


@dataclass(frozen=True)
class Rows:
    """Texts with their labels."""

    texts: list[str]
    labels: list[str]

    def without(self, labels: set[str]) -> "Rows":
        """Return the rows of other labels."""
        kept = [at for at, label in enumerate(self.labels) if label not in labels]
        return Rows([self.texts[at] for at in kept], [self.labels[at] for at in kept])


def measure(model: TextClassifier, train: Rows, asked: Rows, unknown: set[str]) -> dict[str, float]:
    """Score texts by a fitted model; those of unknown labels should score low."""
    calibration = fit_calibration(model.held_out_logits_, model.held_out_targets_)
    scope = scope_of(model, train.texts, train.labels)
    logits = model.network_.logits(asked.texts)
    sure = calibration.probabilities(logits).max(axis=1)
    scores = scope.scores(load_encoder(model.backbone).encode(asked.texts), logits)
    inside = np.array([label not in unknown for label in asked.labels])
    right = model.classes_[logits.argmax(axis=1)] == np.array(asked.labels)
    return {
        "accuracy": float(right[inside].mean()),
        "softmax_auroc": float(roc_auc_score(inside, sure)),
        "softmax_found": found_at(sure[inside], sure[~inside]),
        "scope_auroc": float(roc_auc_score(inside, scores)),
        "scope_found": found_at(scores[inside], scores[~inside]),
        "kept_at_its_threshold": float((scores[inside] >= scope.threshold).mean()),
        "found_at_its_threshold": float((scores[~inside] < scope.threshold).mean()),
    }


def main() -> None:
    """Print a line a draw, and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--method", default="full")
    parser.add_argument("--backbone", default="minilm-l6")
    parser.add_argument("--data-root", type=Path, default=Path(os.environ.get("COLONNADE_DATA", "../shared/data")))
    chosen = parser.parse_args()
    table = load_card_table("banking77", "intent", chosen.data_root)
    every = Rows(*table.part(Split.TRAIN, Split.DEV))
    order = np.random.default_rng(0).permutation(len(every.texts))
    held, rest = order[: len(order) // 10], order[len(order) // 10 :]
    dev, train = (Rows([every.texts[at] for at in part], [every.labels[at] for at in part]) for part in (held, rest))
    asked = dev if chosen.split == "dev" else Rows(*table.part(Split.TEST))
    options = FULL if chosen.method == "full" else {}
    figures = []
    for seed in range(chosen.draws):
        unknown = set(np.random.default_rng(seed).choice(sorted(set(every.labels)), UNKNOWN, replace=False))
        model = classifier(Recipe(chosen.method, chosen.backbone, seed=seed, options=options))
        known, held_out = train.without(unknown), dev.without(unknown)
        model.fit(known.texts, known.labels, dev=(held_out.texts, held_out.labels))
        figures.append(measure(model, known, asked, unknown))
        print(json.dumps({"draw": seed, **figures[-1]}), flush=True)  # noqa: T201  # its output is what it is for
    means = {name: round(float(np.mean([each[name] for each in figures])), 4) for name in figures[0]}
    print(json.dumps({"split": chosen.split, "sha256": table.sha256[:12], **means}))  # noqa: T201  # as above


if __name__ == "__main__":
    main()
