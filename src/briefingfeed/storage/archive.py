"""What the archive shows: editions of which copies went to readers, and what most of them got. Nothing about people."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select, text

from briefingfeed.models.archive import CorrectionMark, SentEdition, SentPost
from briefingfeed.storage.glance import SENT, mark_of
from briefingfeed.storage.schema import edition, rendition, rendition_correction, rendition_post
from briefingfeed.storage.statements import batches


def sent(c: Connection) -> tuple[SentEdition, ...]:
    """Return the editions that reached somebody, or may have, whatever became of them then; the newest first.

    Rehearsals are none.
    """
    found = {rendition_id: key for key, rendition_id in c.execute(text(SENT))}
    titles: defaultdict[int, dict[str, str]] = defaultdict(dict)
    told: defaultdict[int, list[CorrectionMark]] = defaultdict(list)
    editions = []
    for some in batches(sorted(found)):
        of_post, of_correction = rendition_post.c, rendition_correction.c
        for rendition_id, post_id, title in c.execute(
            select(of_post.rendition_id, of_post.post_id, of_post.title).where(of_post.rendition_id.in_(some))
        ):
            titles[rendition_id][post_id] = title or ""
        query = select(rendition_correction).where(of_correction.rendition_id.in_(some))
        for rendition_id, post_id, mark in c.execute(query.order_by(of_correction.post_id, of_correction.mark)):
            told[rendition_id].append(CorrectionMark(post_id, mark))
        rows = c.execute(
            select(rendition.c.id, rendition.c.subject, rendition.c.post_ids, edition)
            .join_from(rendition, edition)
            .where(rendition.c.id.in_(some))
        ).mappings()
        editions += [
            SentEdition(
                key=row["key"],
                subject=row["subject"],
                sent_at=row["frozen_at"],
                public_url=row["public_url"],
                posts=tuple(SentPost(post_id, titles[row["id"]].get(post_id, "")) for post_id in row["post_ids"]),
                told=tuple(told[row["id"]]),
            )
            for row in rows
        ]
    return tuple(sorted(editions, key=lambda each: (each.sent_at, each.key), reverse=True))


def mark(c: Connection) -> str:
    """Return what tells this archive from any other; empty for an empty one."""
    return mark_of((str(key), int(rendition_id)) for key, rendition_id in c.execute(text(SENT)))
