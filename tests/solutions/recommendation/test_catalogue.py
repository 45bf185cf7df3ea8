import pandas as pd
import pytest

from foundation.data.cards import ItemColumns, Names, find_card
from foundation.data.labelled import load_card_table, locate
from foundation.data.tables import read_table
from foundation.errors import InputError
from solutions.recommendation.catalogue import read_catalogue
from solutions.recommendation.tables import load_catalogue
from solutions.recommendation.wish_report import fitting
from solutions.recommendation.wishes import clauses

COLUMNS = ItemColumns(
    file="", id="sku", title={"en": "name", "zh": "名称"}, text={"en": "about"}, tags=("kind", "mood"),
    numbers=("price",),
    tag_names={"slow_tv": Names(en="slow TV", zh="慢电视")},
)  # fmt: skip


def frame(**changes: list[str]) -> pd.DataFrame:
    plain = {
        "sku": ["1", "2"], "name": ["Tea", ""], "名称": ["茶", "咖啡"], "about": ["hot", ""],
        "kind": ["slow_tv", "b|c"], "mood": ["", "b"], "price": ["2.5", "dear"],
    }  # fmt: skip
    return pd.DataFrame(plain | changes)


def test_what_is_read_of_an_item() -> None:
    catalogue = read_catalogue(frame(), COLUMNS, "shop.csv")
    assert catalogue.texts["en"] == ("Tea. slow TV. hot", "2. b, c")
    assert catalogue.texts["zh"] == ("茶. 慢电视. hot", "咖啡. b, c")  # a description in one language serves both
    assert catalogue.title(1) == "2"  # an item without a title is called by its id
    assert catalogue.title(1, "zh") == "咖啡"
    assert catalogue.tags == (("slow_tv",), ("b", "c"))
    assert catalogue.numbers["price"][0] == 2.5
    assert pd.isna(catalogue.numbers["price"][1])


def test_a_tag_may_have_several_words() -> None:
    kinds = ["Home & Kitchen|Science Fiction", "悬疑、剧情，爱情"]
    catalogue = read_catalogue(frame(kind=kinds, mood=["", ""]), COLUMNS, "shop.csv")
    assert catalogue.tags == (("Home & Kitchen", "Science Fiction"), ("悬疑", "剧情", "爱情"))


def test_an_id_that_stands_twice_is_an_error() -> None:
    with pytest.raises(InputError, match=r"shop.csv, row 2: got item id '1'; expected one that no other row has"):
        read_catalogue(frame(sku=["1", "1"]), COLUMNS, "shop.csv")


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(InputError, match=r"shop.csv has no column 'about'; it has: sku, name"):
        read_catalogue(frame().drop(columns="about"), COLUMNS, "shop.csv")


def test_wayside_is_complete_in_both_languages() -> None:
    catalogue = load_catalogue(find_card("wayside"))
    assert len(catalogue) == 324
    for language in ("en", "zh"):
        assert len(set(catalogue.titles[language])) == 324
        assert min(map(len, catalogue.descriptions[language])) >= 25
    assert {tag for tags in catalogue.tags for tag in tags} == set(catalogue.tag_names)


def test_every_wish_can_be_met_and_not_by_everything() -> None:
    card = find_card("wayside")
    items = read_table(locate(card, card.items.file))
    table = load_card_table("wayside", "wish").frame
    assert table.groupby(["language", "split"]).size().tolist() == [15] * 4
    met = [int(fitting(items, criteria).sum()) for criteria in table["label"]]
    assert min(met) >= 3
    assert max(met) <= 57


def test_criteria_that_name_no_column_are_an_error() -> None:
    with pytest.raises(InputError, match="criteria: got 'speed=slow'; expected column=value"):
        fitting(frame(), "speed=slow")


@pytest.mark.parametrize(
    ("wish", "wanted", "unwanted"),
    [
        ("a love story without tears", ["a love story"], ["tears"]),
        ("eerie, but not horror", ["eerie"], ["horror"]),
        ("warm and playful", ["warm", "playful"], []),
        ("七十年代的老电影，恐怖片就算了", ["七十年代的老电影"], ["恐怖片"]),
        ("科幻，不要血腥，别太慢", ["科幻"], ["血腥", "太慢"]),
        ("特别温馨的电影，不要离别", ["特别温馨的电影"], ["离别"]),
        ("不要血腥、暴力，要温馨", ["要温馨"], ["血腥", "暴力"]),
        ("I don’t want gore", ["i"], ["want gore"]),
        ("slow, can't stand horror", ["slow"], ["horror"]),
        ("not only funny", ["not only funny"], []),
        ("不是恐怖片", [], ["恐怖片"]),
        ("slow and warm, no war or blood", ["slow", "warm"], ["war or blood"]),
        ("anything but horror", [], ["horror"]),
        ("a comedy free of gore", ["a comedy"], ["gore"]),
        ("gore-free comedy, non-violent", ["comedy"], ["gore", "violent"]),
        ("tired of war films", [], ["war films"]),
        ("不恐怖的悬疑片", ["悬疑片"], ["恐怖"]),
        ("别太悲伤的爱情片", ["爱情片"], ["悲伤"]),
        ("除了恐怖片都行", [], ["恐怖片"]),
        ("非暴力", [], ["暴力"]),
        ("", [], []),
        ("...!?", [], []),
    ],
)
def test_what_is_not_wanted_is_told_from_what_is(wish: str, wanted: list[str], unwanted: list[str]) -> None:
    found = clauses(wish)
    assert [clause.text for clause in found if clause.wanted] == wanted
    assert [clause.text for clause in found if not clause.wanted] == unwanted
