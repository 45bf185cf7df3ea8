from pathlib import Path

import numpy as np
import pytest

from foundation.trust.scope import Scope, fit_scope


def cloud(generator: np.random.Generator, centre: int, count: int) -> np.ndarray:
    vectors = generator.normal(scale=0.15, size=(count, 16)).astype(np.float32)
    vectors[:, centre] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_scores_by_hand() -> None:
    reference = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float16)
    scope = Scope(reference, mean=np.array([0.5, -0.1]), spread=np.array([0.1, 0.2]), threshold=0.0)
    # mean similarity of the three is (1 + 0.6 + 0) / 3; log(0.8) of confidence
    expected = (1.6 / 3 - 0.5) / 0.1 + (np.log(0.8) + 0.1) / 0.2
    assert scope.scores(np.array([[1, 0]], dtype=np.float32), np.array([0.8])) == pytest.approx([expected], abs=0.01)


def test_nineteen_of_twenty_in_scope_are_kept() -> None:
    """The guarantee of the threshold, on new texts of the same kind; of 2,000 it is off by a percent or two."""
    generator = np.random.default_rng(0)
    scope = fit_scope(cloud(generator, 0, 500), cloud(generator, 0, 2000), np.full(2000, 0.9))
    kept = scope.scores(cloud(generator, 0, 2000), np.full(2000, 0.9)) >= scope.threshold
    assert kept.mean() == pytest.approx(0.95, abs=0.02)
    assert not (scope.scores(cloud(generator, 5, 200), np.full(200, 0.9)) >= scope.threshold).any()


def test_a_text_is_no_neighbour_of_its_own() -> None:
    generator = np.random.default_rng(0)
    reference = cloud(generator, 0, 400)
    itself, others = (fit_scope(reference, held, np.full(400, 0.9)) for held in (reference, cloud(generator, 0, 400)))
    assert itself.mean[0] == pytest.approx(others.mean[0], abs=0.01)


def test_less_confidence_is_less_in_scope() -> None:
    generator = np.random.default_rng(0)
    scope = fit_scope(cloud(generator, 0, 100), cloud(generator, 0, 100), generator.uniform(0.5, 1.0, 100))
    vector = np.repeat(cloud(generator, 0, 1), 2, axis=0)
    low, high = scope.scores(vector, np.array([0.4, 0.9]))
    assert low < high


def test_saved_and_loaded(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    scope = fit_scope(cloud(generator, 0, 50), cloud(generator, 0, 50), np.full(50, 0.9))
    scope.save(tmp_path / "scope.safetensors")
    again = Scope.load(tmp_path / "scope.safetensors")
    asked = cloud(generator, 1, 5), np.full(5, 0.5)
    assert again.scores(*asked).tolist() == scope.scores(*asked).tolist()
    assert again.threshold == scope.threshold
