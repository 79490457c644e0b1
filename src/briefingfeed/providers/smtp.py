"""SMTP to a mail server or a mail service's submission port: our own client, whose phases are known.

Sessions are kept as long as the server keeps them. At most two messages per connection are armed at any time: the one
on the wire and the one that is fetched meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.addresses import AddressError, scrub, wire_address
from briefingfeed.providers.base import Limits, Work
from briefingfeed.providers.smtp_login import Credentials
from briefingfeed.providers.smtp_opening import open_session, tls_context
from briefingfeed.providers.smtp_protocol import Session, Verdict
from briefingfeed.providers.smtp_settings import Auth, Security, SmtpSettings
from briefingfeed.providers.smtp_troubles import PASSWORD_VARIABLE, TOKEN_VARIABLE, SessionError, bad_sender
from briefingfeed.providers.spec import Found, ProviderSpec, Secret

__all__ = ["NAME", "SPEC", "Auth", "Security", "SmtpProvider", "SmtpSettings"]

NAME = "smtp"
MOST_FAILURES = 5
"""Session failures in a row, over all connections, after which the run is given up."""
_LONGEST_PAUSE = 60.0


class SmtpProvider:
    """Hands messages to one mail server. Raises ConfigurationError if the settings lack something."""

    name = NAME
    rehearses = False

    def __init__(self, settings: SmtpSettings, password: str | None, token: str | None = None) -> None:
        self.settings = settings
        self.is_local = settings.is_loopback
        self.limits = Limits(per_hour=settings.per_hour, per_day=settings.per_day)
        self._credentials = _credentials(settings, password, token)
        self._context = tls_context(settings)

    async def deliver(self, work: Work) -> None:
        run = _Run(self.settings)
        couriers = [_Courier(self, work, run) for _ in range(self.settings.connections)]
        results = await asyncio.gather(*(courier.run() for courier in couriers), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if errors:
            raise errors[0]

    async def open_session(self) -> Session:
        """Connect and log in without sending anything. Raises SessionError (a ProviderError)."""
        return await open_session(self.settings, self._credentials, self._context)


def _credentials(settings: SmtpSettings, password: str | None, token: str | None) -> Credentials | None:
    """Return what to log in with; None: the server wants no login. Raises ConfigurationError."""
    if settings.username is None:
        return None
    credentials = Credentials(username=settings.username, password=password, token=token)
    if not credentials.ways(settings.auth, encrypted=True):
        what, variable, key = (
            ("access token", TOKEN_VARIABLE, "token_file")
            if settings.auth is Auth.XOAUTH2
            else ("password", PASSWORD_VARIABLE, "password_file")
        )
        raise ConfigurationError(
            f"The {what} for {settings.username} at {settings.host} is missing.",
            where="[smtp]",
            remedy=f"Put it into the environment as {variable}, or name its file as {key}.",
        )
    if re.search(r"[\x00-\x1f\x7f]", f"{password or ''}{token or ''}"):
        raise ConfigurationError(
            f"The password or access token for {settings.username} holds a control character.",
            where="[smtp]",
            remedy="Copy it again: it is one line of visible characters.",
        )
    return credentials


def _build(settings: SmtpSettings, secrets: Found, paths: PathSettings) -> SmtpProvider:
    return SmtpProvider(settings.below(paths.root), secrets.get(PASSWORD), secrets.get(TOKEN))


PASSWORD = Secret(PASSWORD_VARIABLE, "password_file")
TOKEN = Secret(TOKEN_VARIABLE, "token_file")
SPEC = ProviderSpec(SmtpSettings, _build, (PASSWORD, TOKEN))


class _Run:
    """What the couriers of one `deliver` share: whether to go on, the pace, and the breaker."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._ended = asyncio.Event()
        self._broken = asyncio.Event()
        self._failures = 0
        self._next_start = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be taken."""
        return self._ended.is_set()

    @property
    def is_broken(self) -> bool:
        """Whether even what was taken is to be given back."""
        return self._broken.is_set()

    def end(self) -> None:
        self._ended.set()

    def break_off(self) -> None:
        self._ended.set()
        self._broken.set()

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self, trouble: SessionError) -> None:
        """Count a failed session. Raises `trouble` if there is no sense in going on."""
        self._failures += 1
        if trouble.hopeless or self._failures >= MOST_FAILURES:
            raise trouble

    async def rest(self, *, holding: bool) -> None:
        """Wait before the next session, but not beyond the end of the work. `holding`: a message still has to go.

        The first try again is made at once: servers close now and then.
        """
        if self._failures >= 2:
            pause = min(self._settings.retry_pause * 2 ** (self._failures - 2), _LONGEST_PAUSE)
            await _wait_for(self._broken if holding else self._ended, pause)

    async def keep_pace(self) -> None:
        if self._settings.rate is None:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_start)
        self._next_start = start + 1 / self._settings.rate
        if start > now:
            await _wait_for(self._ended, start - now)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class _Courier:
    """One connection's loop: a session, a message, its outcome; and again."""

    def __init__(self, provider: SmtpProvider, work: Work, run: _Run) -> None:
        self._provider = provider
        self._work = work
        self._run = run
        self._session: Session | None = None
        self._ahead: asyncio.Future[Sequence[Message]] | None = None
        self._held: Message | None = None
        """Taken and not reported yet."""
        self._broke: Verdict | None = None
        """How a session broke over the message that is held, where trying again is safe."""

    async def run(self) -> None:
        try:
            while session := await self._ready_session():
                self._held = self._held or await self._next()
                if self._held is None:
                    break
                await self._submit(session, self._held)
        except BaseException:
            self._run.break_off()
            raise
        finally:
            try:
                await self._give_back()
            finally:
                if self._session is not None:
                    await self._session.quit()

    async def _ready_session(self) -> Session | None:
        """Return a session; None at the end. Raises SessionError when there is none to be had."""
        while self._session is None:
            await self._run.rest(holding=self._held is not None)
            if self._run.is_broken or (self._run.is_over and self._held is None):
                return None
            try:
                self._session = await self._provider.open_session()
                self._session.reached = self._work.reached
            except SessionError as trouble:
                self._run.failed(trouble)
        return self._session

    async def _next(self) -> Message | None:
        """Return the next message, and have the one after it armed meanwhile."""
        if self._ahead is None:
            self._ahead = asyncio.ensure_future(self._take())
        taken = await asyncio.shield(self._ahead)  # what is being armed must be known, even if we are cancelled
        self._ahead = None
        if not taken:
            self._run.end()
            return None
        self._ahead = asyncio.ensure_future(self._take())
        return taken[0]

    async def _take(self) -> Sequence[Message]:
        await self._run.keep_pace()
        return () if self._run.is_over else await self._work.take(1)

    async def _submit(self, session: Session, message: Message) -> None:
        try:
            recipient = wire_address(message.recipient)
        except AddressError as error:
            await self._report(_outcome(message, Result.FAILED, Phase.RCPT, note=str(error)))
            return
        try:
            sender = wire_address(message.envelope_from)
        except AddressError as error:
            raise bad_sender(self._provider.settings) from error
        try:
            verdict = await session.submit(sender, recipient, message.segments)
        except BaseException:  # cancelled, above all: what may have gone out must not be called untouched
            self._drop_session()
            if session.is_in_doubt:
                await self._report(_outcome(message, Result.UNCERTAIN, Phase.DOT, note="The run was interrupted."))
            raise
        await self._settle(message, verdict)

    async def _settle(self, message: Message, verdict: Verdict) -> None:
        if verdict.trouble is None:
            self._run.succeeded()
            await self._report(_outcome_of(message, verdict))
            return
        self._drop_session()
        if verdict.result is not Result.RETURNED:
            await self._report(_outcome_of(message, verdict))
        elif self._broke is not None and Phase.MAIL not in (self._broke.phase, verdict.phase):
            # Twice over the same message. So that one message cannot stop all those behind it, its turn comes later.
            await self._report(replace(_outcome_of(message, verdict), result=Result.DEFERRED))
        else:
            self._broke = verdict
        self._run.failed(verdict.trouble)

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.wire.close()
            self._session = None

    async def _report(self, outcome: Outcome) -> None:
        self._held = self._broke = None
        await self._work.report(outcome)

    async def _give_back(self) -> None:
        """Report as RETURNED whatever was taken and not begun, or broke where trying again is safe."""
        if self._held is not None:
            untouched = Verdict(result=Result.RETURNED, phase=Phase.CONNECT)
            await self._report(_outcome_of(self._held, self._broke or untouched))
        if self._ahead is not None:
            ahead = await self._ahead
            self._ahead = None
            for message in ahead:
                await self._work.report(_outcome(message, Result.RETURNED, Phase.CONNECT))


def _outcome_of(message: Message, verdict: Verdict) -> Outcome:
    if verdict.reply is None:
        note = verdict.trouble.message if verdict.trouble else ""
        return _outcome(message, verdict.result, verdict.phase, note=note)
    return Outcome(
        delivery_id=message.delivery_id,
        result=verdict.result,
        phase=verdict.phase,
        code=verdict.reply.code if verdict.reply.code > 0 else None,
        enhanced_code=verdict.reply.enhanced_code,
        note="" if verdict.result is Result.ACCEPTED else scrub(verdict.reply.text, message.recipient),
    )


def _outcome(message: Message, result: Result, phase: Phase, *, note: str = "") -> Outcome:
    return Outcome(delivery_id=message.delivery_id, result=result, phase=phase, note=scrub(note, message.recipient))
