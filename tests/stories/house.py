"""A house that publishes: everything is real but the clock and the post office."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

from briefingfeed.look import Look, shipped_templates
from briefingfeed.models.delivery import Message, Outcome, Phase, Result
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.settings import (
    DatabaseSettings,
    FeedSettings,
    Mailbox,
    MonthlyTime,
    NewsletterSettings,
    PathSettings,
    PublicationSettings,
    Settings,
    SiteSettings,
    WebSettings,
    WeeklyTime,
)
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState
from briefingfeed.providers.base import Limits, Provider, Work
from briefingfeed.providers.outbox import OutboxProvider
from briefingfeed.services.library import load_library, remember_library
from briefingfeed.services.send import send_edition
from briefingfeed.services.send_context import SendContext
from briefingfeed.services.send_report import SendReport
from briefingfeed.services.subscribers import change_cadence
from briefingfeed.storage import editions, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, address_hash, fingerprint

KEY = b"a key for tests, thirty-two long"


class PostOffice:
    """A way out that mails people; keeps what it was given, and takes it unless told otherwise."""

    name = "post-office"
    rehearses = False
    is_local = True
    limits = Limits()

    def __init__(self) -> None:
        self.seen: list[Message] = []
        self.answers: dict[str, Result] = {}

    async def deliver(self, work: Work) -> None:
        while messages := await work.take(100):
            for message in messages:
                self.seen.append(message)
                result = self.answers.get(message.recipient.partition("@")[0], Result.ACCEPTED)
                await work.report(Outcome(delivery_id=message.delivery_id, result=result, phase=Phase.RCPT))


class House:
    """`now` is the clock: local time of the publication's zone, as people say it."""

    def __init__(self, folder: Path, *, zone: str = "UTC", now: str = "2026-11-18 10:00") -> None:
        self.folder = folder
        self.zone = ZoneInfo(zone)
        self.at(now)
        for name in ("posts", "var"):
            (folder / name).mkdir()
        self.settings = _settings(folder, self.zone)
        self.database = Database.open(self.settings.database.url)
        self.keyring = Keyring({fingerprint(KEY): KEY})
        self.look = Look([shipped_templates()], self.settings.publication)
        self.office = PostOffice()
        self.provider: Provider = self.office

    def at(self, now: str) -> None:
        self.now = datetime.fromisoformat(now).replace(tzinfo=self.zone).astimezone(UTC)

    def rehearse(self) -> None:
        self.provider = OutboxProvider(self.folder / "outbox")

    def go_live(self) -> None:
        self.provider = self.office

    def set_up(self, **newsletter: object) -> None:
        self.settings = replace(self.settings, newsletter=replace(self.settings.newsletter, **newsletter))  # type: ignore[arg-type]

    def have_all_cadences(self) -> None:
        self.set_up(daily=time(7, 30), monthly=MonthlyTime(1, time(8)), posts=True)

    @property
    def context(self) -> SendContext:
        return SendContext(
            settings=self.settings,
            database=self.database,
            look=self.look,
            keyring=self.keyring,
            provider=self.provider,
            load_posts=lambda: load_library(self.settings, self.database, self.now),
            page_trouble=lambda _url: None,
            now=lambda: self.now,
        )

    def build(self) -> None:
        """Remember the posts' ids, as `briefingfeed build` does."""
        library = load_library(self.settings, self.database, self.now)
        remember_library(self.settings, self.database, library, self.now)

    def run(self, cadence: Cadence = Cadence.WEEKLY, *, at: str | None = None, **how: object) -> SendReport:
        if at:
            self.at(at)
        how = {"lock_wait": timedelta(0), "patience": timedelta(0)} | how
        report = send_edition(self.context, cadence, **how)  # type: ignore[arg-type]
        for each in report.editions:
            assert sum(each.counts.values()) == each.recipients
        return report

    def write(self, title: str, day: str, **head: object) -> Path:
        lines = [f"title: {title}", f"date: {day}", *(f"{key}: {str(value).lower()}" for key, value in head.items())]
        text = f"The text of {title}.\n"
        return self.file(f"{day[:10]}-{slug_of(title)}.md", "---\n" + "\n".join(lines) + f"\n---\n\n{text}")

    def file(self, name: str, content: str) -> Path:
        file = self.folder / "posts" / name
        file.write_text(content, "utf-8")
        return file

    def remove(self, title: str) -> None:
        (file,) = (self.folder / "posts").glob(f"*-{slug_of(title)}.md")
        file.unlink()

    def subscribe(self, *names: str, cadence: Cadence = Cadence.WEEKLY) -> None:
        with self.database.write() as connection:
            subscribers.add_many(connection, [_person(name, cadence, self.now) for name in names])

    def switch(self, name: str, cadence: Cadence, *, at: str | None = None) -> None:
        if at:
            self.at(at)
        change_cadence(self.database, f"{name}@example.org", cadence, settings=self.settings, now=self.now)

    @property
    def editions(self) -> Mapping[str, Edition]:
        with self.database.read() as connection:
            return {each.key: each for each in reversed(editions.list_all(connection))}

    def state(self, key: str) -> EditionState:
        return self.editions[key].state

    def mails(self, name: str) -> list[list[str]]:
        """Return the titles of the posts in each mail that somebody got, in the order of mails and posts."""
        return [_titles(message) for message in self.office.seen if message.recipient == f"{name}@example.org"]

    def posts_of(self, name: str) -> list[str]:
        return [title for mail in self.mails(name) for title in mail]


def slug_of(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower())


def _titles(message: Message) -> list[str]:
    mail = message_from_bytes(b"".join(message.segments), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    return re.findall(r"The text of (.+)\.", body.get_content())


def _person(name: str, cadence: Cadence, now: datetime) -> tuple[Subscriber, Consent, str]:
    address = f"{name}@example.org"
    return (
        Subscriber(
            id=f"id-of-{name}", address=address, state=SubscriberState.CONFIRMED, created_at=now, cadence=cadence
        ),
        Consent(subscriber_id=f"id-of-{name}", kind=ConsentKind.ADDED, at=now, source="test"),
        address_hash(KEY, address),
    )


def _settings(folder: Path, zone: ZoneInfo) -> Settings:
    return Settings(
        file=folder / "briefingfeed.toml",
        publication=PublicationSettings(
            title="Harbour Notes",
            url="https://harbour.example",
            timezone=zone,
            postal_address="Harbour Trust, 1 Quay, Porttown",
            id_authority="harbour.example,2026",
        ),
        paths=PathSettings(
            root=folder,
            posts=folder / "posts",
            templates=folder / "templates",
            output=folder / "public",
            state=folder / "var",
        ),
        site=SiteSettings(),
        feeds=FeedSettings(),
        newsletter=NewsletterSettings(
            from_=Mailbox("notes@harbour.example", "Harbour Notes"), weekly=WeeklyTime(0, time(8))
        ),
        database=DatabaseSettings(url=f"sqlite:///{folder / 'var' / 'test.db'}"),
        web=WebSettings(public_url="http://127.0.0.1:8090"),
    )
