"""A recommender on the disk.

A bundle is a folder::

    bundle.json          what it is, what it was trained on, and the SHA-256 of every other file
    models.safetensors   what each model of candidates learnt
    ranker.txt           the trees, as LightGBM writes them; absent where a blend answers
    vectors.safetensors  vectors of the items' texts, and the mean of those that the models were trained with
    catalogue.json       ids, titles, texts, tags and numbers of the items
    histories.safetensors, later.safetensors, users.json
                         what users had, learned from or held out: scores are computed from it, and it is personal data
    calibration.json     the numbers of the confidence
    CARD.md, CARD.html   the same for people
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundation.bundle import BundleRecord, check_files, read_record
from foundation.data.cards import Names
from foundation.errors import BundleError
from foundation.files import atomic_folder, read_json, sha256_file, write_json
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.text.encoder import load_encoder
from solutions.recommendation.catalogue import Catalogue
from solutions.recommendation.confidence import Confidence
from solutions.recommendation.events import Events
from solutions.recommendation.models.text import centred
from solutions.recommendation.recommender import Hybrid, HybridSettings
from solutions.recommendation.wishes import item_vectors

__all__ = ["RecommenderBundle"]

_EVENTS = ("histories", "later")
_ARRAYS = ("users", "items", "times", "weights")


@dataclass(frozen=True, eq=False)
class RecommenderBundle:
    """A recommender that is ready to answer.

    Attributes
    ----------
    record : BundleRecord
    hybrid : Hybrid
    vectors : ndarray of float32, shape (items, d)
        Of the items' texts, not centred.
    histories : Events
        What was learned from.
    later : Events
        What users had besides: held out of training to be tested on. Nobody is shown it again.
    confidence : Confidence
    mean : ndarray of float32, shape (d,)
        Of the vectors that the models were trained with; what came later is centred by it too.
    """

    record: BundleRecord
    hybrid: Hybrid
    vectors: NDArray[np.float32]
    histories: Events
    confidence: Confidence
    mean: NDArray[np.float32]
    later: Events

    def with_items(self, arrivals: Catalogue, listener: Listener = silent) -> "RecommenderBundle":
        """Return it with items that have just come: they are recommended by what they say of themselves.

        Nothing is trained. They are part of the shelf as items are that nobody has had yet (``ContentRidge``), until
        the next training; what users do with them counts at once.

        Raises
        ------
        InputError
            One of them is there already.
        """
        catalogue = self.hybrid.catalogue.with_items(arrivals)
        fresh = item_vectors(arrivals, load_encoder(self.record.backbone, listener), listener)
        vectors = np.concatenate([self.vectors, fresh])
        histories = replace(self.histories, item_count=len(catalogue))
        hybrid = self.hybrid.with_items(catalogue, centred(vectors, self.mean), histories)
        added = self.record.data.get("items_added", 0) + len(arrivals)
        record = replace(self.record, data={**self.record.data, "items_added": added})
        later = replace(self.later, item_count=len(catalogue))
        return replace(self, record=record, hybrid=hybrid, vectors=vectors, histories=histories, later=later)

    def save(self, folder: Path, papers: Papers) -> "RecommenderBundle":
        """Write the bundle, whole or not at all, and return it with the hashes of its files."""
        from safetensors.numpy import save_file

        hybrid = self.hybrid
        learnt = {
            f"{name}/{part}": np.ascontiguousarray(tensor)
            for name, model in hybrid.models.items()
            for part, tensor in model.tensors().items()
        }
        with atomic_folder(folder) as temporary:
            save_file(learnt, temporary / "models.safetensors")
            save_file({"vectors": self.vectors, "mean": self.mean}, temporary / "vectors.safetensors")
            for name, events in zip(_EVENTS, (self.histories, self.later), strict=True):
                arrays = {part: np.ascontiguousarray(getattr(events, part)) for part in _ARRAYS}
                save_file(arrays, temporary / f"{name}.safetensors")
            write_json(temporary / "users.json", {"users": list(self.histories.user_ids)})
            write_json(temporary / "catalogue.json", _catalogue_to_dict(hybrid.catalogue))
            write_json(temporary / "calibration.json", asdict(self.confidence))
            if hybrid.ranker.booster is not None:
                (temporary / "ranker.txt").write_text(hybrid.ranker.booster.model_to_string(), encoding="utf-8")
            (temporary / "splits.csv").write_text(papers.splits, encoding="utf-8")
            hashes = {path.name: sha256_file(path) for path in sorted(temporary.iterdir())}
            record = replace(self.record, files=hashes)
            write_json(temporary / "bundle.json", asdict(record))
            papers.save_card(temporary, record.id)
        return replace(self, record=record)

    @classmethod
    def load(cls, folder: Path) -> "RecommenderBundle":
        """Read a bundle and check everything that it says of itself.

        Raises
        ------
        BundleError
            A file is missing, has another hash or cannot be read.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        record = read_record(folder)
        check_files(folder, record)
        try:
            catalogue = _catalogue_from_dict(read_json(folder / "catalogue.json"))
            texts = load_file(folder / "vectors.safetensors")
            vectors = texts["vectors"]
            mean = texts["mean"] if "mean" in texts else vectors.mean(axis=0)  # of a bundle that had no items added
            ids = tuple(read_json(folder / "users.json")["users"])
            histories = _read_events(folder / "histories.safetensors", ids, len(catalogue))
            later = histories.take(np.empty(0, np.int64))
            if "later.safetensors" in record.files:  # not of a bundle of before 2026-11-28
                later = _read_events(folder / "later.safetensors", ids, len(catalogue))
            confidence = Confidence(**read_json(folder / "calibration.json"))
            settings = HybridSettings(**{name: record.method[name] for name in asdict(HybridSettings())})
            hybrid = Hybrid(catalogue, centred(vectors, mean), settings, record.seed)
            learnt: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in record.method["models"]}
            for key, tensor in load_file(folder / "models.safetensors").items():
                name, _, part = key.partition("/")
                learnt[name][part] = tensor
            hybrid.restore(histories, learnt)
            if "ranker.txt" in record.files:
                hybrid.ranker.restore((folder / "ranker.txt").read_text(encoding="utf-8"))
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{folder} cannot be read: {error}; train again, or restore the folder") from error
        return cls(record, hybrid, vectors, histories, confidence, mean, later)


