"""``CARD.md``: what a bundle is, for people and for the Hugging Face Hub."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from foundation.bundle import Bundle, BundleRecord
from foundation.data.leakage import Leakage
from foundation.trust.calibration import Calibration

__all__ = ["closing", "figure_table", "front_matter", "limits", "use", "write_card"]

_THINGS = {"text": ("texts", "文本"), "pairs": ("pairs of texts", "文本对"), "rows": ("rows", "表格行")}

# Regulation (EU) 2024/1689, Annex IV, by its numbers; what a supplier of a model can answer, and what its user must.
_ANNEX_IV = (
    (
        "1 general description",
        "intended use, version, libraries: above and in bundle.json",
        "the system it is put into",
    ),
    ("2 elements and development", "data, method, figures, leakage: above", "choices made with the client's own data"),
    ("3 monitoring and control", "confidence, threshold, limits: above", "who looks at it, and how often"),
    ("4 fitness of the metrics", "metrics with intervals and baselines", "what an error costs in this use"),
    ("5 risk management", "-", "by the client (article 9)"),
    ("6 changes over the life", "history.json of a client's folder", "-"),
    ("7 standards applied", "-", "by the client"),
    ("8 declaration of conformity", "-", "by the client"),
    ("9 plan after it is sold", "-", "by the client (article 72)"),
)


def write_card(
    bundle: Bundle,
    leakage: Leakage,
    held_out: int,
    by_label: Mapping[str, Mapping[str, float]],
    effort: str,
    history: Sequence[Mapping[str, Any]],
    *,
    curve: bool,
) -> str:
    """Write ``CARD.md``; ``{id}`` stands for the bundle's id, which is not known yet.

    Parameters
    ----------
    bundle : Bundle
    leakage : Leakage
    held_out : int
        Rows that the figures are of.
    by_label : mapping of label to mapping of ``precision``, ``recall``, ``f1``, ``support``
        On the same rows.
    effort : str
        What training took.
    history : sequence of mapping
        One entry an epoch or candidate: what was tried and what it gave.
    curve : bool
        Whether a picture of the training goes with it.
    """
    record, calibration = bundle.record, bundle.calibration
    data = record.data
    licences = "; ".join(f"{source['name']}: {source['licence']}" for source in record.sources)
    source = f"{data['rows']} rows of {data['name']} (sha256 {data['sha256'][:12]}...), {data['protocol']}"
    picture = "![loss and figures on dev by epoch](curve.svg)\n\n" if curve else ""
    read = ", compared figures said in a word" if record.figures else ""
    backbone = f"{record.backbone} (sha256 {record.backbone_sha256[:12]}...)"
    labels = "\n".join(
        f"| {label} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1']:.2f} | {row['support']:.0f} |"
        for label, row in by_label.items()
    )
    return f"""{front_matter(record)}
# {{id}}

- **Task**: {record.solution} / {record.task}: {", ".join(record.labels)}.
- **Made of**: {backbone}, method `{record.method["name"]}`, seed {record.seed}{read}.
- **Trained on**: {source}{_beside(data)}.
- **Licence of the data**: {licences}. It holds for what this model may be used for.
- **Leakage check**: {leakage.summary()}.
- **Training took** {effort}.

## Intended use

{use(record)}

## Figures

