"""The contract of a vertical; ``solutions.registry`` finds those that keep it."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar, cast, runtime_checkable

from foundation.data.tables import ColumnKind
from foundation.errors import InputError, UnknownNameError
from foundation.progress import Listener, silent

if TYPE_CHECKING:
    import pandas as pd

    from foundation.bundle import BundleRecord, Savable
    from foundation.data.cards import Names
    from foundation.data.labelled import LabelledTable
    from foundation.evaluation.report import Report
    from foundation.recipes.recipe import Recipe, Trained
    from solutions.client_data import ClientData, ClientFile
    from solutions.contest import Contest

__all__ = ["Decision", "Explains", "Response", "Solution", "SolutionSpec", "TaskSpec", "Words"]


@dataclass(frozen=True)
class Words:
    """A text for people, in both languages."""

    en: str
    zh: str


@dataclass(frozen=True)
class TaskSpec:
    """A thing that a vertical does and is measured by.

    ``method`` is what the embedded default is trained by, None where nothing is, and ``options`` are its
    hyper-parameters; ``at_start`` tells whether a first start does so, or leaves it to a person, because the task is
    done well without. ``reads`` is what its items are: texts, pairs of texts, rows of a table, images, or events of
    users. With ``figures``, figures that a text compares are said in a word before it is read.
    """

    name: str
    title: Words
    default_dataset: str
    method: str | None = "probe"
    reads: Literal["text", "pairs", "rows", "image", "events"] = "text"
    at_start: bool = True
    figures: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SolutionSpec:
    """What is known of a vertical before anything is loaded."""

    name: str
    title: Words
    summary: Words
    tasks: tuple[TaskSpec, ...]

    def task(self, name: str) -> TaskSpec:
        """Return a task by name, or raise ``UnknownNameError``."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise UnknownNameError(f"task of {self.name}", name, [task.name for task in self.tasks])


@dataclass(frozen=True)
class Decision:
    """One classified thing.

    Attributes
    ----------
    label : str
        The likeliest label; also given where the model abstains.
    confidence : float
        Calibrated probability of the label, 0 to 1.
    abstained : bool
        Whether the confidence is too low to be acted on: *I do not know*.
    probabilities : mapping of label to float
    model : str
        Id of the bundle that decided.
    """

    label: str
    confidence: float
    abstained: bool
    probabilities: Mapping[str, float]
    model: str


class Response(Protocol):
    """What every vertical's response carries."""

    @property
    def confidence(self) -> float:
        """Calibrated, 0 to 1."""

    @property
    def abstained(self) -> bool:
        """Whether the answer is *I do not know*."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in words that a person can check."""

    @property
    def model(self) -> str:
        """Id of the bundle, or bundles, that answered."""


RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT", bound=Response)


@runtime_checkable
class Explains(Protocol):
    """A solution that can say which words moved an answer."""

    def explain(self, request: Any) -> Mapping[str, Any]:
        """Return by task what moved the answer."""


