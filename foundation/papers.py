"""What a bundle holds for people: its card, the splits, a picture of its training."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Papers", "write_card_page"]

_CARD_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.6 system-ui, sans-serif; max-width: 760px; margin: 32px auto; padding: 0 16px; color: #1F2933; }}
table {{ border-collapse: collapse; font-size: 14px; }}
td, th {{ border-bottom: 1px solid #D5DBE3; padding: 4px 12px 4px 0; text-align: left; vertical-align: top; }}
img {{ max-width: 100%; }} code {{ overflow-wrap: anywhere; }}
</style></head><body>{body}</body></html>
"""


@dataclass(frozen=True)
class Papers:
    """What a bundle holds for people.

    Attributes
    ----------
    card : str
        Of ``CARD.md``; ``{id}`` becomes the bundle's id.
    splits : str
        Of ``splits.csv``.
    curve : str
        Of ``curve.svg``, or empty.
    """

    card: str
    splits: str
    curve: str = ""

    def save_card(self, folder: Path, name: str) -> None:
        """Write the card with the bundle's id, as Markdown and as a page."""
        (folder / "CARD.md").write_text(self.card.replace("{id}", name), encoding="utf-8")
        write_card_page(folder, name)


def write_card_page(folder: Path, title: str) -> None:
    """Write ``CARD.html``: the card of a folder as a page."""
    from markdown_it import MarkdownIt

    card = (folder / "CARD.md").read_text(encoding="utf-8")
    text = card.partition("\n---\n")[2] if card.startswith("---\n") else card
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    (folder / "CARD.html").write_text(_CARD_PAGE.format(title=title, body=body), encoding="utf-8")
