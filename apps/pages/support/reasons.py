"""Why the assistant did what it did: beside the chat, for those who show it to a client."""

from html import escape

from apps.components import bar, percent, trust_strip
from apps.locale import Locale
from apps.pages.support.session import Answered
from solutions.support.pipeline import Support
from solutions.support.schema import Act

__all__ = ["reason_panel"]

_MARKS = {Act.ANSWER: "✓", Act.ASK: "?", Act.REFUSE: "⊘", Act.HAND_OVER: "☏"}
_SHOWN = 3


def reason_panel(turn: Answered, solution: Support, names: dict[str, dict[str, str]], words: Locale) -> str:
    """Return the panel.

    Parameters
    ----------
    turn : Answered
    solution : Support
    names : dict of task to dict of label to name
    words : Locale
    """
    response = turn.response
    ranked = sorted(response.intent.probabilities.items(), key=lambda pair: -pair[1])[:_SHOWN]
    threshold = solution.threshold("intent")
    bars = "".join(bar(names["intent"].get(label, label), label, share, threshold) for label, share in ranked)
    mood = words(
        "chat.mood",
        mood=names["mood"].get(response.mood.label, response.mood.label),
        share=percent(response.mood.confidence),
    )
    scope = words("chat.scope", share=percent(response.in_scope))
    margin = words("chat.margin", share=percent(ranked[0][1] - ranked[1][1]))
    slots = "".join(
        f"<li>{words(f'chat.slot_{slot.kind.value}')}: <b>{escape(slot.value)}</b></li>" for slot in response.slots
    )
    records = solution.records().values()
    models = [(record.id, [str(source["name"]) for source in record.sources]) for record in records]
    return f"""<section class="cl-answer"><p class="cl-kind">{words("chat.reason")}</p>
<h3><span class="cl-mark" aria-hidden="true">{_MARKS[response.act]}</span>{words(f"chat.act_{response.act.value}")}</h3>
<p class="cl-why">{words(f"chat.why_{response.why}")}</p>
<p class="cl-kind">{words("chat.intent")}</p><div class="cl-bars">{bars}</div>
<div class="cl-legend"><span>▏{words("trust.unsure_below", threshold=percent(threshold))}</span>
<span>{margin}</span></div>
<p class="cl-why">{mood} {scope}</p>{f'<ul class="cl-facts">{slots}</ul>' if slots else ""}
<p class="cl-kind">{words("chat.articles")}</p>{_articles(turn, words)}</section>
{trust_strip(words, models, turn.milliseconds)}"""


def _articles(turn: Answered, words: Locale) -> str:
    """List the best articles; what was said of each is marked in its text."""
    said = {sentence.text for sentence in turn.response.sentences}
    items = []
    for hit in turn.response.hits[:_SHOWN]:
        body = escape(hit.document.body)
        for text in said:
            body = body.replace(escape(text), f"<mark>{escape(text)}</mark>")
        figures = words("chat.hit", similarity=f"{hit.similarity:.2f}", score=f"{hit.score:.1f}")
        items.append(
            f"<details><summary>{escape(hit.document.title)} <small>{escape(hit.document.id)} · {figures}</small>"
            f"</summary><p>{body}</p></details>"
        )
    return "".join(items)
