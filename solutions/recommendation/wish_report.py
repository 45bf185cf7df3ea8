"""How well wishes are read: judged criteria over the catalogue's columns say which items fit."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from foundation.data.cards import find_card
from foundation.data.labelled import Columns, LabelledTable, locate
from foundation.data.splits import Split
from foundation.data.tables import read_table
from foundation.errors import InputError
from foundation.evaluation.metrics import mean_interval
from foundation.evaluation.report import DatasetStamp, Report
from foundation.progress import Listener, silent
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.events import Events
from solutions.recommendation.measures import top_items, user_measures
from solutions.recommendation.tables import load_catalogue
from solutions.recommendation.wishes import WishReader, item_vectors

__all__ = ["evaluate_wishes", "fitting"]

_LIST = "|"


def fitting(frame: pd.DataFrame, criteria: str) -> NDArray[np.bool_]:
    """Return which items of a catalogue's table fit, shape (items,).

    Parameters
    ----------
    frame : DataFrame
        Cells as text; a cell may hold several values, held apart by ``|``.
    criteria : str
        Clauses held apart by ``;``, each ``column=value|value`` (any of them) or ``column!=value|value`` (none).

    Examples
    --------
    >>> films = pd.DataFrame({"pace": ["slow", "fast"], "mood": ["sad|warm", "sad|grand"]})
    >>> fitting(films, "pace=slow;mood!=grand").tolist()
    [True, False]
    """
    fits = np.ones(len(frame), dtype=bool)
    for clause in criteria.split(";"):
        column, equals, values = clause.partition("=")
        negated, column = column.endswith("!"), column.rstrip("!")
        if not equals or column not in frame.columns:
            raise InputError(f"criteria: got {clause!r}; expected column=value|value or column!=value of the catalogue")
        wanted = set(values.split(_LIST))
        has = np.array([not wanted.isdisjoint(str(cell).split(_LIST)) for cell in frame[column]])
        fits &= ~has if negated else has
    return fits


def evaluate_wishes(table: LabelledTable, solution: str, listener: Listener = silent) -> Report:
    """Rank the catalogue for every test wish, which nobody's behaviour helps with.

    The baselines are shared words alone (BM25) and the whole wish in one vector, which knows no *not*.
    """
    card = find_card(table.name)
    if card.items is None:
        raise InputError(f"dataset {table.name} has no catalogue of items that a wish could be for")
    catalogue = load_catalogue(card, table.data_root)
    frame = read_table(locate(card, card.items.file, table.data_root))
    wishes, criteria = table.test_part()
    encoder = load_encoder(DEFAULT_BACKBONE, listener)
    reader = WishReader(catalogue, item_vectors(catalogue, encoder, listener), encoder)
    truth = _truth(frame, criteria, catalogue)
    started = time.perf_counter()
    ranked = [reader.scores(wish) for wish in wishes]
    seconds = time.perf_counter() - started
    measured = _measured(ranked, truth)
    baselines = {
        "bm25": _measured([reader.words.scores(wish) for wish in wishes], truth),
        "whole_wish_in_one_vector": _measured(list(encoder.encode(wishes) @ reader.vectors.T), truth),
    }
    test = table.frame[table.frame[Columns.SPLIT] == Split.TEST.value]
    return Report(
        solution=solution,
        task=table.task,
        dataset=DatasetStamp.of_test(
            table, len(wishes), f"{len(catalogue)} items, judged by criteria over their columns"
        ),
        bundle=f"{encoder.record.name}-{encoder.content_sha256()[:8]}",
        metrics={name: mean_interval(values) for name, values in measured.items()},
        baselines={
            name: {metric: float(values.mean()) for metric, values in figures.items()}
            for name, figures in baselines.items()
        },
        per_class={},
        calibration={},
        leakage={},
        seconds=round(seconds, 2),
        slices=_by_language(test, measured["ndcg_at_10"]),
    )


def _truth(frame: pd.DataFrame, criteria: Sequence[str], catalogue: Catalogue) -> Events:
    fits = np.array([fitting(frame, text) for text in criteria])
    wish, item = np.nonzero(fits)
    ones = np.ones(len(wish))
    return Events(wish, item, ones, ones.astype(np.float32), tuple(map(str, range(len(criteria)))), len(catalogue))


def _measured(ranked: Sequence[NDArray[Any]], truth: Events) -> dict[str, NDArray[np.float64]]:
    items = np.arange(truth.item_count)
    lists = top_items((np.full(len(items), wish), items, scores) for wish, scores in enumerate(ranked))
    return user_measures(lists, truth)


def _by_language(test: pd.DataFrame, gains: NDArray[np.float64]) -> dict[str, dict[str, float]]:
    if "language" not in test.columns:
        return {}
    groups = test["language"].to_numpy()
    return {
        f"language_{group}": {
            "ndcg_at_10": float(gains[groups == group].mean()),
            "rows": float((groups == group).sum()),
        }
        for group in sorted(set(groups))
    }
