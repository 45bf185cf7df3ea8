"""Small pictures in SVG: they need no script, print well, and take their colours from the page."""

from collections.abc import Sequence
from html import escape

__all__ = ["line_chart", "matrix"]

_WIDTH, _HEIGHT, _LEFT, _TOP = 300, 230, 46, 10
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - 20, _HEIGHT - _TOP - 44


def line_chart(
    points: Sequence[tuple[float, float]], across: str, up: str, *, most: float = 1.0, shares: Sequence[float] = ()
) -> str:
    """Draw a line over shares.

    Parameters
    ----------
    points : sequence of (across, up), 0 to 1 and 0 to ``most``
    across, up : str
        What the axes are.
    most : float
        The top of the axis that goes up.
    shares : sequence of float, 0 to 1
        What part of the rows each point stands for: then it is drawn as a dot of that size, beside the line on which
        both axes are equal.
    """
    placed = [(_x(x), _y(y, most)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    sized = zip(placed, shares, strict=True) if shares else ()
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + 8 * share**0.5:.1f}"/>' for (x, y), share in sized)
    ideal = f'<path class="ideal" d="M{_x(0)} {_y(0, most)}L{_x(1)} {_y(1, most)}"/>' if shares else ""
    grid = "".join(_line_across(most * step / 4, most) + _mark_below(step / 4) for step in range(5))
    middle, bottom, side = _LEFT + _INNER_WIDTH / 2, _HEIGHT - 6, _TOP + _INNER_HEIGHT / 2
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(up)} / {escape(across)}">{grid}{ideal}'
        f'<polyline points="{path}"/>{dots}<text class="title" x="{middle}" y="{bottom}">{escape(across)}</text>'
        f'<text class="title" transform="translate(11 {side}) rotate(-90)">{escape(up)}</text></svg>'
    )


def matrix(labels: Sequence[str], rows: Sequence[Sequence[int]], corner: str) -> str:
    """Draw counts as a table whose cells are the darker the greater their share of the row."""
    head = "".join(f"<th><span>{escape(label)}</span></th>" for label in labels)
    body = "".join(
        f"<tr><th>{escape(label)}</th>{''.join(_cell(count, sum(counts)) for count in counts)}</tr>"
        for label, counts in zip(labels, rows, strict=True)
    )
    return f'<table class="matrix"><tr><th>{escape(corner)}</th>{head}</tr>{body}</table>'


def _cell(count: int, total: int) -> str:
    share = count / total if total else 0.0
    colour = "white" if share > 0.5 else "inherit"
    return f'<td style="background:rgba(0,114,178,{share:.2f});color:{colour}">{count or ""}</td>'


def _x(share: float) -> float:
    return _LEFT + share * _INNER_WIDTH


def _y(value: float, most: float) -> float:
    return _TOP + (1 - value / most) * _INNER_HEIGHT


def _line_across(value: float, most: float) -> str:
    y = _y(value, most)
    return (
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{_LEFT + _INNER_WIDTH}"/>'
        f'<text x="{_LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{value:.0%}</text>'
    )


def _mark_below(share: float) -> str:
    return f'<text x="{_x(share):.1f}" y="{_TOP + _INNER_HEIGHT + 14}" text-anchor="middle">{share:.0%}</text>'
