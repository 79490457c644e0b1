"""The dialogue about one message at a time, with its phases apart: MAIL, RCPT, DATA, body and dot.

RFC 5321; RFC 2920 where the server offers PIPELINING. Whether trying again is safe is known, not guessed:
`Wire.dot_taken`.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from briefingfeed.models.delivery import Phase, Result
from briefingfeed.providers.smtp_replies import GARBAGE, Reply, ReplyReader, judge
from briefingfeed.providers.smtp_settings import SmtpSettings
from briefingfeed.providers.smtp_troubles import SessionError, broken, out_of_turn, refused, too_large
from briefingfeed.providers.smtp_wire import END_OF_DATA, Wire, WireError

_QUIT_SECONDS = 5.0
_ENVELOPE = (Phase.MAIL, Phase.RCPT, Phase.DATA)
_NO_SUCH_PARAMETER = frozenset({501, 504, 555})
_NO_SMTPUTF8 = "The mail server takes no address with letters outside a-z before the @: it doesn't offer SMTPUTF8."


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the server's EHLO reply promised."""

    keywords: frozenset[str] = frozenset()
    auth: frozenset[str] = frozenset()
    size: int = 0
    """The largest message in octets; 0: not said."""

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    def without(self, keyword: str) -> Offers:
        """Return the offers for a server that doesn't keep one of them."""
        return replace(self, keywords=self.keywords - {keyword})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one copy. `trouble`: why the session cannot go on, whatever became of the copy."""

    result: Result
    phase: Phase
    reply: Reply | None = None
    trouble: SessionError | None = None
    note: str = ""
    """Our own words, where no reply says it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way; addresses as `wire_address` returns them."""

    sender: str
    recipient: str
    segments: Sequence[bytes] = field(repr=False)
    size: int

    @property
    def is_international(self) -> bool:
        """Whether the recipient has more than ASCII before the @."""
        return not self.recipient.isascii()


class Session:
    """One connection, greeted and logged in (`smtp_opening.Door`)."""

    def __init__(self, wire: Wire, settings: SmtpSettings) -> None:
        self.wire = wire
        self.settings = settings
        self.offers = Offers()
        self.reached: Callable[[str], None] = lambda _place: None
        """As `Work.reached`."""
        self.round_trip = math.inf
        """Seconds of the quickest answer to a command so far."""
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._dirty = False
        self._ending = False
        self._following: Letter | None = None
        self._announced: Letter | None = None

    async def command(self, line: bytes) -> Reply:
        """Send one command and return its reply. Raises WireError."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        self.wire.write(line + b"\r\n")
        reply = await self.reply(self.settings.timeout)
        self.round_trip = min(self.round_trip, clock() - begun)
        return reply

    async def reply(self, seconds: float) -> Reply:
        """Return the next reply; its code is GARBAGE if it cannot be read.

        Raises WireError, also if the reply isn't whole after so many `seconds`, however much of it has come.
        """
        if not self._replies:
            await self._hear(seconds)
        return self._replies.popleft()

    async def _hear(self, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        left = seconds
        while not self._replies:
            self._reader.feed(await self.wire.receive(left), self._replies.append)
            left = max(deadline - clock(), 0)

    def read_consent(self) -> bool:
        """Read the replies to a whole envelope, if they are there and allow all of it; else leave them unread."""
        if len(self._replies) < len(_ENVELOPE):
            return False
        mail, rcpt, data, *_ = self._replies
        if mail.code // 100 != 2 or rcpt.code // 100 != 2 or data.code != 354:
            return False
        for _ in _ENVELOPE:
            self._replies.popleft()
        return True

    @property
    def is_in_step(self) -> bool:
        """Whether every reply was asked for, so that the next one will belong to the next command."""
        return not self._replies and self._reader.is_empty and not self.wire.has_unread

    @property
    def is_in_doubt(self) -> bool:
        """Whether a message's end may have gone out without an answer: after `submit` was cancelled."""
        return self._ending and self.wire.dot_taken

    async def send_message(self, letter: Letter) -> Reply:
        """Send a message and its dot, after DATA was allowed, and return the reply. Raises WireError."""
        self.reached("before-dot")
        behind = b""
        if self._following is not None:
            self._announced, behind = self._following, b"".join(self.envelope(self._following).values())
        self._ending = True
        self.wire.write_message(letter.segments, behind, size=letter.size)
        self.reached("after-dot")
        reply = await self.reply(self.settings.dot_timeout)
        self._ending = False
        return reply

    async def submit(self, letter: Letter, following: Letter | None = None) -> Verdict:
        """Hand over one copy. Never raises for what the server does. `following`: see `follow`.

        A recipient with more than ASCII before the @ goes with SMTPUTF8 (RFC 6531), or fails alone where that isn't
        offered. BODY=8BITMIME is never declared: no body of ours needs it.

        After a verdict with `trouble` the session may only be closed; and so it may if what was to follow doesn't
        (`has_announced`).
        """
        is_announced = self.has_announced
        if self._announced not in (None, letter):
            raise ValueError("the server waits for another letter")
        self._announced = self._following = None
        if following is not None:
            self.follow(following)
        verdict = await _Transaction(self, letter, reset=self._dirty, is_announced=is_announced).run()
        # The end of a message ends its transaction, whatever the answer (RFC 5321, 4.1.1.4).
        self._dirty = verdict.result is not Result.ACCEPTED and verdict.phase is not Phase.DOT
        return verdict

    def follow(self, letter: Letter) -> None:
        """Name the letter that comes after the one that is being submitted.

        Its envelope goes behind that one's dot, and doesn't wait for the answer (RFC 2920), if the server has
        PIPELINING and would take it. It must be submitted next.
        """
        if "PIPELINING" not in self.offers or self.refusal(letter) is not None:
            return
        self._following = letter
        if self._ending and self._announced is None:
            self._announced = letter
            self.wire.write(b"".join(self.envelope(letter).values()))

    @property
    def has_announced(self) -> bool:
        """Whether the server has the envelope of a letter that isn't submitted yet: it must be the next."""
        return self._announced is not None

    def refusal(self, letter: Letter) -> Verdict | None:
        """Return what becomes of a letter that goes beyond what the server offers."""
        if 0 < self.offers.size < letter.size:
            trouble = too_large(self.settings, letter.size, self.offers.size)
            return Verdict(result=Result.RETURNED, phase=Phase.MAIL, trouble=trouble)
        if letter.is_international and "SMTPUTF8" not in self.offers:
            return Verdict(result=Result.FAILED, phase=Phase.MAIL, note=_NO_SMTPUTF8)
        return None

    def envelope(self, letter: Letter) -> dict[Phase, bytes]:
        """Return the commands that come before a message, in the order of `_ENVELOPE`."""
        parameters = f" SIZE={letter.size}" if "SIZE" in self.offers else ""
        if letter.is_international:
            parameters += " SMTPUTF8"
        return {
            Phase.MAIL: f"MAIL FROM:<{letter.sender}>{parameters}\r\n".encode("ascii"),
            Phase.RCPT: f"RCPT TO:<{letter.recipient}>\r\n".encode(),
            Phase.DATA: b"DATA\r\n",
        }

    async def quit(self) -> None:
        """Say goodbye, if possible, and close. What happens here changes no result."""
        try:
            if self._announced is None:  # else the server waits for a message: only to be left helps
                with suppress(WireError):
                    self.wire.write(b"QUIT\r\n")
                    await self.reply(min(_QUIT_SECONDS, self.settings.timeout))
        finally:
            self.wire.close()


class _Transaction:
    """One copy on its way. `_verdict` is set as soon as its fate is known, and then only its `trouble` may change."""

    def __init__(self, session: Session, letter: Letter, *, reset: bool, is_announced: bool) -> None:
        self._session = session
        self._letter = letter
        self._settings = session.settings
        self._reset = reset
        self._is_announced = is_announced
        self._phase = Phase.MAIL
        self._verdict: Verdict | None = None

    async def run(self) -> Verdict:
        try:
            # What was announced was looked at then.
            if not self._is_announced and (refusal := self._session.refusal(self._letter)) is not None:
                return refusal
            if not self._is_announced and not self._session.is_in_step:
                self._judge(await self._session.reply(self._settings.timeout))
            else:
                await self._envelope()
                if self._size_is_not_known:
                    self._session.offers = self._session.offers.without("SIZE")
                    self._verdict, self._reset, self._is_announced = None, True, False
                    await self._envelope()
            return self._verdict or await self._content()
        except WireError as error:
            return self._lost(error)

    @property
    def _size_is_not_known(self) -> bool:
        """Whether a server that offered SIZE refuses it as a parameter of MAIL."""
        verdict = self._verdict
        if verdict is None or verdict.phase is not Phase.MAIL or verdict.reply is None:
            return False
        return verdict.reply.code in _NO_SUCH_PARAMETER and "SIZE" in self._session.offers

    async def _envelope(self) -> None:
        if self._is_announced:
            if self._session.read_consent():
                self._phase = Phase.DATA
            else:
                for phase in _ENVELOPE:
                    await self._read(phase)
            return
        commands = self._session.envelope(self._letter)
        if self._reset:
            commands = {Phase.CONNECT: b"RSET\r\n", **commands}
        if "PIPELINING" in self._session.offers:
            self._session.wire.write(b"".join(commands.values()))
            for phase in commands:
                await self._read(phase)
        else:
            for phase, line in commands.items():
                self._session.wire.write(line)
                await self._read(phase)
                if self._verdict is not None:
                    return

    async def _read(self, phase: Phase) -> None:
        """Read the reply to one command of the envelope."""
        if self._verdict is None:
            self._phase = phase
        reply = await self._session.reply(self._settings.timeout)
        if self._verdict is None:
            if not reply.allows(phase):
                self._judge(reply)
        elif phase is Phase.DATA and reply.allows(phase):
            # Pipelined, and the server wants a message although nobody is to get it: none, then (RFC 2920, 3.1).
            self._session.wire.write(END_OF_DATA)
            await self._session.reply(self._settings.dot_timeout)

    async def _content(self) -> Verdict:
        if not self._session.is_in_step:
            # An answer is there before the message: it would be taken for the answer to the dot.
            reply = await self._session.reply(self._settings.timeout)
            trouble = out_of_turn(self._settings, reply)
            return Verdict(result=Result.RETURNED, phase=Phase.DATA, reply=reply, trouble=trouble)
        self._phase = Phase.DOT
        reply = await self._session.send_message(self._letter)
        if not self._session.wire.dot_taken:
            self._phase = Phase.BODY
        return self._judge(reply)

    def _judge(self, reply: Reply) -> Verdict:
        if self._phase is Phase.MAIL and self._letter.is_international and reply.refuses_utf8:
            self._verdict = Verdict(result=Result.FAILED, phase=Phase.MAIL, reply=reply)
            return self._verdict
        result = judge(self._phase, reply)
        out_of_step = self._phase is Phase.BODY or result in (Result.RETURNED, Result.UNCERTAIN)
        trouble = None
        if out_of_step or reply.code in (421, GARBAGE):
            trouble = refused(self._settings, self._phase, reply, self._letter.recipient)
            trouble.wants_one_by_one = reply.code == GARBAGE and self._is_in_pipeline
        self._verdict = Verdict(result=result, phase=self._phase, reply=reply, trouble=trouble)
        return self._verdict

    def _lost(self, error: WireError) -> Verdict:
        trouble = broken(self._settings, error)
        trouble.wants_one_by_one = error.was_silence and self._is_in_pipeline
        if self._verdict is not None:
            return replace(self._verdict, trouble=self._verdict.trouble or trouble)
        if self._phase is not Phase.DOT:
            return Verdict(result=Result.RETURNED, phase=self._phase, trouble=trouble)
        if self._session.wire.dot_taken:
            return Verdict(result=Result.UNCERTAIN, phase=Phase.DOT, trouble=trouble)
        return Verdict(result=Result.RETURNED, phase=Phase.BODY, trouble=trouble)

    @property
    def _is_in_pipeline(self) -> bool:
        return "PIPELINING" in self._session.offers and self._phase in (Phase.MAIL, Phase.RCPT, Phase.DATA)
