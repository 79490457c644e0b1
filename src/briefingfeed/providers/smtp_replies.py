"""SMTP replies: read from the wire without trusting it, and judged by one table.

`judge` is the outcome table for SMTP. It is pure: a reply and the phase it answers give what became of the copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from briefingfeed.models.delivery import Phase, Result

GARBAGE = -1
"""Code of a reply that could not be read. Nothing after it on the same connection can be trusted."""
LONGEST_LINE = 2048
"""Octets; RFC 5321 says 512, real servers write more."""
MOST_LINES = 128

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")

_NEEDS_US = frozenset({503, 530, 534, 535, 538})
"""Out of sequence, authentication or TLS required: about the session, whatever command they answer."""
NO_SUCH_RECIPIENT = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"})
ABOUT_THE_SENDER = frozenset({"5.1.7", "5.1.8", "5.3.4"})
NO_UTF8 = frozenset({"5.6.7", "5.6.8", "5.6.9", "5.6.10"})
"""RFC 6531, 4.1: this address, or a message with such an address, cannot be carried further."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply. `lines` are without code and line end, decoded with replacement."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)

    @property
    def enhanced_code(self) -> str | None:
        """RFC 3463 code that opens the reply's first line, if its class agrees with the reply's (RFC 2034)."""
        found = _ENHANCED.match(self.lines[0]) if self.lines else None
        return found[0] if found and int(found[1]) == self.code // 100 else None

    @property
    def refuses_utf8(self) -> bool:
        """Whether it says that an address beyond ASCII, or SMTPUTF8 itself, goes no further (RFC 6531)."""
        return self.code in (501, 504, 555) or self.enhanced_code in NO_UTF8

    def allows(self, phase: Phase) -> bool:
        """Whether the dialogue may go on: 2xx at MAIL and RCPT, 354 at DATA."""
        return self.code == 354 if phase is Phase.DATA else self.code // 100 == 2


class ReplyReader:
    """Turns octets into replies as they come. After garbage it reads nothing more."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._code = 0
        self._broken = False

    @property
    def is_empty(self) -> bool:
        """Whether no octet is left over from the replies read so far."""
        return not self._rest and not self._lines

    def feed(self, data: bytes, emit: Callable[[Reply], object]) -> None:
        """Hand every reply that `data` completes to `emit`."""
        if self._broken:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply = self._take(line.removesuffix(b"\r"))
            if reply is not None:
                emit(reply)
                if reply.code == GARBAGE:
                    return
        if len(self._rest) > LONGEST_LINE:
            emit(self._garbage(self._rest))

    def _take(self, octets: bytes) -> Reply | None:
        """Return the reply that ends with this line, if one does."""
        line = _read(octets)
        if line is None or (self._lines and line.code != self._code) or len(self._lines) >= MOST_LINES:
            return self._garbage(octets)
        if line.alone is not None and not self._lines:
            return line.alone
        self._code = line.code
        self._lines.append(line.text)
        if line.alone is None:
            return None
        lines, self._lines = self._lines, []
        return Reply(line.code, tuple(lines))

    def _garbage(self, octets: bytes) -> Reply:
        self._broken = True
        return Reply(GARBAGE, (octets[:200].decode("utf-8", "replace"),))


@dataclass(frozen=True, slots=True)
class _Line:
    code: int
    text: str
    alone: Reply | None
    """The reply that it is without lines before it; None if lines follow."""


@lru_cache(maxsize=32)  # a server says the same few things all day
def _read(octets: bytes) -> _Line | None:
    """Return the line that these are, without its end; None for garbage."""
    match = _LINE.fullmatch(octets) if len(octets) <= LONGEST_LINE else None
    if match is None:
        return None
    code, text = int(match[1]), (match[3] or b"").decode("utf-8", "replace")
    return _Line(code, text, None if match[2] == b"-" else Reply(code, (text,)))


def judge(phase: Phase, reply: Reply) -> Result:
    """Return what `reply` says about the one copy whose `phase` it answers.

    It is asked about refusals, and about any reply to the dot. RETURNED means that the session failed, not the copy.
    """
    if phase is Phase.DOT:
        return _judge_dot(reply)
    if phase in (Phase.CONNECT, Phase.MAIL):
        return Result.RETURNED
    kind = reply.code // 100
    if kind == 4 and reply.code != 421:
        return Result.DEFERRED
    if kind == 5 and reply.code not in _NEEDS_US:
        return _judge_refusal(phase, reply)
    return Result.RETURNED


def _judge_dot(reply: Reply) -> Result:
    if reply.code == 250:
        return Result.ACCEPTED
    if reply.code // 100 == 4:
        return Result.DEFERRED
    if reply.code // 100 == 5:
        return _judge_refusal(Phase.DOT, reply)
    return Result.UNCERTAIN


def _judge_refusal(phase: Phase, reply: Reply) -> Result:
    """5xx for this copy: about whom it is for, about us and what we send, or not said."""
    code = reply.enhanced_code
    if code is None:
        about_content = phase is not Phase.RCPT and reply.code in (552, 554)
        return Result.POLICY if about_content else Result.FAILED
    if code in NO_SUCH_RECIPIENT or (code == "5.1.0" and phase is Phase.RCPT):
        return Result.REJECTED
    if code in NO_UTF8:
        return Result.FAILED
    if code in ABOUT_THE_SENDER or code.startswith(("5.6.", "5.7.")):
        return Result.POLICY
    return Result.FAILED
