"""How well old conversations are put together that ask the same: by what was asked, or by what was replied.

    python -m tests.benchmarks.proposals

Prints one JSON object: for each, the F1 of pairs of conversations of the card tingwell_history by the likeness from
which two groups are one (``solutions.support.gaps``). The sample is small.
"""

import json
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pandas as pd

from foundation.data.cards import find_card
from foundation.data.labelled import locate
from foundation.data.tables import read_table
from foundation.retrieval.corpus import documents_of_card
from foundation.retrieval.index import SearchIndex
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from solutions.support.gaps import find_gaps
from solutions.support.history import read_exchanges
from solutions.support.reading import language_of

_CARD = find_card("tingwell_history")
_NO_TOPIC = ("once", "none")


def main() -> None:
    """Print the figures."""
    index = SearchIndex.build(documents_of_card("tingwell_articles"), load_encoder(DEFAULT_BACKBONE))
    first, topics = _first_exchanges()
    found: dict[str, dict[str, float]] = {"question": {}, "reply": {}}
    for part, figures in found.items():
        texts = [exchange[part] for exchange in first]
        for alike in np.arange(0.3, 0.71, 0.05):
            with patch("solutions.support.gaps._ALIKE", alike):
                figures[f"{alike:.2f}"] = round(_pair_f1(texts, topics, index), 3)
    print(json.dumps({"conversations": len(first), **found}))  # noqa: T201  # its output is what it is for


def _first_exchanges() -> tuple[list[dict[str, str]], list[str]]:
    """Return the first exchange of each conversation that has a topic, and the topics."""
    path = locate(_CARD, "dialogues.csv")
    named = dict(pd.read_csv(locate(_CARD, "topics.csv")).to_numpy())
    first, topics = [], []
    with TemporaryDirectory() as folder:
        for name, lines in read_table(path).groupby("conversation", sort=False):
            if named[name] not in _NO_TOPIC:
                lines.to_csv(one := Path(folder) / path.name, index=False)
                exchange = read_exchanges(one, {})[0]
                first.append({"question": exchange.question, "reply": exchange.reply})
                topics.append(named[name])
    return first, topics


def _pair_f1(texts: list[str], topics: list[str], index: SearchIndex) -> float:
    right = given = wanted = 0
    for language in {language_of(text) for text in texts}:
        rows = [row for row, text in enumerate(texts) if language_of(text) is language]
        gaps = find_gaps([texts[row] for row in rows], index.encoder, index.centre)
        group = {text: number for number, gap in enumerate(gaps) for text in gap.questions}
        for one, other in combinations(rows, 2):
            same, together = topics[one] == topics[other], group[texts[one]] == group[texts[other]]
            right, given, wanted = right + (same and together), given + together, wanted + same
    return 2 * right / (given + wanted)


if __name__ == "__main__":
    main()
