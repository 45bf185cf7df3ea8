"""The medical solution: one classifier of images, and everything that keeps its answers honest."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from foundation.data.tables import ColumnKind
from foundation.errors import BundleError, InputError
from foundation.progress import Listener, silent
from solutions.base import Decision, Solution, SolutionSpec, TaskSpec, Words
from solutions.medical.schema import MedicalRequest, MedicalResponse, Referral

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from foundation.bundle import Bundle, BundleRecord
    from foundation.data.labelled import LabelledTable
    from foundation.data.pictures import Picture
    from foundation.evaluation.report import Report
    from foundation.recipes.recipe import Recipe, Trained
    from foundation.trust.attribution import Attribution, Attributor
    from foundation.trust.guard import Guard
    from foundation.trust.held_out import HeldOut, OperatingPoint

__all__ = ["Medical"]

_IMAGE, _PHANTOM = "image", "phantom"


class Medical(Solution[MedicalRequest, MedicalResponse]):
    """Images by class, with sets, referral and a guard. Not a medical device.

    Parameters
    ----------
    image : Bundle
    sensitivity : float
        Share of the findings that the operating point must see, on held-out images.

    Examples
    --------
    >>> from foundation.data.pictures import read_picture
    >>> medical = Medical.load()  # doctest: +SKIP
    >>> medical.predict([MedicalRequest(read_picture(Path("scan.dcm")))])[0].referrals  # doctest: +SKIP
    (<Referral.SEVERAL: 'several'>,)
    """

    spec: ClassVar = SolutionSpec(
        name="medical",
        title=Words(en="Medical imaging", zh="医学影像"),
        summary=Words(
            en="Sorts images, says how sure it is and why, and calls a person when it is not. Not a medical device.",
            zh="对影像分类，说明把握与依据，没有把握时交给医生。不是医疗器械。",
        ),
        tasks=(TaskSpec(_IMAGE, Words(en="Image", zh="影像"), _PHANTOM, "full", reads="image"),),
    )
    request_columns: ClassVar = {_IMAGE: ColumnKind.TEXT}

    def __init__(self, image: "Bundle", sensitivity: float | None = None) -> None:
        from foundation.recipes.evaluate_images import SENSITIVITY

        self.bundle = image
        self.sensitivity = SENSITIVITY if sensitivity is None else sensitivity

    @classmethod
    def load(cls, bundles: Mapping[str, Path] | None = None, listener: Listener = silent) -> Self:
        """Load the bundle."""
        from foundation.bundle import Bundle
        from foundation.incumbents import incumbent

        return cls(Bundle.load((bundles or {}).get(_IMAGE) or incumbent(cls.spec.name, _IMAGE), listener))

    def records(self) -> Mapping[str, "BundleRecord"]:
        """Return what the loaded model says of itself."""
        return {_IMAGE: self.bundle.record}

    @property
    def negative(self) -> int | None:
        """Index of the class of no finding; None where the model has none."""
        name = self.bundle.record.image.get("negative")
        return self.bundle.labels.index(name) if name in self.bundle.labels else None

    @property
    def threshold(self) -> float:
        """Least confidence with which an answer stands."""
        return self.bundle.calibration.threshold

    @property
    def held_out(self) -> "HeldOut":
        """What the promises are computed from."""
        if self.bundle.held_out is None:
            raise BundleError(f"{self.bundle.record.id} holds no held-out figures; train again")
        return self.bundle.held_out

    def operating_point(self, sensitivity: float | None = None) -> "OperatingPoint | None":
        """Return the threshold for a finding; None where the model has no class of none."""
        if self.negative is None:
            return None
        return self.held_out.operating_point(self.negative, sensitivity or self.sensitivity)

    @property
    def prevalence(self) -> float:
        """Share of the held-out images with a finding; 0 where the model has no class of none."""
        return 0.0 if self.negative is None else self.held_out.prevalence(self.negative)

    @cached_property
    def attributor(self) -> "Attributor":
        """Makes heat maps."""
        from foundation.trust.attribution import Attributor

        return Attributor(self.bundle.network, self.bundle.calibration.temperature)

    def explain_picture(self, picture: "Picture", response: MedicalResponse) -> "tuple[Attribution, ...]":
        """Return both heat maps of what speaks for the likeliest class."""
        from foundation.trust.attribution import MapKind

        target = self.bundle.labels.index(response.finding.label)
        return tuple(self.attributor.explain(picture.pixels, target, kind) for kind in MapKind)

    @cached_property
    def guard(self) -> "Guard":
        """Tells pictures of the right kind from others."""
        from foundation.bundle import load_backbone
        from foundation.trust.guard import Guard

        if self.bundle.scope is None:
            raise BundleError(f"{self.bundle.record.id} holds no guard; train again")
        colourful = bool(self.bundle.record.image.get("colourful", False))
        return Guard(self.bundle.scope, load_backbone(self.bundle.record), colourful)

    @classmethod
    def card_table(cls, name: str, task: str, data_root: Path | None = None) -> "LabelledTable":
        """Load a data set; the phantom is made on this machine the first time."""
        from foundation.settings import settings

        folder = settings().home / "datasets" / _PHANTOM
        if name == _PHANTOM and not folder.is_dir():
            from solutions.medical.phantom import write_phantom

            write_phantom(folder)
        return super().card_table(name, task, data_root)

    @classmethod
    def requests_of(cls, source: Path, rows: int, encoding: str = "utf-8") -> "Iterator[pd.DataFrame]":
        """Yield the pictures of a folder, a zip archive or a file of slices, or of a table; its paths begin there."""
        from foundation.data.image_files import picture_files

        return picture_files(source, _IMAGE, rows, encoding)

    @classmethod
    def request(cls, row: Mapping[str, Any]) -> MedicalRequest:
        """Take the picture that the column ``image`` holds, or names."""
        from foundation.data.image_files import picture_of

        return MedicalRequest(picture_of(row[_IMAGE]))

    @classmethod
    def row(cls, response: MedicalResponse) -> dict[str, Any]:
        """Write class, confidence, set and referral; of a picture that was refused only that and why."""
        answer = {
            _IMAGE + "_class": response.finding.label,
            "confidence": round(response.confidence, 4),
            "finding_probability": round(response.finding_probability, 4),
            "positive": response.positive,
            "possible": " | ".join(response.possible),
        }
        return {
            **(dict.fromkeys(answer) if response.refused else answer),
            "referred": response.abstained,
            "referred_because": " | ".join(referral.value for referral in response.referrals),
            "model": response.model,
        }

    @classmethod
    def feedback(cls, task: str) -> "pd.DataFrame":
        """Return what reviewers said: ``picture_sha256``, ``label``, ``who`` and ``at``."""
        from solutions.medical.reviews import Reviews

        with Reviews.open() as reviews:
            said = reviews.latest()
        if said.empty:
            raise InputError(f"nobody has reviewed an answer of {cls.spec.name}/{task} yet; leave --from-feedback out")
        return said

    def _predict(self, requests: Sequence[MedicalRequest]) -> list[MedicalResponse]:
        from foundation.trust.held_out import finding_probability

        images = [request.picture.pixels for request in requests]
        logits = self.bundle.network.logits(images)
        probabilities = self.bundle.calibration.probabilities(logits)
        findings = finding_probability(probabilities, self.negative)
        verdicts = self.guard.verdicts(images, logits)
        sets = probabilities >= self._least_in_set
        point = self.operating_point()
        return [
            self._response(request, row, kept, float(found), verdict.value, point)
            for request, row, kept, found, verdict in zip(
                requests, probabilities, sets, findings, verdicts, strict=True
            )
        ]

    @cached_property
    def _least_in_set(self) -> "NDArray[np.float64]":
        from foundation.recipes.evaluate_images import COVERAGE

        return self.held_out.least_in_set(COVERAGE)

    def _response(
        self,
        request: MedicalRequest,
        probabilities: "NDArray[np.float64]",
        kept: "NDArray[np.bool_]",
        found: float,
        verdict: str,
        point: "OperatingPoint | None",
    ) -> MedicalResponse:
        labels = self.bundle.labels
        referrals = self._referrals(verdict, float(probabilities.max()), int(kept.sum()))
        if request.picture.lettering:
            referrals = (*referrals, Referral.LETTERING)
        decision = Decision(
            label=labels[int(probabilities.argmax())],
            confidence=float(probabilities.max()),
            abstained=bool(referrals),
            probabilities=dict(zip(labels, probabilities.tolist(), strict=True)),
            model=self.bundle.record.id,
        )
        likeliest_first = [labels[at] for at in np.argsort(-probabilities, kind="stable") if kept[at]]
        positive = None if point is None else found >= point.threshold
        return MedicalResponse(decision, tuple(likeliest_first), found, positive, referrals, request.picture.facts)

    def _referrals(self, verdict: str, confidence: float, possible: int) -> tuple[Referral, ...]:
        """Say why a person must look; for a picture of another kind that alone, since all else means nothing."""
        if verdict in {referral.value for referral in Referral}:
            return (Referral(verdict),)
        found = []
        if possible != 1:
            found.append(Referral.SEVERAL if possible else Referral.NONE_POSSIBLE)
        if confidence < self.threshold:
            found.append(Referral.UNSURE)
        return tuple(found)

    @classmethod
    def _train(cls, table: "LabelledTable", recipe: "Recipe", listener: Listener) -> "Trained":
        from foundation.data.image_tables import ImageTable
        from foundation.recipes.train_images import train_images

        if not isinstance(table, ImageTable):
            raise InputError(f"{table.name} holds no images; name a set of images, or a folder with --data")
        return train_images(table, recipe, cls.spec.name, listener)

    @classmethod
    def _evaluate(cls, bundle: Path, table: "LabelledTable", listener: Listener) -> "Report":
        from foundation.bundle import Bundle
        from foundation.data.image_tables import ImageTable
        from foundation.recipes.evaluate_images import evaluate_images

        if not isinstance(table, ImageTable):
            raise InputError(f"{table.name} holds no images; name a set of images, or a folder with --data")
        return evaluate_images(Bundle.load(bundle, listener), table, listener)
