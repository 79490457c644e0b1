"""What the last proof of a coming edition showed, and to whom: so that the next one goes only if something changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.post import Post
from briefingfeed.services.telling.report_queue import MOST_UNCLEAR
from briefingfeed.storage import editions, meta

_PROOFS = "proofs"
"""The mark that holds them, by the edition's key."""
REFUSED = frozenset({Result.REJECTED, Result.FAILED})
"""For good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A post as a proof showed it."""

    title: str
    digest: str
    """Of everything of the post that a mail can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastProof:
    fingerprint: str
    """Of the content."""
    posts: Mapping[str, Shown]
    """By their ids."""
    before: Mapping[str, Shown] | None
    """The posts of the proof before that; None if this is the first."""
    had_it: tuple[str, ...] = ()
    """The addresses that got it, or refused it for good, or may have got it often enough."""
    unclear: Mapping[str, int] = field(default_factory=dict)
    """How often an address may have got it already."""

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> LastProof:
        return cls(
            fingerprint=stored["fingerprint"],
            posts=_read_posts(stored["posts"]),
            before=None if stored["before"] is None else _read_posts(stored["before"]),
            had_it=tuple(stored["had_it"]),
            unclear=stored.get("unclear", {}),
        )

    def after(self, address: str, result: Result) -> LastProof:
        """Return it after a try. Pure."""
        unclear = dict(self.unclear)
        if result is Result.UNCERTAIN:
            unclear[address] = unclear.get(address, 0) + 1
        settled = result in (Result.ACCEPTED, *REFUSED) or unclear.get(address, 0) >= MOST_UNCLEAR
        return replace(self, had_it=(*self.had_it, address) if settled else self.had_it, unclear=unclear)


def _read_posts(stored: Mapping[str, Any]) -> Mapping[str, Shown]:
    return {post_id: Shown(**post) for post_id, post in stored.items()}


def last_proof(connection: Connection, key: str) -> LastProof | None:
    stored = _all(connection).get(key)
    return LastProof.read(stored) if stored else None


def keep_proof(connection: Connection, key: str, proof: LastProof) -> None:
    """Remember a proof, and forget those of editions that are no longer to come."""
    coming = {each.key for each in editions.list_all(connection) if _is_to_come(each.state) and not each.is_made}
    kept = {each: stored for each, stored in _all(connection).items() if each in coming}
    meta.set_mark(connection, _PROOFS, json.dumps(kept | {key: asdict(proof)}, ensure_ascii=False))


def _is_to_come(state: EditionState) -> bool:
    return state in (EditionState.PLANNED, EditionState.HELD)


def _all(connection: Connection) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(meta.get_mark(connection, _PROOFS) or "{}")
    return found


def shown(posts: Iterable[Post]) -> Mapping[str, Shown]:
    """Return what a proof shows of the posts, in their order."""
    return {post.id: Shown(title=post.title, digest=_digest(post)) for post in posts}


def _digest(post: Post) -> str:
    visible = (
        post.url,
        post.published.isoformat(),
        post.title,
        post.authors,
        post.body.html,
        post.summary,
        post.standfirst,
        post.contact,
        post.topics,
        post.image,
        post.closes,
        post.call_to_action,
        post.corrections,
    )
    return sha256(repr(visible).encode("utf-8", "surrogatepass")).hexdigest()


def changes(before: Mapping[str, Shown], after: Mapping[str, Shown]) -> tuple[str, ...]:
    """Say what became of the posts between two proofs. Pure; empty if the change is in none of them."""
    added = [f"Added: {post.title}" for post_id, post in after.items() if post_id not in before]
    removed = [f"Removed: {post.title}" for post_id, post in before.items() if post_id not in after]
    edited = [
        f"Edited: {post.title}" if post.title == old.title else f"Edited: {post.title} (it was: {old.title})"
        for post_id, post in after.items()
        if (old := before.get(post_id)) is not None and old.digest != post.digest
    ]
    return (*added, *removed, *edited)
