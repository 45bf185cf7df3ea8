"""Measure the finance tone model on minimal pairs, by kind of difficulty.

    python -m tests.benchmarks.challenge [--bundle DIR]

Prints one JSON object: the accuracy over texts with a 95 % bootstrap interval over pairs, by kind and by language, and
the share of pairs of which both texts are right. The pairs are in ``tests/solutions/finance/challenge.csv``; nothing is
trained or tuned on them.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from foundation.evaluation.metrics import bootstrap
from foundation.files import sha256_file
from solutions.finance.pipeline import Finance
from solutions.finance.schema import FinanceRequest

__all__ = ["CHALLENGE", "challenge"]

CHALLENGE = Path(__file__).parents[1] / "solutions" / "finance" / "challenge.csv"


def challenge(predicted: Sequence[str], pairs: pd.DataFrame) -> dict[str, Any]:
    """Score predicted labels of the rows of the challenge set."""
    scored = pairs.assign(right=pairs["label"].eq(np.asarray(predicted)).astype(float))
    by_pair = scored.groupby("pair")["right"].agg(["mean", "min"]).to_numpy()
    figure = bootstrap(lambda rows: float(by_pair[rows, 0].mean()), range(len(by_pair)))
    return {
        "texts": len(scored),
        "accuracy": [round(value, 4) for value in (figure.value, figure.low, figure.high)],
        "whole_pairs": round(float(by_pair[:, 1].mean()), 4),
        "by_kind": scored.groupby("kind")["right"].mean().round(3).to_dict(),
        "by_language": scored.groupby("language")["right"].mean().round(3).to_dict(),
    }


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="a tone bundle; the incumbent where left out")
    asked = parser.parse_args()
    Finance.prepare()
    finance = Finance.load({"tone": asked.bundle} if asked.bundle else None)
    pairs = pd.read_csv(CHALLENGE)
    responses = finance.predict([FinanceRequest(text) for text in pairs["text"]])
    figures = challenge([response.tone.label for response in responses], pairs)
    told = {"bundle": finance.records()["tone"].id, "sha256": sha256_file(CHALLENGE)[:12], **figures}
    print(json.dumps(told, ensure_ascii=False))  # noqa: T201  # its output is what it is for


if __name__ == "__main__":
    main()
