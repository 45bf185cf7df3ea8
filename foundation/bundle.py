"""Bundles: what training writes and everything else reads.

A bundle is a folder::

    bundle.json          what it is, what it was trained on, and the SHA-256 of every other file
    head.safetensors     weight and bias of the head
    encoder.safetensors  the tensors of the encoder that training moved, where there are any
    adapter_*            an adapter over the encoder, as peft writes it, where there is one
    calibration.json     temperature and threshold
    scope.safetensors    what tells items in scope from others, where the task asks for it
    held_out.safetensors probabilities of held-out images: sets, operating point and referral follow from them
    splits.csv           the split of each row of the training table, in its order
    seen.npy             64-bit fingerprints of the training items: they recognise a copy and give nothing away
    curve.svg            how training went, where it went by epochs
    CARD.md, CARD.html   the same for people

There is no pickle in it. Loading checks every hash and names the file that is wrong.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import blake2b, sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foundation.data.splits import normalise
from foundation.errors import BundleError
from foundation.files import atomic_folder, read_json, sha256_file, write_json
from foundation.network import Network
from foundation.papers import Papers
from foundation.progress import Listener, silent
from foundation.text.figures import compare_figures
from foundation.trust.calibration import Calibration
from foundation.trust.held_out import HeldOut
from foundation.trust.scope import Scope

__all__ = [
    "Bundle",
    "BundleRecord",
    "Savable",
    "check_files",
    "fingerprints",
    "library_versions",
    "load_backbone",
    "new_record",
    "read_record",
]

SCHEMA_VERSION = 1
_SCOPE, _HELD_OUT = "scope.safetensors", "held_out.safetensors"
# Fields that came after the first release: where they say nothing new, the id is what it was.
_LATER: dict[str, Any] = {"image": {}, "reads": "text", "figures": False}
_KINDS = {"text": "foundation.text.trained", "pairs": "foundation.text.pairs", "rows": "foundation.rows"}
_LIBRARIES = ("numpy", "scikit-learn", "torch", "transformers")


@dataclass(frozen=True)
class BundleRecord:
    """The content of ``bundle.json``.

    Attributes
    ----------
    labels : dict of label to dict of language to name
        In the order of the logits.
    backbone, backbone_sha256 : str
    method : dict
        Its name and hyper-parameters.
    data : dict
        ``name``, ``sha256``, ``rows``, ``protocol``, ``licence`` of what it was trained on.
    metrics : dict of str to dict
        Figures on held-out rows, with intervals.
    files : dict of file name to SHA-256
    image : dict
        Of a model of images: how they are prepared (``size``, ``stem_stride``), and ``negative``, the label that stands
        for nothing found, where there is one. Empty for a model of texts.
    reads : {"text", "pairs", "rows"}
        Whether, where it is not of images, it reads texts, pairs of them (``foundation.pairs``) or rows of a table
        (``foundation.rows``).
    figures : bool
        Whether it reads texts with compared figures said in a word (``foundation.text.figures``).
    """

    solution: str
    task: str
    labels: dict[str, dict[str, str]]
    backbone: str
    backbone_sha256: str
    method: dict[str, Any]
    data: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    seed: int
    libraries: dict[str, str]
    files: dict[str, str]
    schema_version: int = SCHEMA_VERSION
    image: dict[str, Any] = field(default_factory=dict)
    reads: str = "text"
    figures: bool = False

    @cached_property
    def id(self) -> str:
        """Name and first eight digits of the hash of the content: the same training gives the same id."""
        content = {name: value for name, value in asdict(self).items() if name not in _LATER or value != _LATER[name]}
        digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.solution}-{self.task}-{digest[:8]}"

    @property
    def sources(self) -> tuple[dict[str, Any], ...]:
        """Everything it was trained on: ``data``, then the companions."""
        return self.data, *self.data.get("companions", ())


class Savable(Protocol):
    """A model that can be saved as a bundle."""

    @property
    def record(self) -> BundleRecord:
        """What it says of itself."""

    def save(self, folder: Path, papers: Papers) -> "Savable":
        """Write the bundle, whole or not at all, and return it with the hashes of its files."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model of texts or images that is ready to answer."""

    record: BundleRecord
    network: Network[Any]
    calibration: Calibration
    seen: NDArray[np.uint64]
    scope: Scope | None = None
    held_out: HeldOut | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the probabilities."""
        return tuple(self.record.labels)

    def probabilities(self, items: Sequence[Any], listener: Listener = silent) -> NDArray[np.float64]:
        """Return calibrated probabilities of texts or images, shape (n, classes)."""
        read = [compare_figures(item) for item in items] if self.record.figures else items
        return self.calibration.probabilities(self.network.logits(read, listener))

    def merged(self) -> "Bundle":
        """Return the bundle with its adapter, where it has one, multiplied into an encoder of its own: quicker."""
        from foundation.text.adapters import AdaptedEncoder, merge

        encoder, head = self.network.encoder, (self.network.weight, self.network.bias)
        adapted = isinstance(encoder, AdaptedEncoder)
        return replace(self, network=Network(merge(encoder), *head)) if adapted else self

    def save(self, folder: Path, papers: Papers) -> "Bundle":
        """Write the bundle, whole or not at all, and return it with the hashes of its files.

        Parameters
        ----------
        folder : Path
        papers : Papers
        """
        from safetensors.numpy import save_file

        with atomic_folder(folder) as temporary:
            save_file(_head_tensors(self.network), temporary / "head.safetensors")
            _kind(self.record).save_training(self.network.encoder, temporary)
            write_json(temporary / "calibration.json", asdict(self.calibration))
            if self.scope is not None:
                self.scope.save(temporary / _SCOPE)
            if self.held_out is not None:
                self.held_out.save(temporary / _HELD_OUT)
            (temporary / "splits.csv").write_text(papers.splits, encoding="utf-8")
            if papers.curve:
                (temporary / "curve.svg").write_text(papers.curve, encoding="utf-8")
            np.save(temporary / "seen.npy", self.seen, allow_pickle=False)
            hashes = {path.name: sha256_file(path) for path in sorted(temporary.iterdir())}
            record = replace(self.record, files=hashes)
            write_json(temporary / "bundle.json", asdict(record))
            papers.save_card(temporary, record.id)
        return replace(self, record=record)

    @classmethod
    def load(cls, folder: Path, listener: Listener = silent) -> "Bundle":
        """Read a bundle and check everything that it says of itself.

        Raises
        ------
        BundleError
            A file is missing or has another hash, the schema version is unknown, or the backbone on this machine is
            not the one that the bundle was trained on.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        record = read_record(folder)
        check_files(folder, record)
        encoder = load_backbone(record, listener)
        if encoder.sha256 != record.backbone_sha256:
            raise BundleError(
                f"{folder} was trained on another {record.backbone} (sha256 {record.backbone_sha256[:12]}...) than is "
                f"here ({encoder.sha256[:12]}...); run 'colonnade assets verify', or train again"
            )
        try:
            head = load_file(folder / "head.safetensors")
            encoder = _kind(record).load_training(encoder, folder, record.files)
            calibration = Calibration(**read_json(folder / "calibration.json"))
            scope = Scope.load(folder / _SCOPE) if _SCOPE in record.files else None
            held_out = HeldOut.load(folder / _HELD_OUT) if _HELD_OUT in record.files else None
            seen = np.load(folder / "seen.npy", allow_pickle=False)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{folder} cannot be read: {error}; train again, or restore the folder") from error
        network = Network(encoder, head["weight"], head["bias"])
        return cls(record, network, calibration, seen, scope, held_out)


