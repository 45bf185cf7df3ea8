from pathlib import Path

import numpy as np
import pytest

from foundation.trust.scope import Reference, Scope, fit_nearness, fit_scope


def cloud(generator: np.random.Generator, centre: int, count: int) -> np.ndarray:
    vectors = generator.normal(scale=0.15, size=(count, 16)).astype(np.float32)
    vectors[:, centre] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def kinds(generator: np.random.Generator, count: int) -> Reference:
    """Training texts of two classes."""
    vectors = np.concatenate([cloud(generator, 0, count), cloud(generator, 1, count)]).astype(np.float16)
    return Reference(vectors, np.repeat([0, 1], count))


def taken_for(label: int, count: int, strength: float = 5.0) -> np.ndarray:
    logits = np.zeros((count, 2))
    logits[:, label] = strength
    return logits


def test_scores_by_hand() -> None:
    reference = Reference(np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float16), np.array([0, 0, 1]))
    scope = Scope(reference, mean=np.array([0.5, 1.0]), spread=np.array([0.1, 0.2]), threshold=0.0)
    vector = np.array([[0, 1]], dtype=np.float32)
    # taken for class 0, whose nearest text is at 0.8, though one of class 1 is the text itself; log(e^2 + e^1)
    expected = (0.8 - 0.5) / 0.1 + (np.log(np.exp(2) + np.exp(1)) - 1.0) / 0.2
    assert scope.scores(vector, np.array([[2.0, 1.0]])) == pytest.approx([expected], abs=0.01)


def test_nineteen_of_twenty_in_scope_are_kept() -> None:
    """The guarantee of the threshold, on new texts of the same kind; of 2,000 it is off by a percent or two."""
    generator = np.random.default_rng(0)
    scope = fit_scope(kinds(generator, 300), cloud(generator, 0, 2000), taken_for(0, 2000))
    kept = scope.scores(cloud(generator, 0, 2000), taken_for(0, 2000)) >= scope.threshold
    assert kept.mean() == pytest.approx(0.95, abs=0.02)
    assert not (scope.scores(cloud(generator, 5, 200), taken_for(0, 200)) >= scope.threshold).any()
    # texts of the other class that are taken for this one are not near to it
    assert not (scope.scores(cloud(generator, 1, 200), taken_for(0, 200)) >= scope.threshold).any()


def test_a_text_is_no_neighbour_of_its_own() -> None:
    generator = np.random.default_rng(0)
    reference = kinds(generator, 400)
    own = reference.vectors[:400].astype(np.float32)
    itself, others = (fit_scope(reference, held, taken_for(0, 400)) for held in (own, cloud(generator, 0, 400)))
    assert itself.mean[0] == pytest.approx(others.mean[0], abs=0.01)


def test_finding_less_is_less_in_scope() -> None:
    generator = np.random.default_rng(0)
    logits = taken_for(0, 100) * generator.uniform(0.5, 1.5, (100, 1))
    scope = fit_scope(kinds(generator, 100), cloud(generator, 0, 100), logits)
    little, much = scope.scores(np.repeat(cloud(generator, 0, 1), 2, axis=0), np.array([[1.0, 0.0], [5.0, 0.0]]))
    assert little < much


def test_saved_and_loaded(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    scope = fit_scope(kinds(generator, 50), cloud(generator, 0, 50), taken_for(0, 50))
    scope.save(tmp_path / "scope.safetensors")
    again = Scope.load(tmp_path / "scope.safetensors")
    asked = cloud(generator, 1, 5), taken_for(0, 5)
    assert again.scores(*asked).tolist() == scope.scores(*asked).tolist()
    assert again.threshold == scope.threshold


def test_of_forty_held_out_items_nearness_still_keeps_what_it_promises() -> None:
    """The references stand in for held-out items; the energy of a strange one, however great, does not help it."""
    kept = []
    for seed in range(20):
        generator = np.random.default_rng(seed)
        reference = kinds(generator, 120)
        scope = fit_nearness(
            reference, [str(at) for at in range(240)], cloud(generator, 0, 40), np.zeros(40, int), 0.97
        )
        kept.append((scope.scores(cloud(generator, 0, 500), taken_for(0, 500)) >= scope.threshold).mean())
        strange = scope.scores(cloud(generator, 5, 50), taken_for(0, 50, strength=1000.0))
        assert (strange < scope.threshold).all()
    assert 0.96 <= np.mean(kept) <= 0.985
    assert min(kept) >= 0.93


def test_pictures_of_one_patient_are_no_neighbours() -> None:
    generator = np.random.default_rng(0)
    centres = np.repeat(cloud(generator, 0, 30), 5, axis=0)
    vectors = centres + generator.normal(scale=0.01, size=centres.shape).astype(np.float32)
    reference = Reference(
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16), np.zeros(150, int)
    )
    patients = [str(at // 5) for at in range(150)]
    new, logits = cloud(generator, 0, 500), taken_for(0, 500)
    told, untold = (
        fit_nearness(reference, groups, new[:10], np.zeros(10, int), 0.95)
        for groups in (patients, list(map(str, range(150))))
    )
    assert (told.scores(new, logits) >= told.threshold).mean() > 0.9
    assert (untold.scores(new, logits) >= untold.threshold).mean() < 0.5


def test_nearness_alone_is_saved(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    scope = fit_nearness(kinds(generator, 50), ["a", "b"] * 50, cloud(generator, 0, 9), np.zeros(9, int), 0.95)
    scope.save(tmp_path / "scope.safetensors")
    loaded = Scope.load(tmp_path / "scope.safetensors")
    new = cloud(generator, 0, 9)
    np.testing.assert_allclose(loaded.scores(new, taken_for(0, 9)), scope.scores(new, taken_for(0, 9)))
