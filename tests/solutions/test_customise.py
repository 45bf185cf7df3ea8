"""A client's data through audit, candidate, gate and folder, with the models of a first start."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foundation.data.labelled import LabelledTable, load_own_table
from foundation.errors import InputError
from foundation.evaluation.comparison import Comparison, Verdict
from foundation.evaluation.metrics import Interval
from foundation.settings import settings
from solutions.client import Client, ClientSettings
from solutions.client_data import ClientData, ClientFile, doubtful_labels, read_client_file
from solutions.client_rows import earlier_rows, keep_rows
from solutions.contest import SHARES
from solutions.customise import Judgement, _borne, accept_last, customise, known_labels, roll_back
from solutions.finance.pipeline import Finance
from solutions.finance.schema import FinanceRequest

FIRMS = ("Halden", "Morrow", "Tresk", "Ostara", "Velin", "Corwen", "Daunt", "Eskil", "Farrow", "Gannet")
THINGS = ("bakery", "ferry", "quarry", "printing", "orchard", "brewery")
SAID = {
    "bullish": (
        "{firm} lifts its {thing} forecast after a good quarter",
        "buyers want shares of {firm} {thing}",
    ),
    "bearish": ("{firm} cuts its {thing} forecast after a poor quarter", "sellers dump shares of {firm} {thing}"),
}


def client_rows(shuffled: bool = False) -> pd.DataFrame:
    rows = [
        (pattern.format(firm=firm, thing=thing), label)
        for label, patterns in SAID.items()
        for pattern in patterns
        for firm in FIRMS
        for thing in THINGS
    ]
    frame = pd.DataFrame(rows, columns=["headline", "mood"])
    if shuffled:
        frame["mood"] = np.random.default_rng(0).permutation(frame["mood"].to_numpy())
    return frame


@pytest.fixture(scope="module")
def clients(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("clients")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLONNADE_HOME", str(trained_home))
        patch.setenv("COLONNADE_CLIENTS", str(folder))
        settings.cache_clear()
        yield folder
    settings.cache_clear()


def read(folder: Path, frame: pd.DataFrame, client: Client, mapping: dict[str, str] | None = None) -> ClientData:
    frame.to_csv(folder / "client.csv", index=False)
    given = ClientFile(folder / "client.csv", "tone", mapping or {})
    return read_client_file(given, known_labels(Finance, "tone", client))


def customised(client: Client, data: ClientData) -> tuple[Client, bool]:
    spec = Finance.spec.task("tone")
    client, judgement = customise(Finance, spec, data.table, client, budget=60.0, columns=data.columns)
    return client, judgement.accepted


@pytest.mark.slow
def test_a_better_candidate_answers_and_a_roll_back_returns(clients: Path, tmp_path: Path) -> None:
    client = Client.open_or_new("acme-fund", "finance")
    data = read(tmp_path, client_rows(), client)
    assert dict(data.columns) == {"text": "headline", "label": "mood"}
    client, accepted = customised(client, data)
    assert accepted
    bundles = Client.open("acme-fund").bundles("finance")
    said = Finance.load(bundles).predict([FinanceRequest("Tresk cuts its dairy forecast after a poor quarter")])[0]
    assert said.tone.label == "bearish"
    assert set(said.tone.probabilities) == {"bullish", "bearish", "negative", "neutral", "positive"}
    entry = client.history[-1]
    assert entry.accepted
    assert "better on the client's rows" in entry.why
    assert f"`{entry.candidate}` answers now" in (clients / "acme-fund" / "README.md").read_text(encoding="utf-8")
    note = '# ours\naccent = "#00563F"'
    settings_file = clients / "acme-fund" / "client.toml"
    settings_file.write_text(settings_file.read_text().replace('accent = "#0072B2"', note), encoding="utf-8")
    client = roll_back(Client.open("acme-fund"), "finance", "tone")
    assert client.bundles("finance") == {}
    assert note in settings_file.read_text(encoding="utf-8"), "what people wrote stays"
    with pytest.raises(InputError, match="nothing to go back from"):
        roll_back(client, "finance", "tone")


@pytest.mark.slow
def test_shuffled_labels_are_refused_unless_a_person_says_why(clients: Path, tmp_path: Path) -> None:
    client = Client.open_or_new("shuffled", "finance")
    data = read(tmp_path, client_rows(shuffled=True), client)
    client, accepted = customised(client, data)
    assert not accepted
    assert client.bundles("finance") == {}
    assert "knows only how common each label is" in client.history[-1].why
    client = accept_last(client, "finance", "tone", "a demo of what not to do")
    assert client.bundles("finance")["tone"].name == client.history[-1].candidate
    assert client.history[-1].why == "a demo of what not to do"
    entries = json.loads((clients / "shuffled" / "history.json").read_text(encoding="utf-8"))
    assert [entry["accepted"] for entry in entries] == [False, True]


def test_what_the_client_gave_before_is_learned_from_again(tmp_path: Path, home: Path) -> None:
    client = Client(tmp_path / "acme", ClientSettings(name="Acme", verticals=["finance"]))
    rows = [(f"text {at} of many, mail a{at}@example.org", "good" if at % 2 else "bad") for at in range(40)]

    def table(part: list[tuple[str, str]]) -> LabelledTable:
        frame = pd.DataFrame(part, columns=["text", "label"]).assign(split="train")
        frame.loc[frame.index[-1], "split"] = "test"
        frame.to_csv(tmp_path / "rows.csv", index=False)
        return load_own_table(tmp_path / "rows.csv", "tone", {})

    first = table(rows[:30])
    assert earlier_rows(client, first, "finance") is None
    keep_rows(client, [first], "finance", "one")
    answering = replace(client, settings=client.settings.model_copy(update={"bundles": {"finance": {"tone": "one"}}}))
    corrected = [(text.replace("@example.org", "@example.com"), "bad") for text, _ in rows[30:]]
    second = table([*corrected, ("Text 1 of many, mail a1@example.org", "neither")])
    before = earlier_rows(answering, second, "finance")
    assert before is not None
    kept = set(before.frame["text"])
    assert len(kept) == 28  # the test row was not learned from, and of one text the new table says something else
    assert "@" not in " ".join(kept)
    # a third time all of it is there
    keep_rows(answering, [second, before], "finance", "two")
    again = replace(answering, settings=client.settings.model_copy(update={"bundles": {"finance": {"tone": "two"}}}))
    assert len(earlier_rows(again, table([("another", "good")]), "finance").frame) == 28 + 10
    # where the model of before answers again, its rows alone are those of before
    assert len(earlier_rows(answering, table([("another", "good")]), "finance").frame) == 29


def test_the_share_of_wrong_answers_that_a_client_bears(tmp_path: Path) -> None:
    client = Client(tmp_path / "acme", ClientSettings(name="Acme", verticals=["finance"]))

    def bearing(share: str) -> Client:
        return replace(client, settings=client.settings.model_copy(update={"risk": {"finance": {"tone": share}}}))

    assert _borne(client, "finance", "tone") is None
    assert _borne(bearing("0.3"), "finance", "tone") == 0.3
    assert _borne(bearing("0.3"), "finance", "topic") is None
    with pytest.raises(InputError, match=r"risk of finance/tone: got '0.25'; expected one of 0\.02, 0\.05"):
        _borne(bearing("0.25"), "finance", "tone")


def test_a_candidate_that_lost_labels_is_refused() -> None:
    better = Comparison("accuracy", "all", 200, 0.5, 0.9, Interval(0.4, 0.3, 0.5), 1e-9, Verdict.BETTER)
    worse = Comparison("accuracy", "all", 200, 0.9, 0.8, Interval(-0.1, -0.15, -0.06), 1e-4, Verdict.WORSE)
    near = replace(worse, difference=Interval(-0.06, -0.1, -0.02))
    assert Judgement((better,), better, SHARES, (near,)).accepted
    lost = Judgement((better,), better, SHARES, (near,), ("neutral",))
    assert not lost.accepted
    assert lost.reason == "it does not know neutral any more: add rows of these"
    assert Judgement((better,), better, SHARES, (worse,)).reason.startswith(
        "it forgot: accuracy on the suite's own rows"
    )


@pytest.mark.slow
def test_labels_that_were_swapped_are_named(clients: Path, tmp_path: Path) -> None:
    frame = client_rows()
    swapped = [5, 77, 150, 201]
    frame.loc[swapped, "mood"] = frame.loc[swapped, "mood"].map({"bullish": "bearish", "bearish": "bullish"})
    data = read(tmp_path, frame, Client.open_or_new("swapped", "finance"))
    finding = doubtful_labels(data).findings[-1]
    assert finding.problem.name == "DOUBTFUL_LABEL"
    assert {row + 1 for row in swapped} <= set(finding.rows)
    assert len(finding.rows) <= 8


@pytest.mark.slow
def test_groups_and_times_decide_the_split(clients: Path, tmp_path: Path) -> None:
    client = Client.open_or_new("timed", "finance")
    frame = client_rows()
    frame["firm"] = frame["headline"].str.extract(f"({'|'.join(FIRMS)})")
    frame["date"] = pd.date_range("2026-01-01", periods=len(frame), freq="h").astype(str)
    mapping = {"text": "headline", "label": "mood"}
    grouped = read(tmp_path, frame, client, {**mapping, "group": "firm"})
    firms = grouped.table.frame["text"].str.extract(f"({'|'.join(FIRMS)})")[0]
    assert grouped.table.frame.groupby(firms)["split"].nunique().max() == 1
    with pytest.raises(InputError, match="expected a time"):
        read(tmp_path, frame, client, {**mapping, "time": "firm"})
    shuffled = frame.sample(frac=1, random_state=0)
    timed = read(tmp_path, shuffled, client, {**mapping, "time": "date"})
    when = pd.to_datetime(shuffled["date"].to_numpy()[timed.numbers - 1])
    is_test = timed.table.frame["split"].eq("test").to_numpy()
    assert when[is_test].min() > when[~is_test].max()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("headline,mood\n", "has no rows"),
        ("text,label\nup,good\ndown,good\n", "expected at least 10"),
        ("text,label\n" + "".join(f"text {n} of many,good\n" for n in range(30)), "rows of one label alone"),
        ("text,id\na,1\nb,2\n", "no column looks as if it held labels"),
    ],
)
def test_a_file_that_cannot_be_learned_from_is_one_line(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "client.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=expected) as raised:
        read_client_file(ClientFile(tmp_path / "client.csv", "tone"), {})
    assert "\n" not in str(raised.value)


def test_a_file_that_is_too_large_says_how_much_is_enough(tmp_path: Path) -> None:
    with (tmp_path / "big.csv").open("wb") as stream:
        stream.truncate(2_000_000_000)  # sparse: it takes no room
    with pytest.raises(InputError, match=r"has 2\.0 GB; expected at most 0\.5 GB; .* give a sample"):
        read_client_file(ClientFile(tmp_path / "big.csv", "tone"), {})
    (tmp_path / "long.csv").write_text("text,label\n" + "a,b\n" * 200_001)
    with pytest.raises(InputError, match="more than 200,000 rows"):
        read_client_file(ClientFile(tmp_path / "long.csv", "tone"), {})


def test_settings_that_cannot_be_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_CLIENTS", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(InputError, match="expected small letters, digits and dashes"):
        Client.open("../other")
    with pytest.raises(InputError, match=r"no client 'acme' in .* \(there: none\)"):
        Client.open("acme")
    folder = tmp_path / "acme"
    folder.mkdir()
    for content, expected in {
        'name = "Acme"\nverticals = ["finance"\n': "is not TOML",
        'name = "Acme"\nvertical = ["finance"]\n': "field 'verticals': field required",
        'name = "Acme"\nverticals = ["finance"]\naccent = "red"\n': "expected a colour such as",
        'name = "Acme"\nverticals = ["finance"]\naccent = "#FFEE00"\n': "take a darker one",
    }.items():
        (folder / "client.toml").write_text(content)
        with pytest.raises(InputError, match=expected):
            Client.open("acme")
    settings.cache_clear()
