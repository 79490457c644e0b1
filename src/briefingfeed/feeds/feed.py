"""Feed: what a reader follows, everything or one topic. Document: one file's worth of it, whatever the format."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from briefingfeed.feeds.addresses import Format
from briefingfeed.feeds.characters import ascii_url, one_line
from briefingfeed.models.post import Post
from briefingfeed.models.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed in all its formats. `folder` is empty or ends with a slash; URLs are ASCII, texts one line."""

    id: str
    title: str
    subtitle: str | None
    language: str
    publisher: str
    home: str
    """The page that the feed belongs to."""
    root: str
    """The publication's address, with a slash at its end."""
    folder: str
    hub: str | None
    is_complete: bool = False
    """Whether what is not in it has left it (RFC 5005, section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a feed: the one that is subscribed to, or an archive document (RFC 5005, section 4)."""

    feed: Feed
    folder: str
    posts: tuple[Post, ...]
    """Newest first."""
    is_archive: bool = False
    older: str | None = None
    """The folder of the next older archive document; for the one that is subscribed to, the newest of all."""
    newer: str | None = None

    def path(self, kind: Format) -> str:
        return self.folder + kind.file

    def address(self, kind: Format, folder: str | None = None) -> str:
        """Return where the document is found, or its neighbour in another folder."""
        return f"{self.feed.root}{self.folder if folder is None else folder}{kind.file}"

    def links(self, kind: Format) -> tuple[tuple[str, str], ...]:
        """Return relation and address of the document itself and of those that belong to it."""
        links = [("self", self.address(kind))]
        if self.is_archive:
            links.append(("current", self.address(kind, self.feed.folder)))
        elif self.feed.hub:
            links.append(("hub", self.feed.hub))
        if self.older is not None:
            links.append(("prev-archive", self.address(kind, self.older)))
        if self.newer is not None:
            links.append(("next-archive", self.address(kind, self.newer)))
        return tuple(links)

    @property
    def is_marked_archive(self) -> bool:
        """Whether it says that it is an archive document: only one that has a neighbour does, as validators ask."""
        return self.is_archive and not (self.older is self.newer is None)


def make_feed(settings: Settings, folder: str = "", name: str | None = None, *, is_complete: bool = False) -> Feed:
    """Return the feed that stands in `folder`; `name` is what it adds to the publication's title."""
    publication = settings.publication
    root = ascii_url(f"{publication.url}/")
    title = one_line(publication.title)
    return Feed(
        id=feed_id(publication.url, publication.id_authority, folder),
        title=title if name is None else f"{title} - {one_line(name)}",
        subtitle=(one_line(publication.tagline) or None) if name is None else None,
        language=publication.language,
        publisher=title,
        home=root,
        root=root,
        folder=folder,
        hub=ascii_url(settings.feeds.websub_hub) if settings.feeds.websub_hub else None,
        is_complete=is_complete,
    )


def feed_id(url: str, authority: str | None, folder: str) -> str:
    """Return the id that all documents of one feed share.

    With an `id_authority` it outlives every change of address. Without one there is nothing to make it from but the
    address: it outlives a change from http to https, and no more.
    """
    name = f"feed/{folder}".rstrip("/")
    if authority:
        return f"tag:{authority}:{name}"
    address = urlsplit(url)
    return uuid.uuid5(uuid.NAMESPACE_URL, f"//{address.netloc.lower()}{address.path}/{name}").urn
