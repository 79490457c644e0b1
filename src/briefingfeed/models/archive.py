"""SentEdition: what the archive knows of an edition. Nothing of it belongs to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

EDITIONS = "editions/"
"""The folder of the archive; `editions/weekly/2026-w48/` in it is the page of `weekly/2026-W48`."""


@dataclass(frozen=True, slots=True, order=True)
class CorrectionMark:
    """One correction of one post: see `models.corrections`."""

    post_id: str
    mark: str


@dataclass(frozen=True, slots=True)
class SentPost:
    post_id: str
    title: str
    """As it was mailed; empty if that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEdition:
    """An edition of which copies went to readers, by what most of them got."""

    key: str
    subject: str
    sent_at: datetime
    """The instant of the freeze, which its mails are dated with. Aware."""
    public_url: str
    """As it was at the freeze: what the id is made with, so that a change of address changes no id."""
    posts: tuple[SentPost, ...] = ()
    """In the order of the mail."""
    told: tuple[CorrectionMark, ...] = ()
    """Corrections of earlier posts that it told to any of its readers."""

    @property
    def id(self) -> str:
        """A tag: URI (RFC 4151) that never changes: everything it is made of was fixed by the freeze."""
        host = (urlsplit(self.public_url).hostname or "localhost").encode("idna").decode()
        name = quote(self.key, safe="/")
        return f"tag:{host},{self.sent_at.astimezone(UTC):%Y-%m-%d}:edition/{name}"

    @property
    def folder(self) -> str:
        """Where its page stands, relative to the output folder."""
        return edition_folder(self.key)


def edition_folder(key: str) -> str:
    """Return where the page of an edition stands, or will once it is sent: `editions/weekly/2026-w48/`."""
    return f"{EDITIONS}{key.lower()}/"


def edition_url(home: str, key: str) -> str:
    """Return that page's address. `home` is the publication's url."""
    return f"{home}/{quote(edition_folder(key), safe='/')}"
