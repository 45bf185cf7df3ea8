"""From events and a catalogue to a bundle: models, ranker, confidence, and figures on users who were held out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from foundation.bundle import BundleRecord, library_versions
from foundation.data.labelled import Columns as Labelled
from foundation.data.leakage import Leakage
from foundation.data.splits import Split
from foundation.errors import InputError, UnknownNameError
from foundation.evaluation.metrics import Interval, mean_interval
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.recipes.effort import Effort
from foundation.recipes.model_card import closing, figure_table, front_matter
from foundation.recipes.recipe import Recipe, Trained
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import TextEncoder, load_encoder
from foundation.training.method import configure
from solutions.recommendation.bundle import RecommenderBundle
from solutions.recommendation.confidence import Confidence, fit_confidence, shelf_mass
from solutions.recommendation.events import Events
from solutions.recommendation.measures import top_items, user_measures
from solutions.recommendation.models.text import centred
from solutions.recommendation.protocols import inner_folds
from solutions.recommendation.ranker import Ranker
from solutions.recommendation.recommender import Hybrid, HybridSettings, Rehearsal
from solutions.recommendation.tables import EventTable
from solutions.recommendation.wishes import item_vectors

__all__ = ["METHOD", "fit_hybrid", "train_recommender"]

METHOD = "hybrid"
_LIBRARIES = ("lightgbm", "numpy", "scipy", "torch", "transformers")


@dataclass(frozen=True, eq=False)
class Fitted:
    """A hybrid, and what is known of it from users whom its ranker did not see."""

    hybrid: Hybrid
    confidence: Confidence
    metrics: Mapping[str, Interval]
    users: int


def fit_hybrid(
    table: EventTable, vectors: NDArray[np.float32], recipe: Recipe, *splits: Split, listener: Listener = silent
) -> Fitted:
    """Fit models and ranker on the events of some splits."""
    events = table.events_of(*splits)
    if not len(events):
        raise InputError(f"{table.name} has no train events")
    settings = configure(HybridSettings(), recipe.options)
    if not table.by.by_time:
        settings = replace(settings, epochs=0)  # hidden events lie between the others: there is no next one to learn
    hybrid = Hybrid(table.catalogue, centred(vectors, vectors.mean(axis=0)), settings, recipe.seed)
    folds = inner_folds(events, table.by, recipe.seed)
    if not any(fold.any() for fold in folds):
        raise InputError(
            f"{table.name} has no user with three events or more to learn from; give users with more events"
        )
    rehearsal = hybrid.fit(events, folds, listener)
    # by time two events are hidden to learn from, but only the last is like what will be asked
    truth = rehearsal.hidden.latest(1) if table.by.by_time else rehearsal.hidden
    confidence, metrics, users = _held_out(rehearsal, truth, settings.trees, recipe.seed)
    return Fitted(hybrid, confidence, metrics, users)


def train_recommender(table: EventTable, recipe: Recipe, solution: str, listener: Listener = silent) -> Trained:
    """Train on the train and dev events; the ranker's figures are of users whom it did not see; test is not touched.

    Raises
    ------
    InputError
        There are no train events, the method is unknown, or an option is.
    """
    if recipe.method != METHOD:
        raise UnknownNameError(f"method of {solution}", recipe.method, [METHOD])
    effort = Effort.start()
    encoder = load_encoder(recipe.backbone or DEFAULT_BACKBONE, listener)
    vectors = item_vectors(table.catalogue, encoder, listener)
    fitted = fit_hybrid(table, vectors, recipe, Split.TRAIN, Split.DEV, listener=listener)
    events, later = table.events_of(Split.TRAIN, Split.DEV), table.events_of(Split.TEST)
    record = _record(table, recipe, solution, encoder, fitted, len(events))
    mean = vectors.mean(axis=0)
    bundle = RecommenderBundle(record, fitted.hybrid, vectors, events, fitted.confidence, mean, later)
    papers = Papers(_card(record, table, fitted, effort.summary()), _splits_file(table))
    return Trained(bundle, papers, Leakage(0, 0, ()), fitted.metrics, ())


def _held_out(
    rehearsal: Rehearsal, truth: Events, trees: int, seed: int
) -> tuple[Confidence, Mapping[str, Interval], int]:
    """Rank each half of the users by a ranker of the other half: as they are, and as if they had just come."""
    half = np.random.default_rng(seed).integers(2, size=len(truth.user_ids))
    usual, labels = rehearsal.usual, rehearsal.labels
    rankers = [
        Ranker(seed, trees).fit([usual.take(half[usual.users] != side)], [labels[half[usual.users] != side]])
        for side in (0, 1)
    ]
    truth = truth.take(np.flatnonzero(np.isin(truth.users, usual.users)))
    shelves, measured = [], []
    for every in (usual, rehearsal.few):
        part = every.take(np.isin(every.users, truth.users))
        side = half[part.users]
        scores = np.zeros(len(part.users))
        for own, ranker in enumerate(rankers):
            scores[side == own] = ranker.scores(part.take(side == own))
        measured.append(user_measures(top_items([(part.users, part.items, scores)]), truth))
        shelves.append(shelf_mass(part, scores))
    popular = user_measures(top_items([(part.users, part.items, part.column("popularity"))]), truth)["hit_at_10"]
    hits = np.concatenate([figures["hit_at_10"] > 0 for figures in measured])
    confidence = fit_confidence(shelves, hits, float(popular.mean()))
    return confidence, {name: mean_interval(values) for name, values in measured[0].items()}, len(popular)


def _record(
    table: EventTable, recipe: Recipe, solution: str, encoder: TextEncoder, fitted: Fitted, rows: int
) -> BundleRecord:
    return BundleRecord(
        solution=solution,
        task=table.task,
        labels={},
        backbone=encoder.record.name,
        backbone_sha256=encoder.sha256,
        method={"name": METHOD, "models": list(fitted.hybrid.models), **asdict(fitted.hybrid.settings)},
        data={
            "name": table.name,
            "sha256": table.sha256,
            "rows": rows,
            "protocol": table.protocol,
            "by": table.by.value,
            "split_seed": table.seed,
            "licence": table.licence,
        },
        metrics={name: asdict(interval) for name, interval in fitted.metrics.items()},
        seed=recipe.seed,
        libraries=library_versions(_LIBRARIES),
        files={},
    )


def _splits_file(table: EventTable) -> str:
    return "row,split\n" + "".join(f"{row},{split}\n" for row, split in enumerate(table.frame[Labelled.SPLIT], start=1))


def _card(record: BundleRecord, table: EventTable, fitted: Fitted, effort: str) -> str:
    faults = table.events.faults.summary()
    return f"""{front_matter(record)}
