"""What the archive shows: editions of which copies went to readers, and what most of them got. Nothing about people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select, text

from briefingfeed.models.archive import CorrectionMark, SentEdition, SentPost
from briefingfeed.storage.glance import SENT, mark_of
from briefingfeed.storage.schema import edition, rendition, rendition_correction, rendition_post
from briefingfeed.storage.statements import batches


def sent(c: Connection) -> tuple[SentEdition, ...]:
    """Return the editions that reached somebody, or may have, whatever became of them then; the newest first.

    Rehearsals are none.
    """
    main = {rendition_id: key for key, rendition_id, _ in c.execute(text(SENT))}
    editions = [each for some in batches(sorted(main)) for each in _editions(c, some, [main[id_] for id_ in some])]
    return tuple(sorted(editions, key=lambda each: (each.sent_at, each.key), reverse=True))


def mark(c: Connection) -> str:
    """Return what tells this archive from any other; empty for an empty one."""
    return mark_of((str(key), int(main), int(newest)) for key, main, newest in c.execute(text(SENT)))


def _editions(c: Connection, rendition_ids: Sequence[int], keys: Sequence[str]) -> Iterator[SentEdition]:
    titles, told = _titles(c, rendition_ids), _told(c, keys)
    query = (
        select(rendition.c.id, rendition.c.subject, rendition.c.post_ids, edition)
        .join_from(rendition, edition)
        .where(rendition.c.id.in_(rendition_ids))
    )
    for row in c.execute(query).mappings():
        yield SentEdition(
            key=row["key"],
            subject=row["subject"],
            sent_at=row["frozen_at"],
            public_url=row["public_url"] or "",
            posts=tuple(SentPost(post_id, titles.get((row["id"], post_id), "")) for post_id in row["post_ids"]),
            told=tuple(told[row["key"]]),
        )


def _titles(c: Connection, rendition_ids: Sequence[int]) -> dict[tuple[int, str], str]:
    held = rendition_post.c
    query = select(held.rendition_id, held.post_id, held.title).where(held.rendition_id.in_(rendition_ids))
    return {(rendition_id, post_id): title or "" for rendition_id, post_id, title in c.execute(query)}


def _told(c: Connection, keys: Sequence[str]) -> defaultdict[str, dict[CorrectionMark, None]]:
    """Return all that editions told to anybody, in order: to most of their readers perhaps nothing."""
    mentioned = rendition_correction.c
    query = (
        select(rendition.c.edition_key, mentioned.post_id, mentioned.mark)
        .join_from(rendition_correction, rendition)
        .where(rendition.c.edition_key.in_(keys))
        .order_by(mentioned.post_id, mentioned.mark)
    )
    told: defaultdict[str, dict[CorrectionMark, None]] = defaultdict(dict)
    for key, post_id, mark in c.execute(query):
        told[key][CorrectionMark(post_id, mark)] = None
    return told
