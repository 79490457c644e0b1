"""Where posts are read: the address of each, and which of two with the same one keeps it. Pure."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from briefingfeed.posts.findings import Findings
from briefingfeed.posts.links import ascii_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from briefingfeed.models.settings import Settings
    from briefingfeed.posts.head import PostHead
    from briefingfeed.posts.memory import IdMemory
    from briefingfeed.posts.source import Draft


def post_url(head: PostHead, settings: Settings) -> str:
    """Return a post's absolute address: its own `url`, else made from `[site] post_url`."""
    day = head.date.at
    url = head.url or (
        settings.site.post_url.replace("{slug}", head.slug)
        .replace("{year}", f"{day.year:04}")
        .replace("{month}", f"{day.month:02}")
        .replace("{day}", f"{day.day:02}")
    )
    scheme, mark, rest = url.partition("://")
    if mark and scheme.lower() in {"https", "http"}:
        return ascii_address(f"{scheme.lower()}://{rest}")
    return ascii_address(f"{settings.publication.url.rstrip('/')}/{url.lstrip('/')}")


def id_prefix(post_id: str) -> str:
    """Return what ids inside a post's HTML begin with, so that posts can share a page."""
    return f"p{hashlib.sha256(post_id.encode()).hexdigest()[:8]}-"


def find_clashes(
    drafts: Iterable[Draft], urls: Mapping[str, str], ids: Mapping[str, str], memory: IdMemory
) -> list[Findings]:
    """Return an error for each post whose address belongs to another.

    The post that is remembered (so it may be published there already) keeps it; else the older one, then the first
    by path. `urls` and `ids` are by path.
    """

    def rank(draft: Draft) -> tuple[bool, bool, str, str]:
        row = memory.get(ids[draft.candidate.path])
        date = draft.head.date.at.isoformat()
        return (draft.head.draft, row is None, date, draft.candidate.path)

    owners: dict[str, str] = {}
    clashes: list[Findings] = []
    for draft in sorted(drafts, key=rank):
        path = draft.candidate.path
        owner = owners.setdefault(urls[path].rstrip("/").lower(), path)
        if owner != path:
            findings = Findings(path)
            findings.error(
                f"This post would have the same address as {owner}: {urls[path]}",
                f"Give it another one with a line such as slug: {draft.head.slug[:90].rstrip('-')}-2",
                draft.head.lines.get("slug") or draft.head.lines.get("url"),
            )
            clashes.append(findings)
    return clashes
