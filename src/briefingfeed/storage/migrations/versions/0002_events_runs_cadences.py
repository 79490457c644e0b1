"""Events, runs, cadences; several renditions of an edition, and the corrections in them; batches; rates."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION consent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'consent is append-only' USING ERRCODE = 'restrict_violation';
    END $$""",
    """
    CREATE FUNCTION consent_keep_content() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.id = OLD.id AND NEW.subscriber_id = OLD.subscriber_id AND NEW.kind = OLD.kind
            AND NEW.at = OLD.at AND NEW.source = '' AND NEW.note = ''
            AND EXISTS (SELECT FROM consent WHERE subscriber_id = OLD.subscriber_id AND kind = 'erased')
        THEN RETURN NEW; END IF;
        RAISE EXCEPTION 'consent is append-only' USING ERRCODE = 'restrict_violation';
    END $$""",
    """
    CREATE TRIGGER consent_keep_row BEFORE DELETE ON consent
    FOR EACH ROW EXECUTE FUNCTION consent_refuse()""",
    """
    CREATE TRIGGER consent_keep_all BEFORE TRUNCATE ON consent
    FOR EACH STATEMENT EXECUTE FUNCTION consent_refuse()""",
    """
    CREATE TRIGGER consent_keep_content BEFORE UPDATE ON consent
    FOR EACH ROW EXECUTE FUNCTION consent_keep_content()""",
    """
    CREATE FUNCTION rendition_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a rendition never changes' USING ERRCODE = 'restrict_violation';
    END $$""",
    """
    CREATE TRIGGER rendition_keep_row BEFORE UPDATE OR DELETE ON rendition
    FOR EACH ROW EXECUTE FUNCTION rendition_refuse()""",
    """
    CREATE TRIGGER rendition_keep_all BEFORE TRUNCATE ON rendition
    FOR EACH STATEMENT EXECUTE FUNCTION rendition_refuse()""",
)


def upgrade() -> None:
    _people()
    _editions()
    _rendition_posts()
    _corrections()
    _events()
    _runs()
    # Before this step there was no PostgreSQL.
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL_TRIGGERS:
            op.execute(statement)


def _people() -> None:
    op.add_column("subscriber", sa.Column("cadence", sa.String(length=20), nullable=False, server_default="weekly"))
    op.add_column("subscriber", sa.Column("cadence_since", sa.DateTime(timezone=True)))
    op.drop_index(op.f("subscriber_state"), "subscriber")
    op.create_index("subscriber_by_cadence", "subscriber", ["state", "cadence", "cadence_since"])


def _editions() -> None:
    for name in ("return_path", "unsubscribe_address", "proof_hash"):
        op.add_column("edition", sa.Column(name, sa.String()))
    op.add_column("edition", sa.Column("proof_sent_at", sa.DateTime(timezone=True)))
    op.add_column("edition", sa.Column("open_batch", sa.Integer(), nullable=False, server_default="2"))
    op.add_column("edition", sa.Column("pause_until", sa.DateTime(timezone=True)))
    op.add_column("delivery", sa.Column("batch", sa.Integer(), nullable=False, server_default="2"))
    op.add_column("delivery", sa.Column("lost_run", sa.String()))
    is_first = sa.text("batch = 1")
    op.create_index(
        "delivery_first_batch",
        "delivery",
        ["edition_key", "batch", "state"],
        sqlite_where=is_first,
        postgresql_where=is_first,
    )


def _rendition_posts() -> None:
    table = op.create_table(
        "rendition_post",
        sa.Column("rendition_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("corrections", sa.Text()),
        sa.ForeignKeyConstraint(["rendition_id"], ["rendition.id"], name=op.f("rendition_post_rendition_id_fkey")),
        sa.PrimaryKeyConstraint("rendition_id", "post_id", name=op.f("rendition_post_pkey")),
    )
    op.create_index(op.f("rendition_post_post_id"), "rendition_post", ["post_id"])
    connection = op.get_bind()
    for rendition_id, post_ids in connection.execute(sa.text("SELECT id, post_ids FROM rendition")).all():
        ids = json.loads(post_ids) if isinstance(post_ids, str) else post_ids
        rows = [{"rendition_id": rendition_id, "post_id": post_id} for post_id in dict.fromkeys(ids)]
        if rows:
            connection.execute(sa.insert(table), rows)


def _corrections() -> None:
    op.create_table(
        "rendition_correction",
        sa.Column("rendition_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rendition_id"], ["rendition.id"], name=op.f("rendition_correction_rendition_id_fkey")
        ),
        sa.PrimaryKeyConstraint("rendition_id", "post_id", "mark", name=op.f("rendition_correction_pkey")),
    )
    op.create_index(op.f("rendition_correction_post_id"), "rendition_correction", ["post_id"])


def _events() -> None:
    op.create_table(
        "delivery_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer()),
        sa.Column("subscriber_id", sa.String()),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("code", sa.Integer()),
        sa.Column("enhanced_code", sa.String()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("delivery_event_delivery_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_event_pkey")),
        sa.UniqueConstraint("source", "source_key", name=op.f("delivery_event_source_source_key_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("delivery_event_delivery_id"), "delivery_event", ["delivery_id"])
    op.create_index(op.f("delivery_event_subscriber_id"), "delivery_event", ["subscriber_id"])


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("run_pkey")),
    )
    op.create_table(
        "handed_over",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "minute", name=op.f("handed_over_pkey")),
    )
