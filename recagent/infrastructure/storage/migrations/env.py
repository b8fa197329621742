"""Runs the steps on the connection that ``migrating`` hands over, in its transaction.

Not a way to run Alembic by hand: opening a store does it.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
