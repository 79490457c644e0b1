from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from briefingfeed.look import Look
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition
from briefingfeed.models.settings import Settings
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.posts.introduction import load_introduction
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import Library, PostStore
from briefingfeed.providers.base import Provider
from briefingfeed.providers.outbox import OutboxProvider
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.services.telling.notices import Notice
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage import deliveries, editions, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint
from offices import PostOffice
from publications import KEY, harbour_in, reader

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""A slot: weekly/2026-W48."""


@dataclass
class Desk:
    """A publication in a folder, with everything real but the clock and the post office."""

    folder: Path
    now: datetime = MONDAY + timedelta(minutes=5)
    settings: Settings = field(init=False)
    provider: Provider = field(default_factory=PostOffice)
    page: str | None = None

    def __post_init__(self) -> None:
        (self.folder / "posts").mkdir()
        self.settings = harbour_in(self.folder)
        self.database = Database.open(self.settings.database.url)
        self.keyring = Keyring({fingerprint(KEY): KEY})
        self.pages_asked: list[str] = []

    @property
    def office(self) -> PostOffice:
        assert isinstance(self.provider, PostOffice)
        return self.provider

    @property
    def outbox(self) -> OutboxProvider:
        return OutboxProvider(self.folder / "outbox")

    @property
    def context(self) -> SendContext:
        look = Look([self.settings.paths.templates, shipped_templates()], self.settings.publication)
        return SendContext(
            settings=self.settings,
            database=self.database,
            open_look=lambda: look,
            keyring=self.keyring,
            provider=self.provider,
            load_posts=self.load,
            page_trouble=self._ask_page,
            now=lambda: self.now,
        )

    def load(self) -> Library:
        library = PostStore(self.settings, {}, IdMemory()).load(self.now)
        return replace(library, introduction=load_introduction(self.settings, library.posts)[0])

    def _ask_page(self, url: str) -> str | None:
        self.pages_asked.append(url)
        return self.page

    def send(self, cadence: Cadence = Cadence.WEEKLY, **how: object) -> SendReport:
        how = {"lock_wait": timedelta(0), "patience": timedelta(0)} | how
        return send_edition(self.context, cadence, **how)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Let the first real run be a week before the slot of the tests."""
        now, self.now = self.now, MONDAY - timedelta(days=6)
        self.send()
        self.now = now

    def await_monday(self) -> None:
        """It is half past five on Monday: a proof is due, and the slot has not come."""
        self.write("Tides")
        self.subscribe("ann", "ben")
        self.begin()
        self.now = MONDAY - timedelta(hours=2, minutes=30)

    def write(self, title: str, day: str = "2026-11-20", **head: object) -> Path:
        slug = re.sub(r"\W+", "-", title.lower())
        lines = [f"title: {title}", f"date: {day}", *(f"{key}: {str(value).lower()}" for key, value in head.items())]
        file = self.folder / "posts" / f"{day}-{slug}.md"
        file.write_text("---\n" + "\n".join(lines) + f"\n---\n\nThe text of {title}.\n", "utf-8")
        return file

    def subscribe(self, *names: str) -> None:
        since = MONDAY - timedelta(days=30)
        with self.database.write() as connection:
            people = [reader(f"id-of-{name}", f"{name}@example.org", since) for name in names]
            subscribers.add_many(connection, people)

    def unsubscribe(self, name: str) -> None:
        with self.database.write() as connection:
            subscribers.set_state(connection, f"id-of-{name}", SubscriberState.UNSUBSCRIBED, self.now)

    def edition(self, key: str = "weekly/2026-W48") -> Edition | None:
        with self.database.read() as connection:
            return editions.get(connection, key)

    def states(self, key: str = "weekly/2026-W48") -> dict[str, DeliveryState]:
        with self.database.read() as connection:
            return {(each.address or "").partition("@")[0]: each.state for each in deliveries.list_by(connection, key)}

    def row(self, name: str) -> int:
        with self.database.read() as connection:
            return next(each.id for each in deliveries.list_by(connection) if each.address == f"{name}@example.org")

    def change(self, **newsletter: object) -> None:
        self.settings = replace(self.settings, newsletter=replace(self.settings.newsletter, **newsletter))  # type: ignore[arg-type]


def topics(notices: Iterable[Notice]) -> list[str]:
    return [notice.topic for notice in notices]


def assert_sums(report: SendReport) -> None:
    for each in report.editions:
        assert sum(each.counts.values()) == each.recipients


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()
