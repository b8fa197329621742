"""The tables as they were before there were migrations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; a SQLite file made before there were migrations has them already."""
    old = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "users",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("declared", sa.LargeBinary, nullable=False),
        if_not_exists=old,
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("item_id", sa.String, nullable=False),
        sa.Column("scene", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("place", sa.String, nullable=False),
        sa.Column("impression", sa.String, nullable=False),
        sa.UniqueConstraint("user_id", "item_id", "scene", "kind", "at", name="one_event"),
        if_not_exists=old,
    )
    op.create_index("events_by_user", "events", ["user_id", "at"], if_not_exists=old)
    op.create_table(
        "impressions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("scene", sa.String, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("item_ids", sa.LargeBinary, nullable=False),
        sa.Column("probabilities", sa.LargeBinary, nullable=False),
        sa.Column("trace", sa.String, nullable=False),
        if_not_exists=old,
    )
    op.create_index("ix_impressions_user_id", "impressions", ["user_id"], if_not_exists=old)
