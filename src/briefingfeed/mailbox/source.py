"""Where mails are fetched from: one protocol for a mailbox on a server, a Maildir, and a mail handed in by a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from briefingfeed.errors import ConfigurationError, TemporaryError


class MailboxError(TemporaryError):
    """The mailbox can't be read now; its mails stay in it."""


class MailboxRefusedError(ConfigurationError):
    """The mailbox can't be read until somebody changes something: password, certificate, folder."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail. `name` tells it from the others of its mailbox, and means nothing elsewhere."""

    name: str
    raw: bytes = field(repr=False)
    """As much of it as is ever read: see `parsing.MOST_OCTETS`."""


class Mailbox(Protocol):
    """An open mailbox. Its methods raise MailboxError or MailboxRefusedError.

    A mail that was neither `finish`ed nor `set_aside` comes again the next time; so both are called only after what
    the mail says is stored.
    """

    def fetch(self) -> Iterator[Fetched]:
        """Yield the mails that nobody has dealt with, one after the other."""

    def finish(self, mail: Fetched) -> None:
        """Be done with a mail: it is removed, or kept as read if the settings say so."""

    def set_aside(self, mail: Fetched) -> None:
        """Leave a mail for people to look at; it doesn't come again."""

    def count_set_aside(self) -> int:
        """Return how many mails wait for people."""


OpenMailbox = AbstractContextManager[Mailbox]
