from pathlib import Path

import pandas as pd
import pytest

from foundation.data.cards import Card, all_cards, find_card, read_card
from foundation.data.labelled import Columns, load_card_table, load_own_table
from foundation.data.splits import Split
from foundation.errors import InputError, UnknownNameError
from foundation.retrieval.corpus import documents_of_card

LANGUAGES = {"en", "zh"}


@pytest.mark.parametrize("card", all_cards().values(), ids=lambda card: card.name)
def test_every_card_is_whole(card: Card) -> None:
    generated = card.origin.startswith("made on this machine")
    fetched = card.asset is not None and not card.sha256  # the asset pins what is fetched
    files = set() if generated or fetched else {*card.files.values(), *([card.corpus.file] if card.corpus else [])}
    if card.items and not card.events:  # the hash of events is of their content, in which items are numbers
        files.add(card.items.file)
    assert set(card.sha256) == files
    open_ended = {"top-n", "wish"} | ({"retrieval"} if card.corpus else set())
    assert set(card.labels) == set(card.tasks) - open_ended
    if card.images:
        assert card.images.file is None or card.images.file in card.columns
        assert card.images.negative in {None, *card.labels["image"]}
        return
    for columns in card.tasks.values():
        assert {columns.text, columns.label} | ({columns.other} - {""}) <= set(card.columns)


GENERATED = {"phantom"}  # tests/solutions/medical makes it
LABELLED = [
    name
    for name, card in all_cards().items()
    if card.tasks and not card.events and name not in GENERATED and (card.sha256 or not card.asset)
]


@pytest.mark.parametrize("name", LABELLED)
def test_every_card_reads_its_files(name: str, data_root: Path) -> None:
    for task in find_card(name).tasks:
        table = load_card_table(name, task, data_root)
        assert table.as_published
        shifted = {"test_shift"} if name == "wbc_5class" else set()
        needed = {"dev" if task == "wish" else "train", "test"}  # nothing is trained to read wishes
        assert {split.value for split in Split} | shifted >= set(table.frame[Columns.SPLIT]) >= needed


def test_sample_is_what_its_card_promises() -> None:
    frame = load_card_table("headlines", "tone").frame
    assert len(frame) >= 600
    assert (frame["lang"] == "zh").sum() >= 250
    assert frame[Columns.TEXT].is_unique
    times = pd.to_datetime(frame["time"])
    assert (times.max() - times.min()).days in range(54, 57)
    assert {"number", "negation", "contrast", "colloquial"} <= set(frame["trait"])
    reprints = frame[frame["story"].str.fullmatch(r"s\d\d")]
    assert reprints.groupby("story")[Columns.SPLIT].nunique().max() == 1
    surge = frame[frame["story"] == "surge"]
    assert (surge[Columns.LABEL] == "negative").mean() > 0.7
    assert set(surge["topic"]) == {"credit"}


def test_unknown_names_are_suggested() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'headlines'"):
        find_card("headline")
    with pytest.raises(UnknownNameError, match=r"unknown task of dataset headlines 'tome'; .*did you mean 'tone'"):
        load_card_table("headlines", "tome")


def test_set_that_is_not_there_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"get it from https://.* and give --data-root DIR with DIR/financial_phrase"):
        load_card_table("financial_phrasebank", "tone", tmp_path)


def test_other_files_than_the_card_describes_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "financial_phrasebank"
    folder.mkdir()
    (folder / "phrasebank.csv").write_text("text,label,split\nProfit rose,positive,train\n")
    assert not load_card_table("financial_phrasebank", "tone", tmp_path).as_published
    (folder / "phrasebank.csv").write_text("text,label,split\nProfit rose,great,train\n")
    with pytest.raises(InputError, match=r"row 1, column 'label': got 'great', expected one of negative, neutral"):
        load_card_table("financial_phrasebank", "tone", tmp_path)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("no header at all", "has no YAML header"),
        ("---\nname: [\n---\n", "the header is not YAML"),
        ("---\nname: a\ncolour: red\n---\n", "field '"),
    ],
)
def test_bad_card_names_the_field(tmp_path: Path, header: str, expected: str) -> None:
    (tmp_path / "README.md").write_text(header)
    with pytest.raises(InputError, match=expected):
        read_card(tmp_path / "README.md")


def test_own_file_with_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "client.csv"
    rows = [f"headline {n},{'up' if n % 2 else 'down'}" for n in range(40)]
    path.write_text("headline,mood\n" + "\n".join(rows))
    table = load_own_table(path, "tone", {"text": "headline", "label": "mood"})
    assert table.protocol == "stratified 70/10/20, repeats together, seed 0"
    assert {split: len(table.part(split)[0]) for split in Split} == {Split.TRAIN: 28, Split.DEV: 4, Split.TEST: 8}
    with pytest.raises(UnknownNameError, match=r"unknown column to map 'txt'.*did you mean 'text'"):
        load_own_table(path, "tone", {"txt": "headline"})


def test_the_messages_are_what_their_card_promises() -> None:
    frame = load_card_table("tingwell_messages", "intent").frame
    counts = frame.groupby(["label", "lang"]).size()
    inside = counts.drop("out_of_scope")
    assert len(inside) == 2 * 30
    assert set(inside) == {20}
    outside = frame[frame["scope"] != "in"].groupby(["scope", "lang"]).size()
    assert outside["far"].min() >= 80
    assert outside["near"].min() >= 40
    assert frame[Columns.TEXT].is_unique
    assert set(frame["mood"]) == {"calm", "unhappy", "angry"}


def test_every_article_has_both_languages_and_every_question_its_article() -> None:
    articles = documents_of_card("tingwell_articles")
    languages: dict[str, set[str]] = {}
    for article in articles:
        languages.setdefault(article.id, set()).add(article.language)
    assert len(languages) >= 60
    assert all(found == LANGUAGES for found in languages.values())
    assert {article.topic for article in articles} == set(find_card("tingwell_messages").labels["intent"]) - {
        "out_of_scope"
    }
    assert set(load_card_table("tingwell_articles", "retrieval").frame[Columns.LABEL]) == set(languages)


def test_a_card_without_documents_says_so() -> None:
    with pytest.raises(InputError, match="dataset headlines has no documents to search"):
        documents_of_card("headlines")
