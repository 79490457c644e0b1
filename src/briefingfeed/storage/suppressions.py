"""Addresses never to be mailed again, known by a keyed hash: the address itself need not be kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from briefingfeed.models.subscriber import Suppression, SuppressionReason
from briefingfeed.storage import departures
from briefingfeed.storage.journal import Kind
from briefingfeed.storage.schema import suppression
from briefingfeed.storage.statements import batches, upsert


def add(c: Connection, new: Suppression) -> bool:
    """Suppress an address; False if it already is: the first reason stays. Rows frozen for it will be skipped."""
    row = {"address_hash": new.address_hash, "reason": new.reason, "at": new.at, "note": new.note}
    added = c.execute(upsert(c, suppression).on_conflict_do_nothing(), row).rowcount == 1
    if added and new.reason is not SuppressionReason.ERASED:  # of an erasure the journal tells anyway
        departures.note(c, Kind.SUPPRESSED, new.address_hash, new.at, reason=new.reason)
    return added


def remove(c: Connection, address_hash: str, now: datetime) -> bool:
    """Allow the address again; False if it was not suppressed."""
    removed = c.execute(delete(suppression).where(suppression.c.address_hash == address_hash)).rowcount == 1
    if removed:
        departures.note(c, Kind.UNSUPPRESSED, address_hash, now)
    return removed


def get(c: Connection, address_hash: str) -> Suppression | None:
    row = c.execute(select(suppression).where(suppression.c.address_hash == address_hash)).mappings().one_or_none()
    return Suppression(**row) if row else None


def contains(c: Connection, hashes: Collection[str]) -> set[str]:
    """Return those of `hashes` that are suppressed."""
    column = suppression.c.address_hash
    return {found for some in batches(hashes) for found in c.scalars(select(column).where(column.in_(some)))}
