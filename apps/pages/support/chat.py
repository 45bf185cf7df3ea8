"""The chat as people know it: streamed, retry, edit, thumbs; beside it the reasons."""

from typing import Any

import gradio as gr

from apps.components import AT_ONCE, QUIET, empty, lead, percent
from apps.locale import Language, Locale
from apps.pages.support.session import Session
from apps.pages.support.talk import Talk
from solutions.support.pipeline import DIAL, Support

__all__ = ["EXAMPLES", "chat_tab"]

# An order number, a plain question, what is out of scope, an angry customer, a word that says too little.
EXAMPLES = {
    Language.EN: (
        "Where is my parcel? The order is TW-48213907.",
        "what does it cost to pay abroad",
        "Can you help me with my maths homework?",
        "THIS IS A JOKE! Third time I ask where my refund is!!",
        "card",
    ),
    Language.ZH: (
        "我的快递到哪了？单号TW-48213907",
        "在国外刷卡要手续费吗",
        "帮我写一首情诗",
        "你们到底管不管！退款催了三次了，再不处理我就投诉！",
        "银行卡丢了怎么办",
    ),
}
_POLL_SECONDS = 3
# Most of the time of an answer are the pauses between its sentences: many may be streamed at once.
_SIDE_BY_SIDE: dict[str, Any] = {"concurrency_limit": 16, "concurrency_id": "chat"}
_USUAL_RISK = "0.2"


def chat_tab(solution: Support, words: Locale, knowledge: gr.State) -> None:
    """Draw the tab; ``knowledge`` holds a visitor's own index, or None."""
    talk = Talk(solution, words)
    gr.HTML(lead(words("chat.lead")))
    session = gr.State(None)  # a conversation begins with its first message: visitors must not share one
    with gr.Row():
        with gr.Column(scale=6, min_width=320):
            chat = gr.Chatbot(
                talk.messages(Session()),
                label=words("chat.tab"),
                height=460,
                editable="user",
                render_markdown=False,
                buttons=["copy"],
                feedback_options=("Like", "Dislike", words("chat.wrong"), words("chat.unclear")),
                elem_id="chat",
            )
            box = gr.Textbox(
                placeholder=words("chat.placeholder"),
                label=words("chat.message"),
                show_label=False,
                submit_btn=True,
                lines=1,
                max_lines=6,
                autofocus=True,
                elem_id="message",
            )
            with gr.Row():
                again = gr.Button(words("chat.new"), size="sm")
                export = gr.DownloadButton(words("chat.export"), size="sm")
            samples = [[sample] for spoken in (words.language, words.language.other) for sample in EXAMPLES[spoken]]
            examples = gr.Dataset(
                components=[gr.Textbox(visible=False)],
                samples=samples,
                label=words("finance.examples"),
                samples_per_page=len(samples),
            )
        with gr.Column(scale=5, min_width=320):
            panel = gr.HTML(empty(words("chat.empty")), elem_id="reasons")
            dial = gr.Radio(
                [(percent(float(risk)), risk) for risk in DIAL],
                value=_USUAL_RISK,
                label=words("chat.dial"),
                info=words("chat.dial_hint"),
            )
    timer = gr.Timer(_POLL_SECONDS, active=False)
    outputs = [chat, panel, session, box, timer]
    asked = [box, session, knowledge, dial]
    box.submit(talk.answer, asked, outputs, api_name="support_chat", show_progress="hidden", **_SIDE_BY_SIDE)
    streamed = QUIET | _SIDE_BY_SIDE
    examples.click(lambda sample: sample[0], [examples], [box], **AT_ONCE).then(talk.answer, asked, outputs, **streamed)
    chat.retry(talk.retry, [session, knowledge, dial], outputs, **streamed)
    chat.edit(talk.edit, [session, knowledge, dial], outputs, **streamed)
    chat.option_select(talk.choose, [session, knowledge, dial], outputs, **streamed)
    chat.like(talk.rate, [session], None, **QUIET)
    gr.on([again.click, chat.clear], talk.begin, None, outputs, **AT_ONCE)
    timer.tick(talk.listen, [session], outputs, **AT_ONCE)
    export.click(talk.transcript, [session], [export], **AT_ONCE)
