"""Figures of the image methods: train on a card's train split, choose on dev, report test once a seed.

::

    python -m tests.benchmarks.images pneumoniamnist --seeds 3 --leaks drop
    python -m tests.benchmarks.images phantom --seeds 3

Beside the report's figures: coverage of the sets over a hundred random halves of the test pictures, the guard on
photos, blanks and the pictures of the other cards, and the seconds that training took.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from apps.cli.tables import parse_pairs
from foundation.bundle import Bundle, load_backbone
from foundation.data.image_tables import ImageTable
from foundation.data.labelled import Columns
from foundation.data.pictures import Picture, read_picture
from foundation.data.splits import Split
from foundation.errors import InputError
from foundation.recipes.evaluate_images import COVERAGE, evaluate_images
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_images import train_images
from foundation.trust.guard import Guard, Verdict
from foundation.trust.held_out import HeldOut
from foundation.vision.encoder import Pixels
from solutions.medical.pipeline import Medical
from solutions.medical.schema import MedicalRequest

CARDS = ("pneumoniamnist", "brain_tumor_mri4", "wbc_5class", "phantom")
_DRAWS = 100
_BLANKS, _OTHERS, _TIMED = 50, 100, 40


def photos() -> Iterator[Pixels]:
    """Photos of animals, people and places that come with installed packages, and quarters of them."""
    places = {"gradio": "media_assets/images", "sklearn": "datasets/images", "matplotlib": "mpl-data/sample_data"}
    for package, place in places.items():
        spec = find_spec(package)
        root = Path((spec and spec.origin) or ".").parent / place
        for path in sorted(root.glob("*.jp*g")):
            pixels = read_picture(path).pixels
            middle = [side // 2 for side in pixels.shape[:2]]
            yield pixels
            for rows in (slice(None, middle[0]), slice(middle[0], None)):
                for columns in (slice(None, middle[1]), slice(middle[1], None)):
                    yield np.ascontiguousarray(pixels[rows, columns])


def grey(image: Pixels) -> Pixels:
    """Take the colour away: a guard that only looks at colour would have nothing to go by."""
    return image if image.ndim == 2 else np.rint(image.mean(axis=2)).astype(np.uint8)


def refused(bundle: Bundle, images: Sequence[Pixels]) -> float:
    """Return the share of pictures that the guard sends away."""
    assert bundle.scope
    guard = Guard(bundle.scope, load_backbone(bundle.record), bool(bundle.record.image["colourful"]))
    verdicts = guard.verdicts(images, bundle.network.logits(images))
    return float(np.mean([verdict is not Verdict.FINE for verdict in verdicts]))


def guard_figures(bundle: Bundle, table: ImageTable, data_root: Path | None) -> dict[str, float]:
    """Refusals of what belongs and of what does not; grey photos are counted apart."""
    generator = np.random.default_rng(0)
    blanks = [np.full((64, 64), shade, dtype=np.uint8) for shade in generator.integers(0, 255, _BLANKS)]
    figures = {
        "in_domain": refused(bundle, table.part(Split.TEST)[0]),
        "photos": refused(bundle, list(photos())),
        "grey_photos": refused(bundle, [grey(image) for image in photos()]),
        "blanks": refused(bundle, blanks),
    }
    for name in CARDS:
        if name != table.name:
            try:
                others = Medical.card_table(name, "image", data_root).part(Split.TEST)[0]
            except InputError:
                continue
            chosen = generator.permutation(len(others))[:_OTHERS]
            figures[name] = refused(bundle, [others[at] for at in chosen])
    return figures


def coverage_draws(bundle: Bundle, table: ImageTable) -> dict[str, float]:
    """Coverage of sets whose thresholds come from one random half of the test pictures, on the other half."""
    images, labels = table.part(Split.TEST)
    chances = bundle.probabilities(images)
    targets = np.array([bundle.labels.index(label) for label in labels])
    generator = np.random.default_rng(0)
    found = []
    for _ in range(_DRAWS):
        order = generator.permutation(len(targets))
        first, second = np.array_split(order, 2)
        least = HeldOut(chances[first], targets[first]).least_in_set(COVERAGE)
        found.append((chances[second, targets[second]] >= least[targets[second]]).mean())
    return {
        "mean": float(np.mean(found)),
        "low": float(np.quantile(found, 0.025)),
        "high": float(np.quantile(found, 0.975)),
    }


def latency(bundle: Bundle, table: ImageTable) -> dict[str, float]:
    """Milliseconds from a picture to its answer, and to both heat maps with their worth: median and 95th percentile."""
    medical = Medical(bundle)
    answered, explained = [], []
    for image in table.part(Split.TEST)[0][:_TIMED]:
        picture = Picture(image, "a.png")
        started = time.perf_counter()
        (response,) = medical.predict([MedicalRequest(picture)])
        answered.append(time.perf_counter() - started)
        medical.explain_picture(picture, response)
        explained.append(time.perf_counter() - started)
    warm = {"answer": answered[1:], "with_heat_maps": explained[1:]}  # the first loads captum
    return {
        f"{name}_{label}_ms": round(1000 * float(np.quantile(values, share)))
        for name, values in warm.items()
        for label, share in (("p50", 0.5), ("p95", 0.95))
    }


def shifted(table: ImageTable) -> ImageTable | None:
    """Return the table with the second laboratory's pictures as the test split, where there are some."""
    column = table.frame[Columns.SPLIT]
    if not (column == "test_shift").any():
        return None
    moved = column.where(column != "test", "first_test").where(column != "test_shift", "test")
    return replace(table, frame=table.frame.assign(**{Columns.SPLIT: moved}), name=f"{table.name} (second laboratory)")


