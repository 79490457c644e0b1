"""What the archive shows: editions of which copies went to readers, and what most of them got. Nothing about people."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, text

from briefingfeed.models.archive import CorrectionMark, SentEdition, SentPost
from briefingfeed.storage.schema import edition, rendition, rendition_correction, rendition_post
from briefingfeed.storage.statements import batches

# The first rendition that somebody has: they are numbered by how many get them, and after `release --rerender` nobody
# may have the first.
_SENT: Final = """
    SELECT edition_key, rendition_id FROM (
        SELECT edition.key AS edition_key, (
            SELECT rendition.id FROM rendition WHERE rendition.edition_key = edition.key AND EXISTS (
                SELECT 1 FROM delivery
                WHERE delivery.edition_key = edition.key AND delivery.state IN ('accepted', 'uncertain')
                AND delivery.rendition_id = rendition.id
            ) ORDER BY rendition.number LIMIT 1
        ) AS rendition_id
        FROM edition WHERE NOT edition.rehearsal AND edition.frozen_at IS NOT NULL
    ) AS sent WHERE rendition_id IS NOT NULL ORDER BY edition_key"""


def sent(c: Connection) -> tuple[SentEdition, ...]:
    """Return the editions that reached somebody, or may have, whatever became of them then; the newest first.

    Rehearsals are none.
    """
    found = {rendition_id: key for key, rendition_id in c.execute(text(_SENT))}
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
    """Return what tells the state of the archive from any other; empty for an empty one."""
    return _mark((str(key), int(rendition_id)) for key, rendition_id in c.execute(text(_SENT)))


def glance(url: str) -> str | None:
    """Return `mark` without opening the database as the others do, which takes a hundred times as long.

    Empty also if there is no database yet; None if it has to be opened after all.
    """
    if not url.startswith("sqlite:///"):
        return None
    file = Path(url.removeprefix("sqlite:///"))
    if not file.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return _mark(connection.execute(_SENT))
    except sqlite3.Error:
        return None


def _mark(rows: Iterable[tuple[str, int]]) -> str:
    lines = "".join(f"{key}\t{rendition_id}\n" for key, rendition_id in rows)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""
