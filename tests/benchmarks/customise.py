"""A client with 20 intents of banking77, planted faults included: what is found, and whether the gate holds.

::

    COLONNADE_DATA=DIR python -m tests.benchmarks.customise

It writes into a temporary folder of clients; the suite's own model is the one of ``COLONNADE_HOME``.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

INTENTS = 20


def planted_rows(data_root: Path, seed: int = 0, share: float = 1.0) -> pd.DataFrame:
    """Return a share of the train rows of the first 20 intents: 5 % of labels are broken, 3 % of rows come twice.

    Row numbers of the broken ones, counted from 1, are in ``attrs["broken"]``.
    """
    frame = pd.read_csv(data_root / "banking77" / "train.csv")
    intents = sorted(frame["label"].unique())[:INTENTS]
    frame = frame[frame["label"].isin(intents)].rename(columns={"text": "message", "label": "category"})
    frame = frame.sample(frac=share, random_state=seed) if share < 1 else frame
    frame = frame.reset_index(drop=True)
    generator = np.random.default_rng(seed)
    broken = generator.choice(len(frame), len(frame) // 20, replace=False)
    for row in broken:
        others = [intent for intent in intents if intent != frame.loc[row, "category"]]
        frame.loc[row, "category"] = generator.choice(others)
    twice = frame.loc[generator.choice(len(frame), 3 * len(frame) // 100, replace=False)]
    frame = pd.concat([frame, twice], ignore_index=True)
    frame.attrs["broken"] = {int(row) + 1 for row in broken}
    return frame


def say(**figures: Any) -> None:
    print(json.dumps(figures))  # noqa: T201 - a benchmark's output


def measure(path: Path, budget: float, broken: set[int]) -> None:
    """Go the whole way with one file."""
    from solutions.client import Client
    from solutions.client_data import ClientFile, doubtful_labels, read_client_file
    from solutions.customise import customise, known_labels
    from solutions.support.pipeline import Support

    Support.prepare(["intent"])
    started = time.perf_counter()
    client = Client.open_or_new(path.stem, "support")
    data = doubtful_labels(read_client_file(ClientFile(path, "intent"), known_labels(Support, "intent", client)))
    for finding in data.findings:
        say(found=finding.problem.name, rows=len(finding.rows), broken=len(broken & set(finding.rows)))
    _, judgement = customise(Support, Support.spec.task("intent"), data.table, client, budget=budget)
    for told in (judgement.own[0], judgement.trivial, judgement.ours[0]):
        say(former=told.former, candidate=told.candidate, low=told.difference.low, high=told.difference.high, p=told.p)
    say(accepted=judgement.accepted, seconds=round(time.perf_counter() - started, 1), planted=len(broken))


def main() -> None:
    from foundation.settings import settings

    rows = planted_rows(Path(os.environ["COLONNADE_DATA"]))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COLONNADE_CLIENTS"] = folder
        settings.cache_clear()
        rows.to_csv(Path(folder, "client.csv"), index=False)
        measure(Path(folder, "client.csv"), 60.0, rows.attrs["broken"])
        shuffled = rows.assign(category=np.random.default_rng(1).permutation(rows["category"]))
        shuffled.to_csv(Path(folder, "shuffled.csv"), index=False)
        measure(Path(folder, "shuffled.csv"), 60.0, set())


if __name__ == "__main__":
    main()
