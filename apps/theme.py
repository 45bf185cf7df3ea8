"""How pages and plots look: one accent, an 8-pixel grid, system fonts, colours that survive colour blindness."""

from pathlib import Path
from urllib.parse import quote

import gradio as gr
import plotly.graph_objects as go

__all__ = [
    "ACCENT",
    "ATTENTION",
    "MUTED",
    "TONE_COLOURS",
    "TONE_MARKS",
    "css",
    "logo",
    "page_head",
    "plot_template",
    "theme",
]

# Okabe, Ito (2008), "Color universal design"
ACCENT, ATTENTION, MUTED = "#0072B2", "#E69F00", "#7F8C8D"
TONE_COLOURS = {"negative": "#D55E00", "neutral": MUTED, "positive": "#009E73"}
# never colour alone
TONE_MARKS = {"negative": "▼", "neutral": "■", "positive": "▲"}

_FONTS = ("Inter", "system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
_ASSETS = Path(__file__).parent / "static"


def theme(accent: str = ACCENT) -> gr.themes.Base:
    """Return the theme of every page in tints and shades of one colour; no font is fetched."""
    tints = {"c50": 0.92, "c100": 0.82, "c200": 0.64, "c300": 0.44, "c400": 0.23, "c500": 0.0}
    shades = {"c600": 0.12, "c700": 0.27, "c800": 0.42, "c900": 0.56, "c950": 0.69}
    return gr.themes.Base(
        primary_hue=gr.themes.Color(
            **{name: _mixed(accent, 255, share) for name, share in tints.items()},
            **{name: _mixed(accent, 0, share) for name, share in shades.items()},
        ),
        neutral_hue="slate",
        radius_size="sm",
        font=_FONTS,
        font_mono=("ui-monospace", "Consolas", "monospace"),
    ).set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
        body_background_fill="#F7F9FB",
        # AA on white and on the dark ground
        body_text_color_subdued="#55606E",
        body_text_color_subdued_dark="#A9B4C2",
        block_shadow="none",
    )  # fmt: skip


def _mixed(colour: str, with_level: int, share: float) -> str:
    """Mix a colour with white (255) or black (0)."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (with_level - part) * share):02X}" for part in parts)


def css() -> str:
    """Return the style sheet of every page."""
    return (_ASSETS / "pages.css").read_text(encoding="utf-8")


def logo() -> str:
    """Return the mark of the suite, an SVG."""
    return (_ASSETS / "icon.svg").read_text(encoding="utf-8").strip()


def page_head(language: str) -> str:
    """Return what goes into the page's head: its icon, its language, the remembered colour mode, the two switches."""
    source = (_ASSETS / "pages.js").read_text(encoding="utf-8")
    icon = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{quote(logo())}">'
    return f"{icon}<script>window.colonnadeLanguage = {language!r};\n{source}</script>"


def plot_template() -> go.layout.Template:
    """Return the look of every plot; text takes the page's colour by style sheet, so both modes are readable."""
    grid = "rgba(127, 140, 141, 0.25)"
    axis = {"gridcolor": grid, "zerolinecolor": grid, "automargin": True, "title": {"font": {"size": 13}}}
    return go.layout.Template(
        layout={
            "font": {"family": ", ".join(_FONTS), "size": 13, "color": MUTED},
            "title": {"font": {"size": 15}, "x": 0, "xanchor": "left", "xref": "container", "pad": {"l": 8}},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 8, "r": 8, "t": 56, "b": 8},
            "hoverlabel": {"align": "left"},
        }
    )
