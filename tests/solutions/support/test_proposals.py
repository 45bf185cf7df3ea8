import json
import re
from pathlib import Path

import pandas as pd
import pytest

from foundation.data.cards import find_card
from foundation.data.labelled import locate
from foundation.data.workbooks import without_formulas
from foundation.errors import InputError
from foundation.retrieval.corpus import documents_of_card, documents_of_table
from foundation.retrieval.index import SearchIndex
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import load_encoder
from solutions.support.history import Exchange, read_exchanges
from solutions.support.knowledge import read_articles
from solutions.support.proposals import Proposal, mark_answered, proposal_table, propose_articles
from solutions.support.schema import Language

LINES = [
    ("a", "10:00", "customer", "hi"),
    ("a", "10:01", "agent", "Good morning!"),
    ("a", "10:02", "customer", "can you wrap it as a gift?"),
    ("a", "10:03", "customer", "for the birthday of my aunt"),
    ("a", "10:04", "agent", "Yes, gift wrapping costs 3 euros."),
    ("a", "10:05", "customer", "and abroad?"),
    ("a", "10:06", "agent", "There too."),
    ("b", "09:00", "customer", "is my parcel TW-48213907 wrapped as a gift already"),
    ("b", "09:01", "agent", "Your order TW-48213907 is wrapped as a gift already."),
    ("b", "09:02", "customer", "thanks"),
    ("c", "08:00", "Customer", "mail me at kim@example.com when the scarf is back"),
    ("c", "08:01", "agent", "We shall write to kim@example.com at once."),
]


def written(path: Path, lines: list[tuple[str, ...]] = LINES) -> Path:
    pd.DataFrame(lines, columns=["session_id", "time", "role", "message"]).to_csv(path, index=False)
    return path


def test_a_conversation_is_read_as_questions_and_replies(tmp_path: Path) -> None:
    found = read_exchanges(written(tmp_path / "chats.csv"), {})
    assert (
        Exchange(
            "can you wrap it as a gift? for the birthday of my aunt", "Yes, gift wrapping costs 3 euros.", False, True
        )
        in found
    )
    # a follow-up, a greeting and thanks ask nothing that stands alone; what nobody answered teaches nothing
    assert [(each.named, each.general) for each in found if "TW-48213907" in each.reply] == [(True, False)]
    assert (
        Exchange("mail me at [e-mail] when the scarf is back", "We shall write to [e-mail] at once.", True, False)
        in found
    )
    assert len(found) == 3


def test_what_is_said_between_question_and_answer_is_passed_over(tmp_path: Path) -> None:
    lines = [
        ("a", "10:00", "customer", "do you engrave silver rings?"),
        ("a", "10:01", "agent", "One moment please."),
        ("a", "10:02", "customer", "ok"),
        ("a", "10:03", "agent", "We engrave rings of silver for nine euros."),
        ("a", "10:04", "customer", "great, thank you"),
        ("a", "10:05", "agent", "You are very welcome, have a nice day today!"),
        ("b", "10:06", "customer", "how tall is the oak shelf?"),
        ("b", "10:07", "agent", "Please wait."),
    ]
    (found,) = read_exchanges(written(tmp_path / "chats.csv", lines), {})
    assert found.reply == "One moment please. We engrave rings of silver for nine euros."


def test_messages_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    shuffled = written(tmp_path / "late.csv", LINES[::-1])
    assert {each.question for each in read_exchanges(shuffled, {})} == {
        each.question for each in read_exchanges(written(tmp_path / "chats.csv"), {})
    }


def test_conversations_may_be_lists_of_messages(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "do you engrave rings?"},
        {"role": "assistant", "content": "We engrave rings of silver for nine euros."},
    ]
    (tmp_path / "chats.jsonl").write_text(json.dumps({"messages": messages}) + "\n", encoding="utf-8")
    (found,) = read_exchanges(tmp_path / "chats.jsonl", {})
    assert found == Exchange("do you engrave rings?", "We engrave rings of silver for nine euros.", False, True)


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


def test_greetings_alone_ask_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"chats.csv holds no question that was answered"):
        read_exchanges(written(tmp_path / "chats.csv", LINES[:2]), {})


@pytest.fixture(scope="module")
def knowledge() -> SearchIndex:
    return SearchIndex.build(documents_of_card("tingwell_articles"), load_encoder(DEFAULT_BACKBONE))


def test_what_comes_again_is_proposed_with_a_reply_for_everybody(knowledge: SearchIndex) -> None:
    asked = [
        ("is a bow possible? order TW-48213907", "Yes, gift wrapping costs 3 euros an item.", True, True),
        ("can you wrap it as a gift?", "Gift wrapping costs 3 euros; I added it to TW-48213907.", False, False),
        ("something nice around the teapot please", "Gift wrapping is 3 euros an item.", False, True),
        ("gift paper?", "Yes, gift wrapping costs 3 euros an item.", False, True),
        ("what do you do with old fridges", "We take an old appliance with us free of charge.", False, True),
        ("可以礼品包装吗", "可以，礼品包装每件3欧元。", False, True),
        ("想送人，能弄好看点吗", "可以礼品包装，每件3欧元。", False, True),
    ]
    exchanges = [Exchange(*each) for each in asked]
    english, chinese = propose_articles(exchanges, knowledge.encoder, knowledge.centre)
    assert (english.asked, english.language) == (4, Language.EN)
    assert english.body in ("Yes, gift wrapping costs 3 euros an item.", "Gift wrapping is 3 euros an item.")
    assert "TW-48213907" not in english.title
    assert (chinese.asked, chinese.language, chinese.phrasings) == (2, Language.ZH, ())


def test_the_sample_is_put_together_as_its_topics_are(knowledge: SearchIndex) -> None:
    card = find_card("tingwell_history")
    exchanges = read_exchanges(locate(card, "dialogues.csv"), {})
    topics = dict(pd.read_csv(locate(card, "topics.csv")).to_numpy())
    proposals = mark_answered(propose_articles(exchanges, knowledge.encoder, knowledge.centre), knowledge)
    missing = [proposal for proposal in proposals if not proposal.answered_by]
    wanted = {topic for topic in topics.values() if not topic.startswith(("once", "none", "known"))}
    assert len(wanted) <= len(missing) <= 2 * len(wanted)
    assert {proposal.answered_by for proposal in proposals} - {""} <= {"kb009", "kb010"}, "what came twice and is known"
    assert not [proposal for proposal in proposals if re.search(r"TW-\d|@", proposal.body)]


def test_proposals_come_back_as_articles(tmp_path: Path) -> None:
    proposals = [
        Proposal("gift wrapping?", "- 3 euros,\n- or free.", ("=wrap it?", "as a gift?"), Language.EN, 3),
        Proposal("nobody knows?", "", (), Language.EN, 2),
    ]
    table = proposal_table(proposals)
    (document,) = documents_of_table(table, "proposed.csv")
    assert document.phrasings == ("=wrap it?", "as a gift?")
    without_formulas(table).to_csv(tmp_path / "proposed.csv", index=False)
    assert "'- 3 euros" in (tmp_path / "proposed.csv").read_text(encoding="utf-8")
    (read,) = read_articles([tmp_path / "proposed.csv"])
    assert (read.title, read.body, read.phrasings) == (document.title, document.body, document.phrasings)
