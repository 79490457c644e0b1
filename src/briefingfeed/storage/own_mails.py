"""Who mails a proof or a report: of several machines on one database, the one that has claimed it.

Write transactions take turns on both databases, so whoever finds a mail unclaimed is the only one. A claim is over once
its mail is recorded; or with its lease, by the database's clock: whoever held it has died, and the mail goes again,
perhaps a second time, under the same Message-ID. Runs of one place have a lock of their own, and wait for no lease.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.storage import meta, runs

_CLAIMS = "own_mails"
"""The mark that holds them: by a hash of the mail's name, whose it is and until when."""


def claim(c: Connection, name: str, place: str) -> bool:
    """Take it upon this place to send a mail; False if another has done so. `place`: see `runs`."""
    now = runs.clock(c)
    claims = _claims(c, now)
    of = _digest(name)
    if of in claims and claims[of][0] != place:
        return False
    _keep(c, claims | {of: (place, now + runs.LEASE)})
    return True


def release(c: Connection, name: str) -> None:
    """Forget a claim: what became of the mail is recorded, or it never left."""
    claims = _claims(c, runs.clock(c))
    claims.pop(_digest(name), None)
    _keep(c, claims)


def _claims(c: Connection, now: datetime) -> dict[str, tuple[str, datetime]]:
    """Return those whose lease is not over; a longer one than any is of a clock that was set back since."""
    stored = json.loads(meta.get_mark(c, _CLAIMS) or "{}")
    found = {of: (place, datetime.fromisoformat(until)) for of, (place, until) in stored.items()}
    return {of: (place, until) for of, (place, until) in found.items() if now < until <= now + runs.LEASE}


def _keep(c: Connection, claims: dict[str, tuple[str, datetime]]) -> None:
    meta.set_mark(c, _CLAIMS, json.dumps({of: (place, until.isoformat()) for of, (place, until) in claims.items()}))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
