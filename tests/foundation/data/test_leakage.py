from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.data.leakage import find_leakage, similar_pairs
from foundation.data.splits import normalise


def grams(text: str) -> set[str]:
    normal = normalise(text).ljust(4, "_")
    return {normal[at : at + 4] for at in range(len(normal) - 3)}


def jaccard(left: str, right: str) -> float:
    a, b = grams(left), grams(right)
    return len(a & b) / len(a | b)


def test_copies_and_near_copies_are_counted_once_each() -> None:
    train = ["Sales of Harlund rose by five percent in the first quarter of the year", "Board meets in June"]
    test = [
        "sales of Harlund rose by five percent in the first quarter of the year!",
        "Sales of Harlund rose by nine percent in the first quarter of the year",
        "Nothing like it",
    ]
    report = find_leakage(train + test, ["train"] * 2 + ["test"] * 3)
    assert (report.exact, report.near) == (1, 1)
    assert report.examples == ((train[0], test[1]),)
    assert report.summary() == "1 of dev or test are copies, 1 near-duplicates of what is in an earlier split"


def test_test_is_compared_with_dev_too() -> None:
    assert find_leakage(["abc", "abc"], ["dev", "test"]).exact == 1


def test_no_leak_says_so() -> None:
    assert (
        find_leakage(["abc", "xyz"], ["train", "test"]).summary() == "nothing of dev or test stands in an earlier split"
    )


@settings(max_examples=60)
@given(
    st.lists(st.text("abc ", min_size=4, max_size=24), min_size=1, max_size=8),
    st.lists(st.text("abc ", min_size=4, max_size=24), min_size=1, max_size=8),
)
def test_prefix_filtering_finds_what_all_pairs_find(left: list[str], right: list[str]) -> None:
    expected = {(i, j) for i, a in enumerate(left) for j, b in enumerate(right) if jaccard(a, b) >= 0.8}
    assert {(int(i), int(j)) for i, j in similar_pairs(left, right)} == expected
