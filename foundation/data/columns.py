"""Which columns of a client's table are meant, before anybody says so."""

from collections.abc import Sequence

import pandas as pd

from foundation.errors import InputError

__all__ = ["guess_events", "guess_label", "guess_mapping", "news_columns", "text_column", "time_column"]

_TEXT = (
    "text",
    "title",
    "headline",
    "content",
    "comment",
    "message",
    "question",
    "文本",
    "标题",
    "内容",
    "评论",
    "正文",
    "问题",
    "消息",
)
_LABEL = ("label", "class", "category", "target", "intent", "tag", "标签", "类别", "分类", "意图", "情感", "语气")
_USER = ("user", "user_id", "userid", "customer", "customer_id", "visitor", "用户", "用户编号", "顾客", "客户")
_ITEM = ("item", "item_id", "itemid", "product", "product_id", "sku", "article", "商品", "商品编号", "物品", "内容编号")
_HEADLINE = ("title", "headline", "标题")
_BODY = ("body", "content", "summary", "description", "text", "正文", "内容", "摘要")
_LINK = ("link", "url", "href", "链接", "网址")
_TIME = ("time", "date", "datetime", "published", "timestamp", "时间", "日期", "发布时间")


def text_column(columns: Sequence[str]) -> str | None:
    """Return the column that looks as if it held the texts.

    Examples
    --------
    >>> text_column(["ID", "Headline"]), text_column(["a", "b"])
    ('Headline', None)
    """
    return _first(columns, _TEXT)


def time_column(columns: Sequence[str]) -> str | None:
    """Return the column that looks as if it held times.

    Examples
    --------
    >>> time_column(["标题", "发布时间"])
    '发布时间'
    """
    return _first(columns, _TIME)


def news_columns(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns that look as if they held ``text`` (headlines), ``time``, ``body`` and ``link``, where found.

    Examples
    --------
    >>> news_columns(["Date", "Title", "Text", "URL"])
    {'text': 'Title', 'time': 'Date', 'body': 'Text', 'link': 'URL'}
    """
    text = _first(columns, (*_HEADLINE, *_TEXT))
    others = [column for column in columns if column != text]
    found = {"text": text, "time": time_column(columns), "body": _first(others, _BODY), "link": _first(others, _LINK)}
    return {wanted: column for wanted, column in found.items() if column}


def guess_mapping(frame: pd.DataFrame, task: str) -> dict[str, str]:
    """Guess which columns hold texts and labels: by their names, else by what is in them.

    Parameters
    ----------
    frame : DataFrame
        As ``read_table`` gives it.
    task : str
        A column of this name holds labels.

    Returns
    -------
    dict
        ``text`` and ``label``, for ``rename_columns``.

    Raises
    ------
    InputError
        There is no telling.

    Examples
    --------
    >>> rows = {"id": list("1234"), "utterance": ["my card is lost"] * 2 + ["hello there"] * 2, "kind": list("aabb")}
    >>> guess_mapping(pd.DataFrame(rows), "intent")
    {'text': 'utterance', 'label': 'kind'}
    """
    columns = _column_names(frame)
    lengths = {column: frame[column].astype(str).str.len().mean() for column in columns}
    text = text_column(columns) or max(columns, key=lengths.__getitem__)
    others = [column for column in columns if column != text]
    distinct = {column: frame[column].nunique() for column in others}
    few = [column for column in others if 1 < distinct[column] <= len(frame) / 2]
    label = _first(others, (task, *_LABEL)) or min(few, key=distinct.__getitem__, default=None)
    if label is None:
        raise _untold("labels", columns, "text=COLUMN,label=COLUMN")
    return {"text": text, "label": label}


def guess_label(frame: pd.DataFrame, task: str) -> dict[str, str]:
    """Guess which column of a table says what its rows are: by its name, else the last one, where it has few values.

    Raises
    ------
    InputError
        There is no telling.

    Examples
    --------
    >>> guess_label(pd.DataFrame({"amount": ["1", "2", "3", "4"], "risk": list("abab")}), "kind")
    {'label': 'risk'}
    """
    columns = _column_names(frame)
    last = columns[-1] if 1 < frame[columns[-1]].nunique() <= len(frame) / 2 else None
    label = _first(columns, (task, *_LABEL)) or last
    if label is None:
        raise _untold("labels", columns, "label=COLUMN")
    return {"label": label}


def guess_events(frame: pd.DataFrame) -> dict[str, str]:
    """Guess by their names which columns hold users, items and times.

    Raises
    ------
    InputError
        There is no telling users or items.

    Examples
    --------
    >>> guess_events(pd.DataFrame(columns=["Customer_ID", "sku", "date", "shop"]))
    {'user': 'Customer_ID', 'item': 'sku', 'time': 'date'}
    """
    columns = _column_names(frame)
    found = {"user": _first(columns, _USER), "item": _first(columns, _ITEM), "time": time_column(columns)}
    for wanted in ("user", "item"):
        if found[wanted] is None:
            raise _untold(f"{wanted}s", columns, "user=COLUMN,item=COLUMN")
    return {wanted: column for wanted, column in found.items() if column}


def _untold(what: str, columns: Sequence[str], mapping: str) -> InputError:
    return InputError(
        f"no column looks as if it held {what}; the columns are {', '.join(columns)}: name the right one with "
        f"--map {mapping}"
    )


def _column_names(frame: pd.DataFrame) -> list[str]:
    columns = [str(column) for column in frame.columns]
    if any(not column.strip() or column.startswith("Unnamed: ") for column in columns):
        raise InputError(
            "the first row has empty or merged cells; expected one column name in each: write them out in the file"
        )
    return columns


def _first(columns: Sequence[str], guesses: Sequence[str]) -> str | None:
    lower = {column.strip().lower(): column for column in columns}
    return next((lower[guess] for guess in guesses if guess in lower), None)
