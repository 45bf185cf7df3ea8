"""Pairs of texts: how they are written, what is learned from them, and that a bundle keeps it."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from foundation.bundle import Bundle
from foundation.data.labelled import LabelledTable, load_own_table
from foundation.errors import InputError, UnknownNameError
from foundation.pairs import join_pair, split_pair
from foundation.recipes.evaluate_text import evaluate_text
from foundation.recipes.recipe import Recipe
from foundation.recipes.train_text import train_text
from foundation.text.encoder import load_encoder
from foundation.text.pairs import PairEncoder
from foundation.training import PairClassifier
from foundation.training.activations import transformer_layers
from foundation.training.method import Modality, find_method
from foundation.training.pairs.full import Full, PairContrast, ranking_loss
from tests.foundation.training.conftest import BAD, GOOD

SAME = [join_pair(a, b) for words in (GOOD, BAD) for at, a in enumerate(words) for b in words[at + 1 :]]
OTHER = [join_pair(a, b) for a in GOOD for b in BAD]
LABELS = ["1"] * len(SAME) + ["0"] * len(OTHER)
QUICK = {"epochs": 1, "learning_rate": 1e-3}
LONG = {"epochs": 20, "learning_rate": 3e-3, "layer_decay": 1.0, "batch_size": 16, "across": False, "average": False}


def test_a_pair_is_two_lines_whatever_its_texts_hold() -> None:
    assert split_pair(join_pair("where\nis it", " track\t a parcel ")) == ("where is it", "track a parcel")
    with pytest.raises(InputError, match="'where is it' is one text; expected a pair"):
        split_pair("where is it")


def test_the_vector_of_a_pair_sums_to_the_cosine(tiny_backbone: Path) -> None:
    texts = load_encoder(str(tiny_backbone))
    product = PairEncoder(texts).encode(["profit rose\nprofit fell", "gain\ngain"])
    first, second = texts.encode(["profit rose", "profit fell"])
    np.testing.assert_allclose(product.sum(axis=1), [float(first @ second), 1.0], atol=1e-5)


def test_the_loss_by_hand() -> None:
    """Couples 0 - 1 and 2 - 1: log(1 + e^-1 + e^1)."""
    loss = ranking_loss(torch.tensor([1.0]), torch.tensor([0.0, 2.0]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1) + math.e), abs=1e-6)
    assert ranking_loss(torch.tensor([50.0]), torch.tensor([0.0])).item() == pytest.approx(0.0, abs=1e-6)
    assert ranking_loss(torch.tensor([1.0]), torch.tensor([])).item() == 0.0


def test_texts_of_other_pairs_are_negatives(tiny_backbone: Path) -> None:
    layers = transformer_layers(load_encoder(str(tiny_backbone)).tunable_copy())
    hidden, mask = torch.randn(4, 3, 32), torch.ones(4, 3, dtype=torch.bool)
    labels = torch.tensor([1, 1])
    across, apart = (PairContrast(layers, 1.0, across=across).eval() for across in (True, False))
    assert apart(hidden, mask, labels)["loss"].item() == 0.0  # two that are the same, and nothing to rank them above
    with torch.no_grad():
        vectors = across.pooled(hidden, mask)
        same = (vectors[:2] * vectors[2:]).sum(dim=1)
        other = torch.stack([vectors[0] @ vectors[3], vectors[1] @ vectors[2]])
        expected = torch.log1p(torch.exp(other[None, :] - same[:, None]).sum())
        assert across(hidden, mask, labels)["loss"].item() == pytest.approx(expected.item(), abs=1e-5)


def test_what_means_the_same_is_drawn_together(tiny_backbone: Path, home: Path) -> None:
    pairs = SAME + OTHER
    model = PairClassifier(str(tiny_backbone), Full(**LONG)).fit(pairs, LABELS, dev=(pairs, LABELS))
    shares = model.predict_proba(pairs)[:, 1]
    assert shares[: len(SAME)].mean() > shares[len(SAME) :].mean() + 0.5
    # the head reads the cosine alone, so that searching and scoring agree
    cosines = model.network_.encoder.encode(pairs).sum(axis=1)
    logits = model.network_.logits(pairs)
    assert np.corrcoef(cosines, logits[:, 1] - logits[:, 0])[0, 1] == pytest.approx(1.0)


@pytest.fixture
def table(tmp_path: Path) -> LabelledTable:
    rows = [f"{pair.replace(chr(10), ',')},{label}" for pair, label in zip(SAME + OTHER, LABELS, strict=True)]
    path = tmp_path / "pairs.csv"
    path.write_text("q1,q2,same\n" + "\n".join(rows), encoding="utf-8")
    return load_own_table(path, "retrieval", {"text": "q1", "other": "q2", "label": "same"}, reads="pairs")


@pytest.mark.parametrize("method", ["probe", "full"])
def test_a_loaded_bundle_of_pairs_answers_as_the_saved_one(
    method: str, table: LabelledTable, tmp_path: Path, tiny_backbone: Path, home: Path
) -> None:
    options = {} if method == "probe" else {name: str(value) for name, value in QUICK.items()}
    trained = train_text(table, Recipe(method, str(tiny_backbone), options=options), "support")
    saved = trained.save(tmp_path / "bundle")
    loaded = Bundle.load(tmp_path / "bundle")
    assert loaded.record.id == saved.record.id
    np.testing.assert_allclose(loaded.probabilities(SAME), trained.bundle.probabilities(SAME), atol=1e-6)
    assert evaluate_text(loaded, table).dataset.rows == len(table.test_part()[0])


def test_bad_pairs_are_told(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("text,other,label\na,b,1\nc,d,yes\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2, column 'label': got 'yes', expected one of 0, 1"):
        load_own_table(path, "retrieval", {}, reads="pairs")
    path.write_text("text,label\na,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no column 'other'"):
        load_own_table(path, "retrieval", {}, reads="pairs")
    with pytest.raises(UnknownNameError, match="unknown method for pairs 'lora'; known: full, probe"):
        find_method("lora", Modality.PAIR)
    with pytest.raises(UnknownNameError, match="unknown column to map 'other'"):
        load_own_table(path, "tone", {"other": "text"})
