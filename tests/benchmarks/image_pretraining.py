"""What a network gains that sees all pictures of a card without labels before it is fitted to a few with labels.

::

    python -m tests.benchmarks.image_pretraining pneumoniamnist --labelled 100 --draws 5

The pictures without labels are the card's train split. Of each draw the same labelled pictures are learned with and
without; figures are AUROC on dev and test, with the interval of the paired gain (Student's t over draws).
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from foundation.data.image_tables import ImageTable
from foundation.data.splits import Split
from foundation.network import Network
from foundation.recipes.train_images import gate_leaks
from foundation.training.images.pretrain import ImagePretrain
from foundation.training.method import Labelled, Modality, TrainingJob, class_weights, find_method
from foundation.vision.backbone import DEFAULT_BACKBONE
from foundation.vision.encoder import ImageEncoder, Pixels, load_image_encoder
from solutions.medical.pipeline import Medical

_LEAST_DEV = 10


def auroc(network: Network, images: Sequence[Pixels], targets: NDArray[np.int64]) -> float:
    chances = softmax(network.logits(images), axis=1)
    if chances.shape[1] == 2:
        return float(roc_auc_score(targets, chances[:, 1]))
    return float(roc_auc_score(targets, chances, multi_class="ovr"))


def drawn(generator: np.random.Generator, targets: NDArray[np.int64], a_class: int) -> NDArray[np.int64]:
    """Return as many rows of each class, or all where there are fewer."""
    of_class = [np.flatnonzero(targets == label) for label in range(int(targets.max()) + 1)]
    return np.concatenate([generator.choice(rows, min(a_class, len(rows)), replace=False) for rows in of_class])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--method", default="probe")
    parser.add_argument("--labelled", type=int, default=100)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--data-root", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    asked = parser.parse_args()
    table = Medical.card_table(asked.dataset, "image", asked.data_root)
    assert isinstance(table, ImageTable)
    table = gate_leaks(table, "drop")[0]
    names = sorted(set(table.part(Split.TRAIN)[1]))
    images, targets = {}, {}
    for split in Split:
        images[split], labels = table.part(split)
        targets[split] = np.searchsorted(names, labels).astype(np.int64)
    plain = load_image_encoder(DEFAULT_BACKBONE, table.columns.size, table.columns.stem_stride)
    started = time.perf_counter()
    seen = ImagePretrain().fit(plain, images[Split.TRAIN])
    seconds = time.perf_counter() - started
    method = find_method(asked.method, Modality.IMAGE)

    def fitted(encoder: ImageEncoder, draw: int) -> Network:
        generator = np.random.default_rng(draw)
        rows = drawn(generator, targets[Split.TRAIN], asked.labelled // len(names))
        held = drawn(generator, targets[Split.DEV], max(_LEAST_DEV, asked.labelled // 5 // len(names)))
        train, dev = (
            Labelled([images[split][row] for row in chosen], targets[split][chosen])
            for split, chosen in ((Split.TRAIN, rows), (Split.DEV, held))
        )
        weight = class_weights(method.class_weight, train.targets, len(names))
        return method.fit(TrainingJob(encoder, train, dev, weight, tuple(names), draw)).network

    networks = [(fitted(plain, draw), fitted(seen, draw)) for draw in range(asked.draws)]
    for split in (Split.DEV, Split.TEST):
        scores = np.array([[auroc(one, images[split], targets[split]) for one in pair] for pair in networks])
        gains = scores[:, 1] - scores[:, 0]
        reach = student.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        figures = {
            "dataset": table.name,
            "split": split.value,
            "method": asked.method,
            "unlabelled": len(images[Split.TRAIN]),
            "labelled": asked.labelled,
            "plain": round(float(scores[:, 0].mean()), 4),
            "seen_first": round(float(scores[:, 1].mean()), 4),
            "gain": [round(float(value), 4) for value in (gains.mean(), gains.mean() - reach, gains.mean() + reach)],
            "seconds_to_see": round(seconds),
        }
        sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
