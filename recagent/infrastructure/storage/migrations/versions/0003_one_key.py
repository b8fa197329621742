"""The key that keeps an event once also finds a person's newest: one index and not two."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Put the person and the time first in the key; the index on these two goes."""
    op.drop_index("events_by_user", table_name="events")
    with op.batch_alter_table("events") as events:  # SQLite copies the table to change a key
        events.drop_constraint("one_event", type_="unique")
        events.create_unique_constraint("one_event", ["user_id", "at", "item_id", "scene", "kind"])
