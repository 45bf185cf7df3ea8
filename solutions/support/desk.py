"""What the service desk keeps: every turn, what people said of it, and the conversations that wait for a person.

Personal data is masked before anything is written. What could not be answered is the most valuable of it: see
``solutions/support/gaps.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import sqlalchemy as sql

from foundation.errors import InputError
from foundation.store import Store, log_table, now
from foundation.trust.personal import mask_personal_data
from solutions.support.cues import Cue, read_move
from solutions.support.schema import Act, SupportResponse

__all__ = ["Desk", "Rating", "Reply", "Turn", "Waiting"]

# Why a turn was answered as it was, where the answer to the one before was no help.
_NOT_HELPED = ("another", "not_helped")
# The same, where what was said is no message with an intent.
_NO_MESSAGE = ("waiting", "unreadable", "back", "nothing_before", "chosen", *_NOT_HELPED)
_REPLIED = "somebody has replied to this customer already; look again"
METADATA = sql.MetaData()
turns = log_table(
    "turns",
    METADATA,
    sql.Column("conversation", sql.String(36), nullable=False, index=True),
    sql.Column("said", sql.Text, nullable=False),
    sql.Column("answered", sql.Text, nullable=False),
    sql.Column("act", sql.String(16), nullable=False),
    sql.Column("why", sql.String(32), nullable=False),
    sql.Column("intent", sql.String(64), nullable=False),
    sql.Column("confidence", sql.Float, nullable=False),
    sql.Column("margin", sql.Float, nullable=False),
    sql.Column("article", sql.String(255), nullable=False),
    sql.Column("rating", sql.String(16), nullable=False, server_default=""),
    sql.Column("remark", sql.Text, nullable=False, server_default=""),
)
replies = log_table(
    "replies",
    METADATA,
    sql.Column("conversation", sql.String(36), nullable=False, index=True),
    sql.Column("turn", sql.Integer, nullable=False),  # the newest when it was written: later ones are not replied to
    sql.Column("who", sql.String(64), nullable=False),
    sql.Column("reply", sql.Text, nullable=False),
)
labels = log_table(
    "labels",
    METADATA,
    sql.Column("who", sql.String(64), nullable=False),
    sql.Column("said", sql.Text, nullable=False),
    sql.Column("intent", sql.String(64), nullable=False),
)


class Rating(str, Enum):
    """What a customer said of an answer."""

    HELPED = "helped"
    WRONG = "wrong"
    UNCLEAR = "unclear"
    NONE = ""


@dataclass(frozen=True)
class Turn:
    """A message and what was done with it, as it is kept."""

    id: int
    conversation: str
    at: datetime
    said: str
    answered: str
    act: Act
    why: str
    intent: str
    confidence: float
    margin: float
    article: str
    rating: Rating
    remark: str


@dataclass(frozen=True)
class Reply:
    """What a person wrote, and the newest turn of the conversation at that time."""

    id: int
    turn: int
    text: str


@dataclass(frozen=True)
class Waiting:
    """A conversation that waits for a person.

    Attributes
    ----------
    conversation : str
    since : datetime
        UTC, when it was handed over.
    why : str
        Name of the rule that did it.
    turns : tuple of Turn
        What the customer said and was answered, in order; what people replied is in ``Desk.replies``.
    """

    conversation: str
    since: datetime
    why: str
    turns: tuple[Turn, ...]


class Desk(Store):
    """The desk's database.

    Examples
    --------
    >>> Desk("sqlite://").waiting()
    []
    """

    metadata = METADATA

    def record(self, conversation: str, said: str, response: SupportResponse) -> int:
        """Keep a turn, masked, and return its number."""
        shares = sorted(response.intent.probabilities.values(), reverse=True)
        row = {
            "conversation": conversation,
            "at": now(),
            "said": mask_personal_data(said),
            "answered": mask_personal_data(response.text),
            "act": response.act.value,
            "why": response.why,
            "intent": response.acted_on[:64],
            "confidence": response.intent.confidence,
            "margin": shares[0] - shares[1] if len(shares) > 1 else 1.0,
            "article": response.hits[0].document.id[:255] if response.hits else "",
        }
        with self.begin() as run:
            number: int = run.execute(sql.insert(turns).values(row).returning(turns.c.id)).scalar_one()
        return number

    def rate(self, number: int, rating: Rating, remark: str = "") -> None:
        """Keep what a customer said of an answer; the last word counts.

        Raises
        ------
        InputError
            There is no such turn.
        """
        values = {"rating": rating.value, "remark": mask_personal_data(remark)}
        with self.begin() as run:
            if not run.execute(sql.update(turns).where(turns.c.id == number).values(values)).rowcount:
                raise InputError(f"there is no turn {number} to rate")

    def waiting(self) -> list[Waiting]:
        """Return the conversations that were handed over and not replied to since, the longest waiting first."""
        replied = sql.select(replies.c.conversation, sql.func.max(replies.c.turn).label("turn"))
        replied_to = replied.group_by(replies.c.conversation).subquery()
        since = sql.func.coalesce(replied_to.c.turn, 0)
        joined = turns.outerjoin(replied_to, turns.c.conversation == replied_to.c.conversation)
        handed = sql.select(turns.c.conversation, sql.func.min(turns.c.id).label("first")).select_from(joined)
        handed = handed.where(turns.c.act == Act.HAND_OVER.value, turns.c.id > since).group_by(turns.c.conversation)
        with self.begin() as run:
            first = {row.conversation: row.first for row in run.execute(handed)}
            rows = run.execute(sql.select(turns).where(turns.c.conversation.in_(first)).order_by(turns.c.id)).mappings()
            kept = [_turn(row) for row in rows]
        found = []
        for conversation, number in first.items():
            own = tuple(turn for turn in kept if turn.conversation == conversation)
            handing = next(turn for turn in own if turn.id == number)
            found.append(Waiting(conversation, handing.at, handing.why, own))
        return sorted(found, key=lambda waiting: waiting.since)

    def reply(self, conversation: str, who: str, text: str) -> None:
        """Keep a person's reply, which takes the conversation from the inbox until it is handed over again.

        Raises
        ------
        InputError
            The reply is empty or holds personal data, or the conversation does not wait: somebody else may have
            replied.
        """
        if not text.strip():
            raise InputError("the reply is empty; write what the customer is to read")
        if (masked := mask_personal_data(text)) != text:
            raise InputError(f"personal data is not kept, the customer would read {masked!r}; say it in another way")
        waiting = {each.conversation: each for each in self.waiting()}
        if conversation not in waiting:
            raise InputError(_REPLIED)
        newest = waiting[conversation].turns[-1].id
        row = {"conversation": conversation, "turn": newest, "at": now(), "who": who, "reply": text}
        there = sql.select(replies.c.id).where(replies.c.conversation == conversation, replies.c.turn >= newest)
        chosen = sql.select(*(sql.literal(value).label(name) for name, value in row.items())).where(~there.exists())
        with self.begin() as run:
            # one statement: of two people who reply at once the second finds the first one's
            kept = run.execute(sql.insert(replies).from_select(list(row), chosen).returning(replies.c.id))
            if kept.scalar_one_or_none() is None:
                raise InputError(_REPLIED)

    def replies(self, conversation: str, after: int = 0) -> list[Reply]:
        """Return what people replied in a conversation, in order; of these the ones after number ``after``."""
        wanted = sql.select(replies.c.id, replies.c.turn, replies.c.reply).order_by(replies.c.id)
        with self.begin() as run:
            found = run.execute(wanted.where(replies.c.conversation == conversation, replies.c.id > after))
            return [Reply(*row) for row in found]

    def unanswered(self, count: int = 500) -> list[Turn]:
        """Return the latest questions that found no answer, or one that did not help, the latest first."""
        later = turns.alias()
        following = sql.select(later.c.why).where(later.c.conversation == turns.c.conversation, later.c.id > turns.c.id)
        failed = turns.c.act.in_([Act.ASK.value, Act.REFUSE.value]) | turns.c.rating.in_(
            [Rating.WRONG.value, Rating.UNCLEAR.value]
        )
        failed |= turns.c.why == "not_understood"
        next_why = sql.func.coalesce(following.order_by(later.c.id).limit(1).scalar_subquery(), "")
        # what was asked about and then chosen has its answer
        failed = (failed & (next_why != "chosen")) | next_why.in_(_NOT_HELPED)
        asked = turns.c.why.not_in(_NO_MESSAGE)
        return self._turns(sql.select(turns).where(failed, asked).order_by(turns.c.id.desc()).limit(count))

    def helped(self) -> list[dict[str, object]]:
        """Return messages whose answer helped, as the customer said, with the intent that it answered.

        What a reviewer labelled is not among them, which counts before, nor what an article alone answered, of which no
        intent is known, nor what says nothing without the message before it ("and abroad?").
        """
        answered = (turns.c.rating == Rating.HELPED.value) & (turns.c.act == Act.ANSWER.value)
        answered &= turns.c.why != "found"
        open_ones = turns.c.why.not_in(_NO_MESSAGE) & turns.c.said.not_in(sql.select(labels.c.said))
        latest = sql.select(sql.func.max(turns.c.id)).where(answered, open_ones).group_by(turns.c.said)
        kept = self._standing_alone(sql.select(turns).where(turns.c.id.in_(latest)).order_by(turns.c.id))
        return [{"at": turn.at, "said": turn.said, "intent": turn.intent, "who": "customer"} for turn in kept]

    def to_label(self, count: int = 20) -> list[Turn]:
        """Return the turns whose labels would teach most: those in which two intents were nearest to each other.

        References
        ----------
        Scheffer et al. (2001), "Active hidden Markov models for information extraction": sampling by the margin.
        """
        new = turns.c.why.not_in(_NO_MESSAGE)
        open_ones = turns.c.said.not_in(sql.select(labels.c.said))
        once = sql.select(sql.func.max(turns.c.id)).where(new, open_ones).group_by(turns.c.said)
        wanted = sql.select(turns).where(turns.c.id.in_(once)).order_by(turns.c.margin, turns.c.id)
        return self._standing_alone(wanted)[:count]

    def label(self, number: int, intent: str, who: str) -> None:
        """Keep what a reviewer says that a turn's message wants.

        Raises
        ------
        InputError
            There is no such turn, or the reviewer or the intent is not named.
        """
        if not who.strip() or not intent:
            raise InputError("a label needs an intent and who gave it; fill in both")
        with self.begin() as run:
            said = run.execute(sql.select(turns.c.said).where(turns.c.id == number)).scalar_one_or_none()
            if said is None:
                raise InputError(f"there is no turn {number}; look at the inbox again")
            row = {"at": now(), "who": mask_personal_data(who.strip())[:64], "said": said, "intent": intent}
            run.execute(sql.insert(labels).values(row))

    def labelled(self) -> list[dict[str, object]]:
        """Return what was labelled, each message once with its latest label: rows to learn from."""
        latest = sql.select(sql.func.max(labels.c.id)).group_by(labels.c.said)
        wanted = sql.select(labels).where(labels.c.id.in_(latest)).order_by(labels.c.id)
        with self.begin() as run:
            return [dict(row._mapping) for row in run.execute(wanted)]

    def withdraw(self, conversation: str, numbers: Sequence[int]) -> None:
        """Forget turns that their customer has taken again."""
        with self.begin() as run:
            run.execute(sql.delete(turns).where(turns.c.conversation == conversation, turns.c.id.in_(numbers)))

    def transcript(self, conversation: str) -> list[Turn]:
        """Return a conversation in order."""
        wanted = sql.select(turns).where(turns.c.conversation == conversation).order_by(turns.c.id)
        return self._turns(wanted)

    def _standing_alone(self, wanted: "sql.Select[tuple[object, ...]]") -> list[Turn]:
        """Leave out follow-ups, which say nothing without the message before them."""
        with self.begin() as run:
            first = set(run.execute(sql.select(sql.func.min(turns.c.id)).group_by(turns.c.conversation)).scalars())
        found = self._turns(wanted)
        return [turn for turn in found if turn.id in first or read_move(turn.said).cue is not Cue.FOLLOW_UP]

    def _turns(self, wanted: "sql.Select[tuple[object, ...]]") -> list[Turn]:
        with self.begin() as run:
            return [_turn(row) for row in run.execute(wanted).mappings()]


def _turn(row: sql.RowMapping) -> Turn:
    return Turn(**{**row, "act": Act(row["act"]), "rating": Rating(row["rating"])})
