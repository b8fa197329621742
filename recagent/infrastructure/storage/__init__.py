"""The ``EventStore`` on a SQL database through SQLAlchemy: SQLite or PostgreSQL, by URL.

Not a cache: an event is durable when ``add_events`` returns.
"""

from recagent.infrastructure.storage.store import SqlEventStore

__all__ = ["SqlEventStore"]
