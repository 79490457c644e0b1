"""Renditions: written once at the freeze, checked each time they are read."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, insert, select

from briefingfeed.errors import StorageError
from briefingfeed.models.edition import (
    ByteSlot,
    Cadence,
    EditionState,
    Mentions,
    Rendition,
    Segment,
    SlotCoding,
    SlotName,
    content_hash,
)
from briefingfeed.storage.schema import edition, rendition, rendition_correction, rendition_post

_CONTENT: Final = ("subject", "html", "text", "headers", "message", "post_ids", "content_hash")
_COLUMNS: Final = tuple(rendition.c[name] for name in (*_CONTENT, "checksum", "edition_key"))


def add(c: Connection, edition_key: str, new: Rendition, *, number: int = 1) -> int:
    """Store a rendition and return its id. Raises ValueError if its content hash is not that of its message."""
    if content_hash(new.message) != new.content_hash:
        raise ValueError("the content hash does not belong to the message")
    content = _content(new)
    row = content | {"edition_key": edition_key, "number": number, "checksum": _checksum(content)}
    stored: int = c.execute(insert(rendition).returning(rendition.c.id), row).scalar_one()
    posts = [{"rendition_id": stored, **_post(post_id, new.mentions)} for post_id in dict.fromkeys(new.post_ids)]
    if posts:
        c.execute(insert(rendition_post), posts)
    told = new.mentions.told if new.mentions else ()
    if told:
        rows = [{"rendition_id": stored, "post_id": post_id, "mark": mark} for post_id, mark in told]
        c.execute(insert(rendition_correction), rows)
    return stored


def _post(post_id: str, mentions: Mentions | None) -> dict[str, str | None]:
    if mentions is None:
        return {"post_id": post_id, "title": None, "corrections": None}
    marks = "\n".join(mentions.shown.get(post_id, ()))
    return {"post_id": post_id, "title": mentions.titles.get(post_id), "corrections": marks}


class ContentError(StorageError):
    """What is stored is no longer what was frozen: nothing more of that edition may be sent."""


def next_number(c: Connection, edition_key: str) -> int:
    """Return the number for one more rendition of an edition."""
    last = select(func.max(rendition.c.number)).where(rendition.c.edition_key == edition_key)
    return (c.scalar(last) or 0) + 1


def get(c: Connection, rendition_id: int) -> Rendition:
    """Return a rendition, byte for byte as it was frozen.

    Raises StorageError if there is none, ContentError if what is stored is no longer what was frozen.
    """
    row = c.execute(select(*_COLUMNS).where(rendition.c.id == rendition_id)).mappings().one_or_none()
    if row is None:
        raise StorageError(f"there is no rendition {rendition_id}")
    return _checked(row)


def by_id(c: Connection, edition_key: str) -> dict[int, Rendition]:
    """Return all renditions of an edition. Raises StorageError as `get` does."""
    query = select(rendition.c.id, *_COLUMNS).where(rendition.c.edition_key == edition_key)
    return {row["id"]: _checked(row) for row in c.execute(query).mappings()}


def posts_of(c: Connection, cadence: Cadence, state: EditionState, *, rehearsal: bool) -> frozenset[str]:
    """Return the posts that the editions of a cadence in this state hold, released or not."""
    query = select(rendition_post.c.post_id).join_from(edition, rendition).join(rendition_post)
    its = (edition.c.cadence == cadence, edition.c.state == state, edition.c.rehearsal == rehearsal)
    return frozenset(c.scalars(query.where(*its)))


def first(c: Connection, edition_key: str) -> Rendition:
    """Return the rendition that most readers of an edition get. Raises StorageError as `get` does."""
    query = select(*_COLUMNS).where(rendition.c.edition_key == edition_key).order_by(rendition.c.number).limit(1)
    row = c.execute(query).mappings().one_or_none()
    if row is None:
        raise StorageError(f"{edition_key} has no content: it was never frozen")
    return _checked(row)


def _checked(row: RowMapping) -> Rendition:
    content = {name: row[name] for name in _CONTENT}
    checksum, edition_key = row["checksum"], row["edition_key"]
    found = _rendition(content) if _checksum(content) == checksum else None
    if found is None or content_hash(found.message) != found.content_hash:
        raise ContentError(
            f"the stored content of {edition_key} has changed since it was frozen",
            remedy="send nothing more of it; restore the database from the backup",
        )
    return found


def _content(of: Rendition) -> dict[str, Any]:
    return {
        "subject": of.subject,
        "html": of.html,
        "text": of.text,
        "headers": [list(header) for header in of.headers],
        "message": [_stored(segment) for segment in of.message],
        "post_ids": list(of.post_ids),
        "content_hash": of.content_hash,
    }


def _rendition(content: dict[str, Any]) -> Rendition:
    return Rendition(
        subject=content["subject"],
        html=content["html"],
        text=content["text"],
        headers=tuple((name, value) for name, value in content["headers"]),
        message=tuple(_segment(stored) for stored in content["message"]),
        post_ids=tuple(content["post_ids"]),
        content_hash=content["content_hash"],
    )


def _stored(segment: Segment) -> str | list[str]:
    # Latin-1 gives each byte a character of its own, so that any bytes survive JSON.
    return segment.decode("latin-1") if isinstance(segment, bytes) else [segment.name.value, segment.coding.value]


def _segment(stored: str | list[str]) -> Segment:
    if isinstance(stored, str):
        return stored.encode("latin-1")
    name, coding = stored
    return ByteSlot(SlotName(name), SlotCoding(coding))


def _checksum(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
