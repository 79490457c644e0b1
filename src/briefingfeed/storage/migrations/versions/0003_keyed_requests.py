"""Requests under an idempotency key, kept until it is known what became of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("run", sa.Column("keeps_requests_since", sa.DateTime(timezone=True)))
    op.create_table(
        "keyed_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_key", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("repeat_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("had_error", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["edition_key"], ["edition.key"], name=op.f("keyed_request_edition_key_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("keyed_request_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "keyed_request_copy",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["keyed_request.id"], name=op.f("keyed_request_copy_request_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("keyed_request_copy_delivery_id_fkey")),
        sa.PrimaryKeyConstraint("request_id", "position", name=op.f("keyed_request_copy_pkey")),
        sa.UniqueConstraint("delivery_id", name=op.f("keyed_request_copy_delivery_id_key")),
    )
