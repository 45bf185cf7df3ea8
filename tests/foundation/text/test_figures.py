"""Compared figures, by hand and by what must hold of any text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.text.figures import compare_figures


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Pretax profit totaled EUR 4.9 mn compared to EUR 5.2 mn in 2005 .", "EUR 4.9 mn, down, compared"),
        ("EPS stood at EUR 0.25 versus EUR 0.42 .", "EUR 0.25, down, versus"),
        ("EPS: 1.32 vs 1.08 expected", "1.32, up, vs"),
        ("It raised its stake to 90.9 pct from 74.5 pct.", "90.9 pct, up, from"),
        ("Users went from 37 million to 44 million.", "44 million, up."),
        ("Sales were 900 million, against 1.1 billion a year ago.", "900 million, down, against"),
        ("The margin was 8.4 percent, the year before 8.4 percent.", "8.4 percent, unchanged, the year before"),
        ("A net loss of EUR 5 mn, compared to a net loss of EUR 3 mn", "EUR 5 mn, up, compared"),
        ("Same-store sales: +1.4%, after -3.2% in the previous quarter", "+1.4%, up, after"),
        ("净利润3.1亿元，上年同期44000万元", "3.1亿元，下降，上年同期"),
        ("市场预测每股盈利0.97元，公司交出1.20元", "1.20元，上升"),
        ("月活用户从4200万到了2900万", "2900万，下降"),
    ],
)
def test_what_is_compared_is_said(text: str, said: str) -> None:
    assert said in compare_figures(text)


@pytest.mark.parametrize(
    "text",
    [
        "The contract runs from 2006 to 2010.",
        "Shares rose 5 % from last year, to EUR 8.20.",  # a share and a price
        "Volumes range from 10 to 100 millilitres.",
        "Operating loss was EUR 0.9 mn, compared to a profit of EUR 11.5 mn.",  # the words say it
        "It bought 75 % of the company from its founder for EUR 30 mn.",
        "Sold 12 of 40 shops. Last year 30 people were hired.",  # another sentence
        "注册资本8亿元，总股本8亿股",
        "",
    ],
)
def test_the_rest_is_left_alone(text: str) -> None:
    assert compare_figures(text) == text


@given(st.text(alphabet="ab 019.,%€从上年元亿万compared to from ()", max_size=60))
def test_nothing_is_taken_away(text: str) -> None:
    said = iter(compare_figures(text))
    assert all(letter in said for letter in text)


@given(st.integers(1, 999), st.integers(1, 999))
def test_figures_that_change_places_change_the_word(one: int, other: int) -> None:
    words = {word for word in ("up", "down") if f" {word}," in compare_figures(f"{one} mn, compared to {other} mn")}
    if one == other:
        assert not words
    elif 1 / 50 < one / other < 50:
        assert words == {"up" if one > other else "down"}


@pytest.mark.alone
@pytest.mark.parametrize("part", ["from ", "last year ", "去年", "compared to a:", "1 ", "- 7 . ", "( "])
def test_long_texts_take_no_longer_than_their_length(part: str) -> None:
    started = time.perf_counter()
    compare_figures("6 " + part * 20_000 + "5")
    assert time.perf_counter() - started < 5
