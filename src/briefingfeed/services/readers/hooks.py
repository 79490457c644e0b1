"""Do what follows from what a provider tells. Told twice, nothing happens twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from briefingfeed.models.delivery import DeliveryState, EventKind
from briefingfeed.providers.webhook import Told
from briefingfeed.services.readers.copy_finding import CopyFinder, Found
from briefingfeed.services.readers.mail_reports import Fate, Origin, apply
from briefingfeed.storage import deliveries
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring

_AT_A_TIME = 100
"""Reports to a transaction: others wait for their turn to write."""


def hear(
    database: Database, keyring: Keyring, provider: str, told: Sequence[Told], *, now: datetime
) -> Mapping[Fate, int]:
    """Store what `provider` has told, in order, and what follows; return what became of how many.

    It must have proven who it is (`Webhook.read`). Raises StorageError: then it must be told again, and what was stored
    until then is known.
    """
    fates: Counter[Fate] = Counter()
    finder = CopyFinder(keyring)
    for start in range(0, len(told), _AT_A_TIME):
        some = told[start : start + _AT_A_TIME]
        with database.read() as connection:
            found = [finder.find(connection, each.report.about, now) for each in some]
        with database.write() as connection:
            for each, whose in zip(some, found, strict=True):
                if each.report.kind is EventKind.DELIVERED and _is_known_to_have_arrived(connection, whose):
                    fates[Fate.REPEATED] += 1
                    continue
                origin = Origin(source=provider, key=sha256(each.key.encode(errors="replace")).hexdigest())
                applied = apply(connection, each.report, origin, found=whose, keyring=keyring, now=now)
                fates[applied.fate] += 1
    return fates


def _is_known_to_have_arrived(connection: Connection, found: Found | None) -> bool:
    """Whether a delivery is no news. Else it is kept: it settles a copy of which nobody knows whether it was taken."""
    row = deliveries.get(connection, found.delivery_id) if found and found.delivery_id is not None else None
    return row is not None and row.state is DeliveryState.ACCEPTED
