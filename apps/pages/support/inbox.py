"""The desk behind the chat: who waits for a person, which articles are missing, what should be labelled next."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from apps.components import AT_ONCE, empty, lead, shown_errors
from apps.locale import Locale
from apps.pages.support.session import desk
from apps.tabs import label_names
from solutions.support.desk import Reply, Turn, Waiting
from solutions.support.gaps import find_gaps
from solutions.support.pipeline import Support

__all__ = ["inbox_tab"]

_GAPS, _QUESTIONS = 8, 3


def inbox_tab(solution: Support, words: Locale, tab: gr.Tab) -> None:
    """Draw the tab; it looks at the desk when it is opened."""
    names = label_names(solution, words)["intent"]
    gr.HTML(lead(words("inbox.lead")))
    with gr.Row():
        with gr.Column(scale=6, min_width=320):
            summary = gr.HTML(empty(words("inbox.empty")), elem_id="inbox-summary")
            chosen = gr.Dropdown([], label=words("inbox.choose"), visible=False, elem_id="inbox-choose")
            transcript = gr.HTML(elem_id="inbox-transcript")
            reply = gr.Textbox(label=words("inbox.reply"), lines=2, visible=False, elem_id="inbox-reply")
            send = gr.Button(words("inbox.send"), variant="primary", visible=False)
        with gr.Column(scale=5, min_width=320):
            gaps = gr.HTML(empty(words("inbox.no_gaps")), elem_id="inbox-gaps")
            queue = gr.HTML()
            with gr.Column(visible=False) as labelling:
                message = gr.Dropdown([], label=words("inbox.message"), elem_id="label-message")
                with gr.Row():
                    intent = gr.Dropdown(
                        [(name, label) for label, name in names.items()],
                        label=words("chat.intent"),
                        elem_id="label-intent",
                    )
                    who = gr.Textbox(label=words("inbox.who"), elem_id="label-who")
                keep = gr.Button(words("inbox.keep"))
    look = gr.Button(words("live.refresh"), size="sm")
    outputs = [summary, chosen, transcript, reply, send, gaps, queue, labelling, message]
    blank = [gr.skip() for _ in outputs[1:]]

    @shown_errors(words, blank)
    def refresh(at: str | None) -> tuple[Any, ...]:
        waiting = desk().waiting()
        there = bool(waiting)
        choices = [(_title(each, words), each.conversation) for each in waiting]
        # who is being replied to stays, and with another the reply begins anew
        stays = at in [conversation for _, conversation in choices]
        first = at if stays else waiting[0].conversation if there else None
        missing = [turn.said for turn in desk().unanswered()]
        next_ones = desk().to_label()
        messages = [(turn.said[:60], turn.id) for turn in next_ones]
        return (
            f'<p class="cl-summary">{words("inbox.waiting", count=len(waiting))}</p>'
            if there
            else empty(words("inbox.empty")),
            gr.Dropdown(choices, value=first, visible=there),
            show(first) if first else "",
            gr.Textbox(visible=there) if stays else gr.Textbox("", visible=there),
            gr.Button(visible=there),
            _gaps(missing, solution, words),
            _queue(next_ones, names, words),
            gr.update(visible=bool(messages)),
            gr.Dropdown(messages, value=messages[0][1] if messages else None),
        )

    def show(conversation: str) -> str:
        return _conversation(desk().transcript(conversation), desk().replies(conversation), words)

    @shown_errors(words, blank)
    def send_reply(conversation: str, text: str) -> tuple[Any, ...]:
        desk().reply(conversation, words("live.somebody"), text or "")
        return refresh(None)

    @shown_errors(words, blank)
    def label(at: str | None, number: int | None, right: str | None, reviewer: str) -> tuple[Any, ...]:
        desk().label(number or 0, right or "", reviewer or "")
        return refresh(at)

    keep.click(label, [chosen, message, intent, who], outputs, **AT_ONCE)
    gr.on([tab.select, look.click], refresh, [chosen], outputs, **AT_ONCE)
    chosen.input(show, [chosen], [transcript], **AT_ONCE)
    chosen.input(None, None, [reply], js="() => ''")  # in the browser: a late answer must not wipe what is being typed
    send.click(send_reply, [chosen, reply], outputs, **AT_ONCE)


def _title(waiting: Waiting, words: Locale) -> str:
    said = waiting.turns[-1].said
    return f"{waiting.since:%H:%M} · {words(f'chat.why_{waiting.why}')} · {said[:40]}"


def _conversation(turns: Sequence[Turn], replies: Sequence[Reply], words: Locale) -> str:
    lines = ""
    for turn in turns:
        lines += (
            f"<p><b>{words('inbox.customer')}</b> {escape(turn.said)}</p>"
            f"<p class='cl-why'>{escape(turn.answered)} <small>({words(f'chat.act_{turn.act.value}')})</small></p>"
        )
        own = [reply.text for reply in replies if reply.turn == turn.id]
        lines += "".join(f"<p>{words('chat.person', reply=escape(text))}</p>" for text in own)
    return f'<section class="cl-answer">{lines}</section>'


def _gaps(questions: list[str], solution: Support, words: Locale) -> str:
    """Propose the articles that are missing."""
    if not questions:
        return empty(words("inbox.no_gaps"))
    found = find_gaps(questions, solution.knowledge.encoder, solution.knowledge.centre)[:_GAPS]
    rows = "".join(
        f"<tr><td>{gap.count}</td><td>{escape(gap.title)}<br><small>"
        f"{escape(' · '.join(gap.questions[1 : 1 + _QUESTIONS]))}</small></td></tr>"
        for gap in found
    )
    return (
        f'<p class="cl-summary">{words("inbox.gaps", count=len(questions))}</p><table class="cl-worst"><thead><tr>'
        f"<th>{words('inbox.times')}</th><th>{words('inbox.proposed')}</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _queue(turns: list[Turn], names: Any, words: Locale) -> str:
    """List what a label would teach most."""
    if not turns:
        return ""
    rows = "".join(
        f"<tr><td>{escape(names.get(turn.intent, turn.intent))}</td><td>{escape(turn.said)}</td></tr>"
        for turn in turns[:_GAPS]
    )
    return (
        f'<p class="cl-summary">{words("inbox.queue")}</p><table class="cl-worst"><thead><tr>'
        f"<th>{words('chat.intent')}</th><th>{words('chat.message')}</th></tr></thead><tbody>{rows}</tbody></table>"
    )
