"""The default way out: a Maildir of real messages on this machine. It rehearses; nobody is mailed.

Any mail program that reads a Maildir, and anything that opens `.eml` files, shows exactly what would have gone out.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.addresses import AddressError, wire_address
from briefingfeed.providers.base import NO_LIMITS, Work
from briefingfeed.providers.spec import Clock, Found, ProviderSpec

NAME = "outbox"
_GROUP = 50
"""Messages taken at once. A crash may leave this many `uncertain`, in a rehearsal only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSettings:
    folder: Path | None = None
    """Default: `outbox` in the state folder."""


class OutboxProvider:
    """Writes each message to `folder`/new. A copy that is there already, read or unread, is never written twice."""

    name = NAME
    rehearses = True
    is_local = True
    limits = NO_LIMITS

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def deliver(self, work: Work) -> None:
        maildir = _Maildir(self.folder)
        while messages := await work.take(_GROUP):
            waiting = deque(messages)
            try:
                while waiting:
                    outcome = maildir.add(waiting[0])
                    waiting.popleft()
                    await work.report(outcome)
            except OSError as error:
                raise ProviderError(
                    f"The outbox cannot be written: {error.strerror or error}.",
                    where=str(self.folder),
                    remedy="Make room or give this user the right to write there, then run the same command again.",
                ) from error
            finally:
                for message in waiting:
                    await work.report(_outcome(message, Result.RETURNED))


def _build(settings: OutboxSettings, secrets: Found, paths: PathSettings, now: Clock) -> OutboxProvider:
    del secrets, now
    return OutboxProvider(paths.root / settings.folder if settings.folder else paths.state / "outbox")


SPEC = ProviderSpec(OutboxSettings, _build)


class _Maildir:
    """See https://cr.yp.to/proto/maildir.html, except for the file names: ours are derived from the Message-ID."""

    def __init__(self, folder: Path) -> None:
        self._tmp, self._new, self._cur = (folder / name for name in ("tmp", "new", "cur"))
        self._read: frozenset[str] | None = None

    def add(self, message: Message) -> Outcome:
        """Write a message unless it is there. Raises OSError; nothing of it is left then."""
        try:
            wire_address(message.recipient, smtputf8=True)
        except AddressError as error:
            return _outcome(message, Result.FAILED, note=str(error))
        name = file_name(message.message_id)
        if name not in self._moved_by_a_reader():
            self._write(name, message.segments)
        return _outcome(message, Result.ACCEPTED, provider_id=name)

    def _write(self, name: str, segments: Sequence[bytes]) -> None:
        temporary = self._tmp / name
        with suppress(FileNotFoundError):
            temporary.unlink()
        try:
            with temporary.open("xb") as file:
                file.writelines(segments)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                (self._new / name).hardlink_to(temporary)
                _sync(self._new)
        finally:
            temporary.unlink(missing_ok=True)

    def _moved_by_a_reader(self) -> frozenset[str]:
        """Names in `cur`, without the flags that a mail program appends."""
        if self._read is None:
            for folder in (self._tmp, self._new, self._cur):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._read = frozenset(path.name.partition(":")[0] for path in self._cur.iterdir())
        return self._read


def file_name(message_id: str) -> str:
    """Return the name of a message's file: the same for every delivery of the same copy."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:32] + ".eml"


def _outcome(message: Message, result: Result, *, provider_id: str | None = None, note: str = "") -> Outcome:
    return Outcome(delivery_id=message.delivery_id, result=result, phase=Phase.DOT, provider_id=provider_id, note=note)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
