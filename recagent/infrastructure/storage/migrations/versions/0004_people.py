"""People may have several ids, change their profile, and have notes on what they like."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a column to the people, and two tables; nobody has edits, aliases or notes yet."""
    op.add_column("users", sa.Column("edits", sa.LargeBinary))
    op.create_table(
        "aliases",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("user_id", sa.String, nullable=False),
    )
    op.create_index("ix_aliases_user_id", "aliases", ["user_id"])
    op.create_table(
        "notes",
        sa.Column("user_id", sa.String, primary_key=True),
        sa.Column("scene", sa.String, primary_key=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("made_from", sa.String, nullable=False),
    )
