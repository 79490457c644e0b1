"""The whole path of a mail: posts in files, a database, an edition, our SMTP client, a server in its own process."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from briefingfeed.look import Look
from briefingfeed.models.delivery import Delivery
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Mailbox, NewsletterSettings
from briefingfeed.posts.memory import IdMemory
from briefingfeed.posts.store import PostStore
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from briefingfeed.services.sending.send import send_edition
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.services.sending.send_report import SendReport
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage import deliveries, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint
from publications import KEY, SENDER, harbour_in, reader

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""A slot: weekly/2026-W48."""


class PostRoom:
    """Settings are made without a settings file, so that even what a file may not say can be tried."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "posts").mkdir(parents=True)
        (folder / "var").mkdir()
        self.settings = harbour_in(folder, newsletter=NewsletterSettings(from_=SENDER, size_budget_kb=500))

    def name(self, title: str, sender: str) -> None:
        """Set the publication's title and the sender's name."""
        self.settings = replace(
            self.settings,
            publication=replace(self.settings.publication, title=title),
            newsletter=replace(self.settings.newsletter, from_=Mailbox("notes@harbour.example", sender)),
        )

    def write(self, title: str, body: str, *, number: int = 1) -> None:
        """Write a post, octet by octet: its title goes through JSON, which YAML reads with every escape."""
        head = f"---\ntitle: {json.dumps(title)}\ndate: 2026-11-20\nslug: post-{number}\n---\n\n"
        (self.folder / "posts" / f"2026-11-20-post-{number}.md").write_bytes((head + body).encode())

    def send(self, addresses: list[str], port: int, *, pipelining: bool = True) -> SendReport:
        """Mail the edition of the week to `addresses`, which nobody has checked before."""
        smtp = SmtpSettings(host="127.0.0.1", port=port, security=Security.NONE, retry_pause=0.01, timeout=60)
        keyring = Keyring({fingerprint(KEY): KEY})
        since = MONDAY - timedelta(days=30)
        with Database.open(self.settings.database.url) as database:
            with database.write() as connection:
                people = [reader(f"id-{number}", each, since) for number, each in enumerate(addresses)]
                subscribers.add_many(connection, people)
            look = Look([self.settings.paths.templates, shipped_templates()], self.settings.publication)
            context = SendContext(
                settings=self.settings,
                database=database,
                open_look=lambda: look,
                keyring=keyring,
                provider=SmtpProvider(smtp, None),
                load_posts=lambda: PostStore(self.settings, {}, IdMemory()).load(MONDAY),
                page_trouble=lambda _url: None,
                now=lambda: MONDAY + timedelta(minutes=5),
            )
            return send_edition(context, Cadence.WEEKLY, at_once=True, lock_wait=timedelta(0), patience=timedelta(0))

    def rows(self) -> dict[str, Delivery]:
        with Database.open(self.settings.database.url) as database, database.read() as connection:
            return {row.address or "": row for row in deliveries.list_by(connection)}
