"""A language model behind an address: a small server on this machine that says what a test wants."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from foundation.errors import OfflineError
from foundation.settings import settings
from solutions.support.rewriter import Rewriter, supported
from solutions.support.schema import Language, Sentence

SOURCES = (
    Sentence("A refund to a card takes 3 to 5 working days.", "kb1#1"),
    Sentence("A blocked card cannot be used again.", "kb2#1"),
    Sentence("退款到银行卡需要3到5个工作日。", "kb1#1"),
)


class StandIn(ThreadingHTTPServer):
    """Answers every request with ``says``; keeps what it was asked."""

    says: object = ""
    code = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, object]] = []
        self.keys: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.keys.append(self.headers.get("Authorization"))
        body = json.dumps({"choices": [{"message": {"content": self.server.says}}]}).encode()
        self.send_response(self.server.code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[StandIn]:
    running = StandIn()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def rewriter(server: StandIn, key: str = "") -> Rewriter:
    return Rewriter(f"http://127.0.0.1:{server.server_address[1]}/v1/", "tiny", key)


def test_what_is_covered_is_said_with_its_source(server: StandIn) -> None:
    server.says = "Good: a card refund takes 3 to 5 working days."
    asked = "when is my refund here? mail li@example.com"
    said = rewriter(server, "secret").rewrite(asked, SOURCES[:1], Language.EN)
    assert said == (Sentence("Good: a card refund takes 3 to 5 working days.", "kb1#1"),)
    assert server.asked[0]["model"] == "tiny"
    assert "when is my refund here? mail [e-mail]<" in json.dumps(server.asked[0])
    assert server.keys == ["Bearer secret"]


@pytest.mark.parametrize(
    "says",
    [
        "A card refund takes 2 working days.",  # another figure
        "A blocked card can be used again.",  # the negation is gone
        "A card refund takes 3 to 5 working days. You get a gift, too.",  # one sentence of its own
        "A refund to a card takes 3 to 5 working days, see http://evil.example",  # a link
        "",
        None,
        {"no": "text"},
    ],
)
def test_what_it_made_up_is_thrown_away(server: StandIn, says: object) -> None:
    server.says = says
    assert rewriter(server).rewrite("refund?", SOURCES[:2], Language.EN) == SOURCES[:2]


def test_a_server_that_fails_or_is_away_changes_nothing(server: StandIn) -> None:
    server.code = 500
    assert rewriter(server).rewrite("refund?", SOURCES[:1], Language.EN) == SOURCES[:1]
    assert Rewriter("http://127.0.0.1:9/v1", "tiny").rewrite("refund?", SOURCES[:1], Language.EN) == SOURCES[:1]


def test_chinese_is_checked_too() -> None:
    assert supported("退款到银行卡要3到5个工作日。", SOURCES[2:])
    assert not supported("退款到银行卡需要2个工作日。", SOURCES[2:])
    assert not supported("退款到银行卡不需要3到5个工作日。", SOURCES[2:])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("A refund takes three to five working days.", "A refund takes nine working days."),
        ("A refund takes 3 to 5 working days.", "A refund takes three to nine working days."),
        ("退款需要三到五个工作日。", "退款需要九个工作日。"),
        (
            "Standard delivery costs 4 euros and express 9 euros.",
            "Standard delivery costs 9 euros and express 4 euros.",
        ),
        ("You can return it within 30 days if the seal is unbroken.", "You can return it within 30 days."),
        ("The old card works until the new one arrives.", "The old card doesn't work until the new one arrives."),
        ("请勿把密码告诉任何人。", "请把密码告诉任何人。"),
        ("禁止转借银行卡。", "可以转借银行卡。"),
        ("本券仅限新用户使用。", "本券限新用户使用。"),
    ],
)
def test_another_meaning_in_the_same_words_is_not_supported(source: str, said: str) -> None:
    assert supported(source, [Sentence(source, "kb1#1")])
    assert not supported(said, [Sentence(source, "kb1#1")])


def test_nothing_that_binds_is_left_out() -> None:
    sources = [
        Sentence("A refund to a card takes 3 to 5 working days.", "kb1#1"),
        Sentence("Only unopened items can be returned.", "kb1#2"),
        Sentence("We are glad to help.", "kb1#3"),
    ]
    both = "A refund to your card takes 3 to 5 working days. Only unopened items can be returned."
    assert [each.source for each in supported(both, sources)] == ["kb1#1", "kb1#2"]
    assert supported("A refund to your card takes 3 to 5 working days.", sources) == ()
    assert supported("A refund to your card takes 5 working days. Only unopened items can be returned.", sources) == ()


def test_a_figure_may_be_spelled(server: StandIn) -> None:
    server.says = "A refund to your card takes three to five working days."
    (said,) = rewriter(server).rewrite("refund?", SOURCES[:1], Language.EN)
    assert said == Sentence(str(server.says), "kb1#1")


def test_none_is_configured_by_default(home: object) -> None:
    assert Rewriter.configured() is None


def test_one_is_configured_by_the_environment(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_LLM", "http://localhost:8080/v1")
    monkeypatch.setenv("COLONNADE_LLM_KEY", "secret")
    configured = Rewriter.configured()
    assert configured is not None
    assert (configured.address, configured.model, configured.key) == ("http://localhost:8080/v1", "default", "secret")


def test_offline_is_offline(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_OFFLINE", "1")
    monkeypatch.setenv("COLONNADE_LLM", "http://localhost:8080/v1")
    assert Rewriter.configured() is not None
    settings.cache_clear()
    monkeypatch.setenv("COLONNADE_LLM", "https://llm.example/v1")
    with pytest.raises(OfflineError, match=r"COLONNADE_LLM is https://llm\.example/v1"):
        Rewriter.configured()