# {{id}}

- **Task**: {record.solution} / {record.task}: what a user will want next, among {len(fitted.hybrid.catalogue)} items.
- **Made of**: {", ".join(fitted.hybrid.models)}, joined by LightGBM trees; texts read by {record.backbone} \
(sha256 {record.backbone_sha256[:12]}...); numbers of the items: {", ".join(table.catalogue.numbers) or "none"}; \
seed {record.seed}.
- **Trained on**: {record.data["rows"]} events of {record.data["name"]} (sha256 {record.data["sha256"][:12]}...), \
{record.data["protocol"]}; {faults}.
- **Licence of the data**: {record.data["licence"]}. It holds for what this model may be used for.
- **Training took** {effort}.

Figures of {fitted.users} users whom the ranker did not see, on events that no model saw, with 95 % bootstrap intervals
over users (`colonnade evaluate` gives the test split's):

{figure_table(record)}

**Personal data**: `histories.safetensors`, `later.safetensors` and `users.json` hold what each user had.
Keep the folder as you keep that.

**Limits**: it learns from what people were shown and took, and so repeats what was popular; the dials of the page show
by how much. Reasons are exact for the linear model (EASE), whose score is one of the ranker's inputs.

**局限**：它从人们看到并选择的内容中学习，因此会重复热门；页面上的调节旋钮可见代价。理由对线性模型（EASE）是精确的，其得分是排序器的输入之一。
模型包含每位用户的历史，请像保管历史一样保管它。

{closing()}"""
