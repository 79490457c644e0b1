"""`release --rerender`: those who still wait get the edition as its posts are now; those who have it keep theirs.

A copy keeps its Message-ID: a row that waits never left this machine, or was refused before the message was taken, so
nobody has seen the text that goes. Whoever may have the old text (a copy that became unclear and is sent again because
somebody said so) gets that same text once more, not another one under the same name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from briefingfeed.errors import RefusedError
from briefingfeed.models.edition import Cadence, Edition, EditionState, Rendition
from briefingfeed.models.post import Post
from briefingfeed.newsletter.finding import Finding
from briefingfeed.services.sending.braking import Change, must_be, readers, release
from briefingfeed.services.sending.corrections import still_told
from briefingfeed.services.sending.drafting import page_findings, page_url, render_posts
from briefingfeed.services.sending.editions import found_edition, view_of
from briefingfeed.services.sending.introductions import unused
from briefingfeed.services.sending.send_context import SendContext
from briefingfeed.storage import corrected, editions, posts, renditions, waiting

if TYPE_CHECKING:
    from briefingfeed.posts.store import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """What takes the place of one rendition."""

    rendition: Rendition
    left_out: tuple[str, ...]
    """Ids of its posts that are no longer there."""


def release_rerendered(context: SendContext, key: str) -> Change:
    """Render a held edition again from its posts, for those who still wait, and release it.

    Each group of readers keeps its set of posts; one that is gone, or no longer meant for mail, is left out. Raises
    UsageError if there is no such edition, RefusedError if it isn't held, a file is broken, no post is left, or what
    preflight finds stops it: then it stays as it was.
    """
    with context.database.read() as connection:
        edition = found_edition(connection, key)
        must_be(edition, EditionState.HELD)
        old = {each: renditions.get(connection, each) for each in waiting.renditions(connection, key)}
    now = context.now()
    texts = _render(context, edition, old, now) if edition.is_made else {}
    with context.database.write() as connection:
        found = editions.get(connection, key, for_update=True)
        if found is None:
            raise LookupError(key)
        must_be(found, EditionState.HELD)
        moved = sum(_replace(connection, found, before, text) for before, text in texts.items())
        left_out = sorted({each for text in texts.values() for each in text.left_out})
        editions.leave_out(connection, key, left_out)
        words = [release(connection, found, now)]
        if edition.is_made:
            words.append(f"{readers(moved)} {'gets' if moved == 1 else 'get'} the new text.")
        if left_out:
            words.append(f"Left out, because they are gone or not for mail any more: {_files(connection, left_out)}.")
        return Change(view=view_of(connection, found_edition(connection, key)), words=" ".join(words))


def _files(connection: Connection, ids: Sequence[str]) -> str:
    paths = {row.post_id: row.path for row in posts.remembered(connection)}
    return ", ".join(paths.get(each) or each for each in ids)


def _render(context: SendContext, edition: Edition, old: Mapping[int, Rendition], now: datetime) -> dict[int, _Text]:
    library = context.load_posts()
    introduction = None
    if edition.cadence is Cadence.WEEKLY:
        with context.database.read() as connection:
            introduction = unused(connection, library.introduction, edition.key)
    with context.database.read() as connection:
        told = {before: still_told(corrected.told_by(connection, before), library.posts, now) for before in old}
    texts: dict[int, _Text] = {}
    findings: dict[Finding, None] = {}
    for before, rendition in old.items():
        its = _posts(library, rendition.post_ids, now)
        left_out = tuple(each for each in rendition.post_ids if each not in {post.id for post in its})
        _check(library, edition.key, (*its, *told[before]), left_out)
        new, found = render_posts(
            context,
            its,
            library.posts,
            now,
            edition.cadence,
            introduction=introduction,
            corrections=told[before],
            page_url=page_url(context, edition.key),
        )
        findings |= dict.fromkeys(found)
        texts[before] = _Text(rendition=new, left_out=left_out)
    if not context.stays_here:
        findings |= dict.fromkeys(page_findings(context))
    _check_findings(edition.key, [finding for finding in findings if finding.stops])
    return texts


def _posts(library: Library, ids: Sequence[str], now: datetime) -> tuple[Post, ...]:
    wanted = frozenset(ids)
    return tuple(
        post for post in library.posts if post.id in wanted and post.visible_at(now) and post.email is not False
    )


def _check(library: Library, key: str, its: Sequence[object], left_out: Sequence[str]) -> None:
    broken = [problem for problem in library.problems if problem.is_error]
    if left_out and broken:
        raise RefusedError(
            f"{key} stays held: one of its posts is missing, and a file can't be read; it might be the one.\n"
            + "\n".join(f"  {problem}" for problem in broken),
            remedy="Repair it or remove it, and release the edition then.",
        )
    if not its:
        raise RefusedError(
            f"{key} stays held: none of its posts is there any more.",
            remedy=f"briefingfeed editions cancel {key}",
        )


def _check_findings(key: str, stops: Sequence[Finding]) -> None:
    if stops:
        raise RefusedError(
            f"{key} stays held; as it would be now it can't go out:\n"
            + "\n".join(f"  {finding.message}\n    {finding.remedy}" for finding in stops),
            remedy=f"Mend that, or release it as it was: briefingfeed editions release {key}",
        )


def _replace(connection: Connection, edition: Edition, before: int, text: _Text) -> int:
    number = renditions.next_number(connection, edition.key)
    after = renditions.add(connection, edition.key, text.rendition, number=number)
    return waiting.move(connection, edition.key, before, after)
