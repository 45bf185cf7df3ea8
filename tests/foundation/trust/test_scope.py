from pathlib import Path

import numpy as np
import pytest

from foundation.trust.scope import Scope, fit_scope


def cloud(generator: np.random.Generator, centre: int, count: int) -> np.ndarray:
    vectors = generator.normal(scale=0.15, size=(count, 16)).astype(np.float32)
    vectors[:, centre] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def sure(count: int) -> np.ndarray:
    return np.tile([0.9, 0.1], (count, 1))


def test_scores_by_hand() -> None:
    reference = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float16)
    scope = Scope(reference, mean=np.array([0.5, -0.1]), spread=np.array([0.1, 0.2]), threshold=0.0)
    # mean similarity of the three is (1 + 0.6 + 0) / 3; the entropy of halves is log(2)
    expected = (1.6 / 3 - 0.5) / 0.1 + (-np.log(2) + 0.1) / 0.2
    halves = np.array([[0.5, 0.5]])
    assert scope.scores(np.array([[1, 0]], dtype=np.float32), halves) == pytest.approx([expected], abs=0.01)


def test_nineteen_of_twenty_in_scope_are_kept() -> None:
    """The guarantee of the threshold, on new texts of the same kind; of 2,000 it is off by a percent or two."""
    generator = np.random.default_rng(0)
    scope = fit_scope(cloud(generator, 0, 500), cloud(generator, 0, 2000), sure(2000))
    kept = scope.scores(cloud(generator, 0, 2000), sure(2000)) >= scope.threshold
    assert kept.mean() == pytest.approx(0.95, abs=0.02)
    assert not (scope.scores(cloud(generator, 5, 200), sure(200)) >= scope.threshold).any()


def test_a_text_is_no_neighbour_of_its_own() -> None:
    generator = np.random.default_rng(0)
    reference = cloud(generator, 0, 400)
    itself, others = (fit_scope(reference, held, sure(400)) for held in (reference, cloud(generator, 0, 400)))
    assert itself.mean[0] == pytest.approx(others.mean[0], abs=0.01)


def test_wavering_is_less_in_scope() -> None:
    generator = np.random.default_rng(0)
    shares = generator.uniform(0.5, 1.0, 100)
    scope = fit_scope(cloud(generator, 0, 100), cloud(generator, 0, 100), np.stack([shares, 1 - shares], axis=1))
    vector = np.repeat(cloud(generator, 0, 1), 2, axis=0)
    wavering, sure_of_it = scope.scores(vector, np.array([[0.5, 0.5], [0.9, 0.1]]))
    assert wavering < sure_of_it


def test_saved_and_loaded(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    scope = fit_scope(cloud(generator, 0, 50), cloud(generator, 0, 50), sure(50))
    scope.save(tmp_path / "scope.safetensors")
    again = Scope.load(tmp_path / "scope.safetensors")
    asked = cloud(generator, 1, 5), sure(5)
    assert again.scores(*asked).tolist() == scope.scores(*asked).tolist()
    assert again.threshold == scope.threshold
