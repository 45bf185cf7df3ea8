"""The page of a vertical that is learning: how far it is, or why it cannot; it gives way to the vertical's own."""

from functools import partial
from html import escape

import gradio as gr

from apps.components import AT_ONCE, error
from apps.learning import Learner, Step
from apps.locale import Locale

__all__ = ["build_waiting", "state"]

_LOOK_SECONDS = 1.0
_MINUTE = 60
# What listeners are told, and the text that says so on a page. Of anything else it is said that things are prepared.
_STEPS = {
    "encoding": "reading",
    "looking": "reading",
    "running the frozen layers": "reading",
    "training": "training",
    "choosing the regularisation": "training",
    "choosing the size of the trees": "training",
    "learning sequences": "order",
    "hiding events": "rehearsing",
}
_GO = """() => {
  const there = document.querySelector(".cl-there");
  if (there) location.replace(there.href + location.search);
}"""


def build_waiting(learner: Learner, words: Locale) -> None:
    """Show how far it is, and open the vertical's own page when that is there."""
    far = partial(_shown, learner, words)
    shown = gr.HTML(far(), elem_id="learning")
    gr.Timer(_LOOK_SECONDS).tick(far, None, shown, **AT_ONCE)
    shown.change(None, None, None, js=_GO)


def state(learner: Learner, words: Locale) -> str:
    """Say in a sentence what it is at."""
    title = words.pick(learner.spec.title)
    if learner.problem:
        return words("learning.failed", title=title)
    return words("learning.ready" if learner.ready else "learning.lead", title=title)


def _shown(learner: Learner, words: Locale) -> str:
    said = f"<h1>{escape(words.pick(learner.spec.title))}</h1><p>{escape(state(learner, words))}</p>"
    if learner.problem:
        return f'<main class="cl-learning">{said}{error(words, learner.problem)}</main>'
    if learner.ready:
        address = f"/{words.language.value}/{learner.spec.name}"
        there = f'<a class="cl-open cl-there" href="{address}">{words("hub.open")}</a>'
        return f'<main class="cl-learning">{said}{there}</main>'
    return f'<main class="cl-learning">{said}{_bar(learner.step, words)}</main>'


def _bar(step: Step | None, words: Locale) -> str:
    if step is None:
        begins = words("learning.begins")
        return f'<progress aria-label="{begins}"></progress><p>{begins}</p>'
    what = words(f"learning.{_STEPS.get(step.what, 'preparing')}")
    far = f' value="{step.done}" max="{step.total}"' if step.total else ""
    minutes, seconds = divmod(round(step.left or 0), _MINUTE)
    left = words("learning.left", left=f"{minutes}:{seconds:02}") if step.left else ""
    return f'<progress{far} aria-label="{what}"></progress><p>{words.sentences(what, left)}</p>'
