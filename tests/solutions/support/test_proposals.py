import json
from pathlib import Path

import pandas as pd
import pytest

from foundation.errors import InputError
from foundation.retrieval.corpus import documents_of_card, documents_of_table
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from solutions.support.history import Exchange, read_exchanges
from solutions.support.knowledge import read_articles
from solutions.support.proposals import Proposal, proposal_table, propose_articles
from solutions.support.schema import Language

LINES = [
    ("a", "10:00", "customer", "hi"),
    ("a", "10:01", "agent", "Good morning!"),
    ("a", "10:02", "customer", "can you wrap it as a gift?"),
    ("a", "10:03", "customer", "for my aunt"),
    ("a", "10:04", "agent", "Yes, gift wrapping costs 3 euros."),
    ("a", "10:05", "customer", "and abroad?"),
    ("a", "10:06", "agent", "There too."),
    ("b", "09:00", "customer", "is my parcel TW-48213907 wrapped as a gift already"),
    ("b", "09:01", "agent", "Your order TW-48213907 is wrapped."),
    ("b", "09:02", "customer", "thanks"),
    ("c", "08:00", "Customer", "mail me at kim@example.com when the scarf is back in stock"),
]


def written(path: Path, lines: list[tuple[str, ...]] = LINES) -> Path:
    pd.DataFrame(lines, columns=["session_id", "time", "role", "message"]).to_csv(path, index=False)
    return path


def test_a_conversation_is_read_as_questions_and_replies(tmp_path: Path) -> None:
    found = read_exchanges(written(tmp_path / "chats.csv"), {})
    assert Exchange("can you wrap it as a gift? for my aunt", "Yes, gift wrapping costs 3 euros.", True) in found
    # a follow-up, a greeting and thanks ask nothing that stands alone; what nobody replied to was asked all the same
    assert [each.general for each in found if "TW-48213907" in each.reply] == [False]
    assert Exchange("mail me at [e-mail] when the scarf is back in stock", "", False) in found
    assert len(found) == 3


def test_messages_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    shuffled = written(tmp_path / "late.csv", LINES[::-1])
    assert {each.question for each in read_exchanges(shuffled, {})} == {
        each.question for each in read_exchanges(written(tmp_path / "chats.csv"), {})
    }


def test_conversations_may_be_lists_of_messages(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "do you engrave rings?"},
        {"role": "assistant", "content": "We do."},
    ]
    (tmp_path / "chats.jsonl").write_text(json.dumps({"messages": messages}) + "\n", encoding="utf-8")
    assert read_exchanges(tmp_path / "chats.jsonl", {}) == [Exchange("do you engrave rings?", "We do.", True)]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"who": "session_id", "conversation": "role"}, "column 'who': got a, b, c; expected 'customer'"),
        ({"text": "words"}, "unknown column 'words'"),
        ({"author": "role"}, "expected one of conversation, who, text, time"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, mapping: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_exchanges(written(tmp_path / "chats.csv"), mapping)


def test_greetings_alone_are_no_questions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"chats.csv holds no question that can be understood alone"):
        read_exchanges(written(tmp_path / "chats.csv", LINES[:2]), {})


def test_what_comes_again_is_proposed_with_a_reply_for_everybody() -> None:
    encoder = load_encoder(DEFAULT_BACKBONE)
    centre = encoder.encode([document.title for document in documents_of_card("tingwell_articles")[:40]]).mean(axis=0)
    asked = [
        ("do you offer gift wrapping?", "Yes, gift wrapping costs 3 euros.", True),
        ("can you wrap it as a gift?", "Your order TW-48213907 is wrapped.", False),
        ("can I have my order gift wrapped?", "Gift wrapping is 3 euros a parcel.", True),
        ("gift wrapping possible?", "Yes, gift wrapping costs 3 euros.", True),
        ("my cat ate the invoice", "Oh dear.", True),
        ("可以礼品包装吗", "可以，礼品包装 3 欧元。", True),
        ("你们能做礼品包装吗", "", False),
    ]
    english, chinese = propose_articles([Exchange(*each) for each in asked], encoder, centre)
    assert (english.asked, english.language, english.body) == (4, Language.EN, "Yes, gift wrapping costs 3 euros.")
    assert len(english.phrasings) == 3
    assert (chinese.asked, chinese.body, chinese.phrasings) == (2, "可以，礼品包装 3 欧元。", ())


def test_proposals_come_back_as_articles(tmp_path: Path) -> None:
    proposals = [
        Proposal("gift wrapping?", "It costs 3 euros.", ("wrap it?", "as a gift?"), Language.EN, 3),
        Proposal("nobody knows?", "", (), Language.EN, 2),
    ]
    table = proposal_table(proposals)
    (document,) = documents_of_table(table, "proposed.csv")
    assert document.phrasings == ("wrap it?", "as a gift?")
    table.to_csv(tmp_path / "proposed.csv", index=False)
    (read,) = read_articles([tmp_path / "proposed.csv"])
    assert (read.title, read.body, read.phrasings) == (document.title, document.body, document.phrasings)
