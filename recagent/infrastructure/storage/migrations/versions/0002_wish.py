"""An impression keeps the wish that it answered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; impressions from before have an empty wish."""
    op.add_column(
        "impressions", sa.Column("wish", sa.String, nullable=False, server_default=sa.text("''"))
    )
