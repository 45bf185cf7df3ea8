"""A client's table: its kinds, its encodings, and which columns are meant before anybody says so."""

from collections.abc import Sequence

__all__ = ["ENCODINGS", "TABLES", "text_column", "time_column"]

#: Files that can be uploaded.
TABLES = [".csv", ".tsv", ".jsonl", ".parquet", ".xlsx"]
#: What a person may say that a table is written in.
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "latin-1")
_TEXT = ("text", "title", "headline", "content", "comment", "文本", "标题", "内容", "评论", "正文")
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


def _first(columns: Sequence[str], guesses: Sequence[str]) -> str | None:
    lower = {column.strip().lower(): column for column in columns}
    return next((lower[guess] for guess in guesses if guess in lower), None)
