"""Why mails to `report_to` don't arrive: kept so that cron's own mail, the exit code and `status` can say it."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from briefingfeed.errors import BriefingfeedError
from briefingfeed.services.telling.notices import Notice
from briefingfeed.storage import meta
from briefingfeed.storage.set_back import AHEAD

TROUBLE = "report_trouble"
REPORTS = "reports"
PATIENCE = timedelta(hours=1)
"""So long mails may wait before it is told."""
REST = timedelta(days=1)
"""An address that was refused is let alone so long."""
_WAY_OUT = "way out"


def note_unreachable(connection: Connection, error: BriefingfeedError, now: datetime) -> None:
    """The way out can't be used."""
    _note(connection, _WAY_OUT, str(error), now)


def note_waits(connection: Connection, who: str, words: str, now: datetime) -> None:
    """The mail to a person was put off. `who` is what `report_queue.person` makes of an address."""
    _note(connection, f"waits:{who}", words, now)


def note_refused(connection: Connection, who: str, words: str, now: datetime) -> None:
    """A person's address was refused for good."""
    _note(connection, f"refused:{who}", words, now)


def resting(connection: Connection, now: datetime) -> frozenset[str]:
    """Return the people whose addresses were refused lately."""
    return frozenset(
        topic.partition(":")[2]
        for topic, trouble in _read(connection).items()
        # Noted by a clock that has been set back since, it counts no longer.
        if topic.startswith("refused:") and -AHEAD < now - datetime.fromisoformat(trouble["last"]) < REST
    )


def note_taken(connection: Connection, who: str) -> None:
    """A mail to a person was taken: all is well again."""
    _keep(connection, {_WAY_OUT, f"waits:{who}", f"refused:{who}"})


def trouble_notices(connection: Connection, people: Collection[str], now: datetime) -> tuple[Notice, ...]:
    """Return what stands open, for the people in `report_to`; what concerned others is no matter any more."""
    found = []
    for topic, trouble in _read(connection).items():
        kind, _, who = topic.partition(":")
        since = datetime.fromisoformat(trouble["since"])
        if who and who not in people:
            continue
        if kind == "refused":
            found.append(_refused(trouble["words"], len(people)))
        elif people and now - since >= PATIENCE:
            found.append(_waits(since, trouble["words"]))
    return tuple({notice.topic: notice for notice in found}.values())


def _refused(words: str, people: int) -> Notice:
    which = "the address" if people == 1 else f"one of the {people} addresses"
    return Notice(
        topic=f"{REPORTS}:refused",
        text=f"The report could not be mailed: {which} in report_to was refused.\n  {words}",
        remedy="Correct report_to in [newsletter]. Until a report gets through, only cron and status tell you things.",
    )


def _waits(since: datetime, words: str) -> Notice:
    return Notice(
        topic=f"{REPORTS}:wait",
        text=f"Since {since:%d %B %Y, %H:%M} UTC no report could be mailed.\n  {words}",
        remedy="Each run tries again; nothing of it is lost.",
        awaits=False,
        quotes=True,
    )


def _note(connection: Connection, topic: str, words: str, now: datetime) -> None:
    kept = _read(connection)
    since = min(datetime.fromisoformat(kept[topic]["since"]), now) if topic in kept else now
    noted = {"since": since.isoformat(), "last": now.isoformat(), "words": words}
    meta.set_mark(connection, TROUBLE, json.dumps({**kept, topic: noted}))


def _keep(connection: Connection, settled: set[str]) -> None:
    kept = _read(connection)
    left = {topic: trouble for topic, trouble in kept.items() if topic not in settled}
    if left != kept:
        meta.set_mark(connection, TROUBLE, json.dumps(left))


def _read(connection: Connection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(meta.get_mark(connection, TROUBLE) or "{}")
    return found
