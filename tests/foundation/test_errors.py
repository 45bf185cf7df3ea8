import pytest

from foundation import errors


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(errors.InputError, match=r"unknown task 'tome'; known: tone, topic; did you mean 'tone'\?"):
        raise errors.UnknownNameError("task", "tome", ["topic", "tone"])


def test_unknown_name_without_a_near_one_suggests_nothing() -> None:
    assert str(errors.UnknownNameError("task", "zzz", ["tone"])) == "unknown task 'zzz'; known: tone"


def test_every_error_is_a_colonnade_error() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.ColonnadeError)
