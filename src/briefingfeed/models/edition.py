"""Edition: one mailing with a unique key; its rendition; and the bytes with slots that a copy is spliced from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Cadence(StrEnum):
    """How often a subscriber is mailed."""

    WEEKLY = "weekly"
    DAILY = "daily"
    MONTHLY = "monthly"
    POSTS = "posts"
    """Each post by itself, as soon as it is visible."""


class EditionState(StrEnum):
    PLANNED = "planned"
    """Its slot is near: a proof has gone to the editors. Nothing is frozen yet."""
    FROZEN = "frozen"
    """Content and recipients are fixed; nobody was handed it yet."""
    SENDING = "sending"
    HELD = "held"
    """Waits for `editions release` or `editions cancel`."""
    DONE = "done"
    """No row waits any more."""
    EMPTY = "empty"
    """The slot passed without a post; no mail."""
    BLOCKED = "blocked"
    """Preflight stopped it before the freeze; tried again each run until the next slot."""
    MISSED = "missed"
    """No run came within `catch_up`; its posts go with the next."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Slot:
    """A planned moment of a cadence. `key` such as `weekly/2026-W48`: the ISO week of the slot in the publication's
    zone. `previous` is the slot before it. Both instants are UTC."""

    cadence: Cadence
    key: str
    at: datetime
    previous: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    key: str
    """`weekly/2026-W48`, or `rehearsal/weekly/2026-W48`."""
    cadence: Cadence
    rehearsal: bool
    slot_at: datetime
    state: EditionState
    frozen_at: datetime | None = None
    expires_at: datetime | None = None
    """Rows still waiting then become `expired`; one that has no content by then is `missed`. Moves on by the time spent
    in `held`."""
    held_at: datetime | None = None
    recipients: int = 0
    signing_key: str | None = None
    """Fingerprint of the key its links and Message-IDs are made with."""
    sender: str | None = None
    """Envelope sender; its domain is that of the Message-IDs."""
    public_url: str | None = None
    """What its unsubscribe links begin with. Like key and sender kept from the freeze on: a change of the settings
    changes no byte of a copy."""
    return_path: str | None = None
    """The address that bounces go to, as it is without the mark of a delivery (VERP); None: they go to `sender`."""
    unsubscribe_address: str | None = None
    """Where a mail with the token in its subject unsubscribes; None: only the link does."""
    note: str = ""
    """Why it is held, blocked, missed or cancelled, for people."""
    proof_hash: str | None = None
    """Of the content that the last proof showed."""
    proof_sent_at: datetime | None = None
    open_batch: int = 2
    """Rows of a later batch than this wait: 1 while only the first batch goes."""
    pause_until: datetime | None = None
    """After the first batch: nothing is handed over before."""

    @property
    def is_made(self) -> bool:
        """Whether it has content and recipients."""
        return self.frozen_at is not None

    @property
    def scope(self) -> str:
        """Within which a post goes out at most once: `weekly`, or `rehearsal/weekly`."""
        return scope_of(self.cadence, rehearsal=self.rehearsal)


def scope_of(cadence: Cadence, *, rehearsal: bool) -> str:
    """Return `Edition.scope` of the editions of a cadence."""
    return f"rehearsal/{cadence}" if rehearsal else str(cadence)


class SlotName(StrEnum):
    """What differs from copy to copy."""

    ADDRESS = "address"
    MESSAGE_ID = "message-id"
    """With its angle brackets."""
    UNSUBSCRIBE_URL = "unsubscribe-url"
    UNSUBSCRIBE_TOKEN = "unsubscribe-token"  # noqa: S105 - the name of a slot
    """The token alone, for the subject of a mail that unsubscribes. Only if the edition has an address for these."""


class SlotCoding(StrEnum):
    """How a value is written where it stands."""

    HEADER = "header"
    """As it is, in a header line of its own making; the value is printable and without spaces. ASCII, except for an
    address whose local part is not: its header is UTF-8 (RFC 6532)."""
    TEXT = "text"
    """Quoted-printable, in the text part."""
    HTML = "html"
    """HTML-escaped, then quoted-printable, in the HTML part."""


@dataclass(frozen=True, slots=True)
class ByteSlot:
    name: SlotName
    coding: SlotCoding


Segment = bytes | ByteSlot
"""A piece of a message: bytes that all copies share, or a slot."""

SlotValues = Mapping[SlotName, str]


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a rendition says about posts, for the archive and for later corrections."""

    titles: Mapping[str, str]
    """Of the posts it holds, by their ids."""
    shown: Mapping[str, Sequence[str]]
    """The marks of the corrections that these posts had already: see `models.corrections`."""
    told: Sequence[tuple[str, str]] = ()
    """Corrections of earlier posts that it tells: id of the post, mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One rendered form of an edition. Stored at the freeze and never rendered again.

    `html` and `text` hold each slot as its placeholder (`newsletter.placeholders`); `headers` are the shared header
    fields as decoded text, in order, with placeholders likewise; `message` is the whole MIME message: CRLF, 7-bit,
    no line begins with a dot.
    """

    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...]
    message: tuple[Segment, ...]
    post_ids: tuple[str, ...]
    content_hash: str
    """`content_hash(message)`: checked each time it is read back."""
    mentions: Mentions | None = field(default=None, compare=False)
    """What is written down about it at the freeze; not read back with it."""


def content_hash(message: Sequence[Segment]) -> str:
    """Return the SHA-256 (hex) over the shared bytes and the names of the slots between them.

    Neighbouring byte strings count as one, so that the hash does not depend on how they were cut.
    """
    digest = hashlib.sha256()
    shared = b""
    for segment in (*message, None):
        if isinstance(segment, bytes):
            shared += segment
            continue
        digest.update(b"%d:" % len(shared) + shared)
        shared = b""
        if segment is not None:
            digest.update(f"<{segment.name}:{segment.coding}>".encode())
    return digest.hexdigest()