def run(table: ImageTable, recipe: Recipe, data_root: Path | None) -> dict[str, object]:
    """Train once, and measure everything."""
    started = time.perf_counter()
    trained = train_images(table, recipe, "medical")
    seconds = time.perf_counter() - started
    report = evaluate_images(trained.bundle, table)
    figures: dict[str, object] = {
        "seed": recipe.seed,
        "seconds": round(seconds),
        "dev": {name: round(figure.value, 4) for name, figure in trained.metrics.items()},
        "test": {
            name: {key: round(value, 4) for key, value in asdict(figure).items()}
            for name, figure in report.metrics.items()
        },
        "answered": report.calibration,
        "baselines": report.baselines,
        "slices": report.slices,
        "leakage": trained.leakage.summary(),
        "coverage_draws": coverage_draws(trained.bundle, table),
        "latency": latency(trained.bundle, table),
        "guard": guard_figures(trained.bundle, table, data_root),
        "history": [dict(record) for record in trained.history],
    }
    if other := shifted(table):
        moved = evaluate_images(trained.bundle, other)
        figures["shift"] = {name: round(figure.value, 4) for name, figure in moved.metrics.items()}
        figures["shift_answered"] = moved.calibration
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=CARDS)
    parser.add_argument("--method", default="full")
    parser.add_argument("--set", dest="options", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--leaks", default="drop")
    parser.add_argument("--unlabelled", action="store_true", help="see the train pictures without labels first")
    parser.add_argument("--data-root", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    asked = parser.parse_args()
    table = Medical.card_table(asked.dataset, "image", asked.data_root)
    assert isinstance(table, ImageTable)
    seen = tuple(table.part(Split.TRAIN)[0]) if asked.unlabelled else ()
    options = parse_pairs("--set", asked.options)
    told = []
    for seed in range(asked.seeds):
        recipe = Recipe(asked.method, seed=seed, options=options, leaks=asked.leaks, unlabelled=seen)
        told.append(run(table, recipe, asked.data_root))
        sys.stdout.write(json.dumps(told[-1]) + "\n")
        sys.stdout.flush()
    for name in told[0]["test"]:  # type: ignore[attr-defined]
        values = [each["test"][name]["value"] for each in told]  # type: ignore[index]
        spread = f"{min(values):.4f} to {max(values):.4f} over {len(values)} seeds"
        sys.stdout.write(f"{name}: {np.mean(values):.4f} ({spread})\n")


if __name__ == "__main__":
    main()
