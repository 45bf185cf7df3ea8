"""Pieces that every page shares. Of HTML, all that comes from outside is escaped here."""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, ParamSpec, TypeVar

from apps.locale import Locale
from apps.theme import ACCENT, ATTENTION, TONE_COLOURS, TONE_MARKS, logo
from foundation.errors import ColonnadeError
from foundation.trust.explanation import WordWeight
from solutions.base import Decision

__all__ = [
    "AT_ONCE",
    "QUIET",
    "bar",
    "decision_card",
    "empty",
    "error",
    "header",
    "lead",
    "percent",
    "shown_errors",
    "trust_strip",
    "worded",
]

logger = logging.getLogger(__name__)

# A word that moves the probability by less than a point is not shown as a reason.
_LEAST_WEIGHT = 0.01

#: How an event is wired that shows no progress, and is no part of the API.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
#: How one is wired that answers at once. It does not wait in the queue, whose stream of messages gradio (6.31) closes
#: when an event ends: one that comes within that blink of an eye, as those of two boxes do, was never answered. Without
#: the queue there are no generators, no progress and no ``gr.Info``.
AT_ONCE: dict[str, Any] = QUIET | {"queue": False}

P = ParamSpec("P")
T = TypeVar("T")


def percent(share: float) -> str:
    """Write a share for people; what is nearly certain is not called certain.

    Examples
    --------
    >>> percent(0.914), percent(0.998), percent(1.0)
    ('91%', '>99%', '100%')
    """
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def header(words: Locale, pages: Mapping[str, str], current: str) -> str:
    """Return the bar on top: name, verticals, language and colour switches.

    Parameters
    ----------
    pages : mapping of path below the language to title; ``""`` is the landing page
    current : str
        Path of the page that is shown.
    """
    here, other = words.language.value, words.language.other.value
    links = "".join(
        f'<a href="/{here}/{path}"{_current(path, current)}>{escape(title)}</a>' for path, title in pages.items()
    )
    switch = words("hub.switch_label")
    return f"""<a class="cl-skip" href="#content">{words("hub.skip")}</a><header class="cl-header">
<a class="cl-brand" href="/{here}/">{words.logo or logo()}{words("hub.title")}</a><nav class="cl-nav">{links}</nav>
<div class="cl-tools">
<a href="/{other}/{current}" lang="{other}" aria-label="{switch}">{words("hub.switch")}</a>
<button type="button" onclick="colonnadeMode()" aria-label="{words("hub.theme")}">◐</button>
</div></header><div id="content"></div>"""


def _current(path: str, current: str) -> str:
    return ' aria-current="page"' if path == current else ""


def lead(text: str) -> str:
    """Return a line that says what a tab is for."""
    return f'<p class="cl-lead">{escape(text)}</p>'


def empty(text: str) -> str:
    """Return the place where an answer will be."""
    return f'<div class="cl-empty">{escape(text)}</div>'


def error(words: Locale, text: str) -> str:
    """Return what went wrong and what to do, for people."""
    told = escape(words.explain(text))
    return f'<div class="cl-error" role="alert"><strong>⚠ {words("error.title")}</strong>{told}</div>'


def shown_errors(words: Locale, blank: Sequence[Any]) -> Callable[[Callable[P, T]], Callable[P, T | tuple[Any, ...]]]:
    """Turn an error of a handler into the panel that tells it, as the first output; the others become ``blank``."""

    def decorate(handler: Callable[P, T]) -> Callable[P, T | tuple[Any, ...]]:
        @functools.wraps(handler)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | tuple[Any, ...]:
            try:
                return handler(*args, **kwargs)
            except ColonnadeError as failure:
                return (error(words, str(failure)), *blank)
            # a page must not show a traceback, whatever fails below it; the log has it
            except Exception as failure:
                logger.exception("a handler failed")
                return (error(words, words("error.unexpected", kind=type(failure).__name__)), *blank)

        return guarded

    return decorate


