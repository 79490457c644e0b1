from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.mailbox.maildir import Maildir
from briefingfeed.mailbox.source import OpenMailbox
from briefingfeed.models.delivery import Delivery, DeliveryEvent, DeliveryState
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState, Suppression
from briefingfeed.services.readers.mailbox import (
    MailboxContext,
    MailboxReport,
    mailbox_notices,
    read_mailbox,
    read_piped,
)
from briefingfeed.services.telling.notices import Notice
from briefingfeed.storage import deliveries, editions, events, subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery, rendition
from briefingfeed.tokens import Keyring, address_hash, bounce_token, fingerprint, message_id, unsubscribe_token
from publications import KEY
from returned.bounces import Copy

START = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
DOMAIN = "briefings.example"
WEEK = timedelta(days=7)


@dataclass
class House:
    """A publication's database, and the Maildir that its bounces come back to."""

    folder: Path
    now: datetime = START
    keep: bool = False
    failpoint: Failpoint = ignore
    keyring: Keyring = field(default_factory=lambda: Keyring({fingerprint(KEY): KEY}))
    open: Callable[[], OpenMailbox] | None = None

    def __post_init__(self) -> None:
        self.database = Database.open(f"sqlite:///{self.folder / 'var' / 'test.db'}", state=self.folder / "var")
        self.maildir = self.folder / "bounces"
        for name in ("new", "cur", "tmp"):
            (self.maildir / name).mkdir(parents=True)
        self._numbers = itertools.count()

    @property
    def context(self) -> MailboxContext:
        return MailboxContext(
            database=self.database,
            keyring=self.keyring,
            open=self.open or (lambda: Maildir(self.maildir, keep=self.keep)),
            name="the test's mailbox",
            aside=self.folder / "var" / "unclear-mail",
            unsubscribe_address="leave@briefings.example",
            now=lambda: self.now,
            failpoint=self.failpoint,
        )

    def later(self, step: timedelta) -> datetime:
        """A clock that goes on by `step` whenever it is looked at."""
        self.now += step
        return self.now

    def subscribe(self, *names: str) -> None:
        with self.database.write() as c:
            subscribers.add_many(
                c,
                [
                    (
                        Subscriber(
                            id=_id(name),
                            address=f"{name}@readers.example",
                            state=SubscriberState.CONFIRMED,
                            created_at=self.now - WEEK,
                        ),
                        Consent(subscriber_id=_id(name), kind=ConsentKind.ADDED, at=self.now, source="test"),
                        address_hash(KEY, f"{name}@readers.example"),
                    )
                    for name in names
                ],
            )

    def mail(self, key: str = "weekly/2026-W48", state: DeliveryState = DeliveryState.ACCEPTED) -> str:
        """Let there be an edition, frozen now for everybody, each row in `state`. Return its key."""
        edition = Edition(
            key=key,
            cadence=Cadence.WEEKLY,
            rehearsal=key.startswith("rehearsal/"),
            slot_at=self.now,
            state=EditionState.SENDING,
            frozen_at=self.now,
            expires_at=self.now + timedelta(days=5),
            signing_key=self.keyring.current,
            sender=f"notes@{DOMAIN}",
            return_path=f"bounces@{DOMAIN}",
            public_url="https://briefings.example",
        )
        armed = {"claim_id": "run", "claimed_at": self.now} if state is DeliveryState.SUBMITTING else {}
        row = {
            "edition_key": key,
            "state": state,
            "attempts": 1,
            "next_attempt_at": self.now if state is DeliveryState.DEFERRED else None,
            "note": "",
            "updated_at": self.now,
            **armed,
        }
        with self.database.write() as c:
            editions.create(c, edition)
            row["rendition_id"] = _rendition(c, key)
            c.execute(
                insert(delivery),
                [
                    row | {"subscriber_id": person.id, "address": person.address}
                    for person in subscribers.list_all(c, SubscriberState.CONFIRMED)
                ],
            )
        return key

    def copy(self, name: str, key: str = "weekly/2026-W48") -> Copy:
        """Return what reports may repeat of somebody's copy."""
        row = self.row(name, key)
        return Copy(
            recipient=f"{name}@readers.example",
            return_path=f"bounces+{bounce_token(self.keyring, row.id, _id(name), key=self.keyring.current)}@{DOMAIN}",
            message_id=message_id(self.keyring, self.keyring.current, key, _id(name), DOMAIN),
            token=unsubscribe_token(self.keyring, _id(name)),
        )

    def put(self, *mails: bytes) -> None:
        for raw in mails:
            (self.maildir / "new" / f"{next(self._numbers):04}.test").write_bytes(raw)

    def read(self, *mails: bytes, most: int | None = None) -> MailboxReport:
        """Put mails into the mailbox and read it."""
        self.put(*mails)
        return read_mailbox(self.context, most=most)

    def pipe(self, raw: bytes) -> MailboxReport:
        return read_piped(self.context, raw)

    def notices(self) -> list[Notice]:
        with self.database.read() as c:
            return sorted(mailbox_notices(c), key=lambda notice: notice.topic)

    def files(self, folder: str) -> list[str]:
        return sorted(file.name for file in (self.maildir / folder).iterdir())

    def row(self, name: str, key: str = "weekly/2026-W48") -> Delivery:
        with self.database.read() as c:
            return next(each for each in deliveries.list_by(c, key) if each.subscriber_id == _id(name))

    def suppression(self, name: str) -> Suppression | None:
        with self.database.read() as c:
            return suppressions.get(c, address_hash(KEY, f"{name}@readers.example"))

    def person(self, name: str) -> Subscriber | None:
        with self.database.read() as c:
            return subscribers.by_id(c, _id(name))

    def consents(self, name: str) -> list[Consent]:
        with self.database.read() as c:
            return subscribers.consents(c, _id(name))

    def events(self, name: str) -> list[DeliveryEvent]:
        with self.database.read() as c:
            return events.of_subscriber(c, _id(name))


def _rendition(c: Connection, key: str) -> int:
    text = dict.fromkeys(("subject", "html", "text", "content_hash", "checksum"), "")
    row = text | {"edition_key": key, "number": 1, "headers": [], "message": [], "post_ids": []}
    stored: int = c.execute(insert(rendition).returning(rendition.c.id), row).scalar_one()
    return stored


def _id(name: str) -> str:
    return name.encode().hex().ljust(32, "0")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.database.close()
