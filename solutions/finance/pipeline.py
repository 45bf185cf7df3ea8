"""The finance solution: two classifiers that stand on one backbone."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from foundation.data.tables import ColumnKind
from foundation.progress import Listener, silent
from solutions.base import Solution, SolutionSpec, TaskSpec, Words
from solutions.decisions import decide
from solutions.finance.documents import read_documents
from solutions.finance.schema import FinanceRequest, FinanceResponse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from foundation.bundle import Bundle, BundleRecord
    from foundation.data.labelled import LabelledTable
    from foundation.evaluation.report import Report
    from foundation.recipes.recipe import Recipe, Trained
    from foundation.text.encoder import TextEncoder
    from foundation.trust.explanation import WordWeight

__all__ = ["Finance"]

_TONE, _TOPIC = "tone", "topic"
# Chosen on rows that training does not see: docs/LOG.md, "an adapter that is shipped" and "more topics".
_TONE_ADAPTER = {"rank": "16", "alpha": "32", "everywhere": "true", "epochs": "4", "learning_rate": "5e-4"}
_TOPIC_ADAPTER = {
    "frozen_layers": "6", "rank": "16", "alpha": "32", "everywhere": "true", "epochs": "8", "learning_rate": "1e-3",
}  # fmt: skip
# Headlines of the embedded sample whose vectors give the centre: a second's work.
_CENTRED_ON = 256


class Finance(Solution[FinanceRequest, FinanceResponse]):
    """Tone and topic of financial news and comments, in English and Chinese.

    Parameters
    ----------
    tone, topic : Bundle

    Examples
    --------
    >>> finance = Finance.load()  # doctest: +SKIP
    >>> finance.predict([FinanceRequest("Profit doubled on strong orders")])[0].tone.label  # doctest: +SKIP
    'positive'
    """

    spec: ClassVar = SolutionSpec(
        name="finance",
        title=Words(en="Finance", zh="金融"),
        summary=Words(
            en="Reads news and comments: what they are about, how they sound, and where bad news gathers.",
            zh="阅读新闻与评论：谈的是什么、语气如何、坏消息正在哪里聚集。",
        ),
        tasks=(
            TaskSpec(_TONE, Words(en="Tone", zh="语气"), "headlines", "lora", figures=True, options=_TONE_ADAPTER),
            TaskSpec(_TOPIC, Words(en="Topic", zh="主题"), "headlines", "lora", figures=True, options=_TOPIC_ADAPTER),
        ),
    )
    request_columns: ClassVar = {"text": ColumnKind.TEXT}

    def __init__(self, tone: "Bundle", topic: "Bundle") -> None:
        self._bundles = {_TONE: tone, _TOPIC: topic}

    @classmethod
    def load(cls, bundles: Mapping[str, Path] | None = None, listener: Listener = silent) -> Self:
        """Load both bundles, each adapter multiplied into an encoder of its own."""
        from foundation.bundle import Bundle
        from foundation.incumbents import incumbent

        named = bundles or {}
        folders = {task.name: named.get(task.name) or incumbent(cls.spec.name, task.name) for task in cls.spec.tasks}
        return cls(**{task: Bundle.load(folder, listener).merged() for task, folder in folders.items()})

    def records(self) -> Mapping[str, "BundleRecord"]:
        """Return what the loaded models say of themselves."""
        return {task: bundle.record for task, bundle in self._bundles.items()}

    def threshold(self, task: str) -> float:
        """Return the least confidence with which the model of a task answers."""
        return self._bundles[task].calibration.threshold

    def explain(self, request: FinanceRequest) -> Mapping[str, tuple["WordWeight", ...]]:
        """Weigh the words of a text for the tone and the topic that it was given."""
        from foundation.trust.explanation import explain_words

        return {
            task: explain_words(
                request.text, int(bundle.probabilities([request.text])[0].argmax()), bundle.probabilities
            )
            for task, bundle in self._bundles.items()
        }

    def vectors(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return what texts are about, whatever their tone: unit vectors of the plain backbone, shape (n, d).

        They are centred on the embedded headlines: the vectors of an encoder share one large direction, beside which
        all texts seem alike (Mu, Viswanath 2018, "All-but-the-top", arXiv:1702.01417).
        """
        centred = self._backbone.encode(texts) - self._centre
        vectors: NDArray[np.float32] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        return vectors

    @cached_property
    def _centre(self) -> "NDArray[np.float32]":
        from foundation.data.labelled import load_card_table
        from foundation.data.splits import Split

        headlines, _ = load_card_table(self.spec.task(_TOPIC).default_dataset, _TOPIC).part(Split.TRAIN)
        centre: NDArray[np.float32] = self._backbone.encode(headlines[:_CENTRED_ON]).mean(axis=0)
        return centre

    @cached_property
    def _backbone(self) -> "TextEncoder":
        from foundation.text.encoder import load_encoder

        return load_encoder(self._bundles[_TONE].record.backbone)

    @classmethod
    def request(cls, row: Mapping[str, str]) -> FinanceRequest:
        """Read the column ``text``."""
        return FinanceRequest(row["text"])

    @classmethod
    def row(cls, response: FinanceResponse) -> dict[str, Any]:
        """Write label, confidence and abstention of both tasks, and the models that answered."""
        cells: dict[str, Any] = {}
        for task, decision in ((_TONE, response.tone), (_TOPIC, response.topic)):
            cells[task] = decision.label
            cells[f"{task}_confidence"] = round(decision.confidence, 4)
            cells[f"{task}_unsure"] = decision.abstained
        return {**cells, "model": response.model}

    def _predict(self, requests: Sequence[FinanceRequest]) -> list[FinanceResponse]:
        texts = [request.text for request in requests]
        tone, topic = self._bundles[_TONE], self._bundles[_TOPIC]
        documents = read_documents(texts, tone.probabilities, tone.labels)
        tones = decide(tone, np.stack([document.probabilities for document in documents]))
        topics = decide(topic, topic.probabilities(texts))
        return [
            FinanceResponse(sounds, about, document.moved_by)
            for sounds, about, document in zip(tones, topics, documents, strict=True)
        ]

    @classmethod
    def _train(cls, table: "LabelledTable", recipe: "Recipe", listener: Listener) -> "Trained":
        from foundation.recipes.train_text import train_text

        return train_text(table, recipe, cls.spec.name, listener)

    @classmethod
    def _evaluate(cls, bundle: Path, table: "LabelledTable", listener: Listener) -> "Report":
        from foundation.bundle import Bundle
        from foundation.recipes.evaluate_text import evaluate_text

        return evaluate_text(Bundle.load(bundle, listener), table, listener)
