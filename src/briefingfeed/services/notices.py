"""What a run has to say to the operator, said once per change. Cron mails every word, so a word must be news."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from briefingfeed.storage import meta

TOLD = "told"
"""The mark under which a run remembers what it has told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell. `topic` says what it is about: a second notice about it is news only if it says more."""

    topic: str
    text: str
    remedy: str | None = None
    awaits: bool = True
    """Whether somebody has to decide or repair something: the exit code is 1 until then."""

    def __str__(self) -> str:
        return f"{self.text}\n  {self.remedy}" if self.remedy else self.text

    def as_dict(self) -> dict[str, object]:
        return {"topic": self.topic, "text": self.text, "remedy": self.remedy, "awaits_decision": self.awaits}


def news(standing: Sequence[Notice], told: Mapping[str, str]) -> tuple[Notice, ...]:
    """Return those of the `standing` notices that were not told before, or not in these words. Pure."""
    return tuple(notice for notice in standing if told.get(notice.topic) != str(notice))


def tell(connection: Connection, standing: Sequence[Notice], *, memory: str = TOLD) -> tuple[Notice, ...]:
    """Return what is new and remember all of `standing` as told. What no longer stands is forgotten: should it come
    back, it is news again. Each `memory` is apart."""
    told: Mapping[str, str] = json.loads(meta.get_mark(connection, memory) or "{}")
    now_told = {notice.topic: str(notice) for notice in standing}
    if now_told != told:
        meta.set_mark(connection, memory, json.dumps(now_told, ensure_ascii=False))
    return news(standing, told)


def told_about(connection: Connection, topic: str, *, memory: str = TOLD) -> str | None:
    """Return the words of the last run about something that still stands."""
    told: Mapping[str, str] = json.loads(meta.get_mark(connection, memory) or "{}")
    return told.get(topic)
