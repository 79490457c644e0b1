"""Read the mailbox that bounces come back to, and do what its mails ask for.

What a mail says is committed before the mail is touched. A run that is killed between the two reads it again, and
nothing happens twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.errors import BriefingfeedError, ConfigurationError
from briefingfeed.mailbox.piped import Piped, count_kept
from briefingfeed.mailbox.reading import read_mail
from briefingfeed.mailbox.source import Fetched, Mailbox, MailboxError, OpenMailbox
from briefingfeed.models.delivery import EventKind
from briefingfeed.services.readers.copy_finding import CopyFinder
from briefingfeed.services.readers.mail_reports import MAILBOX, Applied, Fate, Origin, apply
from briefingfeed.services.telling.notices import Notice, tell
from briefingfeed.storage import events, meta
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring

MOST_BEFORE_SENDING = 1000
"""Mails read before a run sends; the next run goes on. Nobody's digest waits for a mailbox full of spam."""
LONGEST_BEFORE_SENDING = timedelta(minutes=5)
AFTER_APPLY = "after-mail"
"""Failpoint: what a mail says is stored, but the mail is still there."""
ASIDE = "unclear-mail"
"""Folder in the state folder for mails that came through a pipe and were not understood."""
TOLD = "told_mailbox"
"""The memory of what `bounces read` has told."""
_STANDING = "mailbox_standing"
_TROUBLE_SINCE = "mailbox_trouble"
_PATIENCE = timedelta(hours=6)
"""So long a server may be out of reach before it is worth a word."""
_RECENT = timedelta(days=14)
_MANY_FOR_POLICY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxContext:
    """What reading the mailbox needs. `publication` puts it together."""

    database: Database
    keyring: Keyring
    open: Callable[[], OpenMailbox] | None
    """None: the settings name no mailbox; mails may still come through a pipe."""
    name: str
    """Of the mailbox, for people."""
    aside: Path
    """Where mails of a pipe are kept for people to look at."""
    unsubscribe_address: str | None
    now: Callable[[], datetime]
    failpoint: Failpoint = ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxReport:
    """What a reading came to. Each mail read is counted once in `fates`."""

    fates: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[EventKind, int] = field(default_factory=dict)
    """Of the mails that were applied."""
    suppressed: int = 0
    unsubscribed: int = 0
    more: bool = False
    """Mails are left for the next reading."""
    set_aside: int = 0
    """Mails that wait for somebody to look at them, of earlier readings too."""
    trouble: BriefingfeedError | None = None

    @property
    def read(self) -> int:
        return sum(self.fates.values())

    def as_dict(self) -> dict[str, object]:
        return {
            "read": self.read,
            "fates": dict(self.fates),
            "events": {str(kind): count for kind, count in self.kinds.items()},
            "suppressed": self.suppressed,
            "unsubscribed": self.unsubscribed,
            "more": self.more,
            "set_aside": self.set_aside,
            "trouble": str(self.trouble) if self.trouble else None,
        }


NOT_UNDERSTOOD = "not understood"
OF_NO_CONSEQUENCE = "of no consequence"


class _Reader:
    """One reading; counts what it does."""

    def __init__(self, context: MailboxContext) -> None:
        self._context = context
        self._finder = CopyFinder(context.keyring)
        self.fates: Counter[str] = Counter()
        self.kinds: Counter[EventKind] = Counter()
        self.suppressed = self.unsubscribed = 0

    def read(self, mailbox: Mailbox, mail: Fetched) -> None:
        """Deal with one mail. Raises StorageError or MailboxError; then the mail is still there, and comes again."""
        reading = read_mail(mail.raw, unsubscribe_address=self._context.unsubscribe_address)
        if reading.report is None:
            self.fates[OF_NO_CONSEQUENCE if reading.nothing_follows else NOT_UNDERSTOOD] += 1
            (mailbox.finish if reading.nothing_follows else mailbox.set_aside)(mail)
            return
        now = self._context.now()
        # Apart, since it may take a second, and others wait for their turn to write.
        with self._context.database.read() as connection:
            found = self._finder.find(connection, reading.report.about, now)
        with self._context.database.write() as connection:
            origin = Origin(source=MAILBOX, key=sha256(mail.raw).hexdigest())
            applied = apply(connection, reading.report, origin, found=found, keyring=self._context.keyring, now=now)
        self._context.failpoint(AFTER_APPLY)
        self._count(applied)
        (mailbox.set_aside if applied.fate is Fate.STRANGE else mailbox.finish)(mail)

    def _count(self, applied: Applied) -> None:
        self.fates[applied.fate.value] += 1
        if applied.fate is Fate.APPLIED:
            self.kinds[applied.kind] += 1
        self.suppressed += applied.suppressed
        self.unsubscribed += applied.unsubscribed


