import pytest
from hypothesis import given
from hypothesis import strategies as st

from solutions.support.slots import find_slots


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my order TW-48213907 is late", [("order", "TW-48213907")]),
        ("tw48213907和tw 36574261", [("order", "TW-48213907"), ("order", "TW-36574261")]),
        ("TW-4821390 or TW-482139071", []),
        ("paid €49.90, not 1,250 euros", [("amount", "49.90 EUR"), ("amount", "1250.00 EUR")]),
        ("扣了199元，又扣３５.５块钱", [("amount", "199.00 CNY"), ("amount", "35.50 CNY")]),
        ("$5 or 12 quid or USD 7", [("amount", "5.00 USD"), ("amount", "12.00 GBP"), ("amount", "7.00 USD")]),
        ("on 2 March, 2026-03-04", [("date", "--03-02"), ("date", "2026-03-04")]),
        ("March 3rd 2026", [("date", "2026-03-03")]),
        ("2026年3月5日下单，3月6号没到", [("date", "2026-03-05"), ("date", "--03-06")]),
        ("31 Feb, 2026-13-01, 0月5日, may I ask 2 marketing people", []),
        ("card ending in 1234, 尾号8866", [("card", "1234"), ("card", "8866")]),
        ("I ordered 3 lamps 10 days ago", []),
        ("€1.250,50 or 1.250,50 EUR", [("amount", "1250.50 EUR"), ("amount", "1250.50 EUR")]),
        ("USD7.999", []),  # seven, or nearly eight thousand
        ("充了1.5万元，又买5元宵", [("amount", "15000.00 CNY")]),
        ("卡号后四位1234", [("card", "1234")]),
        ("2 may be late, I may 3 times a week", []),
        ("on 2 May or May 3", [("date", "--05-02"), ("date", "--05-03")]),
    ],
)  # fmt: skip
def test_what_is_named_is_found(text: str, found: list[tuple[str, str]]) -> None:
    assert [(slot.kind.value, slot.value) for slot in find_slots(text)] == found


@given(st.text(max_size=200))
def test_slots_stand_where_they_say_and_do_not_overlap(text: str) -> None:
    end = 0
    for slot in find_slots(text):
        assert text[slot.start : slot.start + len(slot.text)] == slot.text
        assert slot.start >= end
        end = slot.start + len(slot.text)
