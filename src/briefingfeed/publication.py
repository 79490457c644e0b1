"""The composition root: the one place that picks concrete classes, reads the environment's values, and wires them.

Everything is made when first asked for, so that a command pays only for what it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from briefingfeed import config
from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.settings import Settings
from briefingfeed.providers.registry import PROVIDERS, UNFIT
from briefingfeed.shipped import shipped_templates

if TYPE_CHECKING:
    from briefingfeed.dkim.signing import Signer
    from briefingfeed.feeds.reading import ReadEntry
    from briefingfeed.look import Look
    from briefingfeed.models.edition import Edition
    from briefingfeed.posts.store import Library
    from briefingfeed.providers.base import Provider
    from briefingfeed.services.keeping.backup import Backup
    from briefingfeed.services.keeping.keys import Keys
    from briefingfeed.services.keeping.provider_setup import ProviderSetup
    from briefingfeed.services.keeping.restored import AdoptContext
    from briefingfeed.services.publishing.adoption import Adoption
    from briefingfeed.services.publishing.build import BuildReport
    from briefingfeed.services.publishing.check import CheckReport
    from briefingfeed.services.publishing.hub import Announcement
    from briefingfeed.services.readers.mailbox import MailboxContext
    from briefingfeed.services.readers.webhook_opening import OpenedWebhook
    from briefingfeed.services.sending.send_context import SendContext
    from briefingfeed.services.telling.status import Status
    from briefingfeed.storage.database import Database

_FAILPOINT = "BRIEFINGFEED_FAILPOINT"
_DATABASE_PASSWORD = "BRIEFINGFEED_DATABASE_PASSWORD"  # noqa: S105 - likewise
_INSTANCE = "BRIEFINGFEED_INSTANCE"
"""The operator's name for this installation; counts instead of the machine's id."""
_MACHINE_ID = Path("/etc/machine-id")


class Publication:
    """One publication, opened. `now` is the clock: aware UTC. Close it when done."""

    def __init__(self, file: Path, environ: Mapping[str, str], now: Callable[[], datetime]) -> None:
        """Read the settings. Raises ConfigurationError."""
        self.settings: Settings = config.load(file, provider_names=PROVIDERS, unfit=UNFIT)
        self.now = now
        self._environ = environ

    def close(self) -> None:
        if "database" in self.__dict__:
            self.database.close()

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.publication.timezone

    @cached_property
    def look(self) -> Look:
        from briefingfeed.look import Look

        folders = [self.settings.paths.templates, shipped_templates()]
        return Look(folders, self.settings.publication, self.settings.theme)

    @cached_property
    def database(self) -> Database:
        from briefingfeed.storage.database import Database

        return Database.open(
            self.settings.database.url,
            state=self.settings.paths.state,
            machine=self._machine,
            password=self._database_password,
        )

    @property
    def _database_password(self) -> str | None:
        from briefingfeed.services.keeping.keys import read_secret

        file = self.settings.database.password_file
        return self._environ.get(_DATABASE_PASSWORD) or (read_secret(file) if file else None)

    @property
    def _place(self) -> str:
        """Names this installation and state folder, the same for every run that takes turns by the lock there."""
        machine = _MACHINE_ID.read_bytes().strip() if _MACHINE_ID.is_file() else b""
        name, folder = self._environ.get(_INSTANCE, "").strip().encode(), bytes(self.settings.paths.state.resolve())
        return sha256(b"\0".join(filter(None, (name, machine or gethostname().encode(), folder)))).hexdigest()[:16]

    @property
    def _machine(self) -> str | None:
        from briefingfeed.storage.instance import machine_mark

        machine_id = _MACHINE_ID.read_text("ascii", "replace") if _MACHINE_ID.is_file() else ""
        return machine_mark(machine_id, self._environ.get(_INSTANCE, ""))

    def upgrade_database(self) -> None:
        from briefingfeed.storage.database import Database

        with Database(self.settings.database.url, password=self._database_password) as database:
            database.upgrade()

    def backup_file(self, target: Path) -> Path:
        """Return the file that a backup to `target` will be: see `services.keeping.backup`."""
        from briefingfeed.services.keeping.backup import backup_file

        return backup_file(self.settings, target, self.now())

    def back_up(self, file: Path) -> Backup:
        """Write a backup of the database and what belongs to it: see `services.keeping.backup`."""
        from briefingfeed.services.keeping.backup import back_up
        from briefingfeed.storage.meta import set_mark
        from briefingfeed.storage.snapshot import BACKED_UP_AT, dump_postgres

        now, environment = self.now(), dict(self._environ)
        if password := self._database_password:
            environment["PGPASSWORD"] = password

        dump = partial(dump_postgres, self.settings.database.url, now=now, environment=environment)
        done = back_up(self.settings, self.database, file, now, dump=dump)
        with suppress(BriefingfeedError), self.database.write() as connection:  # the backup is made, whatever follows
            set_mark(connection, BACKED_UP_AT, now.isoformat())
        return done

    def adopt_context(self) -> AdoptContext:
        """What going on with a restored database needs. Raises SecretKeyError without its keys."""
        from briefingfeed.services.keeping.restored import AdoptContext

        _ = self.keys  # a database without its keys is refused before anything is done
        return AdoptContext(settings=self.settings, database=self.database, load_posts=self._library, now=self.now)

    @cached_property
    def keys(self) -> Keys:
        from briefingfeed.services.keeping.keys import open_keys

        return open_keys(self.settings.paths.state, self.database, self._environ, self.now())

    @cached_property
    def provider(self) -> Provider:
        """The way out that the settings choose, not yet connected. Raises ConfigurationError."""
        setup = self._provider_setup
        return setup.spec.build(setup.table, setup.secrets, self.settings.paths, self.now)

    @cached_property
    def signer(self) -> Signer | None:
        """Signs what leaves; None: whoever takes it does. Raises ConfigurationError."""
        from briefingfeed.services.sending.signing import open_signer

        return open_signer(self.settings, self._provider_setup)

    @cached_property
    def _provider_setup(self) -> ProviderSetup:
        from briefingfeed.services.keeping.provider_setup import read_setup

        return read_setup(self.settings, self.settings.newsletter.provider, self._environ)

    @property
    def outbox(self) -> Path:
        """Where rehearsals are written to; the provider must be `outbox`."""
        from briefingfeed.providers.outbox import OutboxProvider

        provider = self.provider
        if not isinstance(provider, OutboxProvider):
            raise TypeError(provider.name)
        return provider.folder

    def build(self, *, accept_as_new: bool = False, against: str | None = None) -> BuildReport:
        """Publish feeds and pages: see `services.publishing.build`. `against`: address or file of a published feed."""
        from briefingfeed.services.publishing.archive import editions_mark, sent_editions
        from briefingfeed.services.publishing.build import BuildContext, build

        return build(
            BuildContext(
                settings=self.settings,
                open_look=lambda: self.look,
                load_posts=self._library,
                remember=self._remember,
                templates=(self.settings.paths.templates, shipped_templates()),
                now=self.now(),
                load_editions=lambda: sent_editions(self.database),
                editions_mark=lambda: editions_mark(self.settings.database.url, lambda: self.database),
                accept_as_new=accept_as_new,
                fetch_published=(lambda: self.read_feed(against)) if against else None,
            )
        )

    def announce(self) -> Announcement:
        """Tell the WebSub hub which feeds have changed: see `services.publishing.hub`."""
        from briefingfeed.output.manifest import read_manifest
        from briefingfeed.services.publishing.build import MANIFEST
        from briefingfeed.services.publishing.hub import announce

        return announce(self.settings, read_manifest(self.settings.paths.state / MANIFEST))

    def read_feed(self, source: str) -> tuple[ReadEntry, ...]:
        """Read a feed whole, from its address or a file: see `services.publishing.feed_fetching`."""
        from briefingfeed.services.publishing.feed_fetching import read_history

        return read_history(source)

    def check(self, *, online: bool = False) -> CheckReport:
        """Look everything over without publishing: see `services.publishing.check`. Raises ConfigurationError.

        `online`: ask other servers whether what posts link to is still there, and the domain for the DKIM record.
        """
        from briefingfeed.services.keeping.provider_setup import read_provider_table
        from briefingfeed.services.publishing.archive import sent_editions
        from briefingfeed.services.publishing.check import check, way_out_problems
        from briefingfeed.services.publishing.outside_links import outside_problems
        from briefingfeed.services.readers.mailbox_opening import PASSWORD, mailbox_password
        from briefingfeed.services.readers.webhook_check import webhook_findings
        from briefingfeed.services.readers.webhook_opening import open_providers
        from briefingfeed.services.sending.signing import record_problems, who_signs
        from briefingfeed.storage.audience import count_by_cadence

        for name in self.settings.provider_tables:
            read_provider_table(self.settings, name)
        if self.settings.bounces.imap_host:
            mailbox_password(self.settings, self._environ.get(PASSWORD))
        with self.database.read() as connection:
            readers = count_by_cadence(connection)
        library = self._library()
        found = check(self.settings, library, self.look, self.now(), readers, sent_editions(self.database))
        hooks = webhook_findings(self.settings, open_providers(self.settings, self._environ))
        problems = (*way_out_problems(self.settings, lambda: self.provider), *hooks, *found.problems)
        if online:
            problems += (*outside_problems(library.posts, self.settings), *record_problems(self.signer, self.settings))
        return replace(found, problems=problems, signing=who_signs(self._provider_setup, self.signer))

    def adopt_ids(self, sources: Sequence[str], *, dry_run: bool) -> Adoption:
        """Keep the ids that posts have in older feeds, named by address or file: see `services.publishing.adoption`."""
        from briefingfeed.services.publishing.adoption import adopt

        entries = [entry for source in sources for entry in self.read_feed(source)]
        return adopt(entries, self._library().posts, self.settings, dry_run=dry_run)

    def write_ids(self) -> tuple[str, ...]:
        """Write `id:` into every post without one; return the files changed."""
        from briefingfeed.services.publishing.create import write_ids

        return write_ids(self.settings, self._library().posts)

    def send_context(self) -> SendContext:
        from briefingfeed.delivery.failpoints import failpoints
        from briefingfeed.services.sending.send_context import SendContext
        from briefingfeed.services.sending.unsubscribe_page import page_trouble
        from briefingfeed.storage import guard

        with self.database.read() as connection:
            guard.check(connection)
        return SendContext(
            settings=self.settings,
            database=self.database,
            open_look=lambda: self.look,
            keyring=self.keys.ring,
            provider=self.provider,
            load_posts=self._library,
            page_trouble=page_trouble,
            now=self.now,
            place=self._place,
            failpoint=failpoints(self._environ.get(_FAILPOINT)),
            mailbox=self._mailbox_to_read(),
            signer=self.signer,
        )

    @contextmanager
    def preview(self) -> Iterator[SendContext]:
        """What a preview works with, which neither sends nor records: see `services.previewing`."""
        from briefingfeed.services.previewing.standins import preview_context

        with preview_context(self.settings, self.look, self.now, self._database_password) as context:
            yield context

    def coming_edition(self, key: str) -> Edition | None:
        """Return the edition of a slot that is still to come, by its key: see `services.sending.coming`."""
        from briefingfeed.services.sending.coming import coming_edition

        return coming_edition(self.settings, key, self.now(), rehearses=self.provider.rehearses)

    def _mailbox_to_read(self) -> MailboxContext | None:
        context = self.mailbox_context()
        return context if context.open else None

    def mailbox_context(self) -> MailboxContext:
        """The mailbox that bounces come back to, not opened yet: see `services.readers.mailbox`."""
        from briefingfeed.delivery.failpoints import failpoints
        from briefingfeed.services.readers.mailbox import ASIDE, MailboxContext
        from briefingfeed.services.readers.mailbox_opening import PASSWORD, mailbox_name, open_mailbox

        name = mailbox_name(self.settings)
        return MailboxContext(
            database=self.database,
            keyring=self.keys.ring,
            open=partial(open_mailbox, self.settings, self._environ.get(PASSWORD)) if name else None,
            name=name,
            aside=self.settings.paths.state / ASIDE,
            unsubscribe_address=self.settings.bounces.unsubscribe_address,
            now=self.now,
            failpoint=failpoints(self._environ.get(_FAILPOINT)),
        )

    def webhooks(self) -> tuple[OpenedWebhook, ...]:
        """Where providers tell what became of mails: see `services.readers.webhook_opening`."""
        from briefingfeed.services.readers.webhook_opening import open_webhooks

        return open_webhooks(self.settings, self.keys.ring, self._environ)

    def status(self) -> Status:
        from briefingfeed.services.telling.status import read_status

        return read_status(
            self.database,
            self.settings,
            self.now(),
            provider=self.provider.name,
            rehearses=self.provider.rehearses,
            limits=self.provider.limits,
        )

    def _library(self) -> Library:
        from briefingfeed.services.publishing.post_library import load_library

        return load_library(self.settings, self.database, self.now())

    def _remember(self, library: Library) -> None:
        from briefingfeed.services.publishing.post_library import remember_library

        remember_library(self.settings, self.database, library, self.now())
