"""Marks about the publication as a whole, and the fingerprints of its secret keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, exists, insert, or_, select

from briefingfeed.errors import SecretKeyError
from briefingfeed.storage.schema import edition, meta, secret_key, subscriber, suppression
from briefingfeed.storage.statements import upsert


def get_mark(c: Connection, name: str) -> str | None:
    """Return what was noted under `name`, such as `first_real_slot`."""
    return c.scalar(select(meta.c.value).where(meta.c.name == name))


def set_mark(c: Connection, name: str, value: str) -> None:
    statement = upsert(c, meta)
    c.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}),
        {"name": name, "value": value},
    )


def settle_mark(c: Connection, name: str, value: str) -> str:
    """Note `value` unless something stands there; return what stands there then. Other writers may do the same."""
    c.execute(upsert(c, meta).on_conflict_do_nothing(), {"name": name, "value": value})
    return get_mark(c, name) or value


def clear_mark(c: Connection, name: str) -> None:
    c.execute(delete(meta).where(meta.c.name == name))


def is_empty(c: Connection) -> bool:
    """Whether nobody depends on the secret keys yet: no subscriber, edition or suppression."""
    return not c.scalar(select(or_(exists(select(subscriber)), exists(select(edition)), exists(select(suppression)))))


def known_keys(c: Connection) -> frozenset[str]:
    """Return the fingerprints of every key that this database was ever used with."""
    return frozenset(c.scalars(select(secret_key.c.fingerprint)))


def check_keys(c: Connection, fingerprints: Collection[str], now: datetime, *, where: str | None = None) -> None:
    """Refuse to go on without a key that links or suppressions depend on; remember keys that are new.

    While the database holds nobody, a lost key is forgotten instead. Raises SecretKeyError, which says `where` keys
    are looked for.
    """
    known = known_keys(c)
    missing = known.difference(fingerprints)
    if missing:
        if not is_empty(c):
            raise SecretKeyError(
                f"the secret key {', '.join(sorted(missing))} is missing; links in mails already sent and the"
                " suppressions depend on it",
                where=where,
                remedy="restore the key from the backup, and keep older keys beside the new one",
            )
        c.execute(delete(secret_key).where(secret_key.c.fingerprint.in_(missing)))
    new = [{"fingerprint": each, "first_seen_at": now} for each in dict.fromkeys(fingerprints) if each not in known]
    if new:
        c.execute(insert(secret_key), new)