class Solution(ABC, Generic[RequestT, ResponseT]):
    """A vertical: trains, evaluates and answers.

    A subclass sets the class attributes and writes the hooks. ``__init__`` is the subclass's own and light; ``load``
    makes one that is ready.
    """

    spec: ClassVar[SolutionSpec]
    #: Columns of a file of requests, and what their cells must be.
    request_columns: ClassVar[Mapping[str, ColumnKind]]
    #: Whether one of these columns is enough.
    any_column: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def load(cls, bundles: Mapping[str, Path] | None = None, listener: Listener = silent) -> Self:
        """Return a solution that is ready; ``bundles`` names folders by task, the incumbents serve the rest."""

    @abstractmethod
    def _predict(self, requests: Sequence[RequestT]) -> list[ResponseT]:
        """Answer; the requests are valid and at least one."""

    @abstractmethod
    def records(self) -> Mapping[str, "BundleRecord"]:
        """Return by task what the loaded models say of themselves."""

    @classmethod
    @abstractmethod
    def request(cls, row: Mapping[str, str]) -> RequestT:
        """Make a request of a row of a file; raise ``InputError`` where it is not valid."""

    @classmethod
    @abstractmethod
    def row(cls, response: ResponseT) -> dict[str, Any]:
        """Write a response as the cells of a row."""

    @classmethod
    @abstractmethod
    def _train(cls, table: "LabelledTable", recipe: "Recipe", listener: Listener) -> "Trained":
        """Train on a table of one of the vertical's tasks."""

    @classmethod
    @abstractmethod
    def _evaluate(cls, bundle: Path, table: "LabelledTable", listener: Listener) -> "Report":
        """Evaluate a bundle on a table's test split."""

    @classmethod
    def card_table(cls, name: str, task: str, data_root: Path | None = None) -> "LabelledTable":
        """Load a data set by the name of its card; a vertical whose default is generated makes it first."""
        from foundation.data.labelled import load_card_table

        return load_card_table(name, task, data_root)

    @classmethod
    def own_table(
        cls, path: Path, task: str, mapping: Mapping[str, str], encoding: str = "utf-8", items: Path | None = None
    ) -> "LabelledTable":
        """Load a client's own file; ``items`` is a second one that says what the labels are, where a task has it."""
        if items is not None:
            raise InputError(f"{cls.spec.name}/{task} has no table of items; leave --items out")
        reads = cls.spec.task(task).reads
        if reads == "image":
            from foundation.data.image_tables import load_own_images

            return load_own_images(path, task, mapping, encoding=encoding)
        if reads == "events":
            raise InputError(f"{cls.spec.name}/{task} reads events, and says nowhere how a file of them is read")
        from foundation.data.labelled import load_own_table

        return load_own_table(path, task, mapping, encoding=encoding, reads=reads)

    @classmethod
    def client_data(cls, given: "ClientFile", known: "Mapping[str, Names]") -> "ClientData":
        """Read, look through and split what a client gave; ``known`` are labels of the model that answers now."""
        from solutions.client_data import read_client_file, read_client_images

        reads = cls.spec.task(given.task).reads
        if reads == "image":
            return read_client_images(given)
        if reads not in ("text", "rows"):
            raise InputError(f"{cls.spec.name}/{given.task} reads {reads}; client_data must say how these are read")
        return read_client_file(given, known, reads)

    @classmethod
    def contest(cls, former: Path, candidate: "Savable", table: "LabelledTable") -> "Contest":
        """Measure the model that answers now, a candidate and a plain answer on a table's test rows."""
        from solutions.contest import classifier_contest

        return classifier_contest(former, candidate, table)

    @classmethod
    def feedback(cls, task: str) -> "pd.DataFrame":
        """Return what people labelled on the pages: ``text``, ``label``, ``who`` and ``at``, without personal data."""
        from solutions.corrections import corrected

        return corrected(cls.spec.name, task)

    @classmethod
    def evaluate_feedback(cls, task: str, bundle: Path | None = None) -> "Report":  # noqa: ARG003 - of those that have any
        """Evaluate a bundle, the incumbent where none is named, on what people judged on the page."""
        raise InputError(f"{cls.spec.name}/{task} keeps no judgements of its answers; measure it on a test split")

    @classmethod
    def requests_of(cls, source: Path, rows: int, encoding: str = "utf-8") -> "Iterator[pd.DataFrame]":
        """Yield what a person names as a batch, a table of requests, in blocks of at most ``rows`` rows."""
        from foundation.data.tables import iter_table

        return iter_table(source, rows, encoding)

    @classmethod
    def keep_knowledge(cls, folder: Path, source: Path, encoding: str = "utf-8") -> int:  # noqa: ARG003 - as above
        """Keep the articles that a client's customers are answered from in the client's folder; return how many."""
        raise InputError(f"{cls.spec.name} answers from no articles; leave --knowledge out")

    def of_client(self, folder: Path, listener: Listener = silent) -> Self:  # noqa: ARG002 - as above
        """Return the solution with what else is kept in a client's folder."""
        return self

    @classmethod
    def shipped(cls, task: str) -> Path | None:
        """Return the bundle that the vertical brings along for a task, trained as a first start would: ``models/TASK``.

        It is for what a first start should not wait for, and small: an adapter, or a network in half precision. A test
        compares its data and hyper-parameters with those of today.
        """
        folder = Path(inspect.getfile(cls)).parent / "models" / task
        return folder if (folder / "bundle.json").is_file() else None

    @classmethod
    def untrained(cls, tasks: Collection[str] | None = None) -> list[TaskSpec]:
        """Return those of the tasks (all, where left out) that a start trains: none is shipped, or there already."""
        from foundation.incumbents import has_incumbent

        name, wanted = cls.spec.name, [task for task in cls.spec.tasks if tasks is None or task.name in tasks]
        learnt = [task for task in wanted if task.method is not None and task.at_start and not cls.shipped(task.name)]
        return [task for task in learnt if not has_incumbent(name, task.name)]

    @classmethod
    def prepare(cls, tasks: Collection[str] | None = None, listener: Listener = silent) -> None:
        """Give each of the tasks (all, where left out) without a model of its own the shipped one, or train it."""
        from foundation.incumbents import adopt, needs_adoption
        from foundation.recipes.recipe import Recipe

        for task in cls.spec.tasks:
            shipped = cls.shipped(task.name) if task.at_start and (tasks is None or task.name in tasks) else None
            if shipped and needs_adoption(shipped):
                adopt(shipped)
        for task in cls.untrained(tasks):
            recipe = Recipe(method=cast("str", task.method), options=task.options, figures=task.figures)
            cls.train(cls.card_table(task.default_dataset, task.name), recipe, listener).install()

    def predict(self, requests: Sequence[RequestT]) -> list[ResponseT]:
        """Answer requests, in their order; none gives none."""
        return self._predict(requests) if requests else []

    @classmethod
    def train(cls, table: "LabelledTable", recipe: "Recipe", listener: Listener = silent) -> "Trained":
        """Train; nothing is saved yet."""
        if cls.spec.task(table.task).method is None:
            raise InputError(f"{cls.spec.name}/{table.task} needs no training; measure it with 'colonnade evaluate'")
        return cls._train(table, recipe, listener)

    @classmethod
    def evaluate(cls, table: "LabelledTable", bundle: Path | None = None, listener: Listener = silent) -> "Report":
        """Evaluate a bundle, the incumbent where none is named, on a table's test split."""
        from foundation.incumbents import incumbent

        cls.spec.task(table.task)
        return cls._evaluate(bundle or incumbent(cls.spec.name, table.task), table, listener)
