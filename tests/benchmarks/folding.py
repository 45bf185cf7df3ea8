"""Measure how well copies are folded into stories, on streams with planted reprints and rewrites.

    python -m tests.benchmarks.folding [--split dev|test] [--seeds N] [--fit] [--data-root DIR]

A stream lasts two weeks. Its stories are half of those in ``tests/solutions/finance/stories.csv`` (dev the odd ones,
test the even ones), each told by hand-written rewrites, among real headlines, each its own story: dev takes those of
dev, test those of test. Every eighth item is reprinted as agencies and portals do it. Prints one JSON object: pairwise
precision, recall and F1 (mean over streams, least and most), of all items and of those stories alone. ``--fit`` fits
the log-odds of ``Stories`` on streams of dev in place of it.
"""

import argparse
import json
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from foundation.data.labelled import load_card_table
from foundation.data.splits import Split
from foundation.files import sha256_file
from solutions.finance.monitor.stories import Stories, Telling
from solutions.finance.pipeline import Finance

__all__ = ["STORIES", "Told", "folded", "pairwise", "stream", "tellings"]

STORIES = Path(__file__).parents[1] / "solutions" / "finance" / "stories.csv"
_BACKGROUND = {"financial_phrasebank": 500, "zh_finance_sentiment": 500}  # headlines of each
_HOURS = 14 * 24
# Reprints follow within hours, rewrites within the day.
_REPRINTED, _MEAN_REPRINTS, _REPRINT_DELAY, _REWRITE_DELAY = 1 / 8, 4, 8.0, 10.0


@dataclass(frozen=True)
class Told:
    """An item of a stream, and the story that it tells."""

    hour: float
    text: str
    story: Hashable


def stream(stories: pd.DataFrame, background: Sequence[str], seed: int) -> list[Told]:
    """Draw a stream: stories with their rewrites, and headlines, some of either with reprints."""
    generator = np.random.default_rng(seed)
    told = [Told(generator.uniform(0, _HOURS), text, ("headline", at)) for at, text in enumerate(background)]
    for story, rows in stories.groupby("story", sort=True):
        start = generator.uniform(0, _HOURS)
        delays = [0.0, *generator.exponential(_REWRITE_DELAY, len(rows) - 1)]
        told += [Told(start + delay, text, story) for delay, text in zip(delays, rows["text"], strict=True)]
    for item in [each for each in told if generator.random() < _REPRINTED]:
        for _ in range(generator.geometric(1 / _MEAN_REPRINTS)):
            delay = generator.exponential(_REPRINT_DELAY)
            told.append(Told(item.hour + delay, _reprint(item.text, generator), item.story))
    return sorted(told, key=lambda item: item.hour)


def _reprint(text: str, generator: np.random.Generator) -> str:
    """Return a text as another outlet prints it: a source before or behind it, cut, set anew."""
    if any("一" <= letter <= "鿿" for letter in text):
        cut = text[: max(10, len(text) * 4 // 5)] + "…"
        forms = (f"快讯：{text}", f"{text}|早报", f"【公告】{text}", cut, text.replace("，", " "), f"本报讯 {text}")
    else:
        words = text.split()
        cut = " ".join(words[: max(6, len(words) * 4 // 5)]) + " ..."
        short = text.replace("million", "mln").replace("billion", "bln").replace(" percent", "%")
        forms = (f"{text} - Market Wire", f"UPDATE 1-{text}", text.upper(), short, cut, f"(Newsdesk) - {text}")
    return forms[int(generator.integers(len(forms)))]


def tellings(items: Sequence[Told], finance: Finance) -> list[Telling]:
    """Return what the monitor sees of a stream."""
    vectors = finance.vectors([item.text for item in items])
    return [
        Telling(str(at), item.text, vector, int(item.hour))
        for at, (item, vector) in enumerate(zip(items, vectors, strict=True))
    ]


def folded(items: Sequence[Told], finance: Finance) -> list[str]:
    """Return the story that each item is put to."""
    seen = tellings(items, finance)
    stories = Stories(len(seen[0].vector))
    return [stories.place(telling).story for telling in seen]


def pairwise(found: Sequence[Hashable], true: Sequence[Hashable]) -> tuple[float, float, float]:
    """Return precision, recall and F1 over pairs of items that are put together.

    Examples
    --------
    >>> pairwise(["a", "a", "a", "d"], [1, 1, 2, 2])
    (0.3333333333333333, 0.5, 0.4)
    """
    both, together, belonging = (
        sum(count * (count - 1) // 2 for count in Counter(groups).values())
        for groups in (zip(found, true, strict=True), found, true)
    )
    return both / together, both / belonging, 2 * both / (together + belonging)


def measure(finance: Finance, split: Split, seeds: int, data_root: Path | None) -> dict[str, Any]:
    """Fold streams and score them."""
    stories, background = _material(split, data_root)
    every, written = [], []
    for seed in range(seeds):
        items = stream(stories, background, seed)
        found = folded(items, finance)
        every.append(pairwise(found, [item.story for item in items]))
        of_stories = [at for at, item in enumerate(items) if isinstance(item.story, int)]
        written.append(pairwise([found[at] for at in of_stories], [items[at].story for at in of_stories]))
    return {
        "split": split.value,
        "stories": stories["story"].nunique(),
        "sha256": sha256_file(STORIES)[:12],
        "background": len(background),
        "items": len(items),
        "seeds": seeds,
        "all": _summary(every),
        "rewritten_stories": _summary(written),
    }


def fit(finance: Finance, seeds: int, data_root: Path | None) -> dict[str, Any]:
    """Fit the log-odds that an item tells a story, where all items before it are put to their own."""
    stories, background = _material(Split.DEV, data_root)
    evidence, same = [], []
    for seed in range(seeds):
        items = stream(stories, background, seed)
        seen = tellings(items, finance)
        known = Stories(len(seen[0].vector))
        for item, telling in zip(items, seen, strict=True):
            for candidate in known.compare(telling):
                evidence.append(candidate.evidence)
                same.append(candidate.story == str(item.story))
            known.add(telling, str(item.story))
    model = LogisticRegression(C=10, max_iter=1000).fit(np.array(evidence), np.array(same))
    return {"intercept": round(float(model.intercept_[0]), 2), "weights": model.coef_[0].round(1).tolist()}


def _material(split: Split, data_root: Path | None) -> tuple[pd.DataFrame, list[str]]:
    stories = pd.read_csv(STORIES)
    background: list[str] = []
    for card, count in _BACKGROUND.items():
        background += load_card_table(card, "tone", data_root).part(split)[0][:count]
    return stories[stories["story"] % 2 == (split is Split.DEV)], background


def _summary(scores: Sequence[tuple[float, float, float]]) -> dict[str, list[float]]:
    names = ("precision", "recall", "f1")
    return {
        name: [round(float(value), 4) for value in (np.mean(column), np.min(column), np.max(column))]
        for name, column in zip(names, zip(*scores, strict=True), strict=True)
    }


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", type=Split, choices=[Split.DEV, Split.TEST], default=Split.DEV)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--data-root", type=Path, default=Path("../shared/data"))
    asked = parser.parse_args()
    Finance.prepare()
    finance = Finance.load()
    told = (
        fit(finance, asked.seeds, asked.data_root)
        if asked.fit
        else measure(finance, asked.split, asked.seeds, asked.data_root)
    )
    print(json.dumps(told))  # noqa: T201  # its output is what it is for


if __name__ == "__main__":
    main()