def decision_card(
    words: Locale, title: str, decision: Decision, names: Mapping[str, str], threshold: float, details: str = ""
) -> str:
    """Return one decision: in words, then as bars with the mark below which the model is unsure.

    Parameters
    ----------
    names : mapping of label to its name in the page's language
    threshold : float
        Least confidence with which the model answers.
    details : str
        Safe HTML to put below the bars.
    """
    ranked = sorted(decision.probabilities.items(), key=lambda item: -item[1])
    mark, colour = TONE_MARKS.get(decision.label, ""), TONE_COLOURS.get(decision.label, ACCENT)
    if decision.abstained:
        (first, first_share), (second, second_share) = ranked[:2]
        shares = {"first_share": percent(first_share), "second_share": percent(second_share)}
        said = words("answer.unsure", first=names[first], second=names[second], **shares)
        mark, colour, why = "?", ATTENTION, f'<p class="cl-why">{words("answer.unsure_why")}</p>'
    else:
        said, why = words("answer.sure", label=names[decision.label], confidence=percent(decision.confidence)), ""
    icon = f'<span class="cl-mark" aria-hidden="true" style="color:{colour}">{mark}</span>' if mark else ""
    bars = "".join(bar(names[label], label, share, threshold) for label, share in ranked[:3])
    legend = escape(words("trust.unsure_below", threshold=percent(threshold)))
    return f"""<section class="cl-answer"><p class="cl-kind">{escape(title)}</p>
<h3>{icon}{escape(said)}</h3>
{why}<div class="cl-bars">{bars}</div><div class="cl-legend"><span>▏{legend}</span></div>{details}</section>"""


def bar(name: str, label: str, share: float, threshold: float) -> str:
    """Return a row of bars: a name, its share as a bar with the mark of the threshold, and in numbers."""
    colour = TONE_COLOURS.get(label, ACCENT)
    limit = f'<span class="cl-limit" style="left:{threshold:.1%}"></span>' if threshold <= 1 else ""
    return (
        f'<span>{escape(name)}</span><span class="cl-track"><span class="cl-fill" '
        f'style="width:{share:.1%};background:{colour}"></span>{limit}</span>'
        f'<span class="cl-number">{percent(share)}</span>'
    )


def worded(words: Locale, text: str, weights: Sequence[WordWeight], label: str, shown: int = 1200) -> str:
    """Return the text with the words that moved the answer underlined: solid towards the label, dotted away from it."""
    strongest = max((abs(weight.weight) for weight in weights), default=0.0)
    if strongest < _LEAST_WEIGHT:
        return f'<p class="cl-why">{words("trust.no_reasons")}</p>'
    parts, at = [], 0
    for weight in weights:
        if abs(weight.weight) < max(_LEAST_WEIGHT, strongest / 5):
            continue
        parts.append(escape(text[at : weight.start]))
        kind = "cl-for" if weight.weight > 0 else "cl-against"
        tint = 0.10 + 0.35 * abs(weight.weight) / strongest
        points = f"{weight.weight:+.0%}"
        parts.append(
            f'<mark class="{kind}" style="background:rgba(0,114,178,{tint:.2f})" title="{points}">'
            f"{escape(weight.word)}</mark>"
        )
        at = weight.start + len(weight.word)
    rest = text[at : max(at, shown)]
    parts.append(escape(rest) + ("…" if len(text) > at + len(rest) else ""))
    towards, away = words("trust.towards", label=label), words("trust.away", label=label)
    return (
        f'<p class="cl-kind">{words("trust.reasons")}</p><p class="cl-words">{"".join(parts)}</p>'
        f'<div class="cl-legend"><span><u>{escape(towards)}</u></span>'
        f'<span style="border-bottom:2px dotted">{escape(away)}</span></div>'
    )


def trust_strip(words: Locale, models: Sequence[tuple[str, Sequence[str]]], milliseconds: float) -> str:
    """Return the line under an answer: which models, trained on what, how fast.

    Parameters
    ----------
    models : sequence of (bundle id, names of the data sets that it was trained on)
    """
    said = [f"{words('trust.model')}: {escape(model)}" for model, _ in models]
    data = ", ".join(dict.fromkeys(escape(name) for _, names in models for name in names))
    parts = [*said, f"{words('trust.data')}: {data}", words("trust.latency", milliseconds=f"{milliseconds:,.0f}")]
    return f'<div class="cl-strip">{"".join(f"<span>{part}</span>" for part in parts)}</div>'
