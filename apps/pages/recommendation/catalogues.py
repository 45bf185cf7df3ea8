"""A catalogue of one's own: read, encoded, and recommended from at once, before anybody has used it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from apps.columns import ENCODINGS, TABLES
from apps.components import AT_ONCE, empty, lead, shown_errors
from apps.locale import Language, Locale
from foundation.data.cards import ItemColumns
from foundation.data.tables import read_table
from foundation.errors import InputError
from foundation.text.backbone import DEFAULT_BACKBONE
from solutions.recommendation.catalogue import Catalogue, read_catalogue
from solutions.recommendation.pipeline import Recommendation
from solutions.recommendation.shelves import Shelves

__all__ = ["catalogue_tab", "guess_columns", "own_items"]

_MOST_ITEMS = 5_000
_GUESSES = {
    "id": ("item_id", "id", "item", "sku", "编号", "商品编号"),
    "title": ("title", "name", "title_en", "title_zh", "标题", "名称", "商品名称"),
    "text": ("description", "text", "content", "description_en", "description_zh", "描述", "简介", "内容"),
    "tags": ("tags", "genre", "category", "class", "标签", "类别", "分类"),
}


def guess_columns(columns: list[str]) -> dict[str, str | None]:
    """Return which column looks like what.

    Examples
    --------
    >>> guess_columns(["SKU", "Name", "Category"])
    {'id': 'SKU', 'title': 'Name', 'text': None, 'tags': 'Category'}
    """
    lower = {column.strip().lower(): column for column in columns}
    return {
        wanted: next((lower[guess] for guess in guesses if guess in lower), None)
        for wanted, guesses in _GUESSES.items()
    }


def catalogue_tab(solution: Recommendation, words: Locale, own: gr.State) -> None:
    """Draw the tab; ``own`` gets the visitor's shelves."""
    gr.HTML(lead(words("shelf.own_lead")))
    with gr.Row():
        with gr.Column(scale=1, min_width=320):
            file = gr.File(label=words("shelf.own_file"), file_types=TABLES, height=140, elem_id="catalogue-file")
            encoding = gr.Dropdown(list(ENCODINGS), value="utf-8", label=words("finance.encoding"))
            chosen = [gr.Dropdown([], label=words(f"shelf.column_{name}"), visible=False) for name in _GUESSES]
            button = gr.Button(words("shelf.own_read"), variant="primary", interactive=False)
        with gr.Column(scale=2, min_width=320):
            panel = gr.HTML(empty(words("shelf.own_empty")), elem_id="catalogue-read")

    @shown_errors(words, [gr.skip()] * (len(chosen) + 1))
    def look(path: str | None, code: str) -> tuple[Any, ...]:
        waiting = empty(words("shelf.own_empty"))
        if path is None:
            return waiting, *(gr.Dropdown(visible=False) for _ in chosen), gr.Button(interactive=False)
        columns = [str(column) for column in read_table(Path(path), code).columns]
        guessed = guess_columns(columns)
        boxes = [gr.Dropdown(["", *columns], value=guessed[name] or "", visible=True) for name in _GUESSES]
        return waiting, *boxes, gr.Button(interactive=True)

    @shown_errors(words, [gr.skip()])
    def read(
        path: str,
        code: str,
        item: str,
        title: str,
        text: str,
        tags: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - how gradio injects it
    ) -> tuple[Any, ...]:
        catalogue = own_items(Path(path), code, (item, title, text, tags), words.language)
        shelves = Shelves.of_catalogue(
            catalogue,
            solution.bundle.record.backbone or DEFAULT_BACKBONE,
            lambda done, total, _: progress((done, total), desc=words("shelf.own_reading"), unit=""),
        )
        said = words("shelf.own_done", items=f"{len(catalogue):,}")
        return f'<p class="cl-summary">{said}</p>', shelves

    gr.on(
        [file.change, encoding.change], look, [file, encoding], [panel, *chosen, button],
        **AT_ONCE,
    )  # fmt: skip
    button.click(read, [file, encoding, *chosen], [panel, own], api_visibility="private", show_progress_on=panel)


def own_items(path: Path, encoding: str, columns: Sequence[str], language: Language) -> Catalogue:
    """Read a visitor's items; ``columns`` are those of ids, titles, descriptions and tags, empty where none is."""
    item, title, text, tags = columns
    if not (item or title):
        raise InputError("no column of titles is chosen; choose the one that says what an item is called")
    frame = read_table(path, encoding)
    if len(frame) > _MOST_ITEMS:
        raise InputError(
            f"{path.name} has {len(frame):,} items; expected at most {_MOST_ITEMS:,} here; for more, run "
            "'colonnade train recommendation --data EVENTS --items FILE'"
        )
    named = ItemColumns(
        file="",
        id=item or title,
        title={language.value: title or item},
        text={language.value: text} if text else {},
        tags=(tags,) if tags else (),
    )
    return read_catalogue(frame, named, path.name)
