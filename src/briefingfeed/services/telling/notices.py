"""What a run has to say to the operator, said once per change. Cron mails every word, so a word must be news."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from briefingfeed.models.edition import Cadence
from briefingfeed.storage import meta

TOLD = "told"
"""The mark under which a run remembers what it has told."""
_UNTOLD = "untold"
_NUMBER = re.compile(r"(?=[\w.:-]*\d)[\w.:-]{8,}")
"""What servers name a session or a mail by: `a640c23a62f3a-20020a17`, `4Xy1Zk0sPgz9sT`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell. `topic` says what it is about: a second notice about it is news only if it says more."""

    topic: str
    text: str
    remedy: str | None = None
    awaits: bool = True
    """Whether somebody has to decide or repair something: the exit code is 1 until then."""
    quotes: bool = False
    """It quotes a server, which may write a number of its own into the same words each time."""

    def __str__(self) -> str:
        return f"{self.text}\n  {self.remedy}" if self.remedy else self.text

    def as_dict(self) -> dict[str, object]:
        return {"topic": self.topic, "text": self.text, "remedy": self.remedy, "awaits_decision": self.awaits}


def news(standing: Sequence[Notice], told: Mapping[str, str]) -> tuple[Notice, ...]:
    """Return those of the `standing` notices that were not told before, or not in these words. Pure."""
    return tuple(notice for notice in standing if not _is_told(notice, told.get(notice.topic)))


def _is_told(notice: Notice, words: str | None) -> bool:
    if notice.quotes and words is not None:
        return _NUMBER.sub("", words) == _NUMBER.sub("", str(notice))
    return words == str(notice)


def tell(connection: Connection, standing: Sequence[Notice], *, memory: str = TOLD) -> tuple[Notice, ...]:
    """Return what is new and remember all of `standing` as told. What no longer stands is forgotten: should it come
    back, it is news again. Each `memory` is apart."""
    told: Mapping[str, str] = json.loads(meta.get_mark(connection, memory) or "{}")
    now_told = {notice.topic: str(notice) for notice in standing}
    if now_told != told:
        meta.set_mark(connection, memory, json.dumps(now_told, ensure_ascii=False))
    return news(standing, told)


def forget(connection: Connection, topic: str, *, memory: str = TOLD) -> None:
    """Let the next notice about this be news, even in the same words: somebody has settled what stood until now."""
    for name in (memory, *(f"{memory}:{cadence}" for cadence in Cadence)):
        told = json.loads(meta.get_mark(connection, name) or "{}")
        if told.pop(topic, None) is not None:
            meta.set_mark(connection, name, json.dumps(told, ensure_ascii=False))


def tell_all(
    connection: Connection, cadence: Cadence, everywhere: Sequence[Notice], own: Sequence[Notice]
) -> tuple[Notice, ...]:
    """As `tell`. A run of one cadence doesn't see what only those of another do (`own`), and must not forget it."""
    return (*tell(connection, everywhere), *tell(connection, own, memory=f"{TOLD}:{cadence}"))


def told_elsewhere(connection: Connection, cadence: Cadence) -> frozenset[str]:
    """Return the topics that only runs of other cadences see, and found standing."""
    memories = (meta.get_mark(connection, f"{TOLD}:{each}") for each in Cadence if each is not cadence)
    return frozenset(topic for memory in memories for topic in json.loads(memory or "{}"))


def note(connection: Connection, *events: Notice) -> None:
    """Keep what has happened, in the transaction in which it happens: the run may die before it can tell it."""
    if events:
        untold = [*_untold(connection), *map(asdict, events)]
        meta.set_mark(connection, _UNTOLD, json.dumps(untold, ensure_ascii=False))


def take_noted(connection: Connection) -> tuple[Notice, ...]:
    """Return what was noted since the last run that told anything, and forget it."""
    untold = _untold(connection)
    if untold:
        meta.set_mark(connection, _UNTOLD, "[]")
    return tuple(Notice(**each) for each in untold)


def _untold(connection: Connection) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(meta.get_mark(connection, _UNTOLD) or "[]")
    return found


def told_about(connection: Connection, topic: str) -> str | None:
    """Return the words of the last run about something that still stands."""
    return told_before(connection, topic).get(topic)


def told_before(connection: Connection, *beginnings: str) -> Mapping[str, str]:
    """Return what the last run of each cadence found standing about topics that begin so: its words, by topic."""
    memories = (meta.get_mark(connection, name) for name in (TOLD, *(f"{TOLD}:{each}" for each in Cadence)))
    told = {topic: words for memory in memories for topic, words in json.loads(memory or "{}").items()}
    return {topic: words for topic, words in told.items() if topic.startswith(beginnings)}
