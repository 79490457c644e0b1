"""One connection's loop: a session, a message, its outcome; and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.providers.addresses import AddressError, scrub, wire_address
from briefingfeed.providers.base import Work
from briefingfeed.providers.smtp_convoy import Convoy
from briefingfeed.providers.smtp_protocol import Letter, Session, Verdict
from briefingfeed.providers.smtp_settings import SmtpSettings
from briefingfeed.providers.smtp_supply import Order, Supply
from briefingfeed.providers.smtp_troubles import SessionError, bad_sender, slow_down

OpenSession = Callable[[], Awaitable[Session]]


class Courier:
    """Carries messages until there are none, or its convoy ends."""

    def __init__(
        self, settings: SmtpSettings, open_session: OpenSession, work: Work, convoy: Convoy, supply: Supply
    ) -> None:
        self._settings = settings
        self._open_session = open_session
        self._work = work
        self._convoy = convoy
        self._supply = supply
        self._session: Session | None = None
        self._carried = 0
        """Messages that this session has had."""
        self._ahead: Order | None = None
        self._held: Message | None = None
        """Taken and not reported yet."""
        self._prepared: tuple[Message | None, Letter | None] = (None, None)
        """The letter that was made last, and of what."""
        self._broke: Verdict | None = None
        """How a session broke over the message that is held, where trying again is safe."""

    async def run(self) -> None:
        """Raises SessionError if no session is to be had; everything taken is reported before."""
        try:
            while session := await self._ready_session():
                self._held = self._held or await self._next()
                if self._held is None:
                    break
                await self._wait_for_company()
                await self._submit(session, self._held)
                await self._leave_in_time()
        except BaseException:
            self._convoy.break_off()
            raise
        finally:
            try:
                await self._give_back()
            finally:
                if self._session is not None:
                    await self._session.quit()

    async def _ready_session(self) -> Session | None:
        """Return a session, once nobody is to rest; None at the end, or if the server has no room for this connection
        beside the others. Raises SessionError when there is none to be had."""
        while True:
            if self._convoy.must_rest:
                await self._convoy.rest(holding=self._held is not None)
            if self._session is not None and not self._convoy.is_broken:
                return self._session  # what was fetched ahead still goes, though others have found the end
            if self._is_done():
                return None
            async with self._convoy.opening():
                # While it waited for its turn, others may have found the end, or a reason to rest.
                may_open = not (self._is_done() or self._convoy.must_rest)
                if may_open and not await self._open():
                    return None

    async def _open(self) -> bool:
        """Open a session; return False if the server has no room for this connection beside the others.

        Raises SessionError when there is none to be had.
        """
        beside_others = self._convoy.sessions > 0
        try:
            self._take_up(await self._open_session())
        except SessionError as trouble:
            if self._convoy.sessions and not trouble.hopeless:
                return False
            if trouble.hopeless or not beside_others:  # else those others are gone, and that was counted
                self._convoy.failed(trouble)
        return True

    def _is_done(self) -> bool:
        return self._convoy.is_broken or (self._convoy.is_over and self._held is None)

    def _take_up(self, session: Session) -> None:
        session.reached = self._work.reached
        if not self._convoy.pipelines:
            session.offers = session.offers.without("PIPELINING")
        self._session, self._carried = session, 0
        self._convoy.joined(session.round_trip)

    async def _next(self) -> Message | None:
        """Return the next message, and have the one after it armed meanwhile."""
        self._ahead = self._ahead or self._supply.order(self._announce)
        message = await self._ahead.fetch()
        self._ahead = self._supply.order(self._announce) if message is not None else None
        return message

    async def _wait_for_company(self) -> None:
        """Wait until the next message is there, if others keep the server busy meanwhile: a message and the envelope
        behind it in one write cost both sides much less than in two."""
        if self._ahead is not None and self._convoy.waits_for_company and not self._convoy.keeps_pace:
            await self._ahead.filled()

    def _announce(self) -> None:
        """Let the envelope of the message that was fetched meanwhile follow the one on the wire."""
        if self._session is not None and (letter := self._next_letter()) is not None:
            self._session.follow(letter)

    def _next_letter(self) -> Letter | None:
        """Return the message behind the one in hand, if it is there, and this session will carry it."""
        message = self._ahead.message if self._ahead is not None else None
        if message is None:
            return None
        most = self._settings.messages_per_connection
        if self._convoy.is_broken or (most is not None and self._carried >= most):
            return None
        try:
            return self._letter(message)
        except (AddressError, SessionError):
            return None  # its turn will come

    def _letter(self, message: Message) -> Letter:
        """Raises AddressError if the recipient can't be named to a server, SessionError if the sender can't."""
        known, letter = self._prepared
        if letter is None or known is not message:
            letter = self._written(message)
            self._prepared = message, letter
        return letter

    def _written(self, message: Message) -> Letter:
        recipient = wire_address(message.recipient, smtputf8=True)
        try:
            sender = wire_address(message.envelope_from)
        except AddressError as error:
            raise bad_sender(self._settings) from error
        return Letter(sender, recipient, message.segments, sum(map(len, message.segments)))

    async def _submit(self, session: Session, message: Message) -> None:
        try:
            letter = self._letter(message)
        except AddressError as error:
            await self._report(_outcome(message, Result.FAILED, Phase.RCPT, note=str(error)))
            return
        self._carried += 1
        try:
            verdict = await session.submit(letter, self._next_letter())
        except BaseException:  # cancelled, above all: what may have gone out must not be called untouched
            self._drop_session()
            if session.is_in_doubt:
                await self._report(_outcome(message, Result.UNCERTAIN, Phase.DOT, note="The run was interrupted."))
            raise
        if verdict.trouble is None:
            await self._settle(message, verdict)
        else:
            await self._settle_broken(message, verdict, verdict.trouble)

    async def _settle(self, message: Message, verdict: Verdict) -> None:
        """The session goes on."""
        if verdict.result is Result.ACCEPTED:
            self._convoy.succeeded()
        elif verdict.reply is not None and self._convoy.is_plea(verdict.reply):
            # About us, so the message stays in hand; if the server doesn't relent, it goes back untouched.
            self._broke = replace(verdict, result=Result.RETURNED)
            if self._session is not None and self._session.has_announced:
                self._drop_session()  # it waits for another message now
            await self._fail_over(message, slow_down(self._settings, verdict.reply, message.recipient), self._broke)
            return
        else:
            self._convoy.answered()
        await self._report(_outcome_of(message, verdict))

    async def _settle_broken(self, message: Message, verdict: Verdict, trouble: SessionError) -> None:
        """The session can't go on."""
        self._drop_session()
        if trouble.wants_one_by_one:
            self._convoy.pipelines = False
        if verdict.result is not Result.RETURNED:
            await self._report(_outcome_of(message, verdict))
        elif self._broke is not None and Phase.MAIL not in (self._broke.phase, verdict.phase):
            # Twice over the same message. So that one message cannot stop all those behind it, its turn comes later.
            await self._report(replace(_outcome_of(message, verdict), result=Result.DEFERRED))
        else:
            self._broke = verdict
            if verdict.phase in (Phase.RCPT, Phase.DATA):
                await self._fail_over(message, trouble, verdict)
                return
        self._convoy.failed(trouble)

    async def _fail_over(self, message: Message, trouble: SessionError, verdict: Verdict) -> None:
        """Count a failure over one recipient. If it is one too many, and no other recipient met the same, this message
        steps behind the others."""
        try:
            self._convoy.failed(trouble)
        except SessionError:
            if self._convoy.was_told_before(message.recipient):
                raise
            await self._report(_outcome_of(message, verdict))

    async def _leave_in_time(self) -> None:
        """Say goodbye to a server that takes so many messages per connection, once there is one more to carry."""
        most = self._settings.messages_per_connection
        if most is None or self._session is None or self._carried < most:
            return
        self._held = self._held or await self._next()
        if self._held is not None:
            session = self._session
            self._forget_session()
            await session.quit()

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.wire.close()
            self._forget_session()

    def _forget_session(self) -> None:
        self._session = None
        self._convoy.left()

    async def _report(self, outcome: Outcome) -> None:
        self._held = self._broke = None
        await self._work.report(outcome)

    async def _give_back(self) -> None:
        """Report as RETURNED whatever was taken and not begun, or broke where trying again is safe."""
        if self._held is not None:
            untouched = Verdict(result=Result.RETURNED, phase=Phase.CONNECT)
            await self._report(_outcome_of(self._held, self._broke or untouched))
        if self._ahead is not None:
            try:
                await self._ahead.filled()
            finally:  # cancelled here, too, what is being armed must be known
                if (message := await self._ahead.fetch()) is not None:
                    await self._work.report(_outcome(message, Result.RETURNED, Phase.CONNECT))


def _outcome_of(message: Message, verdict: Verdict) -> Outcome:
    if verdict.reply is None:
        note = verdict.note or (verdict.trouble.message if verdict.trouble else "")
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