def read_mailbox(context: MailboxContext, *, most: int | None = None) -> MailboxReport:
    """Read the mails that nobody has dealt with; what they say is done when this returns.

    With `most` it stops after so many, and after five minutes in any case.

    Trouble with the mailbox stands in the report and is not raised: nothing that is sent waits for it. Raises
    StorageError if the database fails.
    """
    reader, began, trouble, more, set_aside = _Reader(context), context.now(), None, False, 0
    if context.open is not None:
        try:
            with context.open() as mailbox:
                for mail in mailbox.fetch():
                    late = context.now() - began >= LONGEST_BEFORE_SENDING
                    if most is not None and (late or reader.fates.total() >= most):
                        more = True
                        break
                    reader.read(mailbox, mail)
                set_aside = mailbox.count_set_aside()
        except (MailboxError, ConfigurationError) as error:
            trouble = error
    return _report(context, reader, trouble=trouble, more=more, set_aside=set_aside)


def read_piped(context: MailboxContext, raw: bytes) -> MailboxReport:
    """Deal with one mail that a mail server handed in. Raises StorageError or MailboxError: it must come again."""
    reader, mailbox = _Reader(context), Piped(raw, context.aside)
    for mail in mailbox.fetch():
        reader.read(mailbox, mail)
    return _report(context, reader)


def tell_news(context: MailboxContext) -> tuple[Notice, ...]:
    """Return what the last reading found and nobody was told yet by the command that reads."""
    with context.database.write() as connection:
        return tell(connection, mailbox_notices(connection), memory=TOLD)


def mailbox_notices(connection: Connection) -> tuple[Notice, ...]:
    """Return what the last reading found that the operator should know."""
    found = json.loads(meta.get_mark(connection, _STANDING) or "[]")
    return tuple(Notice(**each) for each in found)


def _report(
    context: MailboxContext,
    reader: _Reader,
    *,
    trouble: BriefingfeedError | None = None,
    more: bool = False,
    set_aside: int = 0,
) -> MailboxReport:
    now, kept = context.now(), count_kept(context.aside)
    with context.database.write() as connection:
        notices = _policy_notices(connection, now)
        if lasting := _lasting(connection, trouble, now):
            notices.append(_in_trouble(lasting))
        if set_aside:
            notices.append(_look_at(context.name, "There they are flagged. Unflag or delete them when you have."))
        if kept:
            notices.append(_look_at(str(context.aside), "It is a Maildir. Delete them when you have."))
        if tuple(notices) != mailbox_notices(connection):
            meta.set_mark(connection, _STANDING, json.dumps([asdict(each) for each in notices], ensure_ascii=False))
    return MailboxReport(
        fates=reader.fates,
        kinds=reader.kinds,
        suppressed=reader.suppressed,
        unsubscribed=reader.unsubscribed,
        more=more,
        set_aside=set_aside + kept,
        trouble=trouble,
    )


def _lasting(connection: Connection, trouble: BriefingfeedError | None, now: datetime) -> BriefingfeedError | None:
    """Return `trouble` if it is worth a word: it won't pass by itself, or hasn't for hours."""
    noted: str | None = json.loads(meta.get_mark(connection, _TROUBLE_SINCE) or "null")
    if trouble is None:
        if noted is not None:
            meta.set_mark(connection, _TROUBLE_SINCE, "null")
        return None
    if noted is None:
        noted = now.isoformat()
        meta.set_mark(connection, _TROUBLE_SINCE, json.dumps(noted))
    waited = now - datetime.fromisoformat(noted)
    return trouble if isinstance(trouble, ConfigurationError) or waited >= _PATIENCE else None


def _in_trouble(trouble: BriefingfeedError) -> Notice:
    where = f"{trouble.where}: " if trouble.where else ""
    return Notice(
        topic="mailbox",
        text=f"Bounces are not read: {where}{trouble.message}. Mail goes out all the same.",
        remedy=trouble.remedy,
        awaits=isinstance(trouble, ConfigurationError),
    )


def _look_at(where: str, then: str) -> Notice:
    return Notice(
        topic=f"unclear-mail:{where}",
        text=f"In the bounces' mailbox are mails that were not understood, and nothing was done about: {where}",
        remedy=f"Look at them: somebody may have asked to leave. {then}",
        awaits=False,
    )


def _policy_notices(connection: Connection, now: datetime) -> list[Notice]:
    return [
        Notice(
            topic=f"policy:{key}",
            text=f"Copies of {key} come back because servers refuse what we send, or us: at least {_MANY_FOR_POLICY} "
            "of them. No reader is suppressed for that.",
            remedy="See what the servers say: briefingfeed bounces list. Often SPF, DKIM or a blocklist is the cause.",
            awaits=False,
        )
        for key, count in events.refused_for_policy(connection, now - _RECENT).items()
        if count >= _MANY_FOR_POLICY
    ]
