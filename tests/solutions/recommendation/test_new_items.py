"""Items that come when the models are trained already."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.papers import Papers
from solutions.client import Client
from solutions.customise import roll_back
from solutions.recommendation.bundle import RecommenderBundle
from solutions.recommendation.client import add_items
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.schema import RecommendationRequest
from solutions.recommendation.tables import own_catalogue

ARRIVALS = pd.DataFrame(
    {
        "item": ["90", "91"],
        "title": ["even thing 90", "odd thing 91"],
        "tags": ["even", "odd"],
        "popularity": ["7", "x"],
    }
)


def test_they_are_recommended_at_once_and_nothing_else_changes(folder: Path) -> None:
    shop, ask = Recommendation.load({"top-n": folder}), RecommendationRequest(user="u000", limit=60)
    before = shop.shelves.hybrid.model_scores(shop.shelves.histories)
    assert shop.add_items(ARRIVALS) == 2
    history = shop.shelves.histories
    assert history.item_count == len(shop.catalogue) == 44
    after = shop.shelves.hybrid.model_scores(history)
    for name, scores in before.items():
        np.testing.assert_allclose(after[name][:, :42], scores, rtol=1e-4, atol=1e-5, err_msg=name)
    (answer,) = shop.predict([ask])
    assert {"90", "91"} <= {item.item for item in answer.items if item.new}
    (fresh,) = shop.predict([RecommendationRequest(liked=("2", "4", "6"), only_new=True)])
    assert [item.item for item in fresh.items if item.item in ("90", "91")] == ["90", "91"]
    assert shop.catalogue.numbers["popularity"][-2:].tolist() == pytest.approx([7, np.nan], nan_ok=True)


def test_what_people_do_with_them_counts(folder: Path) -> None:
    shop = Recommendation.load({"top-n": folder})
    shop.update(pd.DataFrame({"user": ["u000"], "item": ["3"]}))
    shop.add_items(ARRIVALS)
    assert shop.shelves.history(RecommendationRequest(user="u000")).items[-1] == 3, "an update before it is kept"
    shop.update(pd.DataFrame({"user": ["u000"], "item": ["90"]}))
    (answer,) = shop.predict([RecommendationRequest(user="u000", limit=60)])
    assert "90" not in {item.item for item in answer.items}
    assert shop.shelves.events[42] == 1


def test_an_item_comes_once(folder: Path) -> None:
    shop = Recommendation.load({"top-n": folder})
    with pytest.raises(InputError, match=r"item '7' is in the catalogue already; leave it out, or train again"):
        shop.add_items(pd.DataFrame({"item": ["7"], "title": ["again"]}))
    assert len(shop.catalogue) == 42


def test_they_are_kept(folder: Path, tmp_path: Path) -> None:
    bundle = RecommenderBundle.load(folder)
    larger = bundle.with_items(own_catalogue(ARRIVALS, {}, "new.csv", bundle.hybrid.catalogue.numbers))
    saved = larger.save(tmp_path / "larger", Papers("# {id}", ""))
    again = RecommenderBundle.load(tmp_path / "larger")
    assert again.record.data["items_added"] == 2
    assert saved.record.id != bundle.record.id
    np.testing.assert_array_equal(again.hybrid.vectors, larger.hybrid.vectors)
    np.testing.assert_array_equal(again.hybrid.vectors[:42], bundle.hybrid.vectors)


def test_a_client_adds_them_and_goes_back(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solutions.client.incumbent", lambda *_: folder)
    client = Client(tmp_path / "acme", Client.open_or_new("acme", "recommendation").settings)
    assert add_items(client, "top-n", ARRIVALS, {}, "new.csv") == 2
    settings = tomllib.loads((tmp_path / "acme" / "client.toml").read_text(encoding="utf-8"))
    own = tmp_path / "acme" / "bundles" / "recommendation" / "top-n" / settings["bundles"]["recommendation"]["top-n"]
    assert len(RecommenderBundle.load(own).hybrid.catalogue) == 44
    assert "2 items of new.csv" in (own / "CARD.md").read_text(encoding="utf-8")
    (entry,) = json.loads((tmp_path / "acme" / "history.json").read_text(encoding="utf-8"))
    assert (entry["accepted"], entry["why"]) == (True, "2 items of new.csv added")
    settled = Client(client.folder, client.settings.model_validate(settings))
    assert roll_back(settled, "recommendation", "top-n").bundles("recommendation") == {}
    assert settled.history[-1].why == "rolled back"


def test_a_shop_does_not_get_its_items_among_the_films(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = RecommenderBundle.load(folder)
    public = replace(bundle, record=replace(bundle.record, data={**bundle.record.data, "licence": "GroupLens terms"}))
    public.save(tmp_path / "films", Papers("", ""))
    monkeypatch.setattr("solutions.client.incumbent", lambda *_: tmp_path / "films")
    client = Client(tmp_path / "acme", Client.open_or_new("acme", "recommendation").settings)
    with pytest.raises(InputError, match="acme is answered from events; give its own events first, with --data FILE"):
        add_items(client, "top-n", ARRIVALS, {}, "new.csv")
