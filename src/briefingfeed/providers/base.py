"""The seam between the delivery run and a way out.

A provider *pulls*: it takes as many messages as it may have in flight, and reports what became of each. Whatever it
has taken is armed: its row says `submitting`, committed, before the provider writes a byte of it. That keeps the
promise of at most one copy whatever dies when (DESIGN sections 7 and 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from briefingfeed.models.delivery import Message, Outcome


class Work(Protocol):
    """What the delivery run offers to a provider. Used from one event loop."""

    async def take(self, most: int) -> Sequence[Message]:
        """Return up to `most` armed messages; an empty sequence when nothing is left or the run is stopping.

        It may return fewer than asked although more follow: only an empty answer means the end. A message taken must
        be reported; one that never is will be recorded as `uncertain`.
        """

    async def report(self, outcome: Outcome) -> None:
        """Record what became of one taken message. Returns once the record is queued in order; a failure to record
        stops the run: `take` then returns nothing more."""

    def reached(self, place: str) -> None:
        """Called at `before-dot` and `after-dot` of a message, where tests let the process die."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many messages the other side takes, in any sixty minutes and any 24 hours; None: as many as there are."""

    per_hour: int | None = None
    per_day: int | None = None

    @property
    def are_set(self) -> bool:
        return self.per_hour is not None or self.per_day is not None


NO_LIMITS: Final = Limits()


class Provider(Protocol):
    """One way out. One file, one class; its settings are a frozen dataclass in the same file."""

    name: str
    rehearses: bool
    """True: nobody is mailed, editions are rehearsals."""
    is_local: bool
    """True: it speaks to this machine alone (a rehearsal, or a server on loopback, which may relay)."""
    limits: Limits
    """Kept by the delivery run, over restarts and machines: `Work.take` hands out no more than they allow."""

    async def deliver(self, work: Work) -> None:
        """Hand over messages until `work.take` returns none.

        Every message taken is reported exactly once, whatever happens. If the session itself cannot be had or goes on
        failing (connect, TLS, AUTH, MAIL refused, 421), what was taken is reported as RETURNED and ProviderError is
        raised: nothing is charged to a recipient, and nobody is suppressed.
        """
