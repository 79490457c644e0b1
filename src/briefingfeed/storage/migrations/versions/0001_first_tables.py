"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TRIGGERS = (
    """
    CREATE TRIGGER consent_keep_row BEFORE DELETE ON consent
    BEGIN SELECT RAISE(ABORT, 'consent is append-only'); END""",
    """
    CREATE TRIGGER consent_keep_content BEFORE UPDATE ON consent
    WHEN NOT (NEW.id = OLD.id AND NEW.subscriber_id = OLD.subscriber_id AND NEW.kind = OLD.kind
        AND NEW.at = OLD.at AND NEW.source = '' AND NEW.note = ''
        AND EXISTS (SELECT 1 FROM consent WHERE subscriber_id = OLD.subscriber_id AND kind = 'erased'))
    BEGIN SELECT RAISE(ABORT, 'consent is append-only'); END""",
    """
    CREATE TRIGGER rendition_keep_row BEFORE DELETE ON rendition
    BEGIN SELECT RAISE(ABORT, 'a rendition never changes'); END""",
    """
    CREATE TRIGGER rendition_keep_content BEFORE UPDATE ON rendition
    BEGIN SELECT RAISE(ABORT, 'a rendition never changes'); END""",
)


def upgrade() -> None:
    _publication()
    _people()
    _editions()
    _deliveries()
    if op.get_bind().dialect.name == "sqlite":
        for statement in _TRIGGERS:
            op.execute(statement)


def _publication() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("meta_pkey")),
    )
    op.create_table(
        "secret_key",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("secret_key_pkey")),
    )
    op.create_table(
        "remembered_post",
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("body_digest", sa.String(), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("remembered_post_pkey")),
    )


def _people() -> None:
    op.create_table(
        "subscriber",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("address_key", sa.String(), nullable=False),
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unsubscribed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("subscriber_pkey")),
        sa.UniqueConstraint("address_key", name=op.f("subscriber_address_key_key")),
        sa.UniqueConstraint("address_hash", name=op.f("subscriber_address_hash_key")),
    )
    op.create_index(op.f("subscriber_state"), "subscriber", ["state"])
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("consent_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("consent_subscriber_id"), "consent", ["subscriber_id"])
    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.String(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("suppression_pkey")),
    )


def _editions() -> None:
    op.create_table(
        "edition",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("cadence", sa.String(20), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("held_at", sa.DateTime(timezone=True)),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("signing_key", sa.String()),
        sa.Column("sender", sa.String()),
        sa.Column("public_url", sa.String()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("edition_pkey")),
        sa.CheckConstraint("(state = 'held') = (held_at IS NOT NULL)", name=op.f("edition_held")),
    )
    op.create_table(
        "rendition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_key", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("post_ids", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("checksum", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("rendition_pkey")),
        sa.UniqueConstraint("edition_key", "number", name=op.f("rendition_edition_key_number_key")),
        sa.ForeignKeyConstraint(["edition_key"], ["edition.key"], name=op.f("rendition_edition_key_fkey")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "edition_post",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("edition_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "post_id", name=op.f("edition_post_pkey")),
        sa.ForeignKeyConstraint(["edition_key"], ["edition.key"], name=op.f("edition_post_edition_key_fkey")),
    )
    op.create_index(op.f("edition_post_edition_key"), "edition_post", ["edition_key"])
    op.create_table(
        "passed_over",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "post_id", name=op.f("passed_over_pkey")),
    )


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition_key", sa.String(), nullable=False),
        sa.Column("rendition_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.String()),
        sa.Column("address", sa.String()),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("claim_id", sa.String()),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
        sa.Column("code", sa.Integer()),
        sa.Column("enhanced_code", sa.String()),
        sa.Column("provider_id", sa.String()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pkey")),
        sa.UniqueConstraint("edition_key", "address", name=op.f("delivery_edition_key_address_key")),
        sa.UniqueConstraint("edition_key", "subscriber_id", name=op.f("delivery_edition_key_subscriber_id_key")),
        sa.ForeignKeyConstraint(["edition_key"], ["edition.key"], name=op.f("delivery_edition_key_fkey")),
        sa.ForeignKeyConstraint(["rendition_id"], ["rendition.id"], name=op.f("delivery_rendition_id_fkey")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("delivery_subscriber_id_fkey")),
        sa.CheckConstraint(
            "state IN ('pending', 'claimed', 'submitting', 'accepted', 'deferred', 'failed', 'uncertain', 'skipped',"
            " 'expired')",
            name=op.f("delivery_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('claimed', 'submitting')) = (claim_id IS NOT NULL)", name=op.f("delivery_claim")
        ),
        sa.CheckConstraint("state <> 'deferred' OR next_attempt_at IS NOT NULL", name=op.f("delivery_due")),
        sqlite_autoincrement=True,
    )
    op.create_index("delivery_by_state", "delivery", ["edition_key", "state", "next_attempt_at"])
    claimed = sa.text("claim_id IS NOT NULL")
    op.create_index("delivery_by_claim", "delivery", ["claim_id"], sqlite_where=claimed, postgresql_where=claimed)
    op.create_index(op.f("delivery_subscriber_id"), "delivery", ["subscriber_id"])
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("phase", sa.String(20)),
        sa.Column("code", sa.Integer()),
        sa.Column("enhanced_code", sa.String()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("attempt_pkey")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("attempt_delivery_id_fkey")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("attempt_delivery_id"), "attempt", ["delivery_id"])
