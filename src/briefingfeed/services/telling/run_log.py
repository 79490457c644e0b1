"""The last runs of each cadence: when they came and how they ended. For `status`, and to notice what cron does wrong.

Runs that only rehearse another time (`--as-of`) are not among them.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from briefingfeed.models.edition import Cadence
from briefingfeed.storage import meta

KEPT = 40
"""Runs of a cadence. Of those that come every few minutes it is some hours; of those that come seldom, many weeks."""
_MARK = "runs:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: str
    cadence: Cadence
    started_at: datetime
    by_hand: bool
    """Somebody sat at a terminal: it says nothing about cron."""
    ended_at: datetime | None = None
    """None: at work, or killed."""
    exit_code: int | None = None
    busy: bool = False
    """Another run was at work, so this one did nothing."""

    def as_dict(self) -> dict[str, object]:
        return {
            "cadence": self.cadence,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "exit_code": self.exit_code,
            "by_hand": self.by_hand,
        }


def begin(connection: Connection, cadence: Cadence, now: datetime, *, by_hand: bool) -> Run:
    run = Run(id=secrets.token_hex(4), cadence=cadence, started_at=now, by_hand=by_hand)
    _write(connection, cadence, (*read(connection, cadence), run))
    return run


def end(connection: Connection, run: Run, now: datetime, exit_code: int, *, busy: bool = False) -> None:
    ended = replace(run, ended_at=now, exit_code=exit_code, busy=busy)
    kept = read(connection, run.cadence)
    _write(connection, run.cadence, tuple(ended if each.id == run.id else each for each in kept))


def read(connection: Connection, cadence: Cadence) -> tuple[Run, ...]:
    """Return the last runs of a cadence, oldest first."""
    rows = json.loads(meta.get_mark(connection, f"{_MARK}{cadence}") or "[]")
    return tuple(
        Run(
            id=row[0],
            cadence=cadence,
            started_at=datetime.fromisoformat(row[1]),
            by_hand=bool(row[2]),
            ended_at=datetime.fromisoformat(row[3]) if row[3] else None,
            exit_code=row[4],
            busy=bool(row[5]),
        )
        for row in rows
    )


def _write(connection: Connection, cadence: Cadence, runs: tuple[Run, ...]) -> None:
    rows = [
        (
            run.id,
            run.started_at.isoformat(timespec="seconds"),
            int(run.by_hand),
            run.ended_at.isoformat(timespec="seconds") if run.ended_at else None,
            run.exit_code,
            int(run.busy),
        )
        for run in runs[-KEPT:]
    ]
    meta.set_mark(connection, f"{_MARK}{cadence}", json.dumps(rows))
