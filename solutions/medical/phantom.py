"""SIMULATED brain-MR-like slices with and without lesions: no patient, no scanner, no permission needed.

A head is ellipsoids (skin, skull, brain, ventricles) with folded grey and white matter; a patient has several slices
and is scanned by one of three machines, which differ in contrast, bias field and noise. Lesions are of four kinds that
differ in size, contrast and edge; they lie anywhere in the brain and are as often dark as bright, so that no single
pixel tells anything. Healthy slices hold what is mistaken for them: vessels, uneven ventricles, ghosts of motion.
It is no model of any disease, and what is measured on it says nothing about patients.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from foundation.data.splits import Split
from foundation.files import atomic_folder
from foundation.progress import Listener, silent

__all__ = ["KINDS", "PATIENTS", "PhantomSlice", "phantom_patients", "write_phantom"]

SIDE = 96
PATIENTS, SLICES = 400, 5
KINDS = ("mass", "ring", "spots", "diffuse")
LESION, HEALTHY = "lesion", "no_lesion"
_SEED = 20261123
_TEST_SHARE, _DEV_SHARE = 0.25, 0.15
# Signal of the tissues in a T1-like picture, of 1: White matter is brightest, fluid darkest.
_FLUID, _GREY, _WHITE, _SKULL, _SKIN = 0.12, 0.48, 0.68, 0.06, 0.8


@dataclass(frozen=True)
class _Scanner:
    """How a machine's pictures differ: gamma of the contrast, strength of the bias field, deviation of the noise."""

    name: str
    gamma: float
    bias: float
    noise: float


_SCANNERS = (_Scanner("A", 1.0, 0.15, 0.03), _Scanner("B", 0.8, 0.3, 0.04), _Scanner("C", 1.25, 0.2, 0.055))


@dataclass(frozen=True, eq=False)
class PhantomSlice:
    """One simulated slice; ``kind`` is the lesion's, or empty."""

    pixels: NDArray[np.uint8]
    patient: str
    scanner: str
    kind: str


def write_phantom(folder: Path, listener: Listener = silent) -> None:
    """Write ``labels.csv`` and ``images/``, whole or not at all; the same bytes every time."""
    from PIL import Image

    with atomic_folder(folder) as temporary:
        (temporary / "images").mkdir()
        rows = []
        for number, patient in enumerate(phantom_patients(), start=1):
            split = _split(number - 1)
            for at, part in enumerate(patient):
                name = f"images/{part.patient}-{at}.png"
                Image.fromarray(part.pixels).save(temporary / name)
                digest = sha256(part.pixels.tobytes()).hexdigest()
                label = LESION if part.kind else HEALTHY
                rows.append((name, label, split, part.patient, part.scanner, part.kind or "none", digest))
            listener(number, PATIENTS, "simulating slices")
        columns = ["file", "label", "split", "patient", "scanner", "kind", "pixels_sha256"]
        pd.DataFrame(rows, columns=columns).to_csv(temporary / "labels.csv", index=False)


def phantom_patients(numbers: Iterable[int] = range(PATIENTS), seed: int = _SEED) -> Iterator[list[PhantomSlice]]:
    """Yield the slices of each patient; one does not depend on the others. From ``PATIENTS`` on, no data set has them.

    Examples
    --------
    >>> first = next(phantom_patients())
    >>> first[0].pixels.shape, first[0].patient
    ((96, 96), 'sim-000')
    """
    for number in numbers:
        generator = np.random.default_rng([seed, number])
        scanner = _SCANNERS[int(generator.integers(len(_SCANNERS)))]
        kind = KINDS[int(generator.integers(len(KINDS)))] if number % 3 else ""
        head = _Head(generator)
        # a lesion shows in most, but not all, slices of its patient
        hit = generator.permutation(SLICES) < generator.integers(3, SLICES) if kind else np.zeros(SLICES, dtype=bool)
        yield [
            PhantomSlice(
                _scanned(head.slice(depth, kind if shown else "", generator), scanner, generator),
                f"sim-{number:03d}",
                scanner.name,
                kind if shown else "",
            )
            for depth, shown in zip(np.linspace(-0.45, 0.45, SLICES), hit, strict=True)
        ]


