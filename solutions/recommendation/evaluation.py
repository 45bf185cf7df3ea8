"""From a recommender and held-out events to a report: the whole catalogue is ranked for every user."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.evaluation.comparison import compare_values
from foundation.evaluation.metrics import Interval, expected_calibration_error, mean_interval
from foundation.evaluation.outcomes import Outcomes
from foundation.evaluation.report import DatasetStamp, Report
from foundation.progress import Listener, silent
from foundation.recipes.recipe import Recipe
from foundation.text.encoder import load_encoder
from solutions.recommendation.bundle import RecommenderBundle
from solutions.recommendation.confidence import Confidence, shelf_mass
from solutions.recommendation.events import Events
from solutions.recommendation.measures import Lists, list_measures, top_items, user_measures
from solutions.recommendation.models.scorer import Scorer
from solutions.recommendation.recommender import FEW_LIKES, Hybrid, user_blocks
from solutions.recommendation.tables import EventTable
from solutions.recommendation.training import fit_hybrid
from solutions.recommendation.wishes import item_vectors

__all__ = ["evaluate_recommender", "hybrid_lists", "model_lists"]

# Users, items and scores, each of shape (n,).
_Scored = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
# Users are told apart by how much is known of them: the first border is a demo's new user, the second a regular's.
_LITTLE, _MUCH = 30, 100
_HIDDEN_ITEMS = 0.2


def evaluate_recommender(folder: Path, table: EventTable, listener: Listener = silent) -> Report:
    """Rank all items for every user who has test events, and measure.

    A bundle that was trained under another protocol, or on other data, lends its settings: its models are fitted anew
    on this split's train and dev events, since they may have seen what is test here.

    Parameters
    ----------
    folder : Path
        A bundle.
    table : EventTable
    listener : Listener

    Raises
    ------
    InputError
        There are no test events, or nothing is known of the users who have some.
    """
    bundle = RecommenderBundle.load(folder)
    known, truth = table.events_of(Split.TRAIN, Split.DEV), table.events_of(Split.TEST)
    if not np.isin(truth.users, known.users).any():
        raise InputError(f"{table.name} has no test events of users of whom something is known")
    truth = truth.take(np.flatnonzero(np.isin(truth.users, known.users)))
    hybrid, confidence, anew = _for_split(bundle, table, listener)
    started = time.perf_counter()
    asked = _asked(known, truth)
    lists, sure = hybrid_lists(hybrid, asked, confidence)
    seconds = time.perf_counter() - started
    ours = user_measures(lists, truth)
    metrics = {name: mean_interval(values) for name, values in ours.items()}
    ece = expected_calibration_error(sure, ours["hit_at_10"] > 0)
    metrics |= {name: _exact(value) for name, value in list_measures(lists, known, hybrid.vectors).items()}
    others = {name: model_lists(model, asked) for name, model in hybrid.models.items()}
    theirs = {name: user_measures(of_model, truth) for name, of_model in others.items()}
    return Report(
        solution=bundle.record.solution,
        task=table.task,
        dataset=DatasetStamp.of_test(table, len(truth), f"fitted on train and dev{anew}"),
        bundle=bundle.record.id,
        metrics=metrics,
        baselines={
            name: {measure: float(values.mean()) for measure, values in theirs[name].items()}
            | list_measures(of_model, known, hybrid.vectors)
            for name, of_model in others.items()
        },
        gains={
            name: {
                measure: compare_values(measure, values, ours[measure]).difference
                for measure, values in of_model.items()
            }
            for name, of_model in theirs.items()
        },
        per_class={},
        calibration={"ece": ece, "mean_confidence": float(sure.mean())},
        leakage={},
        seconds=round(seconds, 2),
        slices=_by_history(known, truth, ours)
        | _few_likes(hybrid, asked, truth, confidence)
        | _new_items(hybrid, known, truth, listener),
        outcomes=Outcomes(tuple(known.user_ids[user] for user in np.unique(truth.users)), ours),
    )


def hybrid_lists(
    hybrid: Hybrid, histories: Events, confidence: Confidence, there: NDArray[np.bool_] | None = None
) -> tuple[Lists, NDArray[np.float64]]:
    """Return the ranked lists of all users who have a history, and how likely each holds a hit.

    ``there``, of shape (items,), says which items are to be had at all; all of them where left out.
    """
    blocks, sure = [], []
    for found, scores in hybrid.rank(histories):
        kept = slice(None) if there is None else there[found.items]
        blocks.append((found.users[kept], found.items[kept], scores[kept]))
        sure.append(confidence.of(shelf_mass(found, scores)))
    return top_items(blocks), np.concatenate(sure)


def model_lists(model: Scorer, histories: Events) -> Lists:
    """Return the lists that one model alone gives."""
    return top_items(_scored(model, histories))


def _scored(model: Scorer, histories: Events) -> Iterator[_Scored]:
    for users, block in user_blocks(histories):
        yield _best(users, block, np.asarray(model.scores(block), dtype=np.float64))


def _best(users: NDArray[np.int64], block: Events, scores: NDArray[np.float64]) -> _Scored:
    """Return all pairs of user and item that the user has not had, with their scores."""
    row, item = np.nonzero(block.matrix().toarray() == 0)
    return users[row], item, scores[row, item]


def _for_split(bundle: RecommenderBundle, table: EventTable, listener: Listener) -> tuple[Hybrid, Confidence, str]:
    record = bundle.record
    learned = len(table.events_of(Split.TRAIN, Split.DEV))  # older releases rounded shares in another way
    same = [record.data[name] for name in ("sha256", "by", "rows")] == [table.sha256, table.by.value, learned]
    if same and (table.by.by_time or record.data["split_seed"] == table.seed):
        return bundle.hybrid, bundle.confidence, ""
    options = {name: str(record.method[name]) for name in ("regularisation", "epochs", "trees")}
    recipe = Recipe(method=record.method["name"], seed=record.seed, options=options)
    vectors = item_vectors(table.catalogue, load_encoder(record.backbone, listener), listener)
    fitted = fit_hybrid(table, vectors, recipe, Split.TRAIN, Split.DEV, listener=listener)
    return fitted.hybrid, fitted.confidence, " anew, by the settings of the bundle"


def _asked(known: Events, truth: Events) -> Events:
    """Return the histories of users who have something to be found."""
    return known.take(np.flatnonzero(np.isin(known.users, truth.users)))


def _exact(value: float) -> Interval:
    """Return what is a property of the lists and not of a sample of users."""
    return Interval(value, value, value)


def _by_history(known: Events, truth: Events, ours: dict[str, NDArray[np.float64]]) -> dict[str, dict[str, float]]:
    length = np.bincount(known.users, minlength=len(known.user_ids))[np.unique(truth.users)]
    groups = {
        f"history_under_{_LITTLE}": length < _LITTLE,
        f"history_{_LITTLE}_to_{_MUCH}": (length >= _LITTLE) & (length <= _MUCH),
        f"history_over_{_MUCH}": length > _MUCH,
    }
    return {name: _slice(ours["ndcg_at_10"][rows]) for name, rows in groups.items() if rows.any()}


def _few_likes(hybrid: Hybrid, asked: Events, truth: Events, confidence: Confidence) -> dict[str, dict[str, float]]:
    """Forget all but the last three events of each user, as of one who has just come."""
    lists, _ = hybrid_lists(hybrid, asked.latest(FEW_LIKES), confidence)
    measured = user_measures(lists, truth)
    return {f"new_user_{FEW_LIKES}_likes": _slice(measured["ndcg_at_10"])}


def _new_items(hybrid: Hybrid, known: Events, truth: Events, listener: Listener) -> dict[str, dict[str, float]]:
    """Hide a fifth of the items from training, and look for them among all items by what their texts say."""
    hidden = np.random.default_rng(hybrid.seed).random(known.item_count) < _HIDDEN_ITEMS
    wanted = truth.take(np.flatnonzero(hidden[truth.items]))
    seen = known.take(np.flatnonzero(~hidden[known.items]))
    wanted = wanted.take(np.flatnonzero(np.isin(wanted.users, seen.users)))
    if not len(wanted):
        return {}
    unaware = Hybrid(hybrid.catalogue, hybrid.vectors, hybrid.settings, hybrid.seed).fit_models(seen, listener)
    asked = _asked(seen, wanted)
    blocks = (_best(users, block, unaware.text_scores(block)) for users, block in user_blocks(asked))
    return {"new_items_by_text": _slice(user_measures(top_items(blocks), wanted)["ndcg_at_10"])}


def _slice(values: NDArray[np.float64]) -> dict[str, float]:
    return {"ndcg_at_10": float(values.mean()), "rows": float(len(values))}
