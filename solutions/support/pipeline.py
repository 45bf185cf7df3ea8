"""The support solution: intent and mood are recognised, articles found, and the next turn of a conversation decided."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from foundation.data.tables import ColumnKind
from foundation.errors import InputError
from foundation.progress import Listener, silent
from foundation.retrieval.index import SearchIndex
from foundation.retrieval.lexical import search_words
from foundation.retrieval.questions import load_card_questions
from solutions.base import Solution, SolutionSpec, TaskSpec, Words
from solutions.decisions import decide
from solutions.support.cues import Cue, Move, read_move
from solutions.support.dialogue import Limits, Reading, judge
from solutions.support.knowledge import best_articles, client_knowledge, keep_knowledge, load_knowledge
from solutions.support.reading import FOUND_ALONE, among_articles, in_scope, language_of, vague_topics, views_of
from solutions.support.rewriter import Rewriter
from solutions.support.schema import Act, SupportRequest, SupportResponse
from solutions.support.searching import evaluate_search, own_questions, search_model, train_search
from solutions.support.slots import Slot, find_slots
from solutions.support.speech import speak

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from foundation.bundle import Bundle, BundleRecord
    from foundation.data.labelled import LabelledTable
    from foundation.evaluation.report import Report
    from foundation.recipes.recipe import Recipe, Trained

__all__ = ["DIAL", "Support"]

#: Shares of wrong answers that a person may accept; for each, training chose a threshold.
DIAL = ("0.05", "0.1", "0.2", "0.3")

_INTENT, _MOOD, _RETRIEVAL = "intent", "mood", "retrieval"
# Trained in its upper half it is as good on dev as in all layers, and the lower half is read once for both encoders.
# An adapter there is as good as the layers themselves (docs/LOG.md, "an adapter that is shipped"), and small.
_ADAPTER = {
    "frozen_layers": "6", "rank": "16", "alpha": "32", "everywhere": "true", "epochs": "8", "learning_rate": "1e-3",
}  # fmt: skip
# Of ten customers whom it takes for angry, one may be calm.
_ANGER_RISK = "0.1"


class Support(Solution[SupportRequest, SupportResponse]):
    """A customer-service assistant that answers from a knowledge base, and knows what it does not know.

    Parameters
    ----------
    intent, mood : Bundle
    knowledge : SearchIndex
    search : Bundle, optional
        Whose encoder the index was made with, where it was tuned.
    limits : Limits, optional
        Those that come with the models, where left out.

    Examples
    --------
    >>> support = Support.load()  # doctest: +SKIP
    >>> support.predict([SupportRequest("where is my parcel?")])[0].act  # doctest: +SKIP
    <Act.ANSWER: 'answer'>
    """

    spec: ClassVar = SolutionSpec(
        name="support",
        title=Words(en="Support", zh="客服"),
        summary=Words(
            en="Understands what a customer wants and feels, answers from the knowledge base with its sources, and "
            "hands over to a person what it should not answer.",
            zh="听懂客户的诉求和情绪，依据知识库作答并注明出处；不该由它回答的，转给人工。",
        ),
        tasks=(
            TaskSpec(_INTENT, Words(en="Intent", zh="意图"), "tingwell_messages", "lora", options=_ADAPTER),
            TaskSpec(_MOOD, Words(en="Mood", zh="情绪"), "tingwell_messages"),
            TaskSpec(
                _RETRIEVAL,
                Words(en="Finding the article", zh="知识检索"),
                "tingwell_articles",
                method="full",
                reads="pairs",
                at_start=False,
            ),
        ),
    )
    request_columns: ClassVar = {"text": ColumnKind.TEXT}

    def __init__(
        self,
        intent: "Bundle",
        mood: "Bundle",
        knowledge: SearchIndex,
        limits: Limits | None = None,
        search: "Bundle | None" = None,
    ) -> None:
        self._bundles = {_INTENT: intent, _MOOD: mood} | ({_RETRIEVAL: search} if search else {})
        self.knowledge = knowledge
        self._strange = knowledge.topics.isdisjoint(intent.labels)  # another firm's articles, and ours the intents
        self.rewriter = Rewriter.configured()
        usual = Limits(answer=intent.calibration.threshold, angry=mood.calibration.at_risk(_ANGER_RISK))
        self.limits = limits or usual

    @classmethod
    def load(cls, bundles: Mapping[str, Path] | None = None, listener: Listener = silent) -> Self:
        """Load both bundles and the knowledge base, which is indexed where it was not before."""
        from foundation.bundle import Bundle
        from foundation.incumbents import incumbent

        named = bundles or {}
        loaded = {
            task: Bundle.load(named.get(task) or incumbent(cls.spec.name, task), listener).merged()
            for task in (_INTENT, _MOOD)
        }
        search = search_model(cls.spec.name, _RETRIEVAL, named.get(_RETRIEVAL), listener)
        encoder = search.network.encoder.texts if search else None
        return cls(loaded[_INTENT], loaded[_MOOD], load_knowledge(encoder, listener), search=search)

    def records(self) -> Mapping[str, "BundleRecord"]:
        """Return what the loaded models say of themselves."""
        return {task: bundle.record for task, bundle in self._bundles.items()}

    def threshold(self, task: str) -> float:
        """Return the least confidence with which a task's model is acted on."""
        return self.limits.answer if task == _INTENT else self._bundles[task].calibration.threshold

    @classmethod
    def card_table(cls, name: str, task: str, data_root: Path | None = None) -> "LabelledTable":
        """Load a data set by the name of its card; of searching, with its documents."""
        return (load_card_questions if task == _RETRIEVAL else super().card_table)(name, task, data_root)

    @classmethod
    def own_table(
        cls, path: Path, task: str, mapping: Mapping[str, str], encoding: str = "utf-8", items: Path | None = None
    ) -> "LabelledTable":
        """Load a client's own file; of searching, ``items`` are the articles, and without them it holds pairs."""
        if task != _RETRIEVAL:
            return super().own_table(path, task, mapping, encoding, items)
        return own_questions(path, task, mapping, encoding, items)

    @classmethod
    def feedback(cls, task: str) -> "pd.DataFrame":
        """Return the messages that reviewers gave an intent, and those whose answer a customer said had helped."""
        if task != _INTENT:
            return super().feedback(task)
        import pandas as pd

        from foundation.settings import settings
        from solutions.support.desk import Desk

        desk = Desk.at(settings().said_in("desk.db"))
        rows = [*desk.labelled(), *desk.helped()]
        if not rows:
            raise InputError("nobody has labelled a message yet; the support page's inbox lists what to label next")
        return pd.DataFrame(rows)[["said", "intent", "who", "at"]].set_axis(["text", "label", "who", "at"], axis=1)

    def with_risk(self, risk: str) -> "Support":
        """Return an assistant that is wrong at most this often when it is sure (``foundation.trust.calibration``)."""
        least = self._bundles[_INTENT].calibration.at_risk(risk)
        return self._other(self.knowledge, replace(self.limits, answer=least))

    def with_knowledge(self, knowledge: SearchIndex) -> "Support":
        """Return an assistant that answers from other articles."""
        return self._other(knowledge, self.limits)

    @classmethod
    def keep_knowledge(cls, folder: Path, source: Path, encoding: str = "utf-8") -> int:
        """Keep a client's articles."""
        return keep_knowledge(folder, source, encoding)

    def of_client(self, folder: Path, listener: Listener = silent) -> "Support":
        """Return an assistant that answers from the client's articles, where there are any."""
        own = client_knowledge(folder, self.knowledge.encoder, listener)
        return self if own is None else self.with_knowledge(own)

    def _other(self, knowledge: SearchIndex, limits: Limits) -> "Support":
        bundles = self._bundles
        return Support(bundles[_INTENT], bundles[_MOOD], knowledge, limits, bundles.get(_RETRIEVAL))

    @classmethod
    def request(cls, row: Mapping[str, str]) -> SupportRequest:
        """Read the column ``text``."""
        return SupportRequest(row["text"])

    @classmethod
    def row(cls, response: SupportResponse) -> dict[str, Any]:
        """Write act, intent, mood, the best article and the answer."""
        return {
            "act": response.act.value,
            "why": response.why,
            "intent": response.intent.label,
            "intent_confidence": round(response.intent.confidence, 4),
            "mood": response.mood.label,
            "article": response.hits[0].document.id if response.hits else "",
            "answer": response.text,
            "sources": " ".join(sentence.source for sentence in response.sentences),
            "model": response.model,
        }

    def _predict(self, requests: Sequence[SupportRequest]) -> list[SupportResponse]:
        moves = [read_move(request.text, len(request.state.options)) for request in requests]
        views = [views_of(move, request.state) for move, request in zip(moves, requests, strict=True)]
        flat = [text for texts in views for text in texts]
        intents = self._bundles[_INTENT].probabilities(flat)
        vectors = self.knowledge.encoder.encode(flat)
        moods = self._bundles[_MOOD].probabilities([request.text for request in requests])
        answers, at = [], 0
        for row, (request, move, texts) in enumerate(zip(requests, moves, views, strict=True)):
            part = slice(at, at + len(texts))
            at += len(texts)
            answers.append(self._turn(request, move, texts, intents[part].mean(axis=0), vectors[part], moods[[row]]))
        return answers

    def _turn(
        self,
        request: SupportRequest,
        move: Move,
        views: Sequence[str],
        intents: "NDArray[np.float64]",
        vectors: "NDArray[np.float32]",
        moods: "NDArray[np.float64]",
    ) -> SupportResponse:
        """Take one turn; ``views`` are the ways to read the message, of each of which the rest was computed."""
        (intent,) = decide(self._bundles[_INTENT], intents[None], self.limits.answer)
        (mood,) = decide(self._bundles[_MOOD], moods)
        language = language_of(request.text, request.state.question)
        question = views[-1]
        vector = vectors.mean(axis=0)
        unit = vector / np.linalg.norm(vector)
        hits = best_articles(self.knowledge, unit, question, intent.probabilities, language.value)
        limits = replace(self.limits, found=FOUND_ALONE) if self._strange else self.limits
        inside = among_articles(hits) if self._strange else in_scope(self._bundles[_INTENT], question, intents)
        words = search_words(request.text)
        could_be_vague = move.cue is Cue.NEW and not self._strange
        reading = Reading(
            move,
            intent,
            mood,
            outside=inside < 0.5,
            hits=hits,
            readable=any(letter.isalnum() for letter in request.text),
            vague=vague_topics(self.knowledge, request.text, words, language) if could_be_vague else (),
            scrap=len([word for word in words if len(word) > 1 or not word.isascii()]) <= 1,
            strange=self._strange,
        )
        verdict = judge(reading, request.state, limits)
        slots = find_slots(request.text)
        spoken = speak(verdict, reading, request.state, question, slots, language)
        sentences = spoken.sentences
        if self.rewriter and verdict.act is Act.ANSWER and any("#" in sentence.source for sentence in sentences):
            sentences = self.rewriter.rewrite(question, sentences, language)
        return SupportResponse(
            act=verdict.act,
            why=verdict.why,
            sentences=sentences,
            options=verdict.options,
            language=language,
            intent=intent,
            mood=mood,
            in_scope=inside,
            hits=tuple(hits),
            slots=slots,
            state=replace(spoken.state, slots=_latest(request.state.slots, slots)),
        )

    @classmethod
    def evaluate(cls, table: "LabelledTable", bundle: Path | None = None, listener: Listener = silent) -> "Report":
        """Evaluate a bundle on a table's test split; of searching, the plain encoder where none was tuned."""
        if table.task != _RETRIEVAL:
            return super().evaluate(table, bundle, listener)
        return evaluate_search(
            table, search_model(cls.spec.name, _RETRIEVAL, bundle, listener), cls.spec.name, listener
        )

    @classmethod
    def _train(cls, table: "LabelledTable", recipe: "Recipe", listener: Listener) -> "Trained":
        from foundation.recipes.train_text import train_text

        if table.task == _RETRIEVAL:
            return train_search(table, recipe, cls.spec.name, listener)
        return train_text(table, recipe, cls.spec.name, listener, open_world=table.task == _INTENT)

    @classmethod
    def _evaluate(cls, bundle: Path, table: "LabelledTable", listener: Listener) -> "Report":
        from foundation.bundle import Bundle
        from foundation.recipes.evaluate_text import evaluate_text
        from solutions.support.scope_report import scope_metrics

        loaded = Bundle.load(bundle, listener)
        report = evaluate_text(loaded, table, listener)
        return replace(report, metrics={**report.metrics, **scope_metrics(loaded, table)})


def _latest(former: tuple[Slot, ...], new: tuple[Slot, ...]) -> tuple[Slot, ...]:
    return tuple({slot.kind: slot for slot in (*former, *new)}.values())