On {held_out} held-out rows, with 95 % bootstrap intervals (`colonnade evaluate` gives the test split's):

{figure_table(record)}

| label | precision | recall | F1 | rows |
|---|---|---|---|---|
{labels}

## Training

{picture}{"".join(_tables(history))}## Confidence

{_promise(record, calibration, held_out)}

{_suspects(record)}{limits(record)}

{closing()}"""


def front_matter(record: BundleRecord) -> str:
    """Return the header that the Hub reads (hf.co/docs/hub/model-cards), as YAML between two lines."""
    figures = "".join(
        f"          - {{type: {name}, value: {figure['value']:.4f}}}\n" for name, figure in record.metrics.items()
    )
    kind = "image-classification" if record.image else "text-classification" if record.labels else "tabular-regression"
    return f"""---
license: other
license_name: that-of-the-training-data
language: [en, zh]
library_name: colonnade
pipeline_tag: {kind}
tags: [{record.solution}, {record.task}]
datasets: [{", ".join(source["name"] for source in record.sources)}]
base_model: {record.backbone}
model-index:
  - name: "{{id}}"
    results:
      - task: {{type: {kind}}}
        dataset: {{name: "{record.data["name"]}, held-out rows", type: {record.data["name"]}}}
        metrics:
{figures}---
"""


def figure_table(record: BundleRecord) -> str:
    """Return the metrics with their intervals as a table."""
    figures = "\n".join(
        f"| {name} | {figure['value']:.3f} | {figure['low']:.3f} to {figure['high']:.3f} |"
        for name, figure in record.metrics.items()
    )
    return f"| metric | value | interval |\n|---|---|---|\n{figures}"


def _tables(history: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table of the epochs and one of what was tried beside, whichever there are."""
    for _, entries in groupby(history, key=lambda entry: "epoch" in entry):
        rows = list(entries)
        names = list(dict.fromkeys(name for row in rows for name in row))
        lines = "\n".join(f"| {' | '.join(_figure(row.get(name, '')) for name in names)} |" for row in rows)
        yield f"| {' | '.join(names)} |\n|{'---|' * len(names)}\n{lines}\n\n"


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def closing() -> str:
    """Return what every card ends with: who answers which point of the AI Act, and who signs."""
    points = "\n".join(f"| {point} | {here} | {client} |" for point, here, client in _ANNEX_IV)
    return f"""## EU AI Act, Annex IV

| point | answered here | left to whoever uses it |
|---|---|---|
{points}

## Sign-off

| reviewed by | on | decision |
|---|---|---|
| | | |
"""


def use(record: BundleRecord) -> str:
    """Return what a model is for and what it is not for, in both languages."""
    if record.image:
        return (
            "To show and to try out how pictures like those it was trained on can be sorted, with a person who looks "
            "at what it refers.\nNot for diagnosis, treatment or triage.\n\n"
            "用于展示和试用：对与训练数据相似的图片分类，由人查看它转交的图片。不得用于诊断、治疗或分诊。"
        )
    things, chinese = _THINGS[record.reads]
    return (
        f"To sort {things} like those it was trained on, with a person who looks at what it is unsure of.\n"
        "Not for decisions about a person, and not for advice on money, health or law.\n\n"
        f"用于对与训练数据相似的{chinese}分类，由人查看它没有把握的部分。不得据此对个人作出决定，也不构成理财、健康或法律建议。"
    )


def limits(record: BundleRecord) -> str:
    """Return how far the figures hold, in both languages."""
    if record.image:
        return (
            "**Limits**: not a medical device, not for diagnosis. The figures hold for images like those it was "
            "trained on;\nanother scanner, site or group of patients gives other figures. Text burnt into pixels is "
            "looked for; some may be missed.\n\n"
            "**局限**：不是医疗器械，不得用于诊断。以上数字只适用于与训练数据相似的图片；设备、机构、人群不同，结果也会不同。"
            "会查找烧录在图中的文字，但可能漏检。"
        )
    things, chinese = _THINGS[record.reads]
    return (
        f"**Limits**: the figures hold for {things} like those it was trained on. Other sources, other times and other "
        f"kinds of {things}\ngive other figures: evaluate on your own before you rely on it. It gives no advice.\n\n"
        f"**局限**：以上数字只适用于与训练数据相似的{chinese}；来源、时间、类型不同，结果也会不同，正式使用前请用自己的数据评估。"
        "模型不提供任何建议。"
    )


def _suspects(record: BundleRecord) -> str:
    if not record.image:
        return ""
    suspects = ", ".join(map(str, record.data.get("suspicious_labels", []))) or "none"
    return (
        "**Labels worth a second look** (confident learning, at most twenty, by the order of reading, from 1): "
        f"{suspects}.\n\n"
    )


def _promise(record: BundleRecord, calibration: Calibration, held_out: int) -> str:
    if calibration.threshold > 1:
        return f"It vouches for no answer: on {held_out} rows no confidence kept errors below {calibration.risk:.0%}."
    return (
        f"It answers from a confidence of {calibration.threshold:.2f} on, and answered {calibration.answered:.0%} of "
        f"the held-out rows; of its answers at most {calibration.risk:.0%} are wrong, with 90 % certainty, on "
        f"{'pictures' if record.image else 'texts'} like these."
    )


def _beside(data: dict[str, Any]) -> str:
    """Name what was trained on besides the data set itself."""
    others = data.get("companions", [])
    parts = [f"{other['rows']} of {other['name']} (sha256 {other['sha256'][:12]}...)" for other in others]
    if "unlabelled_rows" in data:
        parts.append(f"{data['unlabelled_rows']} texts without labels")
    return f", with {' and '.join(parts)}" if parts else ""
