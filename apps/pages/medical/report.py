"""A report of one case or of a batch: one HTML file with everything in it, made to be printed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

from apps.components import percent
from apps.locale import Locale
from apps.pages.medical.answer import Case, headline, heat_maps, referral_reasons
from apps.pages.medical.pictures import inline, thumbnail, viewer
from apps.scratch import scratch_file
from solutions.medical.pipeline import Medical
from solutions.medical.schema import MedicalResponse

__all__ = ["write_report"]

_STYLE = """body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;max-width:46em;
margin:2em auto;padding:0 1em;color:#1b2733}h1{font-size:1.5em}table{border-collapse:collapse;width:100%}
td,th{text-align:start;padding:4px 8px;border-bottom:1px solid #ccd3da;vertical-align:top}
.cl-stack{position:relative;width:320px}.cl-stack img{width:100%;display:block}
.cl-heat{position:absolute;inset:0}.cl-viewer{--heat0:.6;--heat1:0}
.cl-sliders{display:none}.notice{border:2px solid #D55E00;padding:8px 12px}section{break-inside:avoid}"""


def write_report(solution: Medical, words: Locale, cases: Sequence[Case], names: Mapping[str, str]) -> Path:
    """Write a report for a visitor to take away: pictures and answers, under the names that their files have.

    Parameters
    ----------
    cases : sequence of Case
        One is shown large, several as a table.
    """
    record = solution.bundle.record
    body = _one(solution, words, cases[0], names) if len(cases) == 1 else _many(solution, words, cases, names)
    facts = [
        words(
            "model.trained_on",
            name=record.data["name"],
            rows=f"{record.data['rows']:,}",
            sha=record.data["sha256"][:12],
        ),
        words("model.limits_image"),
    ]
    lines = "".join(f"<p>{escape(fact.replace('**', ''))}</p>" for fact in facts)
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    page = f"""<!doctype html><html lang="{words.language.value}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{escape(words("medical.report_title"))}</title>
<style>{_STYLE}</style><h1>{escape(words("medical.report_title"))}</h1>
<p class="notice"><strong>{escape(words("medical.notice"))}</strong></p>
<p>{escape(words("trust.model"))}: {escape(record.id)} · {escape(now)}</p>{body}<hr>{lines}</html>"""
    path = scratch_file("report.html")
    path.write_text(page, encoding="utf-8")
    return path


def _one(solution: Medical, words: Locale, case: Case, names: Mapping[str, str]) -> str:
    picture = viewer(words, case.pixels, heat_maps(words, case), case.name)
    return f'<section class="cl-viewer">{picture}{_row_table(solution, words, case, names)}</section>'


def _row_table(solution: Medical, words: Locale, case: Case, names: Mapping[str, str]) -> str:
    response = case.response
    rows = {
        words("medical.col_answer"): headline(words, response, names),
        words("medical.col_possible"): _possible(words, response, names),
        words("medical.col_finding"): "—" if response.refused else percent(response.finding_probability),
        words("medical.col_referred"): _why(solution, words, case),
        **{
            words(f"medical.map_{each.kind.value}"): words(
                "medical.worth_line",
                deletion=f"{each.deletion:.2f}",
                insertion=f"{each.insertion:.2f}",
                random=f"{each.random_likeness:+.2f}",
            )
            for each in case.attributions
        },
    }
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows.items())
    return f"<table>{cells}</table>"


def _possible(words: Locale, response: MedicalResponse, names: Mapping[str, str]) -> str:
    return "—" if response.refused else words("list.join").join(names[label] for label in response.possible)


def _why(solution: Medical, words: Locale, case: Case) -> str:
    return words.sentences(*referral_reasons(solution, words, case.response)) or "—"


def _many(solution: Medical, words: Locale, cases: Sequence[Case], names: Mapping[str, str]) -> str:
    heads = ("picture", "answer", "possible", "referred")
    head = "".join(f"<th>{escape(words(f'medical.col_{name}'))}</th>" for name in heads)
    rows = "".join(
        f'<tr><td><img src="{inline(thumbnail(case.pixels))}" alt=""><br>{escape(case.name)}</td>'
        f"<td>{escape(headline(words, case.response, names))}</td>"
        f"<td>{escape(_possible(words, case.response, names))}</td>"
        f"<td>{escape(_why(solution, words, case))}</td></tr>"
        for case in cases
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
