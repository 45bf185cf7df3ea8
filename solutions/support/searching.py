"""How well articles are found: measuring the search encoder, and tuning it on questions or on pairs of questions."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foundation.data.labelled import Columns, LabelledTable, load_own_table
from foundation.errors import InputError
from foundation.incumbents import has_incumbent, incumbent
from foundation.progress import Listener, silent
from foundation.retrieval.questions import QuestionTable, pairs_of, with_documents
from solutions.support.knowledge import backbone_for, read_articles

if TYPE_CHECKING:
    from foundation.bundle import Bundle
    from foundation.evaluation.report import Report
    from foundation.recipes.recipe import Recipe, Trained
    from foundation.text.encoder import TextEncoder

__all__ = ["evaluate_search", "own_questions", "search_model", "train_search"]


def search_model(solution: str, task: str, named: Path | None = None, listener: Listener = silent) -> "Bundle | None":
    """Load the model whose encoder searches; None where nobody has tuned one."""
    from foundation.bundle import Bundle

    if named is None and not has_incumbent(solution, task):
        return None
    return Bundle.load(named or incumbent(solution, task), listener)


def own_questions(
    path: Path, task: str, mapping: Mapping[str, str], encoding: str, items: Path | None
) -> LabelledTable:
    """Load a client's questions with ``items``, the articles that answer them, or else pairs of questions.

    Parameters
    ----------
    path : Path
        With ``items``, questions (``text``) and the id of an article (``label``); without, pairs (``text``, ``other``)
        and whether they ask the same (``label``: 1 or 0).
    """
    if items is None:
        return load_own_table(path, task, mapping, encoding=encoding, reads="pairs")
    return with_documents(load_own_table(path, task, mapping, encoding=encoding), read_articles([items], encoding))


def train_search(table: LabelledTable, recipe: "Recipe", solution: str, listener: Listener) -> "Trained":
    """Tune the search encoder on pairs; of questions with articles, hard negatives are mined by the encoder itself."""
    from foundation.recipes.train_text import train_text
    from foundation.text.encoder import load_encoder

    backbone = recipe.backbone or backbone_for(_texts(table))
    if isinstance(table, QuestionTable):
        table = pairs_of(table, load_encoder(backbone, listener), listener)
    return train_text(table, replace(recipe, backbone=backbone), solution, listener)


def evaluate_search(table: LabelledTable, model: "Bundle | None", solution: str, listener: Listener) -> "Report":
    """Measure on questions how soon the right article comes, or on pairs how well the same is told from the other."""
    from foundation.recipes.evaluate_retrieval import evaluate_retrieval
    from foundation.recipes.evaluate_text import evaluate_text
    from foundation.text.encoder import load_encoder

    if isinstance(table, QuestionTable):
        encoder: TextEncoder = model.network.encoder.texts if model else load_encoder(backbone_for(_texts(table)))
        report = evaluate_retrieval(table, encoder, solution, listener)
        return replace(report, bundle=model.record.id) if model else report
    if model is None:
        raise InputError(
            f"{table.name} has pairs of questions, and no search encoder was tuned yet; "
            f"run 'colonnade train {solution} --task {table.task}', or name a model with --bundle"
        )
    from scipy.stats import spearmanr

    from foundation.evaluation.metrics import bootstrap

    report = evaluate_text(model, table, listener)
    pairs, labels = table.test_part()
    same = model.probabilities(pairs)[:, 1]
    meant = np.array(labels, dtype=np.float64)
    if not np.ptp(meant):
        return report

    def rank_correlation(rows: NDArray[np.int64]) -> float:
        return float(spearmanr(same[rows], meant[rows])[0]) if np.ptp(meant[rows]) else float("nan")

    spearman = bootstrap(rank_correlation, range(len(pairs)), bounds=(-1.0, 1.0))
    return replace(report, metrics={"spearman": spearman, **report.metrics})


def _texts(table: LabelledTable) -> list[str]:
    titles = [document.title for document in table.documents] if isinstance(table, QuestionTable) else []
    return [*table.frame[Columns.TEXT], *titles]
