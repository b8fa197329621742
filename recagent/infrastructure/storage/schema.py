"""The tables, as the newest migration leaves them.

Not what makes them: a change here needs a migration beside it, and a test compares the two.
"""

from __future__ import annotations

import sqlalchemy as sa

META = sa.MetaData()

USERS = sa.Table(
    "users",
    META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("declared", sa.LargeBinary, nullable=False),
    sa.Column("edits", sa.LargeBinary),
)
# A person is kept under their first id; only events and impressions keep the id that they came by.
ALIASES = sa.Table(
    "aliases",
    META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("user_id", sa.String, nullable=False, index=True),
)
NOTES = sa.Table(
    "notes",
    META,
    sa.Column("user_id", sa.String, primary_key=True),
    sa.Column("scene", sa.String, primary_key=True),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("made_from", sa.String, nullable=False),
)
EVENTS = sa.Table(
    "events",
    META,
    # Only a plain INTEGER key counts up by itself in SQLite, and it has 64 bits there.
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("user_id", sa.String, nullable=False),
    sa.Column("item_id", sa.String, nullable=False),
    sa.Column("scene", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("at", sa.Float, nullable=False),  # seconds since 1970, UTC
    sa.Column("value", sa.Float),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("device", sa.String, nullable=False),
    sa.Column("place", sa.String, nullable=False),
    sa.Column("impression", sa.String, nullable=False),
    # Of the reading of files that gave it; empty for an event that was recorded.
    sa.Column("origin", sa.String, nullable=False, server_default=sa.text("''")),
    # The person and the time first: the key is the index of somebody's newest events, too.
    sa.UniqueConstraint("user_id", "at", "item_id", "scene", "kind", name="one_event"),
)
IMPRESSIONS = sa.Table(
    "impressions",
    META,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("user_id", sa.String, nullable=False, index=True),
    sa.Column("scene", sa.String, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("item_ids", sa.LargeBinary, nullable=False),
    sa.Column("probabilities", sa.LargeBinary, nullable=False),
    sa.Column("trace", sa.String, nullable=False),
    sa.Column("wish", sa.String, nullable=False, server_default=sa.text("''")),
)
# What is known of the data as a whole, as JSON.
FACTS = sa.Table(
    "facts",
    META,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