def _read_events(path: Path, user_ids: tuple[str, ...], item_count: int) -> Events:
    from safetensors.numpy import load_file

    arrays = load_file(path)
    users, items, times, weights = (arrays[name] for name in _ARRAYS)
    return Events(users, items, times, weights, user_ids, item_count)


def _catalogue_to_dict(catalogue: Catalogue) -> dict[str, Any]:
    numbers = {
        name: [None if np.isnan(value) else value for value in values.tolist()]
        for name, values in catalogue.numbers.items()
    }
    return {
        "ids": catalogue.ids,
        "titles": catalogue.titles,
        "descriptions": catalogue.descriptions,
        "tags": catalogue.tags,
        "tag_names": {tag: names.model_dump() for tag, names in catalogue.tag_names.items()},
        "numbers": numbers,
    }


def _catalogue_from_dict(values: Mapping[str, Any]) -> Catalogue:
    return Catalogue(
        ids=tuple(values["ids"]),
        titles={language: tuple(titles) for language, titles in values["titles"].items()},
        descriptions={language: tuple(texts) for language, texts in values["descriptions"].items()},
        tags=tuple(tuple(tags) for tags in values["tags"]),
        tag_names={tag: Names(**names) for tag, names in values["tag_names"].items()},
        numbers={name: np.array(cells, dtype=np.float64) for name, cells in values["numbers"].items()},
    )
