"""The seam between the delivery run and a way out.

A provider *pulls*: it takes as many messages as it may have in flight, and reports what became of each. Whatever it
has taken is armed: its row says `submitting`, committed, before the provider writes a byte of it. That keeps the
promise of at most one copy whatever dies when (DESIGN sections 7 and 8).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from briefingfeed.models.delivery import Message, Outcome
from briefingfeed.models.keyed_request import KeyedRequest

NEWS_LASTS: Final = 60.0
"""Seconds: much less than a run's lease has left when it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A request that an earlier run has sent, or was about to: nobody knows what became of it."""

    request: KeyedRequest
    messages: Sequence[Message]
    """All of it, in its order."""
    open_ids: frozenset[int]
    """The deliveries to report; the others are settled."""
    had_error: bool
    """It was answered, and with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The word that a request may be posted, once and now. Times are those of `clock`, in seconds; it goes on while the
    machine sleeps."""

    clock: Callable[[], float]
    asked_at: float
    key_lasts: float
    """So long after `asked_at` the request may be on its way: then the service may have forgotten its key."""

    @property
    def seconds_left(self) -> float:
        return self.asked_at + self.key_lasts - self.clock()

    @property
    def holds(self) -> bool:
        """Whether the post may begin: what was true of its people, its edition and its run is news yet."""
        return self.clock() - self.asked_at < min(NEWS_LASTS, self.key_lasts)


class RequestMemory(Protocol):
    """Where requests under an idempotency key are written down, so that a later run can send the very same again."""

    async def begin(self) -> None:
        """Promise that from now on nothing is sent before it is kept. A run that was killed between taking messages and
        keeping their request is then known not to have sent them."""

    async def unfinished(self) -> Unfinished | None:
        """Take over a request of an earlier run; None if there is no other. Its open messages count as taken."""

    async def keep(self, request: KeyedRequest) -> Permit | None:
        """Write a request down, right before its first attempt; None: it must not be sent."""

    async def may_repeat(self, request: KeyedRequest, *, had_error: bool) -> Permit | None:
        """Allow a request that was kept to be posted again. `had_error`: it was answered with one; that is noted."""

    async def may_be_left(self, request: KeyedRequest) -> bool:
        """Whether a later run may ask about a request that was kept."""

    def leave(self, delivery_ids: Collection[int]) -> None:
        """Leave taken messages unreported: their request was kept, and is the next run's to repeat."""


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

    @property
    def memory(self) -> RequestMemory | None:
        """None: no later run would repeat anything (a test mail)."""

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


@runtime_checkable
class CanHurry(Protocol):
    """A way out that may be patient for many minutes, as nobody sits in front of cron."""

    def in_haste(self) -> Provider:
        """Return the same way out for one message whose sender waits: it raises ProviderError at the first trouble, and
        before long."""
