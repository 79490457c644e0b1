from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefingfeed.delivery.copies import Copies
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition
from briefingfeed.models.subscriber import Consent, Subscriber
from briefingfeed.storage import deliveries, editions, subscribers
from briefingfeed.storage.audience import Share
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint
from publications import KEY, reader, settings_in
from renditions import rendition_of
from servers.postgres import PostgresServer

SLOT = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass
class Clock:
    """Time for tests: stands still until told otherwise."""

    at: datetime = field(default=SLOT + timedelta(minutes=1))

    def __call__(self) -> datetime:
        return self.at

    def tick(self, **by: float) -> None:
        self.at += timedelta(**by)


class Mailing:
    """A frozen edition in a real database."""

    key = "weekly/2026-W48"

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.clock = Clock()
        self.database = Database.open(url, busy_timeout=0.2)
        self.keyring = Keyring({fingerprint(KEY): KEY})
        self.settings = settings_in(folder)
        self.rendition = rendition()

    def freeze(self, *addresses: str, key: str = key) -> None:
        edition = Edition(
            key=key,
            cadence=Cadence.WEEKLY,
            rehearsal=False,
            slot_at=SLOT,
            state=EditionState.FROZEN,
            expires_at=self.clock() + timedelta(days=5),
            signing_key=self.keyring.current,
            sender=self.settings.newsletter.from_.address,
            public_url=self.settings.public_url,
        )
        with self.database.write() as connection:
            subscribers.add_many(connection, [self._reader(address) for address in addresses])
            editions.freeze(connection, edition, [Share(self.rendition)], [f"tag:{key}"], [], self.clock())
            editions.set_state(connection, key, EditionState.SENDING, self.clock())

    def _reader(self, address: str) -> tuple[Subscriber, Consent, str]:
        return reader(f"id-of-{address.partition('@')[0]}", address, self.clock())

    @property
    def edition(self) -> Edition:
        with self.database.read() as connection:
            found = editions.get(connection, self.key)
        assert found is not None
        return found

    @property
    def copies(self) -> Copies:
        return Copies(self.edition, lambda _id: self.rendition, self.keyring)

    @property
    def states(self) -> dict[str, DeliveryState]:
        with self.database.read() as connection:
            return {each.address or "": each.state for each in deliveries.list_by(connection, self.key)}

    def locked(self) -> ExitStack:
        """Begin a transaction that lets no other write until this is closed."""
        stack = ExitStack()
        stack.enter_context(stack.enter_context(Database(self.url)).write())
        return stack

    def hold(self, to: EditionState = EditionState.HELD) -> None:
        with self.database.write() as connection:
            editions.set_state(connection, self.key, to, self.clock())


def rendition() -> Rendition:
    return rendition_of(
        "The news.\n\nLeave: {leave}\n",
        '<p>The news.</p><p><a href="{leave}">Leave</a></p>\n',
        sender="Briefings <news@briefings.example>",
        subject="The news",
        post_id="tag:one",
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def mailing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mailing]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh_url()
    made = Mailing(tmp_path, url)
    yield made
    made.database.close()
