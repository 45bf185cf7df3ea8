"""Whoever does not know the password sees nothing."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from apps.gate import Gate
from apps.server import open_to_all
from foundation.settings import settings

PASSWORD = "fünf: 五"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inbox")(scope, receive, send)


@pytest.fixture
def visitor() -> TestClient:
    return TestClient(Gate(page, PASSWORD))


@pytest.mark.parametrize("path", ["/", "/en/", "/zh/gradio_api/info", "/en/config", "/nowhere"])
def test_nothing_is_shown_without_it(visitor: TestClient, path: str) -> None:
    for wrong in (None, ("me", "five"), (PASSWORD.encode(), ""), ("", "fünf")):
        answer = visitor.get(path, auth=wrong)
        assert (answer.status_code, answer.text[:20]) == (401, "The password, please")
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic 5LqU", "Bearer ZsO8bmY6IOS6lA==", "Basic é"])
def test_what_is_no_login_is_refused(visitor: TestClient, header: str) -> None:
    assert visitor.get("/en/", headers={"authorization": header.encode()}).status_code == 401


def test_who_knows_it_is_let_in(visitor: TestClient) -> None:
    assert visitor.get("/zh/", auth=("anybody", PASSWORD.encode())).text == "inbox"
    assert visitor.get("/healthz").text == "inbox"


def test_no_socket_is_opened_without_it(visitor: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), visitor.websocket_connect("/en/any"):
        pass


def test_it_is_told_when_the_pages_are_open_to_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [open_to_all(host) for host in ("127.0.0.1", "0.0.0.0")] == [False, True]
    monkeypatch.setenv("COLONNADE_PASSWORD", "five")
    settings.cache_clear()
    assert not open_to_all("0.0.0.0")
