"""The tables of the monitor's database."""

import sqlalchemy as sql

__all__ = ["METADATA", "alert_changes", "alerts", "bodies", "deliveries", "hours", "items", "places", "series_items"]

METADATA = sql.MetaData()
_NAME = sql.String(256)
_ITEM = sql.BigInteger().with_variant(sql.Integer, "sqlite")  # SQLite numbers rows by itself only in INTEGER

#: Every item once, with what the models said of it; ``story`` is the key of the first item that told it.
items = sql.Table(
    "items",
    METADATA,
    sql.Column("id", _ITEM, primary_key=True),
    sql.Column("key", sql.String(32), nullable=False, unique=True),
    sql.Column("source", sql.Text, nullable=False),
    sql.Column("time", sql.DateTime, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("link", sql.Text, nullable=False),
    sql.Column("topic", _NAME, nullable=False),
    sql.Column("tone", _NAME, nullable=False),
    sql.Column("tone_confidence", sql.Float, nullable=False),
    sql.Column("unsure", sql.Boolean, nullable=False),
    sql.Column("hour", sql.Integer, nullable=False, index=True),
    sql.Column("story", sql.String(32), nullable=False, index=True),
    sql.Column("novelty", sql.Float, nullable=False),
)
#: What stands below the title, of items that have it: a company that is looked for later is found there too.
bodies = sql.Table(
    "bodies",
    METADATA,
    sql.Column("item", _ITEM, sql.ForeignKey("items.id"), primary_key=True),
    sql.Column("body", sql.Text, nullable=False),
)
#: In which series an item counts (of a story, only the first does), in the order in which a person reads them.
series_items = sql.Table(
    "series_items",
    METADATA,
    sql.Column("series", _NAME, primary_key=True),
    sql.Column("hour", sql.Integer, primary_key=True),
    sql.Column("item", _ITEM, sql.ForeignKey("items.id"), primary_key=True),
    sql.Column("negative", sql.Boolean, nullable=False),
    sql.Column("relevance", sql.Float, nullable=False),
)
#: The sums of ``series_items``: what the detector and the plots read.
hours = sql.Table(
    "hours",
    METADATA,
    sql.Column("series", _NAME, primary_key=True),
    sql.Column("hour", sql.Integer, primary_key=True),
    sql.Column("items", sql.Integer, nullable=False),
    sql.Column("negative", sql.Integer, nullable=False),
)
#: How far each source was read, and how far the clock was advanced.
places = sql.Table(
    "places",
    METADATA,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("position", sql.Text, nullable=False),
)
alerts = sql.Table(
    "alerts",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("series", _NAME, nullable=False),
    sql.Column("kind", sql.String(16), nullable=False),
    sql.Column("hour", sql.Integer, nullable=False),
    sql.Column("start", sql.Integer, nullable=False),
    sql.Column("items", sql.Integer, nullable=False),
    sql.Column("negative", sql.Integer, nullable=False),
    sql.Column("usual_share", sql.Float, nullable=False),
    sql.Column("p", sql.Float, nullable=False),
    sql.Column("expected_false", sql.Float, nullable=False),
    sql.Column("state", sql.String(16), nullable=False),
    sql.Column("snoozed_until", sql.DateTime),
    sql.UniqueConstraint("series", "kind", "hour"),
)
#: Every change of an alert: nothing is overwritten.
alert_changes = sql.Table(
    "alert_changes",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("alert", sql.Integer, sql.ForeignKey("alerts.id"), nullable=False, index=True),
    sql.Column("at", sql.DateTime, nullable=False),
    sql.Column("who", sql.Text, nullable=False),
    sql.Column("state", sql.String(16), nullable=False),
    sql.Column("note", sql.Text, nullable=False),
)
#: What is to be sent where, and how often that was tried.
deliveries = sql.Table(
    "deliveries",
    METADATA,
    sql.Column("alert", sql.Integer, sql.ForeignKey("alerts.id"), primary_key=True),
    sql.Column("channel", sql.Text, primary_key=True),
    sql.Column("sent", sql.Boolean, nullable=False),
    sql.Column("attempts", sql.Integer, nullable=False),
    sql.Column("next_at", sql.DateTime, nullable=False),
    sql.Column("error", sql.Text, nullable=False),
)
