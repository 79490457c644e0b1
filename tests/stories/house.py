"""A house that publishes: everything is real but the clock and the post office."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

from briefingfeed.look import Look
from briefingfeed.models.delivery import Message
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.settings import MonthlyTime
from briefingfeed.providers.base import Provider
from briefingfeed.providers.outbox import OutboxProvider
from briefingfeed.services.publishing.post_library import load_library, remember_library
from briefingfeed.services.readers.subscribers import change_cadence
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage import editions, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint
from offices import PostOffice
from publications import HARBOUR, KEY, harbour_in, reader


class House:
    """`now` is the clock: local time of the publication's zone, as people say it."""

    def __init__(self, folder: Path, *, zone: str = "UTC", now: str = "2026-11-18 10:00") -> None:
        self.folder = folder
        self.zone = ZoneInfo(zone)
        self.at(now)
        for name in ("posts", "var"):
            (folder / name).mkdir()
        self.settings = harbour_in(folder, publication=replace(HARBOUR, timezone=self.zone))
        self.database = Database.open(self.settings.database.url)
        self.keyring = Keyring({fingerprint(KEY): KEY})
        self.look = Look([shipped_templates()], self.settings.publication)
        self.office = PostOffice(at_once=100)
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
            open_look=lambda: self.look,
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
            people = [reader(f"id-of-{name}", f"{name}@example.org", self.now, cadence) for name in names]
            subscribers.add_many(connection, people)

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
