"""Brings a database to the newest schema when a store opens it.

Not the steps themselves: those are in ``migrations/versions``.
"""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from recagent.errors import ConfigError
from recagent.infrastructure.storage.database import shown, take_turn

HEAD = "0006"
MIGRATIONS = Path(__file__).parent / "migrations"

_one_thread = threading.Lock()  # alembic.context is one per process


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that the database lacks, all or none; one process at a time.

    Raises:
        ConfigError: its version is none that this recagent knows.
    """
    with engine.connect() as connection:
        if version(connection) == HEAD:
            return
    with _one_thread, engine.begin() as connection:
        take_turn(connection, "schema")
        revision = version(connection)
        if revision != HEAD:  # another process may have been faster
            _upgrade(connection, revision)


def version(connection: sa.Connection) -> str | None:
    """The version that the database says it has; None for an empty one, or one made before 0.1."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: sa.Connection, revision: str | None) -> None:
    # Alembic takes longer to import than the rest of a start, and most starts do not need it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise ConfigError(
            "event store {url!r} has schema {version!r}, but this recagent only supports schemas "
            "up to {newest!r}; upgrade recagent, or give it a database of its own if this one "
            "belongs to another application",
            url=shown(connection.engine.url),
            version=revision,
            newest=HEAD,
        )
    command.upgrade(config, "head")
