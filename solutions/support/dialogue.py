"""What the assistant does with a message that has been read: rules, of which the first that applies decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from foundation.retrieval.index import Hit
from foundation.trust.scope import OUT_OF_SCOPE
from solutions.base import Decision
from solutions.support.cues import Cue, Move
from solutions.support.schema import Act, DialogueState

__all__ = ["ANGRY", "PERSON", "SMALL_TALK", "Limits", "Reading", "Verdict", "judge"]

PERSON, SMALL_TALK, ANGRY = "talk_to_person", "small_talk", "angry"
# A second answer that does not help, or a second message that is not understood, goes to a person; so does a third in a
# row that had to be asked about, for whatever reason.
_MOST_FAILURES, _MOST_ASKED = 2, 3


@dataclass(frozen=True)
class Limits:
    """From where on something is done.

    ``answer`` and ``angry`` come with the models, from the share of errors that a person accepts; the others were set
    by hand on dev messages.

    Attributes
    ----------
    answer : float
        Least probability of an intent with which it is acted on.
    close : float
        Two intents whose probabilities differ by less are asked about, unless one of them is being talked about.
    angry : float
        Least probability of anger with which a person is called.
    found : float
        Score of an article from which it answers although no intent is sure.
    person : float
        Least probability of the wish for a person: nobody should have to ask twice.
    """

    answer: float
    angry: float = 0.8
    close: float = 0.1
    found: float = 2.5
    person: float = 0.3


@dataclass(frozen=True)
class Reading:
    """What was recognised in a message.

    Attributes
    ----------
    move : Move
    intent, mood : Decision
    outside : bool
        Whether the message is about something else.
    hits : tuple of Hit
        Articles, the best first.
    readable : bool
        Whether there is a letter or digit in it.
    vague : tuple of str
        Topics that the one word of the message belongs to, where it has but one.
    scrap : bool
        Whether it is so short that it may be anything.
    strange : bool
        Whether the articles are about other things than the intents, which then decide nothing.
    """

    move: Move
    intent: Decision
    mood: Decision
    outside: bool
    hits: Sequence[Hit]
    readable: bool = True
    vague: tuple[str, ...] = ()
    scrap: bool = False
    strange: bool = False

    def ranked(self) -> list[tuple[str, float]]:
        """Return the intents in scope by probability, the likeliest first."""
        inside = [(label, share) for label, share in self.intent.probabilities.items() if label != OUT_OF_SCOPE]
        return sorted(inside, key=lambda pair: -pair[1])


@dataclass(frozen=True)
class Verdict:
    """What to do.

    Attributes
    ----------
    act : Act
    why : str
        Name of the rule.
    intent : str
        That is acted on.
    options : tuple of str
        Intents to ask about.
    """

    act: Act
    why: str
    intent: str = ""
    options: tuple[str, ...] = ()


def judge(reading: Reading, state: DialogueState, limits: Limits) -> Verdict:
    """Decide what to do with a message.

    Parameters
    ----------
    reading : Reading
    state : DialogueState
        Before the message.
    limits : Limits
    """
    case = Case(reading, state, limits)
    verdicts = (rule(case) for rule in RULES)
    verdict = next((verdict for verdict in verdicts if verdict), Verdict(Act.ASK, "unsure"))
    if verdict.act is Act.ASK and state.failures + 1 >= _MOST_ASKED:
        return Verdict(Act.HAND_OVER, "not_understood", case.first[0])
    return verdict


@dataclass(frozen=True)
class Case:
    """What the rules see."""

    reading: Reading
    state: DialogueState
    limits: Limits

    @property
    def first(self) -> tuple[str, float]:
        """The likeliest intent, and its probability."""
        return self.reading.ranked()[0]

    @property
    def second(self) -> tuple[str, float]:
        """The one behind it; of a desk of one intent, none."""
        return (*self.reading.ranked(), ("", 0.0))[1]

    @property
    def close(self) -> tuple[str, ...]:
        """The two likeliest intents, where one or the other is likely enough to be acted on; nothing where not."""
        (first, share), (second, other) = self.first, self.second
        likely = second and share + other >= self.limits.answer and self.answered_by(first)
        return (first, second) if likely and not self.reading.strange else ()

    def answered_by(self, intent: str) -> bool:
        """Tell whether the articles have something on an intent: about it, or near to what is asked."""
        hits = self.reading.hits
        return any(hit.document.topic == intent for hit in hits) or (bool(hits) and hits[0].score >= self.limits.found)

    @property
    def last_try(self) -> bool:
        """Whether one more turn that does not help is one too many."""
        return self.state.failures + 1 >= _MOST_FAILURES


def _waiting(case: Case) -> Verdict | None:
    return Verdict(Act.HAND_OVER, "waiting", case.first[0]) if case.state.handed_over else None


def _unreadable(case: Case) -> Verdict | None:
    return None if case.reading.readable else Verdict(Act.ASK, "unreadable")


def _chosen(case: Case) -> Verdict | None:
    if case.reading.move.cue is not Cue.CHOICE:
        return None
    chosen = case.state.options[case.reading.move.choice]
    return Verdict(Act.HAND_OVER, "wish", PERSON) if chosen == PERSON else Verdict(Act.ANSWER, "chosen", chosen)


def _back(case: Case) -> Verdict | None:
    if case.reading.move.cue is not Cue.BACK:
        return None
    former = case.state.before
    return Verdict(Act.ANSWER, "back", former.intent) if former else Verdict(Act.ASK, "nothing_before")


def _wish(case: Case) -> Verdict | None:
    intent, share = case.first
    wished = case.reading.move.cue is Cue.PERSON or (intent == PERSON and share >= case.limits.person)
    return Verdict(Act.HAND_OVER, "wish", PERSON) if wished else None


def _angry(case: Case) -> Verdict | None:
    if case.reading.mood.probabilities.get(ANGRY, 0.0) < case.limits.angry or case.first[0] == SMALL_TALK:
        return None
    return Verdict(Act.HAND_OVER, "angry", case.first[0])


def _not_helped(case: Case) -> Verdict | None:
    if case.reading.move.cue is not Cue.NOT_HELPED or not case.state.question:
        return None
    if case.last_try or all(hit.document.id in case.state.shown for hit in case.reading.hits):
        return Verdict(Act.HAND_OVER, "not_helped", case.state.intent)
    return Verdict(Act.ANSWER, "another", case.state.intent)


def _small_talk(case: Case) -> Verdict | None:
    intent, share = case.first
    return Verdict(Act.ANSWER, "small_talk", intent) if intent == SMALL_TALK and share >= case.limits.answer else None


def _vague(case: Case) -> Verdict | None:
    return Verdict(Act.ASK, "vague", options=case.reading.vague) if case.reading.vague else None


def _out_of_scope(case: Case) -> Verdict | None:
    # of a word or two nobody can say what they are about
    return Verdict(Act.REFUSE, "out_of_scope") if case.reading.outside and not case.reading.scrap else None


def _sure(case: Case) -> Verdict | None:
    (first, share), (_, other) = case.first, case.second
    sure = share >= case.limits.answer and share - other >= case.limits.close and not case.reading.strange
    return Verdict(Act.ANSWER, "sure", first) if sure and case.answered_by(first) and not case.reading.outside else None


def _found(case: Case) -> Verdict | None:
    hits = case.reading.hits
    found = bool(hits) and hits[0].score >= case.limits.found
    return Verdict(Act.ANSWER, "found", hits[0].document.topic or case.first[0]) if found else None


def _not_understood(case: Case) -> Verdict | None:
    return Verdict(Act.HAND_OVER, "not_understood", case.first[0]) if case.last_try else None


def _continued(case: Case) -> Verdict | None:
    """Of two that are close, take the one that the conversation is about already."""
    known = case.state.intent in case.close and not case.reading.outside
    return Verdict(Act.ANSWER, "continued", case.state.intent) if known else None


def _two_intents(case: Case) -> Verdict | None:
    return Verdict(Act.ASK, "two_intents", options=case.close) if case.close else None


RULES: tuple[Callable[[Case], Verdict | None], ...] = (
    _waiting,
    _unreadable,
    _chosen,
    _back,
    _wish,
    _angry,
    _not_helped,
    _small_talk,
    _vague,
    _out_of_scope,
    _sure,
    _continued,
    _found,
    _not_understood,
    _two_intents,
)
