import pytest

from solutions.support.cues import Cue, read_move, thanks


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("where is my parcel", Cue.NEW),
        ("what about abroad?", Cue.FOLLOW_UP),
        ("and with a credit card", Cue.FOLLOW_UP),
        ("how do I cancel it", Cue.FOLLOW_UP),
        ("那国外呢", Cue.FOLLOW_UP),
        ("用它取现呢", Cue.FOLLOW_UP),
        ("no, I meant my PIN", Cue.CORRECTION),
        ("sorry, I mean the invoice", Cue.CORRECTION),
        ("不是，我是说发票", Cue.CORRECTION),
        ("go back", Cue.BACK),
        ("ok go back to the previous question", Cue.BACK),
        ("回到上一个问题", Cue.BACK),
        ("I want my money back", Cue.NEW),
        ("that did not help", Cue.NOT_HELPED),
        ("no, that one didn't help me either", Cue.NOT_HELPED),
        ("没用", Cue.NOT_HELPED),
        ("这个没帮到我", Cue.NOT_HELPED),
        ("that didn’t help", Cue.NOT_HELPED),
        ("还是没用啊", Cue.NOT_HELPED),
        ("没用过的优惠券可以退吗", Cue.NEW),
        ("券还没有用能退吗", Cue.NEW),
        ("我的卡没用过", Cue.NEW),
    ],
)
def test_cues(text: str, cue: Cue) -> None:
    assert read_move(text).cue is cue


@pytest.mark.parametrize(("text", "choice"), [("1", 0), ("the second one", 1), ("第一个", 0), ("后者", 1), ("B", 1)])
def test_a_choice_is_one_only_among_options(text: str, choice: int) -> None:
    assert read_move(text, options=2).choice == choice
    assert read_move(text, options=2).cue is Cue.CHOICE
    assert read_move(text).cue is not Cue.CHOICE


def test_a_choice_that_was_not_offered_is_none() -> None:
    assert read_move("the second one", options=1).cue is not Cue.CHOICE


def test_a_correction_keeps_what_was_meant() -> None:
    assert read_move("no, I meant the invoice").text == "the invoice"
    assert read_move("不是，我是说发票").text == "发票"
    assert read_move("I mean").text == "I mean"


def test_a_long_message_stands_on_its_own() -> None:
    assert read_move("and " + "the lamp that I bought " * 5).cue is Cue.NEW


def test_thanks() -> None:
    assert thanks("Thanks a lot!")
    assert thanks("谢谢啦")
    assert not thanks("hello")
