"""A client's table: its kinds and its encodings."""

__all__ = ["ENCODINGS", "TABLES"]

#: Files that can be uploaded.
TABLES = [".csv", ".tsv", ".jsonl", ".parquet", ".xlsx"]
#: What a person may say that a table is written in.
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "latin-1")