def new_record(network: Network[Any], **fields: Any) -> BundleRecord:
    """Make a record of a fitted network; library versions are this machine's, files are filled in by ``save``."""
    return BundleRecord(
        backbone=network.encoder.record.name,
        backbone_sha256=network.encoder.sha256,
        libraries=library_versions(_LIBRARIES),
        files={},
        **fields,
    )


def library_versions(names: Sequence[str]) -> dict[str, str]:
    """Return which versions of some packages are installed here."""
    return {name: version(name) for name in names}


def read_record(folder: Path) -> BundleRecord:
    """Read ``bundle.json`` alone; it costs nothing and loads no weights."""
    path = folder / "bundle.json"
    if not path.is_file():
        raise BundleError(f"{folder} is no bundle (it has no bundle.json); make one with 'colonnade train ... --out'")
    values = read_json(path)
    if values.get("schema_version") != SCHEMA_VERSION:
        raise BundleError(
            f"{path} has schema version {values.get('schema_version')!r}, this release reads {SCHEMA_VERSION}; "
            "train again, or install the release that wrote it"
        )
    try:
        return BundleRecord(**values)
    except TypeError as error:
        raise BundleError(f"{path} is not as expected: {error}; train again, or restore the file") from error


def load_backbone(record: BundleRecord, listener: Listener = silent) -> Any:
    """Load the encoder that a model was made of, as it was before training; it is shared by all who ask for it."""
    if record.image:
        from foundation.vision.encoder import load_image_encoder

        return load_image_encoder(record.backbone, record.image["size"], record.image["stem_stride"], listener)
    if record.reads == "rows":
        from foundation.rows import RowEncoder

        return RowEncoder()
    from foundation.text.encoder import load_encoder
    from foundation.text.pairs import PairEncoder

    texts = load_encoder(record.backbone, listener)
    return PairEncoder(texts) if record.reads == "pairs" else texts


def _kind(record: BundleRecord) -> Any:
    """Return the module that knows how an encoder lies on the disk."""
    return import_module("foundation.vision.trained" if record.image else _KINDS[record.reads])


def fingerprints(items: Sequence[Any]) -> NDArray[np.uint64]:
    """Return sorted 64-bit hashes of normalised texts, or of the pixels of images, shape (distinct items,)."""
    return np.unique(np.array([_fingerprint(item) for item in items], dtype=np.uint64))


def _fingerprint(item: Any) -> int:
    content = normalise(item).encode() if isinstance(item, str) else str(item.shape).encode() + item.tobytes()
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def check_files(folder: Path, record: BundleRecord) -> None:
    """Check that every file of a bundle is there and is the one that was saved; name the first that is not."""
    for name, expected in record.files.items():
        path = folder / name
        if Path(name).name != name:
            raise BundleError(f"{folder}/bundle.json names a file outside of the bundle: {name!r}")
        if not path.is_file():
            raise BundleError(f"{path} is missing; train again, or restore the file")
        if sha256_file(path) != expected:
            raise BundleError(f"{path} is not the file that was saved (sha256 differs); train again, or restore it")


def _head_tensors(network: Network[Any]) -> dict[str, NDArray[np.float32]]:
    # safetensors writes the buffer as it lies: an array in Fortran order would come back transposed
    return {"weight": np.ascontiguousarray(network.weight), "bias": np.ascontiguousarray(network.bias)}