class _Head:
    """The anatomy of one patient: sizes, tilt, ventricles and folds are drawn once and shared by the slices."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.axes = generator.uniform(0.70, 0.80), generator.uniform(0.84, 0.93)
        self.tilt = generator.normal(0, 0.08)
        self.centre = generator.normal(0, 0.03, size=2)
        self.ventricle = generator.uniform(0.8, 1.5, size=2)  # left and right differ in healthy people too
        self.folds = ndimage.gaussian_filter(generator.normal(size=(SIDE, SIDE)), 2.2)
        self.folds /= self.folds.std()
        grid = np.linspace(-1, 1, SIDE)
        down, across = np.meshgrid(grid, grid, indexing="ij")
        across, down = across - self.centre[0], down - self.centre[1]
        self.across = across * np.cos(self.tilt) + down * np.sin(self.tilt)
        self.down = down * np.cos(self.tilt) - across * np.sin(self.tilt)

    def slice(self, depth: float, kind: str, generator: np.random.Generator) -> NDArray[np.float64]:
        """Draw one slice at a depth of -1 to 1, with a lesion of a kind, or none."""
        scale = np.sqrt(1 - depth**2)
        radius = np.hypot(self.across / (self.axes[0] * scale), self.down / (self.axes[1] * scale))
        brain = radius < 0.82
        white = np.clip(1.6 * (0.66 - radius) + 0.22 * self.folds, 0, 1)
        picture = np.where(brain, _GREY + (_WHITE - _GREY) * white, 0.0)
        for side, size in zip((-1, 1), self.ventricle, strict=True):
            place = np.hypot((self.across - side * 0.13) / (0.07 * size), (self.down + 0.05 - 0.2 * depth) / 0.26)
            picture = np.where((place < scale) & brain, _FLUID, picture)
        picture[(np.abs(self.across) < 0.012) & brain] = _FLUID
        picture = self._vessels(picture, brain, generator)
        if kind:
            picture = self._lesion(picture, brain, kind, generator)
        picture[(radius >= 0.82) & (radius < 0.9)] = _SKULL
        picture[(radius >= 0.9) & (radius < 1.0)] = _SKIN
        smooth: NDArray[np.float64] = ndimage.gaussian_filter(picture, 0.6)
        return smooth

    def _vessels(
        self, picture: NDArray[np.float64], brain: NDArray[np.bool_], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        """Draw a few bright threads: what a hurried reader takes for spots."""
        places = np.argwhere(brain)
        for _ in range(int(generator.integers(1, 4))):
            row, column = places[int(generator.integers(len(places)))]
            angle, length = generator.uniform(0, np.pi), generator.uniform(3, 7)
            along = np.linspace(-length, length, 40)
            rows = np.clip(np.rint(row + along * np.sin(angle)).astype(int), 0, SIDE - 1)
            columns = np.clip(np.rint(column + along * np.cos(angle)).astype(int), 0, SIDE - 1)
            inside = brain[rows, columns]
            picture[rows[inside], columns[inside]] += generator.uniform(0.12, 0.3)
        return picture

    def _lesion(
        self, picture: NDArray[np.float64], brain: NDArray[np.bool_], kind: str, generator: np.random.Generator
    ) -> NDArray[np.float64]:
        places = np.argwhere(ndimage.binary_erosion(brain, iterations=6))
        sign = generator.choice([-1.0, 1.0])
        for _ in range(int(generator.integers(3, 6)) if kind == "spots" else 1):
            row, column = places[int(generator.integers(len(places)))]
            down, across = np.mgrid[:SIDE, :SIDE]
            stretch, angle = generator.uniform(0.75, 1.3), generator.uniform(0, np.pi)
            u = (across - column) * np.cos(angle) + (down - row) * np.sin(angle)
            v = (down - row) * np.cos(angle) - (across - column) * np.sin(angle)
            distance = np.hypot(u * stretch, v / stretch)
            picture = np.where(brain, picture + sign * _profile(kind, distance, generator), picture)
        return picture


def _profile(kind: str, distance: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return how much a lesion changes the signal at a distance from its centre, in pixels."""
    if kind == "mass":
        size = generator.uniform(4.0, 7.5)
        return generator.uniform(0.26, 0.42) / (1 + np.exp((distance - size) / 0.7))
    if kind == "ring":
        size = generator.uniform(4.0, 7.0)
        rim = np.exp(-(((distance - size) / 1.3) ** 2))
        return generator.uniform(0.26, 0.42) * rim - 0.14 * (distance < size - 1.2)
    if kind == "spots":
        size = generator.uniform(1.8, 3.0)
        return generator.uniform(0.36, 0.52) * np.exp(-((distance / size) ** 2))
    size = generator.uniform(8.0, 13.0)
    return generator.uniform(0.24, 0.36) * np.exp(-((distance / size) ** 2))


def _scanned(picture: NDArray[np.float64], scanner: _Scanner, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Add what a machine adds: contrast, bias field, motion, Rician noise (Gudbjartsson, Patz 1995)."""
    grid = np.linspace(-1, 1, SIDE)
    down, across = np.meshgrid(grid, grid, indexing="ij")
    slopes = generator.normal(0, scanner.bias, size=4)
    field = 1 + slopes[0] * down + slopes[1] * across + slopes[2] * down * across + slopes[3] * (down**2 - 0.3)
    signal = np.clip(picture, 0, None) ** scanner.gamma * np.clip(field, 0.4, 1.8)
    if generator.random() < 0.25:
        shift = int(generator.integers(8, 30))
        signal = signal + generator.uniform(0.03, 0.09) * np.roll(signal, shift, axis=0)
    real = signal + generator.normal(0, scanner.noise, signal.shape)
    imaginary = generator.normal(0, scanner.noise, signal.shape)
    magnitude = np.hypot(real, imaginary)
    scaled: NDArray[np.uint8] = np.rint(np.clip(magnitude / np.percentile(magnitude, 99.5), 0, 1) * 255).astype(
        np.uint8
    )
    return scaled


def _split(patient: int) -> str:
    """Deal out patients, whole ones, in a fixed and mixed order."""
    place = np.random.default_rng(_SEED).permutation(PATIENTS)[patient] / PATIENTS
    if place < _TEST_SHARE:
        return Split.TEST.value
    return Split.DEV.value if place < _TEST_SHARE + _DEV_SHARE else Split.TRAIN.value
