"""Searching many documents: time a question and what of the exact result is found.

``taskset -c 0 python -m tests.benchmarks.search --documents 1000000`` takes one core. The documents are titles of the
embedded knowledge base with a number; their vectors are those of the titles with noise, since encoding a million texts
is no part of searching.
"""

import argparse
import json
import time

import numpy as np

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.retrieval.corpus import documents_of_card
from foundation.retrieval.documents import Document
from foundation.retrieval.index import SearchIndex
from foundation.retrieval.neighbours import Neighbours
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder

# As far from its title as two questions on one subject are from each other: a cosine of about 0.8.
_NOISE = 0.75


def main() -> None:
    """Read the command line and print the figures."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    encoder = load_encoder(DEFAULT_BACKBONE)
    base = [document for document in documents_of_card("tingwell_articles") if document.language == "en"]
    known = encoder.encode([document.title for document in base], passages=True)
    generator = np.random.default_rng(0)
    rows = generator.integers(0, len(base), asked.documents)
    vectors = known[rows] + generator.normal(
        scale=_NOISE / np.sqrt(known.shape[1]), size=(asked.documents, known.shape[1])
    ).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    documents = [Document(f"d{at}", f"{base[row].title} {at}", f"Number {at}.") for at, row in enumerate(rows)]
    started = time.perf_counter()
    index = SearchIndex.of(documents, vectors.astype(np.float32), encoder)
    built = time.perf_counter() - started
    frame = load_card_table("tingwell_articles", "retrieval").frame
    questions = frame[(frame["split"] == Split.TEST.value) & (frame["language"] == "en")]["text"].tolist()
    vectors_asked = encoder.encode(questions)
    exact = Neighbours(index._vectors)
    shared, seconds = [], []
    for question, vector in zip(questions, vectors_asked, strict=True):
        best = exact.search(vector, 10)
        found = index._neighbours.search(vector, 10)
        shared.append(len({*best.tolist()} & {*found.tolist()}) / 10)
        started = time.perf_counter()
        index.search_vector(vector, question)
        seconds.append(time.perf_counter() - started)
    told = {
        "documents": asked.documents,
        "built_seconds": round(built, 1),
        "recall_at_10": round(float(np.mean(shared)), 4),
        **{f"p{share}_ms": round(1000 * float(np.quantile(seconds, share / 100)), 1) for share in (50, 95)},
    }
    print(json.dumps(told))  # noqa: T201  # its output is what it is for


if __name__ == "__main__":
    main()
