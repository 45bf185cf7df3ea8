"""How long an epoch of ``full`` takes with one thread and with two, as it is and compiled.

python -m tests.benchmarks.threads --data-root ../shared/data [--rows 256]

Prints one JSON object: seconds of the second epoch, when all that is made once is made, and its ratio to the usual way.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import torch

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.settings import settings
from foundation.training.classifier import LayerStack
from foundation.training.full import Full
from foundation.training.text_classifier import TextClassifier

_EPOCHS = 2


def second_epoch(texts: list[str], labels: list[str], home: str) -> float:
    """Return the seconds between the ends of the first and the second epoch."""
    ends: dict[int, float] = {}

    def listener(done: int, total: int, what: str) -> None:
        if what == "training" and done % (total // _EPOCHS) == 0:
            ends[_EPOCHS * done // total] = time.perf_counter()

    method = Full(epochs=_EPOCHS, average=False)
    with patch.dict("os.environ", COLONNADE_HOME=home):
        settings.cache_clear()
        classifier = TextClassifier(method=method, listener=listener)
        classifier.fit(texts, labels, dev=(texts[::8], labels[::8]))
    settings.cache_clear()
    return ends[_EPOCHS] - ends[_EPOCHS - 1]


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--data-root", type=Path, default=Path("../shared/data"))
    asked = parser.parse_args()
    texts, labels = load_card_table("financial_phrasebank", "tone", asked.data_root).part(Split.TRAIN)
    every = len(texts) // asked.rows
    texts, labels = texts[::every][: asked.rows], labels[::every][: asked.rows]
    usual, seconds = torch.get_num_threads(), {}
    for threads in range(1, usual + 1):
        torch.set_num_threads(threads)
        with tempfile.TemporaryDirectory() as home:
            seconds[f"{threads} threads"] = second_epoch(texts, labels, home)
    compiled = torch.compile(LayerStack.pooled, dynamic=True)
    with patch.object(LayerStack, "pooled", compiled), tempfile.TemporaryDirectory() as home:
        seconds[f"{usual} threads, compiled"] = second_epoch(texts, labels, home)
    beside = seconds[f"{usual} threads"]
    told = {name: {"seconds": round(took, 1), "ratio": round(took / beside, 2)} for name, took in seconds.items()}
    sys.stdout.write(json.dumps({"rows": asked.rows, **told}) + "\n")


if __name__ == "__main__":
    main()
