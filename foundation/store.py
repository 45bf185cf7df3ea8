"""A database of one's own tables: SQLite by default, PostgreSQL by URL; what it says against us is one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from foundation.errors import ColonnadeError, InputError

__all__ = ["Store", "log_table", "now"]


def log_table(name: str, metadata: sql.MetaData, *columns: "sql.Column[Any]") -> sql.Table:
    """Describe a table of things that happened: each has a number that is never used again, and a time (``now``)."""
    number, at = sql.Column("id", sql.Integer, primary_key=True), sql.Column("at", sql.DateTime, nullable=False)
    return sql.Table(name, metadata, number, at, *columns, sqlite_autoincrement=True)


def now() -> datetime:
    """Return the present in UTC, without a zone, as databases keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


class Store:
    """Base of everything that keeps rows; a subclass names its tables.

    Parameters
    ----------
    url : str
        ``sqlite:///FILE``, ``postgresql+psycopg://user@host/name``.

    Raises
    ------
    InputError
        The kind of database is not known, or an older release made it.
    """

    metadata: ClassVar[sql.MetaData]

    def __init__(self, url: str) -> None:
        try:
            self.engine = sql.create_engine(url, pool_pre_ping=True)
        except (sql.exc.ArgumentError, ModuleNotFoundError, ValueError) as error:
            raise InputError(
                f"got a database of kind {url.partition(':')[0]!r}; expected sqlite:///FILE or "
                "postgresql+psycopg://USER@HOST/NAME (for the latter pip install 'psycopg[binary]')"
            ) from error
        if self.engine.dialect.name == "sqlite":
            sql.event.listen(self.engine, "connect", _journal)
        with self._told():
            self.metadata.create_all(self.engine)
            inspector = sql.inspect(self.engine)
            there = {
                table.name: {column["name"] for column in inspector.get_columns(table.name)}
                for table in self.metadata.sorted_tables
            }
        for table in self.metadata.sorted_tables:
            if missing := set(table.c.keys()) - there[table.name]:
                raise InputError(
                    f"the database {self._place} was made by an older version (it has no {min(missing)}); "
                    "move it away, and a new one is begun"
                )

    @classmethod
    def at(cls, place: str | Path) -> Self:
        """Open a database by its URL, or open or create a SQLite file."""
        if isinstance(place, str):
            return cls(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{place}")

    @contextmanager
    def begin(self) -> Iterator[sql.Connection]:
        """Yield a connection within a transaction; what the database says against it is one clear line."""
        with self._told(), self.engine.begin() as run:
            yield run

    def insert_into(self, table: sql.Table) -> "sqlite.Insert | postgresql.Insert":
        """Return an insert that can say what happens to a row that is there already: ``on_conflict_do_update``."""
        return sqlite.insert(table) if self.engine.dialect.name == "sqlite" else postgresql.insert(table)

    @property
    def _place(self) -> str:
        """The address without the password, wherever that stands in it."""
        return repr(self.engine.url.set(query={}))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sql.exc.DBAPIError as error:
            reason = str(error.orig).splitlines()[0]
            raise ColonnadeError(
                f"the database {self._place} does not take it ({reason}); nothing was lost: "
                "see to its disk or connection, and try again"
            ) from error


def _journal(connection: Any, _: Any) -> None:
    """Let a page read while something writes, and write what is committed to the disk."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")
