"""What is said of one picture: in words, then the set, the operating point, the heat map and what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from apps.components import bar, percent, trust_strip
from apps.locale import Locale
from apps.pages.medical.pictures import viewer
from apps.theme import ACCENT, ATTENTION
from foundation.trust.attribution import Attribution
from foundation.vision.encoder import Pixels
from solutions.medical.pipeline import Medical
from solutions.medical.schema import MedicalResponse

__all__ = ["SHARE_STEP", "Case", "Site", "case_card", "headline", "heat_maps", "referral_reasons"]

#: Of the slider of shares with a finding; shares that differ by less are the same.
SHARE_STEP = 0.005


@dataclass(frozen=True)
class Site:
    """Where pictures are read: what must not be missed there, and how common it is.

    Attributes
    ----------
    sensitivity : float, 0 to 1
        Of the operating point.
    prevalence : float, above 0 and below 1
        Share of the pictures that have a finding.
    """

    sensitivity: float
    prevalence: float


@dataclass(frozen=True, eq=False)
class Case:
    """A picture, what was said of it, why, and how long that took; no heat map where the picture was refused."""

    name: str
    pixels: Pixels
    response: MedicalResponse
    attributions: tuple[Attribution, ...] = ()
    milliseconds: float = 0.0


def headline(words: Locale, response: MedicalResponse, names: Mapping[str, str]) -> str:
    """Say the answer in words."""
    if not response.referrals:
        return words("answer.sure", label=names[response.finding.label], confidence=percent(response.confidence))
    if response.refused:
        return words("medical.refused")
    return words("medical.referred", label=names[response.finding.label], confidence=percent(response.confidence))


def referral_reasons(solution: Medical, words: Locale, response: MedicalResponse) -> list[str]:
    """Say why a person must look."""
    risk = percent(solution.bundle.calibration.risk)
    return [words(f"medical.why_{referral.value}", risk=risk) for referral in response.referrals]


def case_card(solution: Medical, words: Locale, case: Case, names: Mapping[str, str], site: Site) -> str:
    """Return the whole answer to one picture.

    Parameters
    ----------
    names : mapping of label to its name in the page's language
    site : Site
    """
    response = case.response
    mark, colour = ("!", ATTENTION) if response.referrals else ("●", ACCENT)
    why = "".join(f"<li>{escape(reason)}</li>" for reason in referral_reasons(solution, words, response))
    reasons = f'<ul class="cl-facts">{why}</ul>' if why else ""
    bars = "" if response.refused else _bars(solution, response, names)
    said = "" if response.refused else _sentences(solution, words, response, names, site)
    facts = ", ".join(f"{escape(name)} {escape(value)}" for name, value in response.facts.items())
    header = f'<p class="cl-legend">{escape(words("medical.header_kept"))} {facts}</p>' if facts else ""
    record = solution.bundle.record
    strip = trust_strip(words, [(record.id, [str(record.data["name"])])], case.milliseconds)
    looked = viewer(words, case.pixels, heat_maps(words, case), case.name)
    icon = f'<span class="cl-mark" aria-hidden="true" style="color:{colour}">{mark}</span>'
    return f"""<section class="cl-answer"><p class="cl-kind">{escape(case.name)}</p>
<h3>{icon}{escape(headline(words, response, names))}</h3>
{reasons}{looked}{bars}{said}{_worth(words, case)}{header}</section>{strip}"""


def heat_maps(words: Locale, case: Case) -> dict[str, NDArray[np.float64]]:
    """Return the heat maps by their names for people."""
    return {words(f"medical.map_{each.kind.value}"): each.heat for each in case.attributions}


def _bars(solution: Medical, response: MedicalResponse, names: Mapping[str, str]) -> str:
    ranked = sorted(response.finding.probabilities.items(), key=lambda item: -item[1])
    rows = "".join(bar(names[label], label, share, solution.threshold) for label, share in ranked[:5])
    return f'<div class="cl-bars">{rows}</div>'


def _sentences(
    solution: Medical, words: Locale, response: MedicalResponse, names: Mapping[str, str], site: Site
) -> str:
    possible = words("list.join").join(names[label] for label in response.possible)
    parts = [words("medical.possible", classes=possible)] if possible else []
    point = solution.operating_point(site.sensitivity)
    if point is not None:
        called = response.finding_probability >= point.threshold
        shares = {"probability": percent(response.finding_probability), "threshold": f"{point.threshold:.1%}"}
        parts.append(words("medical.called_positive" if called else "medical.called_negative", **shares))
        parts += _here(solution, words, response, site)
    return "".join(f"<p>{escape(part)}</p>" for part in parts)


def _here(solution: Medical, words: Locale, response: MedicalResponse, site: Site) -> list[str]:
    """Say how likely a finding is where findings are more or less common than the model knows them."""
    usual = solution.prevalence
    if solution.negative is None or abs(site.prevalence - usual) < SHARE_STEP:
        return []
    here = solution.held_out.finding_at(solution.negative, response.finding_probability, site.prevalence)
    return [words("medical.here", share=f"{site.prevalence:.1%}", probability=percent(here), usual=f"{usual:.1%}")]


def _worth(words: Locale, case: Case) -> str:
    """Say how far the heat maps can be believed."""
    rows = "".join(
        f"<tr><td>{escape(words(f'medical.map_{each.kind.value}'))}</td><td>{each.deletion:.2f}</td>"
        f"<td>{each.insertion:.2f}</td><td>{each.random_likeness:+.2f}</td></tr>"
        for each in case.attributions
    )
    if not rows:
        return ""
    heads = ("map", "deletion", "insertion", "random")
    head = "".join(f"<th>{escape(words(f'medical.worth_{name}'))}</th>" for name in heads)
    return (
        f"<details><summary>{escape(words('medical.worth'))}</summary>"
        f'<p>{escape(words("medical.worth_lead"))}</p><table class="cl-worst cl-plain"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )
