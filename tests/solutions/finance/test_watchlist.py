import pytest

from foundation.errors import InputError
from solutions.finance.watchlist import Company, WatchList, read_watch_list

LISTED = WatchList(
    [
        Company("Harlund Shipyard", ("Harlund", "哈伦船厂"), ("HRL", "600519")),
        Company("Fenn Motors", (), ("F",)),
        Company("Bank of Osterby"),
        Company("Osterby"),
    ]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Strike at HARLUND ends", ["Harlund Shipyard"]),
        ("哈伦船厂订单增长", ["Harlund Shipyard"]),
        ("今日 ＨＲＬ 大涨", ["Harlund Shipyard"]),
        ("船企（600519）公告", ["Harlund Shipyard"]),
        ("成交1600519元", []),
        ("Harlunds Bakery opens", []),
        ("Shares of F rise", []),
        ("Shares (F) rise", ["Fenn Motors"]),
        ("NYSE: F up, $F too", ["Fenn Motors"]),
        ("Bank of Osterby fined", ["Bank of Osterby"]),
        ("Osterby sues Bank of Osterby", ["Bank of Osterby", "Osterby"]),
        ("", []),
    ],
)
def test_companies_are_found(text, found):
    assert [mention.company for mention in LISTED.mentions(text)] == found


def test_relevance_by_place_and_number():
    def relevance(title, body=""):
        return [mention.relevance for mention in LISTED.mentions(title, body) if mention.company == "Osterby"]

    far = "x " * 100
    assert relevance("Osterby up", far) == [1.0]
    assert relevance("Stocks", "Osterby rose.") == [0.7]
    assert relevance("Stocks", "Osterby rose. Osterby fell.") == [pytest.approx(0.8)]
    assert relevance("Stocks", f"{far}Osterby rose.") == [0.3]
    assert relevance("Stocks", f"{far}{'Osterby ' * 9}") == [0.5]


def test_an_empty_list_finds_nothing():
    assert WatchList(()).mentions("Osterby") == ()


def test_a_clients_table_is_read(tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("name,aliases,tickers\nHarlund,哈伦|HL Yard,HRL;600519\nOsterby,,\n", encoding="utf-8")
    listed = read_watch_list(file)
    assert listed.companies == [Company("Harlund", ("哈伦", "HL Yard"), ("HRL", "600519")), Company("Osterby")]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("company\nHarlund\n", "has no column 'name'; it has: company"),
        ("name,aliases\nA,Osterby\nB,osterby\n", "row 2: 'osterby' already belongs to 'A'"),
        ("name,aliases\nA,x\n ,y\n", "row 2, column 'name': got an empty cell"),
        (
            f"name\nA\n{'b' * 201}\n",
            "row 2, column 'name': got 201 characters, expected a company's name of at most 200",
        ),
    ],
)
def test_mistakes_in_a_list_are_named(tmp_path, table, told):
    file = tmp_path / "list.csv"
    file.write_text(table, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_watch_list(file)


def test_letters_whose_case_is_not_one_for_one() -> None:
    listed = WatchList([Company("Große Bank"), Company("Iris Bank")])
    assert [mention.company for mention in listed.mentions("GROSSE BANK und die Große Bank")] == ["Große Bank"]
    assert listed.mentions("İris Bankası, ıris bank") == ()
