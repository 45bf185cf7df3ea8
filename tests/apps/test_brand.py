from pathlib import Path

import pytest

from apps.brand import brand_of
from apps.locale import Language
from foundation.errors import InputError, UnknownNameError
from solutions.client import Client, ClientSettings


def client(**settings: object) -> Client:
    return Client(
        Path("clients/acme"), ClientSettings.model_validate({"name": "Acme {Bank}", "verticals": [], **settings})
    )


def test_the_assistant_says_whose_it_is() -> None:
    words = brand_of(client()).words
    assert "AI assistant of Acme {Bank}" in words[Language.EN]("chat.opening")
    assert "Acme {Bank}的AI助手" in words[Language.ZH]("chat.opening")
    own = brand_of(client(texts={"en": {"chat.opening": "An AI speaks."}})).words
    assert own[Language.EN]("chat.opening") == "An AI speaks."


def test_a_string_that_no_page_has_is_told() -> None:
    with pytest.raises(UnknownNameError, match=r"chat.opning.*chat.opening"):
        brand_of(client(texts={"en": {"chat.opning": "x"}}))
    with pytest.raises(InputError, match="expected plain text with no place in braces"):
        brand_of(client(texts={"en": {"chat.opening": "<b>x</b>"}}))
