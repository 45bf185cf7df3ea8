"""Judged shelves: what is kept, and that the estimate for another model is right."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql

from foundation.errors import InputError
from solutions.recommendation.events import collect_events
from solutions.recommendation.feedback import FILE, FeedbackStore, JudgedShelf, evaluate_feedback, off_policy
from solutions.recommendation.schema import Ground, RecommendationRequest, RecommendationResponse, Recommended
from solutions.recommendation.shelf import Dials, Rules, drawn
from solutions.recommendation.shelves import Shelves
from tests.solutions.recommendation.conftest import plain_catalogue, taste_events

NOBODY = RecommendationRequest()


def shelf(*taken: str, shown: tuple[str, ...] = ("a", "b"), **chances: float) -> JudgedShelf:
    return JudgedShelf(NOBODY, shown, {"a": 1.0, "b": 0.25, "c": 0.25, **chances}, taken)


def test_the_estimate_by_hand() -> None:
    """The other model shows b and c; b was taken once of four shelves and had a chance of a quarter: 4 / 4 = 1."""
    judged = [shelf("a", "b"), shelf("a"), shelf(), shelf("a")]
    found = off_policy(judged, lambda _: ["b", "c"])
    assert found.value.value == 1.0
    assert found.logged.value == 1.0  # four taken on four shelves
    assert (found.reach, found.clipped) == (1.0, 0.0)
    assert off_policy(judged, lambda _: ["a", "b"]).value.value == 1.75


def test_weights_are_cut_and_what_is_out_of_reach_is_told() -> None:
    found = off_policy([shelf("b", b=0.01)], lambda _: ["b", "unknown"])
    assert found.value.value == 40.0
    assert (found.reach, found.clipped) == (0.5, 1.0)
    with pytest.raises(InputError, match="nobody has judged a shelf yet"):
        off_policy([], lambda _: [])


def test_who_judged_many_shelves_is_one_proof() -> None:
    often = [replace(shelf("a"), request=RecommendationRequest(user="u1")) for _ in range(40)]
    once = [replace(shelf(), request=RecommendationRequest(user=f"v{at}")) for at in range(40)]
    together, apart = (
        off_policy(judged, lambda _: ["a"]).value for judged in ([*often, *once], [shelf("a"), shelf()] * 40)
    )
    assert together.value == apart.value == 0.5
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_liked_item_that_has_left_the_catalogue_is_passed_over(shelves: Shelves, home: Path) -> None:
    store = FeedbackStore.at(home / FILE)
    asked = RecommendationRequest(liked=("i1", "i2"))
    answer = shelves.shelf(asked)
    store.judge(asked, answer, [answer.items[0].item])
    shelves.hybrid.catalogue = replace(shelves.catalogue, ids=("gone", *shelves.catalogue.ids[1:]))
    store.judge(replace(asked, liked=("i0", "i1")), answer, [])
    report = evaluate_feedback(shelves, "recommendation", "top-n")
    assert report.dataset.rows == 2


def test_a_model_is_not_judged_by_what_it_learned_from(shelves: Shelves, home: Path) -> None:
    store, asked = FeedbackStore.at(home / FILE), RecommendationRequest(user="u1")
    answer = shelves.shelf(asked)
    store.judge(asked, answer, [])  # one at which nothing was taken, beside the other, would be half of the truth
    store.judge(asked, answer, [answer.items[0].item, answer.items[1].item])
    assert evaluate_feedback(shelves, "recommendation", "top-n").metrics["taken_per_shelf"].value == 1.0
    shelves.update(collect_events([store.taken()], shelves.catalogue.ids))
    with pytest.raises(InputError, match="learned from all 2 shelves that were judged; wait for others"):
        evaluate_feedback(shelves, "recommendation", "top-n")
    store.judge(RecommendationRequest(user="u2"), shelves.shelf(RecommendationRequest(user="u2")), [])
    report = evaluate_feedback(shelves, "recommendation", "top-n")
    assert (report.dataset.rows, report.metrics["taken_per_shelf"].value) == (1, 0.0)
    assert "2 that it learned from are left out" in report.dataset.protocol


def test_the_estimate_is_without_bias() -> None:
    """Twelve items that are taken with known chances; the log shows two sure ones and draws two of ten others."""
    generator = np.random.default_rng(0)
    taste = np.linspace(0.05, 0.6, 12)
    names = [f"i{at}" for at in range(12)]
    relevance = -np.arange(12.0)
    judged = []
    for _ in range(4000):
        pool, extra = drawn(relevance, np.array([0, 1]), 2, generator)
        shown = [0, 1, *extra]
        taken = [at for at in shown if generator.random() < taste[at]]
        chances = {"i0": 1.0, "i1": 1.0} | {names[at]: 2 / len(pool) for at in pool}
        judged.append(JudgedShelf(NOBODY, tuple(names[at] for at in shown), chances, tuple(names[at] for at in taken)))
    best = off_policy(judged, lambda _: names[-4:])
    assert best.value.low <= taste[-4:].sum() <= best.value.high
    assert best.value.low > best.logged.high  # and it is known to be the better shelf, which nobody was shown


def test_what_is_judged_comes_back(tmp_path: Path) -> None:
    store = FeedbackStore.at(tmp_path / "recommendation.db")
    request = RecommendationRequest(
        user="u1",
        liked=("i1",),
        wish="call 13812345678 please",
        dials=Dials(0.2),
        rules=Rules(exclude=("odd",)),
        chance=1,
    )
    items = tuple(Recommended(name, name, 0.0, (), (), new=False) for name in ("i2", "i3"))
    response = RecommendationResponse(items, 0.5, False, (Ground.LIKES,), "m-1", {"i2": 1.0, "i3": 0.025})
    store.judge(request, response, ["i3"])
    store.judge(request, response, [])
    with pytest.raises(InputError, match="'i9' was not on the shelf"):
        store.judge(request, response, ["i9"])
    first, second = store.judged()
    assert (first.taken, second.taken) == (("i3",), ())
    assert first.shown == ("i2", "i3")
    assert first.chances == response.chances
    assert first.request == replace(request, wish=first.request.wish)
    with store.begin() as run:
        assert "13812345678" not in str(run.execute(sql.text("select * from shelves")).all())


@pytest.fixture
def shelves(tiny_backbone: Path, home: Path) -> Shelves:
    made = Shelves.of_catalogue(plain_catalogue(60), str(tiny_backbone))
    made.update(taste_events(items=60))
    return made


def test_a_shelf_says_how_likely_each_item_was_on_it(shelves: Shelves) -> None:
    plain = shelves.shelf(NOBODY)
    assert plain.chances == {item.item: 1.0 for item in plain.items}
    seen: dict[str, int] = {}
    for _ in range(200):
        mixed = shelves.shelf(replace(NOBODY, chance=2))
        assert len(mixed.items) == 10
        assert [item.item for item in mixed.items][:8] == [item.item for item in plain.items][:8]
        assert sum(mixed.chances.values()) == pytest.approx(10)
        for item in mixed.items[8:]:
            assert mixed.chances[item.item] == 2 / 40
            seen[item.item] = seen.get(item.item, 0) + 1
    # 400 draws among forty: each about ten times
    assert len(seen) >= 35
    assert max(seen.values()) <= 25
    with pytest.raises(InputError, match="chance: got 11; expected 0 to 10 places"):
        RecommendationRequest(chance=11)


def test_what_people_took_becomes_events(tmp_path: Path) -> None:
    store = FeedbackStore.at(tmp_path / "recommendation.db")
    items = tuple(Recommended(name, name, 0.0, (), (), new=False) for name in ("i2", "i3"))
    response = RecommendationResponse(items, 0.5, False, (Ground.LIKES,), "m-1", {"i2": 1.0, "i3": 1.0})
    store.judge(RecommendationRequest(user="u1", liked=("i1",)), response, ["i3"])
    store.judge(RecommendationRequest(liked=("i1",)), response, ["i2", "i3"])
    store.judge(RecommendationRequest(user="u2"), response, [])
    events = store.taken()
    assert events[["user", "item"]].to_numpy().tolist() == [
        ["u1", "i3"],
        ["page-2", "i1"],
        ["page-2", "i2"],
        ["page-2", "i3"],
    ]
    liked, taken = events["time"].iloc[1], events["time"].iloc[2]
    assert taken - liked == 1
    assert abs(taken - datetime.now(UTC).timestamp()) < 60
