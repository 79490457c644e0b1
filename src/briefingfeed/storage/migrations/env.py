"""What alembic runs around each step: our connection, and nothing from the environment."""

from __future__ import annotations

from alembic import context

from briefingfeed.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table by copying it; PostgreSQL ignores this.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
