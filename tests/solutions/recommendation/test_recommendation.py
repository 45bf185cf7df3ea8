"""The whole vertical: a client's two files, training, a bundle, shelves, a report."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.data.splits import Split
from foundation.errors import BundleError, InputError, UnknownNameError
from foundation.evaluation.comparison import Verdict, compare
from foundation.papers import Papers
from foundation.recipes.recipe import Recipe
from solutions.batch import predict_file
from solutions.recommendation.bundle import RecommenderBundle
from solutions.recommendation.client import _former_lists, unseen
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.schema import Ground, RecommendationRequest
from solutions.recommendation.shelf import Dials, Rules
from solutions.recommendation.tables import EventTable, load_own_events
from tests.solutions.recommendation.conftest import MAPPING, taste_events


def test_a_users_taste_is_met_and_what_they_had_is_left_out(shop: Recommendation, table: EventTable) -> None:
    (answer,) = shop.predict([RecommendationRequest(user="u000")])
    items = [int(item.item) for item in answer.items]
    asked = [RecommendationRequest(user=f"u{user:03d}") for user in range(0, 40, 2)]
    assert np.mean([int(item.item) % 2 == 0 for each in shop.predict(asked) for item in each.items]) >= 0.7
    history = shop.shelves.history(RecommendationRequest(user="u000"))
    assert not set(items) & set(history.items.tolist())
    assert answer.grounds == (Ground.HISTORY,)
    assert 0 < answer.confidence < 1
    again = shop.predict([RecommendationRequest(user="u000", rules=Rules(again=True), limit=40)])[0]
    assert {int(item.item) for item in again.items} & set(history.items.tolist())


def test_three_likes_of_somebody_new(shop: Recommendation) -> None:
    (answer,) = shop.predict([RecommendationRequest(liked=("3", "5", "7"))])
    assert np.mean([int(item.item) % 2 == 1 for item in answer.items]) >= 0.6
    assert answer.grounds == (Ground.LIKES,)
    causes = [cause.item for item in answer.items for cause in item.because]
    assert causes
    assert set(causes) <= {"3", "5", "7"}


def test_nobody_is_told_apart_from_somebody(shop: Recommendation) -> None:
    for request in (RecommendationRequest(), RecommendationRequest(user="never seen")):
        (answer,) = shop.predict([request])
        assert answer.abstained
        assert answer.grounds == (Ground.NOTHING,)
        most = np.argsort(-shop.shelves.events, kind="stable")[:3]
        assert [int(item.item) for item in answer.items[:3]] == most.tolist()


def test_what_nobody_had_yet_can_be_recommended(shop: Recommendation) -> None:
    (answer,) = shop.predict([RecommendationRequest(liked=("2", "4"), only_new=True)])
    assert {item.item for item in answer.items} == {"40", "41"}
    assert all(item.new for item in answer.items)


def test_new_behaviour_counts_at_once(folder: Path) -> None:
    shop, ask = Recommendation.load({"top-n": folder}), RecommendationRequest(user="came later", limit=40)
    assert shop.predict([ask])[0].abstained
    faults = shop.update(pd.DataFrame({"user": ["came later"] * 3 + ["u000"], "item": ["1", "3", "99", "41"]}))
    assert faults.unknown_items == 1
    (answer,) = shop.predict([ask])
    assert answer.grounds == (Ground.HISTORY,)
    assert not {"1", "3"} & {item.item for item in answer.items}
    assert np.mean([int(item.item) % 2 == 1 for item in answer.items[:10]]) >= 0.6
    past = shop.shelves.history(RecommendationRequest(user="u000"))
    assert past.items[-1] == 41, "what has just happened is the latest"
    assert shop.shelves.events[41] == 1


def test_what_was_held_out_of_training_is_not_shown_again(shop: Recommendation, table: EventTable) -> None:
    truth = table.events_of(Split.TEST)
    for user, item in list(zip(truth.users, truth.items, strict=True))[:40]:
        request = RecommendationRequest(user=truth.user_ids[user], limit=40)
        assert int(item) in shop.shelves.history(request).items
        assert str(item) not in {shown.item for shown in shop.predict([request])[0].items}


def test_what_is_told_without_times_stands_in_the_order_in_which_it_was_told(folder: Path) -> None:
    shop = Recommendation.load({"top-n": folder})
    for item in ("9", "2", "5"):
        shop.update(pd.DataFrame({"user": ["came later"], "item": [item]}))
    shop.update(pd.DataFrame({"user": ["came later"] * 2, "item": ["30", "4"]}))
    past = shop.shelves.history(RecommendationRequest(user="came later"))
    assert past.items.tolist() == [9, 2, 5, 30, 4]


def test_whoever_had_everything_gets_an_empty_shelf(folder: Path) -> None:
    shop = Recommendation.load({"top-n": folder})
    shop.update(pd.DataFrame({"user": ["collector"] * 42, "item": [str(item) for item in range(42)]}))
    (answer,) = shop.predict([RecommendationRequest(user="collector")])
    assert answer.items == ()
    assert answer.grounds == (Ground.HISTORY,)


def test_likes_that_one_had_before_do_not_hide_the_past(shop: Recommendation, table: EventTable) -> None:
    past = shop.shelves.history(RecommendationRequest(user="u000"))
    liked = tuple(str(item) for item in past.items)
    assert shop.predict([RecommendationRequest(user="u000", liked=liked)])[0].grounds == (Ground.HISTORY, Ground.LIKES)


def test_two_events_of_each_user_are_too_few(tmp_path: Path, client_home: Path, tiny_backbone: Path) -> None:
    rows = [(f"u{user}", f"i{(user + step) % 5}", 1_700_000_000 + step) for user in range(9) for step in range(2)]
    pd.DataFrame(rows, columns=["user", "item", "time"]).to_csv(tmp_path / "two.csv", index=False)
    own = load_own_events(tmp_path / "two.csv", "top-n", {}, None)
    with pytest.raises(InputError, match="two has no user with three events or more"):
        Recommendation.train(own, Recipe(method="hybrid", backbone=str(tiny_backbone), options={"epochs": "0"}))


def test_the_same_events_of_another_catalogue_are_other_data(files: tuple[Path, Path], table: EventTable) -> None:
    assert load_own_events(files[0], "top-n", MAPPING, files[1]).sha256 == table.sha256
    assert load_own_events(files[0], "top-n", MAPPING, None).sha256 != table.sha256


def test_rules_and_dials_hold(shop: Recommendation) -> None:
    rules = Rules(must=("odd",), exclude=("9",))
    (answer,) = shop.predict([RecommendationRequest(user="u000", rules=rules, dials=Dials(0.5, 0.5))])
    assert all(int(item.item) % 2 == 1 and item.item != "9" for item in answer.items)
    (nothing,) = shop.predict([RecommendationRequest(user="u000", rules=Rules(must=("odd", "even")))])
    assert nothing.items == ()


def test_a_shelf_of_what_is_unlikely_says_so(shop: Recommendation) -> None:
    plain = shop.predict([RecommendationRequest(user="u000")])[0]
    best = {item.item for item in plain.items}
    tags = {shop.catalogue.tags[shop.catalogue.number_of[item]][0] for item in best}
    assert "even" in tags
    without = shop.predict([RecommendationRequest(user="u000", rules=Rules(exclude=("even",)))])[0]
    mixed = shop.predict([RecommendationRequest(user="u000", dials=Dials(1.0, 1.0))])[0]
    assert without.confidence < plain.confidence
    assert mixed.confidence < plain.confidence


def test_a_wish_is_read(shop: Recommendation) -> None:
    (answer,) = shop.predict([RecommendationRequest(wish="odd thing 7")])
    assert answer.items[0].item == "7"
    assert answer.grounds == (Ground.WISH,)


def test_a_wish_of_what_is_not_wanted_leaves_it_out_and_says_what_it_rests_on(shop: Recommendation) -> None:
    plain, without = shop.predict([RecommendationRequest(), RecommendationRequest(wish="nothing odd")])
    shown = [shop.catalogue.tags[shop.catalogue.number_of[item.item]] for item in without.items]
    assert without.grounds == (Ground.UNWANTED,)
    assert without.abstained
    assert without.confidence == plain.confidence
    assert not any("odd" in tags for tags in shown)
    (marks,) = shop.predict([RecommendationRequest(wish="?!")])
    assert marks.grounds == (Ground.NOTHING,)
    assert [item.item for item in marks.items] == [item.item for item in plain.items]


def test_an_unknown_like_is_an_error(shop: Recommendation) -> None:
    with pytest.raises(UnknownNameError, match="unknown item '99'"):
        shop.predict([RecommendationRequest(liked=("99",))])


@pytest.mark.parametrize("limit", [0, 101])
def test_a_shelf_has_a_size(limit: int) -> None:
    with pytest.raises(InputError, match=f"limit: got {limit}; expected 1 to 100"):
        RecommendationRequest(limit=limit)


def test_a_saved_bundle_answers_as_before_and_says_when_it_was_changed(
    folder: Path, shop: Recommendation, tmp_path: Path
) -> None:
    first, again = shop.predict([RecommendationRequest(user="u001")]), Recommendation.load({"top-n": folder})
    assert again.predict([RecommendationRequest(user="u001")]) == first
    for name in ("models.safetensors", "users.json", "catalogue.json"):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        broken = tmp_path / name
        broken.mkdir()
        for file in folder.iterdir():
            (broken / file.name).write_bytes(bytes(content) if file.name == name else file.read_bytes())
        with pytest.raises(BundleError, match=f"{name} is not the file that was saved"):
            RecommenderBundle.load(broken)


def test_the_report_has_every_model_new_users_and_new_items(folder: Path, table: EventTable) -> None:
    report = Recommendation.evaluate(table, folder)
    assert report.metrics["ndcg_at_10"].value > report.baselines["popularity"]["ndcg_at_10"]
    assert set(report.baselines) == {"text", "ease", "item_knn", "factors", "popularity", "succession", "sequence"}
    assert {"new_user_3_likes", "new_items_by_text"} <= set(report.slices)
    assert "fitted on train and dev" in report.dataset.protocol
    assert report.dataset.rows == 300
    assert report == type(report).from_dict(report.to_dict())
    assert set(report.gains) == set(report.baselines)
    for name, gains in report.gains.items():
        for measure, gain in gains.items():
            ours, theirs = report.metrics[measure].value, report.baselines[name][measure]
            assert gain.value == pytest.approx(ours - theirs)
            assert gain.low <= gain.value <= gain.high
    # users are paired: against itself there would be no interval at all, against a like model a narrow one
    own = report.metrics["ndcg_at_10"]
    narrowest = min(gains["ndcg_at_10"].high - gains["ndcg_at_10"].low for gains in report.gains.values())
    assert narrowest < own.high - own.low


def test_another_protocol_fits_anew(folder: Path, table: EventTable) -> None:
    report = Recommendation.evaluate(table.under("ratio-75-25"), folder)
    assert "ratio-75-25, seed 0" in report.dataset.protocol
    assert "anew, by the settings of the bundle" in report.dataset.protocol
    assert "sequence" not in report.baselines


def test_shuffling_the_future_changes_nothing_of_the_past(
    table: EventTable, client_home: Path, tiny_backbone: Path
) -> None:
    """What is trained is the same, whatever test holds."""
    events = table.events
    test = table.frame["split"].to_numpy() == "test"
    shuffled = replace(events, items=np.where(test, (events.items + 7) % 42, events.items))
    other = replace(table, events=shuffled)
    assert (events.items != shuffled.items).any()
    recipe = Recipe(method="hybrid", backbone=str(tiny_backbone), options={"epochs": "0", "regularisation": "20"})
    trained = [Recommendation.train(each, recipe) for each in (table, other)]
    first, second = (each.bundle for each in trained)
    assert trained[0].metrics == trained[1].metrics
    asked = table.events_of(Split.TRAIN)
    for name, scores in first.hybrid.model_scores(asked).items():
        np.testing.assert_array_equal(scores, second.hybrid.model_scores(asked)[name], err_msg=name)


def test_without_times_and_items_it_still_works(tmp_path: Path, client_home: Path, tiny_backbone: Path) -> None:
    events = taste_events(users=60)
    pd.DataFrame({"user": events.users, "item": events.items}).to_csv(tmp_path / "bare.csv", index=False)
    bare = load_own_events(tmp_path / "bare.csv", "top-n", {}, None)
    assert bare.by.value == "ratio-75-25"
    trained = Recommendation.train(bare, Recipe(method="hybrid", backbone=str(tiny_backbone)))
    assert "sequence" not in trained.bundle.record.method["models"]
    assert "succession" not in trained.bundle.record.method["models"]


def test_unknown_options_and_methods(table: EventTable, tiny_backbone: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown hyper-parameter 'epoch'; known: .*did you mean 'epochs'"):
        Recommendation.train(table, Recipe(method="hybrid", backbone=str(tiny_backbone), options={"epoch": "1"}))
    for name, text, expected in (
        ("epochs", "many", "a valid integer"),
        ("regularisation", "0", "greater than 0"),
        ("trees", "0", "greater than or equal to 1"),
    ):
        recipe = Recipe(method="hybrid", backbone=str(tiny_backbone), options={name: text})
        with pytest.raises(InputError, match=f"{name}: got '{text}'; expected {expected}"):
            Recommendation.train(table, recipe)
    with pytest.raises(UnknownNameError, match="unknown method of recommendation 'lora'; known: hybrid"):
        Recommendation.train(table, Recipe(method="lora", backbone=str(tiny_backbone)))


def test_nobody_is_given_anothers_history_while_users_are_added(folder: Path) -> None:
    """Users are numbered by their names: each that comes before all others moves every number."""
    shop = Recommendation.load({"top-n": folder})
    request = RecommendationRequest(user="u000")
    own = shop.shelves.history(request).items.tolist()
    with ThreadPoolExecutor(2) as pool:
        names = [f"before {100 - at}" for at in range(60)]
        coming = pool.map(lambda name: shop.update(pd.DataFrame({"user": [name], "item": ["1"]})), names)
        seen = [shop.shelves.history(request).items.tolist() for _ in range(3000)]
        assert len(list(coming)) == 60
    assert all(items == own for items in seen)
    assert {*names} <= {*shop.shelves.histories.user_ids}


def test_the_ranker_reads_the_numbers_of_a_clients_items(folder: Path, table: EventTable) -> None:
    """One number for all, or a colour, tells nothing apart; a column may be called as a model is."""
    numbers = table.catalogue.numbers["popularity"]
    assert (list(table.catalogue.numbers), numbers[3], np.isnan(numbers[5])) == (["popularity"], 1.5, True)
    hybrid = RecommenderBundle.load(folder).hybrid
    found, _ = next(hybrid.rank(table.events_of(Split.TRAIN)))
    np.testing.assert_array_equal(found.column("number popularity"), numbers[found.items].astype(np.float32))
    assert "numbers of the items: popularity" in (folder / "CARD.md").read_text(encoding="utf-8")


def test_a_strange_mapping_is_an_error(files: tuple[Path, Path]) -> None:
    with pytest.raises(UnknownNameError, match="unknown column to map 'usr'"):
        load_own_events(files[0], "top-n", {"usr": "customer"}, files[1])
    with pytest.raises(UnknownNameError, match=r"unknown column 'costumer'.*did you mean 'customer'"):
        load_own_events(files[0], "top-n", MAPPING | {"user": "costumer"}, files[1])


def test_a_row_of_a_file() -> None:
    request = Recommendation.request({"user": " u1 ", "liked": "3| 5|", "wish": ""})
    assert (request.user, request.liked) == ("u1", ("3", "5"))
    with pytest.raises(InputError, match="columns user, liked, wish: got nothing"):
        Recommendation.request({"user": "", "liked": "", "wish": " "})


def test_a_model_that_knows_none_of_the_items_loses_and_the_same_model_draws(
    folder: Path, table: EventTable, client_home: Path
) -> None:
    candidate = RecommenderBundle.load(folder)
    met = Recommendation.contest(folder, candidate, table)
    assert met.former.units == met.candidate.units == met.plain.units
    assert {told.verdict for told in compare(met.former, met.candidate)} == {Verdict.ALIKE}
    told = next(told for told in compare(met.plain, met.candidate) if told.metric == met.metric)
    assert told.verdict is Verdict.BETTER, "tastes are more than what is popular"
    elsewhere = replace(candidate.hybrid.catalogue, ids=tuple(f"other {item}" for item in range(42)))
    candidate.hybrid.catalogue = elsewhere
    candidate.save(client_home / "stranger", Papers("", ""))
    met = Recommendation.contest(client_home / "stranger", RecommenderBundle.load(folder), table)
    told = compare(met.former, met.candidate)[0]
    assert (told.metric, told.former, told.verdict) == ("ndcg_at_10", 0.0, Verdict.BETTER)


def test_what_a_shop_no_longer_has_takes_no_place_on_the_formers_shelf(folder: Path, table: EventTable) -> None:
    incumbent = RecommenderBundle.load(folder)
    names = tuple(f"gone {item}" if item % 4 == 0 else str(item) for item in range(42))
    asked = table.events_of(Split.TRAIN).take(np.arange(80))
    lists = _former_lists(incumbent, asked, replace(table.catalogue, ids=names))
    assert (lists.items >= 0).all(), "thirty others are there to fill ten places"


def test_what_a_model_learned_from_is_no_test_of_it(folder: Path, table: EventTable) -> None:
    """It had seen the test events of all users but three: those three are what is left to judge by."""
    candidate, truth = RecommenderBundle.load(folder), table.events_of(Split.TEST)
    past = candidate.histories
    learned = truth.take(np.flatnonzero(truth.users >= 3))
    both = {
        name: np.concatenate([getattr(past, name), getattr(learned, name)])
        for name in ("users", "items", "times", "weights")
    }
    left = unseen(truth, table, replace(candidate, histories=replace(past, **both)))
    assert sorted({truth.user_ids[user] for user in left.users}) == sorted(truth.user_ids[:3])
    everything = {name: np.concatenate([both[name], getattr(truth, name)]) for name in both}
    with pytest.raises(InputError, match="no event to judge by"):
        unseen(truth, table, replace(candidate, histories=replace(past, **everything)))


def test_a_file_of_people_needs_one_column_alone(shop: Recommendation, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("customer\nu000\nu001\n", encoding="utf-8")
    outcome = predict_file(shop, tmp_path / "people.csv", tmp_path / "out.csv", mapping={"user": "customer"})
    assert outcome.answered == 2
    with pytest.raises(InputError, match=r"people.csv has no column 'user'; it has: customer"):
        predict_file(shop, tmp_path / "people.csv", tmp_path / "out.csv", mapping={})
