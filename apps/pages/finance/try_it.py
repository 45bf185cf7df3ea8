"""One text: tone and topic, how sure, and the words that moved it."""

import time

import gradio as gr

from apps.components import decision_card, empty, lead, shown_errors, trust_strip, worded
from apps.corrections import correction_form
from apps.locale import Language, Locale
from apps.pages.finance.sentences import sentence_list
from apps.tabs import label_names
from solutions.finance.pipeline import Finance
from solutions.finance.schema import FinanceRequest

__all__ = ["EXAMPLES", "try_tab"]

# Good news, bad news, a plain fact, a comment, and a case that is left to a person.
EXAMPLES = {
    Language.EN: (
        "Shipbuilder Harlund wins its largest order in a decade and lifts its profit guidance",
        "Lowmere Foods warns that profit will fall sharply as customers turn to cheaper brands",
        "The plant in Harlund makes board for packaging and employs 240 people",
        "The bank neither confirmed nor denied that it had asked for help",
        "Regulators fined Osterby Lending over hidden fees on Tuesday. The company set aside further provisions "
        "for bad loans, its second increase this year. A rating agency put its bonds on watch. The chief executive "
        "said that customers had not withdrawn deposits, and that the board would meet again in June.",
    ),
    Language.ZH: (
        "受原料涨价拖累，云杉电机预计上半年由盈转亏",
        "云杉电机订单大增，净利润创历史新高",
        "公司总部位于宁波，主要生产工业阀门，员工约三百人",
        "这票跌成这样，我是真拿不住了，谁爱接谁接",
        "监管部门周二对临溪小贷作出处罚，原因是贷款合同中存在未披露的费用。公司今年第二次增提坏账准备，"
        "评级机构将其债券列入观察名单。公司负责人表示，客户没有集中提前还款，董事会将在六月再次开会。",
    ),
}
_LABEL_CHARACTERS = 56


def try_tab(solution: Finance, words: Locale) -> None:
    """Draw the tab."""
    names = label_names(solution, words)
    gr.HTML(lead(words("finance.lead")))
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            text = gr.Textbox(
                label=words("finance.text"),
                placeholder=words("finance.placeholder"),
                lines=1,  # Enter submits; Shift+Enter breaks the line
                max_lines=14,
                elem_classes="cl-input",
                autofocus=True,
            )
            button = gr.Button(words("finance.read"), variant="primary")
            examples = gr.Column()
        with gr.Column(scale=6, min_width=320):
            answer = gr.HTML(empty(words("finance.empty")), elem_id="answer")
            correction_form(solution, words, text)

    @shown_errors(words, [])
    def read(value: str) -> str:
        request = FinanceRequest(value or "")
        started = time.perf_counter()
        response = solution.predict([request])[0]
        milliseconds = 1000 * (time.perf_counter() - started)
        weights = solution.explain(request)
        cards = ""
        for spec, decision in zip(solution.spec.tasks, (response.tone, response.topic), strict=True):
            names_of = names[spec.name]
            if spec.name == "tone" and response.moved_by:
                details = sentence_list(words, response.moved_by, names_of)
            else:
                details = worded(words, request.text, weights[spec.name], names_of[decision.label])
            threshold = solution.threshold(spec.name)
            cards += decision_card(words, words.pick(spec.title), decision, names_of, threshold, details)
        models = [
            (record.id, [str(source["name"]) for source in record.sources]) for record in solution.records().values()
        ]
        return cards + trust_strip(words, models, milliseconds)

    gr.on([button.click, text.submit], read, [text], [answer], api_name="finance_read", show_progress_on=answer)
    samples = [example for language in (words.language, words.language.other) for example in EXAMPLES[language]]
    with examples:
        gr.Examples(
            [[sample] for sample in samples],
            [text],
            [answer],
            read,
            run_on_click=True,
            label=words("finance.examples"),
            example_labels=[_short(sample) for sample in samples],
            examples_per_page=len(samples),
            api_visibility="private",
        )


def _short(sample: str) -> str:
    return sample if len(sample) <= _LABEL_CHARACTERS else sample[: _LABEL_CHARACTERS - 1] + "…"
