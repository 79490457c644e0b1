"""What a run of `send-weekly` did, in numbers that add up."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.newsletter.finding import Finding
from briefingfeed.services.sending.editions import by_name
from briefingfeed.services.telling.notices import Notice

_AWAITS_A_PERSON = 1
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionReport:
    key: str
    state: EditionState
    rehearsal: bool
    recipients: int
    """Delivery rows of the edition: always the sum of `counts`."""
    counts: Mapping[DeliveryState, int]
    batches: Mapping[int, Mapping[DeliveryState, int]] = field(default_factory=dict)
    """The same counts for each batch."""
    pause_until: datetime | None = None
    first_batch: str | None = None
    """How far the first batch has come and when the rest follows; None if there is none, or it is past."""
    subject: str | None = None
    posts: tuple[str, ...] = ()
    """Titles, in the order of the mail; known only to the run that froze the edition."""
    without: int = 0
    """Readers of its cadence who have all of these posts and get no copy; known only to the run that froze it."""
    note: str = ""

    @property
    def waiting(self) -> int:
        return sum(count for state, count in self.counts.items() if state.waits)

    def as_dict(self) -> dict[str, object]:
        return {
            "key": self.key,
            "state": self.state,
            "rehearsal": self.rehearsal,
            "subject": self.subject,
            "posts": list(self.posts),
            "recipients": self.recipients,
            "have_all_posts": self.without,
            "deliveries": by_name(self.counts),
            "batches": {str(batch): by_name(counts) for batch, counts in self.batches.items()},
            "pause_until": self.pause_until.isoformat() if self.pause_until else None,
            "first_batch": self.first_batch,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    provider: str
    rehearsal: bool
    editions: tuple[EditionReport, ...] = ()
    """Those that this run made, handed over or closed."""
    proofs: tuple[str, ...] = ()
    """Keys of the editions whose proof this run mailed."""
    news: tuple[Notice, ...] = ()
    """To be told now."""
    standing: tuple[Notice, ...] = ()
    """All that awaits a decision, told or not."""
    warnings: tuple[Finding, ...] = ()
    """What preflight found in the edition that this run froze. Nobody has to act; for whoever is watching."""
    next_slot: datetime | None = None
    busy: bool = False
    """Another run is at work; this one did nothing."""
    error: BriefingfeedError | None = None
    """What ended the run early, or kept it from making what is due; the next tries again. Its words are among the
    notices."""
    stopped_by: signal.Signals | None = None
    heartbeat_trouble: str | None = None
    """Why the watcher at `heartbeat_url` could not be asked. It changes nothing else."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is news and what still stands: all of it, for whoever is watching."""
        return tuple(dict.fromkeys((*self.news, *self.standing)))

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        if self.stopped_by is signal.SIGINT:
            return _INTERRUPTED
        if any(notice.awaits for notice in self.notices):
            return _AWAITS_A_PERSON
        return 0

    def as_dict(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "rehearsal": self.rehearsal,
            "busy": self.busy,
            "editions": [edition.as_dict() for edition in self.editions],
            "proofs": list(self.proofs),
            "notices": [notice.as_dict() for notice in self.notices],
            "warnings": [finding.message for finding in self.warnings],
            "next_slot": self.next_slot.isoformat() if self.next_slot else None,
            "error": str(self.error) if self.error else None,
            "heartbeat_trouble": self.heartbeat_trouble,
            "exit_code": self.exit_code,
        }
