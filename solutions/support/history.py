"""Old conversations between customers and people, read as questions and what was replied to them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foundation.data.tables import read_table, rename_columns
from foundation.data.times import parse_times
from foundation.errors import InputError
from foundation.retrieval.lexical import search_words
from foundation.trust.personal import mask_personal_data
from solutions.support.cues import Cue, read_move, thanks
from solutions.support.schema import MAX_MESSAGE_CHARACTERS
from solutions.support.slots import SlotKind, find_slots

__all__ = ["Exchange", "read_exchanges"]

# What clients call their columns, in the order of preference; without the last one the file's order counts.
_COLUMNS = {
    "conversation": (
        "conversation", "conversation_id", "dialogue", "dialogue_id", "dialog_id", "session", "session_id", "chat_id",
        "ticket", "ticket_id", "thread_id", "会话", "会话编号", "对话", "对话编号", "工单", "工单号",
    ),
    "who": ("who", "role", "speaker", "sender", "from", "author", "角色", "发送方", "发送人", "说话人"),
    "text": ("text", "message", "content", "utterance", "body", "内容", "消息", "文本"),
    "time": ("time", "timestamp", "date", "created_at", "at", "时间", "日期", "发送时间"),
}  # fmt: skip
_CUSTOMERS = {
    "customer", "user", "client", "visitor", "caller", "buyer", "human", "客户", "用户", "顾客", "买家", "访客",
}  # fmt: skip
_NOBODY = {"system", "tool", "note", "系统"}
# A greeting or a word of thanks has fewer.
_LEAST_WORDS = 2
# "One moment, I am looking" has fewer.
_LEAST_ANSWER = 5
_QUESTION = re.compile("[?？]")
# What one customer alone names.
_PRIVATE = (SlotKind.ORDER, SlotKind.CARD)


@dataclass(frozen=True)
class Exchange:
    """What a customer asked and an agent replied, personal data masked.

    Attributes
    ----------
    question, reply : str
    named, general : bool
        Whether the question names an order, a card or personal data, and whether the reply names none of these: any
        customer could be given it.
    """

    question: str
    reply: str
    named: bool
    general: bool


def read_exchanges(path: Path, mapping: Mapping[str, str], encoding: str = "utf-8") -> list[Exchange]:
    """Read conversations from a table with a row a message, or from JSON lines with a list of messages a row.

    Parameters
    ----------
    path : Path
    mapping : mapping of ``conversation``, ``who``, ``text`` and ``time`` to the file's columns
        Known by their usual names where left out. Where every time can be read, messages are put in its order.
    encoding : str

    Returns
    -------
    list of Exchange
        Questions that can be understood alone and were answered: greetings are left out, and follow-ups.

    Raises
    ------
    InputError
        A column is missing, nobody is a customer, or no answered question is found.
    """
    frame = _columns(_unfolded(read_table(path, encoding)), mapping, path.name)
    frame["who"] = frame["who"].astype(str).str.strip().str.lower()
    if not frame["who"].isin(_CUSTOMERS).any():
        seen = ", ".join(sorted(set(frame["who"]))[:5])
        raise InputError(f"{path.name}, column 'who': got {seen}; expected 'customer' for what customers said")
    if "time" in frame and (times := parse_times(frame["time"])).notna().all():
        frame = frame.iloc[np.argsort(times.to_numpy(), kind="stable")]
    spoken = frame[~frame["who"].isin(_NOBODY)]
    found = [each for _, lines in spoken.groupby("conversation", sort=False) for each in _exchanges(lines)]
    if not found:
        raise InputError(f"{path.name} holds no question that was answered; choose other columns")
    return found


def _unfolded(frame: pd.DataFrame) -> pd.DataFrame:
    """Give each message a row, where a row is a conversation."""
    lists = [name for name in frame.columns if isinstance(frame[name].iloc[0], (list, np.ndarray))]
    if not lists:
        return frame
    said = [
        {**message, "conversation": at}
        for at, messages in enumerate(frame[lists[0]])
        for message in messages
        if isinstance(message, dict)
    ]
    return pd.DataFrame(said).fillna("") if said else frame


def _columns(frame: pd.DataFrame, mapping: Mapping[str, str], name: str) -> pd.DataFrame:
    if strange := set(mapping) - set(_COLUMNS):
        raise InputError(f"--map {sorted(strange)[0]}=: expected one of {', '.join(_COLUMNS)}")
    free = {str(column).strip().lower(): str(column) for column in frame.columns if column not in mapping.values()}
    usual = {ours: next((free[each] for each in theirs if each in free), "") for ours, theirs in _COLUMNS.items()}
    chosen = {ours: theirs for ours, theirs in {**usual, **mapping}.items() if theirs}
    for ours in ("conversation", "who", "text"):
        if ours not in chosen:
            given = ", ".join(map(str, frame.columns))
            raise InputError(
                f"{name} has no column {ours!r} of conversations; it has: {given}; "
                f"name the right one with --map {ours}=COLUMN"
            )
    return rename_columns(frame, chosen)


def _exchanges(lines: pd.DataFrame) -> Iterator[Exchange]:
    """Yield what a customer asked, and all that was replied until they asked again."""
    alone = True  # until something was asked, nothing can be a follow-up
    for asked, replied in _turns(lines):
        if len(search_words(asked)) < _LEAST_WORDS or len(asked) > MAX_MESSAGE_CHARACTERS:
            continue
        if _answers(replied) and (alone or read_move(asked).cue in (Cue.NEW, Cue.CORRECTION)):
            question, reply = mask_personal_data(asked), mask_personal_data(replied)
            named = question != asked or _private(asked)
            yield Exchange(question, reply, named, reply == replied and not _private(replied))
        alone = False


def _turns(lines: pd.DataFrame) -> Iterator[tuple[str, str]]:
    asked: list[str] = []
    replied: list[str] = []
    over = False
    for who, text in zip(lines["who"], lines["text"].astype(str), strict=True):
        said = " ".join(text.split())
        if who not in _CUSTOMERS:
            if asked and not over:
                replied.append(said)
        elif asked and _says_little(said):
            over = _answers(" ".join(replied))  # what is said to thanks is no part of an answer; "one moment" is none
        else:
            if replied:
                yield " ".join(asked), " ".join(replied)
                asked, replied, over = [], [], False
            asked.append(said)
    yield " ".join(asked), " ".join(replied)


def _says_little(said: str) -> bool:
    return len(search_words(said)) < _LEAST_WORDS or (thanks(said) and not _QUESTION.search(said))


def _answers(reply: str) -> bool:
    return len(search_words(reply)) >= _LEAST_ANSWER


def _private(text: str) -> bool:
    return any(slot.kind in _PRIVATE for slot in find_slots(text))
