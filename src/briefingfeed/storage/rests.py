"""How long a way out has asked to be left alone, for the next run too, wherever it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from briefingfeed.errors import ProviderError
from briefingfeed.storage import meta

LONGEST: Final = timedelta(hours=1)
"""After that it is asked again, whatever it said: an account may have been put right meanwhile, and one request in an
hour is no burden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    until: datetime
    error: ProviderError
    """What it said, in the words of whoever heard it."""


def note(c: Connection, provider: str, error: ProviderError, now: datetime) -> datetime:
    """Write down that a provider is to be left alone for `error.retry_after`; return until when."""
    until = now + min(timedelta(seconds=error.retry_after or 0.0), LONGEST)
    words = {"message": error.message, "where": error.where, "remedy": error.remedy}
    meta.set_mark(c, _name(provider), json.dumps({"until": until.isoformat(), **words}))
    return until


def find(c: Connection, provider: str, now: datetime) -> Rest | None:
    """Return how long a provider rests, and why; None if it doesn't, or the clock was set back since."""
    noted = meta.get_mark(c, _name(provider))
    if noted is None:
        return None
    words = json.loads(noted)
    until = datetime.fromisoformat(words.pop("until"))
    return Rest(until=until, error=ProviderError(**words)) if now < until <= now + LONGEST else None


def _name(provider: str) -> str:
    return f"rest/{provider}"
