"""Small words by which a customer steers a conversation: what about, no I meant, back, that did not help, the first.

They are rules: a dialogue of two turns gives a model nothing to learn from, and each of them can be tested.
"""

import re
from dataclasses import dataclass
from enum import Enum

__all__ = ["Cue", "Move", "read_move", "thanks"]


class Cue(str, Enum):
    """What a message does to the conversation."""

    NEW = "new"
    FOLLOW_UP = "follow_up"
    CORRECTION = "correction"
    BACK = "back"
    NOT_HELPED = "not_helped"
    CHOICE = "choice"
    PERSON = "person"


@dataclass(frozen=True)
class Move:
    """A message, read for what it does.

    Attributes
    ----------
    cue : Cue
    text : str
        What is left to be answered: without "no, I meant" for example.
    choice : int
        Which of the options was taken, from 0; of ``Cue.CHOICE`` alone.
    """

    cue: Cue
    text: str
    choice: int = 0


_BACK = re.compile(
    r"\W*(?:(?:ok|okay|please|pls|can you|could you)\W+)*(?:go )?back"
    r"(?: (?:to )?(?:the )?(?:previous|last|one|that|before).*)?\W*"
    r"|\W*(?:the )?previous (?:one|answer|question)\W*"
    r"|\W*(?:返回|回到|回)(?:上一个|上一条|前面|刚才|之前).*|\W*返回\W*",
    re.I,
)
# Nobody should have to be understood by a model to get past it; not of "I talked to an agent yesterday".
_PERSON = re.compile(
    r"\b(?:talk|speak|chat)(?:ing)? (?:to|with) (?:an?|any|the|one of your|some|your)? ?"
    r"(?:(?:real|live|actual|human) )*"
    r"(?:human|person|people|agents?|someone|somebody|operator|representative|rep|staff)\b"
    r"|\b(?:want|need|get(?: me)?|give me|connect me (?:to|with)|transfer me to|put me through to) (?:an?|the|some)? ?"
    r"(?:(?:real|live|actual|human) )*(?:human|person|agent|operator|representative)\b"
    r"|^\W*(?:(?:a|an|real|live|human|please|pls) )*(?:human|person|agent|operator|representative)"
    r"(?: (?:being|please|pls|now))*\W*$"
    r"|转(?:接)?(?:到)?(?:人工|真人|客服)|^\W*(?:请|我要|我想要?|要|叫|接)?(?:人工|真人)(?:客服|服务|坐席)?\W*$"
    r"|(?:想|(?<!需)要)(?:找|跟|和|与)(?:一?个|位)?(?:真人|人工|活人|你们的?人|客服(?:人员)?)(?:说|聊|谈|讲|沟通)?",
    re.I,
)
_NO_PERSON = re.compile(
    r"(?:\b(?:do|did|need|would)(?:n'?t| not)|\brather not|\bnever)(?: \w+){0,3} ?$|(?:不|别|不用|不必)要?$", re.I
)
_NOT_HELPED = re.compile(
    r"\b(?:that|this|it)(?: one| answer)? (?:did ?n[o']?t|does ?n[o']?t|has ?n[o']?t) (?:help|work|answer)"
    r"|\bnot (?:what i (?:asked|wanted)|helpful|my question)"
    r"|\bstill (?:not|no|doesn'?t|didn'?t) (?:work|help|solved)"
    # "not used yet" is said with the same word as "of no use"
    r"|(?<!还)没(?:有)?用(?![过完到掉上户])|没(?:有)?(?:帮助|帮到|帮上|解决)|不管用|答非所问|不是我(?:要|想)问的|还是不行|看不懂",
    re.I,
)
_CORRECTION = re.compile(
    r"\W*(?:no|nope|sorry|wait|actually)?[,.! ]*(?:i|what i) (?:mean|meant)(?: to (?:say|ask))?(?: is| was)?[,: ]+"
    r"|\W*(?:no|nope)[,.!]+ (?:it'?s |about )?|\W*(?:actually|sorry)[,:] "
    r"|\W*(?:不是|不对|错了|说错了)?[，,。！! ]*(?:我是说|我的意思是|我是想问|我想问的是|应该是)[，,：: ]*",
    re.I,
)
_FOLLOW_UP = re.compile(
    r"\W*(?:(?:ok|okay|so|well)\W+)?(?:and|also|what about|how about|what if|even if|but|then|instead)\b.*"
    r"|.*\b(?:it|its|them|they|those|these|that one|this one|either|neither)\b.*"
    r"|\W*(?:那|要是|如果|万一).*|.*(?:它|这个|那个|这张|那张|这单|那单).*|.{1,10}呢\W*",
    re.I | re.S,
)
_CHOICES = (
    re.compile(r"\W*(?:1|a|one|(?:the )?(?:first|former)(?: one)?|第?一个?|前者|前面那个)\W*", re.I),
    re.compile(r"\W*(?:2|b|two|(?:the )?(?:second|latter)(?: one)?|第?二个?|后者|后面那个)\W*", re.I),
    re.compile(r"\W*(?:3|c|three|(?:the )?(?:third|last)(?: one)?|第?三个?)\W*", re.I),
)
_THANKS = re.compile(r"\b(?:thanks?|thx|cheers|ta|bye|goodbye|good night)\b|谢|再见|拜拜|辛苦", re.I)
# A question that stands on its own is longer than this, whatever it begins with.
_MOST_FOLLOW_UP = 80


def read_move(text: str, options: int = 0) -> Move:
    """Say what a message does.

    Parameters
    ----------
    text : str
    options : int
        How many things the customer was asked to choose from.

    Examples
    --------
    >>> read_move("what about abroad?").cue
    <Cue.FOLLOW_UP: 'follow_up'>
    >>> read_move("no, I meant the invoice")
    Move(cue=<Cue.CORRECTION: 'correction'>, text='the invoice', choice=0)
    >>> read_move("第二个", options=2).choice
    1
    >>> [read_move(text).cue.value for text in ("let me talk to a human", "不要转人工")]
    ['person', 'new']
    """
    stripped = text.strip().replace("’", "'")
    for at, pattern in enumerate(_CHOICES[:options]):
        if pattern.fullmatch(stripped):
            return Move(Cue.CHOICE, stripped, at)
    says = {
        Cue.BACK: bool(_BACK.fullmatch(stripped)),
        Cue.PERSON: _asks_for_a_person(stripped),
        Cue.NOT_HELPED: bool(_NOT_HELPED.search(stripped)),
    }
    if cue := next((cue for cue, said in says.items() if said), None):
        return Move(cue, stripped)
    corrected = _CORRECTION.match(stripped)
    if corrected and corrected[0].strip() and stripped[corrected.end() :].strip():
        return Move(Cue.CORRECTION, stripped[corrected.end() :].strip())
    if len(stripped) <= _MOST_FOLLOW_UP and _FOLLOW_UP.fullmatch(stripped):
        return Move(Cue.FOLLOW_UP, stripped)
    return Move(Cue.NEW, stripped)


def _asks_for_a_person(text: str) -> bool:
    asked = _PERSON.search(text)
    return asked is not None and not _NO_PERSON.search(text[: asked.start()])


def thanks(text: str) -> bool:
    """Tell whether a message thanks or takes leave."""
    return bool(_THANKS.search(text))
