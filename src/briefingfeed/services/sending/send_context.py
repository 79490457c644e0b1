"""What the sending use cases work with. `publication` puts it together; tests may too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from briefingfeed.delivery.failpoints import Failpoint, ignore
from briefingfeed.errors import ConfigurationError, UsageError
from briefingfeed.hosts import is_loopback
from briefingfeed.models.edition import Rendition
from briefingfeed.models.settings import (
    EXAMPLE_FROM_ADDRESS,
    EXAMPLE_POSTAL_ADDRESS,
    EXAMPLE_URL,
    UNSET_FROM_ADDRESS,
    UNSET_POSTAL_ADDRESS,
    UNSET_URL,
    Settings,
)
from briefingfeed.newsletter.digest import Digest
from briefingfeed.newsletter.finding import Finding
from briefingfeed.providers.base import Provider
from briefingfeed.services.readers.mailbox import MailboxContext
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring

if TYPE_CHECKING:
    from briefingfeed.dkim.signing import Sealing, Signer
    from briefingfeed.look import Look
    from briefingfeed.posts.store import Library

Examined = tuple[Rendition, tuple[Finding, ...]]
"""A rendition, and what was found in it."""
Recall = Callable[[Digest, bool, Callable[[], Examined]], Examined]
"""Given a digest, whether it is marked as a test, and what renders it: what it became before, or becomes now."""


def afresh(_digest: Digest, _test: bool, made: Callable[[], Examined]) -> Examined:
    """Render every digest that is asked for."""
    return made()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    settings: Settings
    database: Database
    open_look: Callable[[], Look]
    """Called only when something is rendered: see `look`."""
    keyring: Keyring
    provider: Provider
    load_posts: Callable[[], Library]
    """Reads the posts; called only when a slot is due."""
    page_trouble: Callable[[str], str | None]
    """Fetches a page by GET and says in words why readers can't use it; None if they can."""
    now: Callable[[], datetime]
    """The clock, aware UTC. With `--as-of` it starts there and goes on."""
    place: str = ""
    """Names this machine and state folder: runs of one place take turns. See `storage.runs`."""
    failpoint: Failpoint = ignore
    recall: Recall = afresh
    mailbox: MailboxContext | None = None
    """Read before anything is sent; None: the settings name none."""
    signer: Signer | None = None
    """Signs what leaves; None: whoever takes it does."""

    @property
    def look(self) -> Look:
        return self.open_look()

    def sealing(self, at: datetime) -> Sealing | None:
        """How mails are signed, as of the moment `at`; None: not here."""
        return partial(self.signer.seal, at=at) if self.signer is not None else None

    @property
    def rehearses(self) -> bool:
        return self.provider.rehearses

    @property
    def stays_here(self) -> bool:
        """Whether nothing leaves this machine: a rehearsal, or a trial whose mail server and links are both local.

        A local server alone proves nothing: it is mostly a relay, and then it mails people.
        """
        links_stay = is_loopback(urlsplit(self.settings.public_url).hostname or "")
        return self.rehearses or (self.provider.is_local and links_stay)


def check_identity(context: SendContext) -> None:
    """Refuse to send in the name of the example publication. Raises ConfigurationError naming every key to change."""
    if context.rehearses:
        return
    settings = context.settings
    left = [
        key
        for key, value, foreign in (
            ("[publication] url", settings.publication.url, (EXAMPLE_URL, UNSET_URL)),
            ("[newsletter] from", settings.newsletter.from_.address, (EXAMPLE_FROM_ADDRESS, UNSET_FROM_ADDRESS)),
            (
                "[publication] postal_address",
                settings.publication.postal_address,
                (EXAMPLE_POSTAL_ADDRESS, UNSET_POSTAL_ADDRESS),
            ),
        )
        if value in foreign
    ]
    if left:
        raise ConfigurationError(
            f"{', '.join(left)}: not yours yet. Nothing was sent.",
            where=str(settings.file),
            remedy=f"Write your own there, or rehearse with the provider outbox: {context.provider.name} mails people.",
        )


def check_as_of(context: SendContext) -> None:
    """Refuse to send mail beyond this machine for a moment that isn't now. Raises UsageError."""
    if not context.stays_here:
        raise UsageError(
            f"--as-of only rehearses, but {context.provider.name} would mail people.",
            remedy="Leave --as-of out, look first with --dry-run, or set provider to outbox.",
        )
