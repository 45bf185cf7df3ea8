"""A large language model may put an answer into smoother words; what it adds of its own is thrown away.

Any server with the OpenAI chat interface will do (llama.cpp, vLLM, Ollama, a vendor's). It is asked to rewrite, never
to answer; each sentence that comes back must be covered by one that it was given, or all of it is dropped.
"""

import logging
import re
from collections.abc import Sequence

import httpx

from foundation.errors import OfflineError
from foundation.retrieval.lexical import search_words
from foundation.settings import settings
from foundation.text.sentences import split_sentences
from foundation.trust.personal import mask_personal_data
from solutions.support.schema import Language, Sentence

__all__ = ["Rewriter", "supported"]

logger = logging.getLogger(__name__)

_SECONDS = 20.0
_HERE = ("localhost", "127.0.0.1", "::1")
# Of a sentence's words, the share that its source must have; the rest are the small change of other wording.
_COVERED = 0.7
_SPELLED = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "twenty": "20", "thirty": "30", "sixty": "60", "ninety": "90",
    "二": "2", "两": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "十": "10",
}  # fmt: skip
# Chinese numerals are parts of words too (三维): they count before what is counted.
_FIGURES = re.compile(
    r"\d+(?:[.,]\d+)*|\b(?:" + "|".join(word for word in _SPELLED if word.isascii()) + r")\b"
    r"|[二两三四五六七八九十](?=[到至、个天日月年周次张笔件元小分工种倍])",
    re.I,
)
_NEGATIONS = re.compile(
    r"\b(?:not|no|never|cannot|without|neither|nor|none)\b|n['’]t\b|不|没|无|勿|禁|未|非(?!常)", re.I
)
_CONDITIONS = re.compile(
    r"\b(?:if|unless|only|until|except|before|after)\b|如果|若|除非|只|仅|之前|之后|超过|至少|最多", re.I
)
_LINKS = re.compile(r"https?://|www\.|@", re.I)
_ASKED = {
    Language.EN: "Rewrite the answer below as one short, friendly reply to the customer. Keep every figure, name and "
    "menu path. Add nothing, leave out no condition. Reply with the rewritten answer alone.",
    Language.ZH: "把下面的回答改写成一段简短、友好的客服回复。保留所有数字、名称和菜单路径；"
    "不增加任何内容，不遗漏任何条件。只输出改写后的回答。",
}


class Rewriter:
    """A model behind an OpenAI-compatible address.

    Parameters
    ----------
    address : str
        Up to ``/v1``.
    model : str
    key : str
        Sent as a bearer token; empty where the server wants none.
    """

    def __init__(self, address: str, model: str, key: str = "") -> None:
        self.address = address.rstrip("/")
        self.model = model
        self.key = key

    @classmethod
    def configured(cls) -> "Rewriter | None":
        """Return the one that the environment names (``COLONNADE_LLM``, ``_LLM_MODEL``, ``_LLM_KEY``), or none."""
        known = settings()
        if known.llm and known.offline and httpx.URL(known.llm).host not in _HERE:
            raise OfflineError(f"COLONNADE_OFFLINE=1 forbids the network, and COLONNADE_LLM is {known.llm}; unset one")
        return cls(known.llm, known.llm_model, known.llm_key.get_secret_value()) if known.llm else None

    def rewrite(self, question: str, sentences: Sequence[Sentence], language: Language) -> tuple[Sentence, ...]:
        """Return the answer in other words, each sentence with the source that covers it; as it was where that fails.

        Personal data in the question is masked before it is sent. A server that is slow, away or talks nonsense costs
        time and nothing else.
        """
        asked, answer = mask_personal_data(question), " ".join(sentence.text for sentence in sentences)
        prompt = f"{_ASKED[language]}\n\n<question>{asked}</question>\n<answer>{answer}</answer>"
        try:
            said = self._ask(prompt)
        except (httpx.HTTPError, KeyError, IndexError, TypeError, ValueError) as error:
            logger.warning("the language model at %s gave no answer: %s", self.address, error)
            return tuple(sentences)
        return supported(said, sentences) or tuple(sentences)

    def _ask(self, prompt: str) -> str:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        body = {"model": self.model, "temperature": 0, "messages": [{"role": "user", "content": prompt}]}
        reply = httpx.post(f"{self.address}/chat/completions", json=body, headers=headers, timeout=_SECONDS)
        content = reply.raise_for_status().json()["choices"][0]["message"]["content"]
        if not isinstance(content, str):
            raise TypeError(f"got {type(content).__name__}, expected text")
        return content.strip()


def supported(text: str, sources: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences of a text with the source that covers each; nothing, where one has none.

    A source covers a sentence that shares most of its words, has no link and no figure of its own, figures in the same
    order, in digits or in words, as many negations, and every condition. What a source says in figures, negations and
    conditions has to be told. It is no proof of the same meaning: it keeps out what was made up and what was dropped.

    Examples
    --------
    >>> source = Sentence("A refund to a card takes 3 to 5 working days.", "kb1#1")
    >>> supported("Your card refund takes 3 to 5 working days.", [source])
    (Sentence(text='Your card refund takes 3 to 5 working days.', source='kb1#1'),)
    >>> supported("Your card refund takes 5 working days.", [source])
    ()
    """
    covered = []
    told: list[list[str]] = [[] for _ in sources]
    for sentence in split_sentences(text):
        at = next((at for at, each in enumerate(sources) if _covers(each.text, sentence)), None)
        if at is None:
            return ()
        covered.append(Sentence(sentence, sources[at].source))
        told[at].append(sentence)
    whole = all(_told(each.text, sentences) for each, sentences in zip(sources, told, strict=True))
    return tuple(covered) if whole else ()


def _told(source: str, sentences: Sequence[str]) -> bool:
    """Tell whether the sentences that a source covers leave nothing out that binds."""
    binds = bool(_NEGATIONS.search(source) or _conditions(source))
    figures = {figure for sentence in sentences for figure in _figures(sentence)}
    return set(_figures(source)) <= figures and bool(sentences or not binds)


def _covers(source: str, sentence: str) -> bool:
    words, known = set(search_words(sentence)), set(search_words(source))
    if not words or len(words & known) < _COVERED * len(words) or _LINKS.search(sentence):
        return False
    left = iter(_figures(source))
    return (
        all(figure in left for figure in _figures(sentence))  # as a part of the source's, in the source's order
        and len(_NEGATIONS.findall(sentence)) == len(_NEGATIONS.findall(source))
        and _conditions(source) <= _conditions(sentence)
    )


def _figures(text: str) -> list[str]:
    return [_SPELLED.get(figure.lower(), figure) for figure in _FIGURES.findall(text)]


def _conditions(text: str) -> set[str]:
    return {condition.lower() for condition in _CONDITIONS.findall(text)}
