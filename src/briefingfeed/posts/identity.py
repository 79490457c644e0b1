"""Which id each post has: written, remembered, or made now. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from briefingfeed.posts.findings import Findings
from briefingfeed.posts.kept_ids import KeptIds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    from briefingfeed.models.settings import IdSettings, PublicationSettings
    from briefingfeed.posts.memory import IdMemory, Remembered

_NONE_KEPT = KeptIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a post brings along for finding its id."""

    path: str
    written: str | None
    """The `id:` of its head."""
    line: int | None
    day: date
    slug: str
    body_digest: str
    """Empty for an empty text, which matches nothing."""
    draft: bool = False
    addresses: tuple[str, ...] = ()
    """Where it is read, and where it was."""


@dataclass(slots=True)
class Identities:
    ids: dict[str, str] = field(default_factory=dict)
    """By path."""
    findings: list[Findings] = field(default_factory=list)
    """For posts left without an id."""


def digest(body: str) -> str:
    """Return what a text is recognised by when its file was moved; white space around it does not count."""
    text = body.strip()
    return hashlib.sha256(text.encode()).hexdigest()[:32] if text else ""


def tag(publication: PublicationSettings, day: date, slug: str) -> str:
    """Return a tag: URI (RFC 4151) made of the authority, the date and the slug."""
    if publication.id_authority:
        return f"tag:{publication.id_authority}:{day.isoformat()}/{slug}"
    return f"tag:{_host(publication.url)},{day.isoformat()}:{slug}"


@lru_cache(maxsize=8)
def _host(url: str) -> str:
    host = urlsplit(url).hostname or "localhost"
    return host.encode("idna").decode()


def by_rule(ids: IdSettings, day: date, slug: str) -> str | None:
    """Return the id that a post of that day had in the program before, or None if none did."""
    if ids.rule is None or ids.until is None or day > ids.until:
        return None
    return ids.rule.format(year=f"{day:%Y}", month=f"{day:%m}", day=f"{day:%d}", slug=slug)


def identify(
    claims: Iterable[Claim],
    memory: IdMemory,
    publication: PublicationSettings,
    kept: KeptIds = _NONE_KEPT,
    rule: Callable[[date, str], str | None] = lambda _day, _slug: None,
) -> Identities:
    """Give each claim its id, or say why it cannot have one.

    In this order: the id written in the file; the one that ids.toml keeps for it; the one remembered for its path, if
    date or text are still the same; the one remembered for its text, if no file of that path has it any more; a new
    one, made by `rule` (of day and slug) if that has one.
    """
    ordered = sorted(claims, key=lambda claim: claim.path)
    round_ = _Round(memory, publication, {claim.path: claim.written for claim in ordered}, rule)
    round_.written([claim for claim in ordered if claim.written is not None])
    waiting = [claim for claim in ordered if claim.written is None]
    assigned = kept.assign(waiting)
    waiting = [claim for claim in waiting if not round_.kept(claim, assigned.get(claim.path))]
    waiting = [claim for claim in waiting if not round_.by_path(claim)]
    waiting = [claim for claim in waiting if not round_.by_body(claim)]
    for claim in waiting:
        if not round_.refused(claim):
            round_.new(claim)
    return round_.result


class _Round:
    def __init__(
        self,
        memory: IdMemory,
        publication: PublicationSettings,
        paths: dict[str, str | None],
        rule: Callable[[date, str], str | None],
    ) -> None:
        """`paths` are those of all claims, with the ids written there."""
        self._rule = rule
        self.result = Identities()
        self._memory = memory
        self._publication = publication
        self._paths = paths
        self._owners: dict[str, str] = {}

    def written(self, claims: list[Claim]) -> None:
        """The path that is remembered with an id goes first; a copy of it is told."""
        for claim in sorted(claims, key=lambda claim: (not self._remembers(claim), claim.path)):
            written = claim.written or ""
            row = self._memory.get(written)
            holder = self._owners.get(written)
            if holder is None and row and row.path != claim.path and self._paths.get(row.path, written) is None:
                holder = row.path
            if holder is None:
                self._give(claim, written)
            else:
                self._refuse(
                    claim,
                    f"This post has the same id as {holder}.",
                    "Delete the id line in the one that is new: it gets an id of its own.",
                )

    def kept(self, claim: Claim, post_id: str | None) -> bool:
        """An id that a file has taken already is that post's."""
        if post_id is None or post_id in self._owners:
            return False
        self._give(claim, post_id)
        return True

    def by_path(self, claim: Claim) -> bool:
        row = self._memory.by_path.get(claim.path)
        if row is None or row.post_id in self._owners:
            return False
        if row.body_digest != claim.body_digest and claim.day not in _days(row, self._publication.timezone):
            return False
        self._give(claim, row.post_id)
        return True

    def by_body(self, claim: Claim) -> bool:
        """Whatever kept its path has its id by now; a text that is known and still without one was moved."""
        rows = self._memory.by_digest.get(claim.body_digest, []) if claim.body_digest else []
        free = [row for row in rows if row.post_id not in self._owners]
        if len(free) != 1:
            return False
        self._give(claim, free[0].post_id)
        return True

    def refused(self, claim: Claim) -> bool:
        """Whether this is the path of a post that is neither here, with date or text unchanged, nor elsewhere."""
        row = self._memory.by_path.get(claim.path)
        if row is None or row.post_id in self._owners or claim.draft:
            return False
        self._refuse(
            claim,
            "Both the date and the text of this post changed, so it is unclear whether it is the same post.",
            f"If it is the same, write this into its front matter: id: {row.post_id} "
            "- If it is another post, give its file a new name.",
        )
        return True

    def new(self, claim: Claim) -> None:
        """Make an id. One that belongs to a post whose file is gone is that post again: same day, same first slug."""
        old = self._rule(claim.day, claim.slug)
        if old is not None and old not in self._owners and not self._lives(old):
            self._give(claim, old)
            return
        first = candidate = tag(self._publication, claim.day, claim.slug)
        number = 1
        while candidate in self._owners or self._lives(candidate):
            number += 1
            candidate = f"{first}-{number}"
        self._give(claim, candidate)

    def _lives(self, post_id: str) -> bool:
        row = self._memory.get(post_id)
        return row is not None and row.path in self._paths

    def _remembers(self, claim: Claim) -> bool:
        row = self._memory.get(claim.written or "")
        return row is not None and row.path == claim.path

    def _give(self, claim: Claim, post_id: str) -> None:
        self._owners[post_id] = claim.path
        self.result.ids[claim.path] = post_id

    def _refuse(self, claim: Claim, message: str, remedy: str) -> None:
        findings = Findings(claim.path)
        findings.error(message, remedy, claim.line)
        self.result.findings.append(findings)


def _days(row: Remembered, zone: ZoneInfo) -> set[date]:
    """The day it was first dated, and the one it was dated last."""
    return {row.date, row.published.astimezone(zone).date()}
