"""The tables. Times are instants in UTC, states are words, and every promise that a constraint can keep is one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
    text,
)

from briefingfeed.models.delivery import DeliveryState, EventKind, Phase, Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.models.subscriber import ConsentKind, SubscriberState, SuppressionReason
from briefingfeed.storage import triggers
from briefingfeed.storage.types import Instant, word

FIRST_BATCH: Final = 1
"""The first batch of an edition; everybody else is 2."""
HEAD: Final = "0003"
"""The newest migration: a database at this revision has exactly the tables below."""

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

secret_key = Table(
    "secret_key",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("first_seen_at", Instant, nullable=False),
)

remembered_post = Table(
    "remembered_post",
    metadata,
    Column("post_id", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("date", Date, nullable=False),
    Column("body_digest", String, nullable=False),
    Column("published", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", String, primary_key=True),
    Column("address", String, nullable=False),
    # The address without case: `Ann@` and `ann@` are one mailbox and never get two copies.
    Column("address_key", String, nullable=False, unique=True),
    # Ties the row to the suppressions, so that who may be mailed is a condition within SQL.
    Column("address_hash", String, nullable=False, unique=True),
    Column("state", word(SubscriberState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("unsubscribed_at", Instant),
    Column("cadence", word(Cadence), nullable=False, server_default=Cadence.WEEKLY),
    Column("cadence_since", Instant),
)
Index("subscriber_by_cadence", subscriber.c.state, subscriber.c.cadence, subscriber.c.cadence_since)

consent = Table(
    "consent",
    metadata,
    Column("id", Integer, primary_key=True),
    # No foreign key: the proof outlives the subscriber, under an id that then leads nowhere.
    Column("subscriber_id", String, nullable=False, index=True),
    Column("kind", word(ConsentKind), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)

suppression = Table(
    "suppression",
    metadata,
    Column("address_hash", String, primary_key=True),
    Column("reason", word(SuppressionReason), nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
)

edition = Table(
    "edition",
    metadata,
    Column("key", String, primary_key=True),
    Column("cadence", word(Cadence), nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    Column("slot_at", Instant, nullable=False),
    Column("state", word(EditionState), nullable=False),
    Column("frozen_at", Instant),
    Column("expires_at", Instant),
    Column("held_at", Instant),
    Column("recipients", Integer, nullable=False),
    Column("signing_key", String),
    Column("sender", String),
    Column("public_url", String),
    Column("return_path", String),
    Column("unsubscribe_address", String),
    Column("note", Text, nullable=False),
    Column("proof_hash", String),
    Column("proof_sent_at", Instant),
    # Rows of a later batch wait: see `delivery.batch`.
    Column("open_batch", Integer, nullable=False, server_default="2"),
    Column("pause_until", Instant),
    CheckConstraint("(state = 'held') = (held_at IS NOT NULL)", name="held"),
)

rendition = Table(
    "rendition",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("edition_key", ForeignKey("edition.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("message", JSON, nullable=False),
    Column("post_ids", JSON, nullable=False),
    Column("content_hash", String, nullable=False),
    # Over everything above but the edition: the content hash covers the MIME message only.
    Column("checksum", String, nullable=False),
    UniqueConstraint("edition_key", "number"),
    sqlite_autoincrement=True,
)

# The same as `post_ids`, for SQL: who had which post, and in what state.
rendition_post = Table(
    "rendition_post",
    metadata,
    Column("rendition_id", ForeignKey("rendition.id"), primary_key=True),
    Column("post_id", String, primary_key=True, index=True),
    # As it was mailed (the post may be gone when somebody asks), and the marks of the corrections that it showed
    # already, a line each. NULL: from a time when nobody wrote these down.
    Column("title", Text),
    Column("corrections", Text),
)

# Corrections of earlier posts that a rendition tells.
rendition_correction = Table(
    "rendition_correction",
    metadata,
    Column("rendition_id", ForeignKey("rendition.id"), primary_key=True),
    Column("post_id", String, primary_key=True, index=True),
    Column("mark", String, primary_key=True),
)

edition_post = Table(
    "edition_post",
    metadata,
    Column("scope", String, primary_key=True),
    Column("post_id", String, primary_key=True),
    Column("edition_key", ForeignKey("edition.key"), nullable=False, index=True),
)

passed_over = Table(
    "passed_over",
    metadata,
    Column("scope", String, primary_key=True),
    Column("post_id", String, primary_key=True),
    Column("at", Instant, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("edition_key", ForeignKey("edition.key"), nullable=False),
    Column("rendition_id", ForeignKey("rendition.id"), nullable=False),
    # 1: the first batch, 2: everyone else.
    Column("batch", Integer, nullable=False, server_default="2"),
    # Both are dropped when the subscriber is erased; the row still counts.
    Column("subscriber_id", ForeignKey("subscriber.id"), index=True),
    Column("address", String),
    Column("state", word(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    # Kept through `claimed`, where it tells a row that was deferred from one that was pending.
    Column("next_attempt_at", Instant),
    Column("claim_id", String),
    Column("claimed_at", Instant),
    # The run that had armed the row when it was found dead; should it be alive after all, its word still counts.
    Column("lost_run", String),
    Column("code", Integer),
    Column("enhanced_code", String),
    Column("provider_id", String),
    Column("note", Text, nullable=False),
    Column("acknowledged_at", Instant),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("edition_key", "address"),
    UniqueConstraint("edition_key", "subscriber_id"),
    CheckConstraint(f"state IN {tuple(map(str, DeliveryState))}", name="state"),
    CheckConstraint("(state IN ('claimed', 'submitting')) = (claim_id IS NOT NULL)", name="claim"),
    CheckConstraint("state <> 'deferred' OR next_attempt_at IS NOT NULL", name="due"),
    sqlite_autoincrement=True,
)
Index("delivery_by_state", delivery.c.edition_key, delivery.c.state, delivery.c.next_attempt_at)
_IS_CLAIMED = text("claim_id IS NOT NULL")
Index("delivery_by_claim", delivery.c.claim_id, sqlite_where=_IS_CLAIMED, postgresql_where=_IS_CLAIMED)
_IS_FIRST = text(f"batch = {FIRST_BATCH}")
Index(
    "delivery_first_batch",
    delivery.c.edition_key,
    delivery.c.batch,  # the same in all of them, but with it SQLite prefers this index to the one above
    delivery.c.state,
    sqlite_where=_IS_FIRST,
    postgresql_where=_IS_FIRST,
)
IN_FIRST_BATCH: Final = delivery.c.batch == literal_column(str(FIRST_BATCH))
"""Written out, not bound: a statement prepared for any batch could not use the index."""

attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("result", word(Result), nullable=False),
    Column("phase", word(Phase)),
    Column("code", Integer),
    Column("enhanced_code", String),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)

delivery_event = Table(
    "delivery_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), index=True),
    # No foreign key: an event outlives the subscriber, and then leads to nobody.
    Column("subscriber_id", String, index=True),
    Column("kind", word(EventKind), nullable=False),
    Column("permanent", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("source", String, nullable=False),
    Column("source_key", String, nullable=False),
    Column("code", Integer),
    Column("enhanced_code", String),
    Column("note", Text, nullable=False),
    UniqueConstraint("source", "source_key"),
    sqlite_autoincrement=True,
)

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    # The machine and state folder it works from: there its lock tells whether it lives.
    Column("place", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    # By the database's own clock.
    Column("lease_until", Instant, nullable=False),
    Column("ended_at", Instant),
    # From then on it sends nothing that isn't in `keyed_request`.
    Column("keeps_requests_since", Instant),
)

# A request under an idempotency key, until it is known what became of it: `storage.keyed_requests`.
keyed_request = Table(
    "keyed_request",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("edition_key", ForeignKey("edition.key"), nullable=False),
    Column("provider", String, nullable=False),
    # The run that has its rows, as in `delivery.claim_id`.
    Column("run_id", String, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("digest", String, nullable=False),
    # Both by the database's own clock.
    Column("first_sent_at", Instant, nullable=False),
    Column("repeat_until", Instant, nullable=False),
    Column("had_error", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

keyed_request_copy = Table(
    "keyed_request_copy",
    metadata,
    Column("request_id", ForeignKey("keyed_request.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, unique=True),
)

handed_over = Table(
    "handed_over",
    metadata,
    Column("provider", String, primary_key=True),
    Column("minute", Instant, primary_key=True),
    Column("count", Integer, nullable=False),
)

for _dialect, _triggers in (("sqlite", triggers.SQLITE), ("postgresql", triggers.POSTGRESQL)):
    for _name, _statements in _triggers.items():
        for _statement in _statements:
            _ddl = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
            event.listen(metadata.tables[_name], "after_create", _ddl)
