"""The embedded assistant: its dialogues, what it does with messages it has not seen, and how fast it is.

``python -m tests.benchmarks.support`` for the figures, ``--articles 10000`` for latency with so many articles (copies
with noise, since only their number matters). Many users at once are in ``tests.benchmarks.chats``.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.evaluation.metrics import bootstrap
from foundation.retrieval.documents import Document
from foundation.retrieval.index import SearchIndex
from solutions.support.pipeline import Support
from solutions.support.schema import DialogueState, SupportRequest
from solutions.support.scope_report import found_at

DIALOGUES = Path(__file__).parents[2] / "datasets" / "support" / "tingwell_dialogues" / "dialogues.jsonl"


def dialogues(support: Support) -> dict[str, object]:
    """Play the dialogues; an end is reached where the last turn goes as expected."""
    right = turns = ends = whole = 0
    wrong: list[str] = []
    for line in DIALOGUES.read_text(encoding="utf-8").splitlines():
        dialogue, state, fine = json.loads(line), DialogueState(), []
        for turn in dialogue["turns"]:
            (response,) = support.predict([SupportRequest(turn["say"], state)])
            state = response.state
            quoted = {sentence.source.partition("#")[0] for sentence in response.sentences}
            fine.append(
                response.act.value == turn["act"] and (not turn["articles"] or bool(quoted & {*turn["articles"]}))
            )
        right, turns, ends, whole = right + sum(fine), turns + len(fine), ends + fine[-1], whole + all(fine)
        wrong += [] if fine[-1] else [dialogue["id"]]
    return {"turns": [right, turns], "ends": ends, "whole": whole, "wrong_ends": wrong}


def acts(support: Support) -> dict[str, object]:
    """Say what is done with the test messages, by their scope."""
    frame = load_card_table("tingwell_messages", "intent").frame
    test = frame[frame["split"] == Split.TEST.value]
    answers = support.predict([SupportRequest(text) for text in test["text"]])
    by_scope: dict[str, Counter[str]] = {scope: Counter() for scope in ("in", "near", "far")}
    for response, scope in zip(answers, test["scope"], strict=True):
        by_scope[scope][response.act.value] += 1
    inside = (test["scope"] == "in").to_numpy()
    scores = np.array([response.in_scope for response in answers])
    sure = np.array([response.why == "sure" for response in answers])
    right = np.array([response.intent.label for response in answers]) == test["label"].to_numpy()
    return {
        "acts": {scope: dict(counts) for scope, counts in by_scope.items()},
        "auroc": _interval(lambda rows: _auroc(inside[rows], scores[rows]), len(test)),
        "found_at_95": found_at(scores[inside], scores[~inside]),
        "sure": float(sure.mean()),
        "sure_right": _interval(lambda rows: float(right[rows][sure[rows]].mean()), len(test)),
    }


def latency(support: Support, articles: int) -> dict[str, float]:
    """Answer test messages one by one on one thread, with that many articles."""
    import torch

    torch.set_num_threads(1)
    frame = load_card_table("tingwell_messages", "intent").frame
    messages = frame[frame["split"] == Split.TEST.value]["text"].tolist()
    if articles:
        support = support.with_knowledge(_many(support.knowledge, articles))
    seconds = []
    for message in messages:
        started = time.perf_counter()
        support.predict([SupportRequest(message)])
        seconds.append(time.perf_counter() - started)
    return {
        name: round(1000 * float(np.quantile(seconds, share)), 1) for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95))
    }


def _many(index: SearchIndex, count: int) -> SearchIndex:
    """Return an index of that many articles: the first as they are, the others with noise in their vectors."""
    generator = np.random.default_rng(0)
    base, documents = index._vectors, index.documents
    rows = generator.integers(0, len(documents), count - len(documents))
    noise = generator.normal(scale=0.3 / np.sqrt(base.shape[1]), size=(len(rows), base.shape[1])).astype(np.float32)
    vectors = np.concatenate([base, base[rows] + noise])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    copies = [_reworded(documents[row], at) for at, row in enumerate(rows)]
    return SearchIndex.of([*documents, *copies], vectors.astype(np.float32), index.encoder)


def _reworded(document: Document, at: int) -> Document:
    return replace(document, id=f"copy{at}", title=f"{document.title} ({at})")


def _interval(metric: object, rows: int) -> Sequence[float]:
    figure = bootstrap(metric, range(rows))  # type: ignore[arg-type]
    return [round(figure.value, 4), round(figure.low, 4), round(figure.high, 4)]


def _auroc(inside: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(inside, scores))


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=0)
    asked = parser.parse_args()
    support = Support.load()
    if asked.articles:
        told = {"articles": asked.articles, **latency(support, asked.articles)}
    else:
        told = {"dialogues": dialogues(support), **acts(support)}
    print(json.dumps(told))  # noqa: T201  # its output is what it is for


if __name__ == "__main__":
    main()
