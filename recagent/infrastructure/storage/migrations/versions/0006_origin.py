"""An event that came from a file keeps from which reading; of older ones it is not known."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; events from before count as recorded, so that no reading replaces them."""
    op.add_column(
        "events", sa.Column("origin", sa.String, nullable=False, server_default=sa.text("''"))
    )
