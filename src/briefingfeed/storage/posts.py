"""What is remembered of each post, so that its id outlives the state folder: one of the two restores the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from briefingfeed.storage.schema import remembered_post
from briefingfeed.storage.statements import upsert


class RememberedRow(NamedTuple):
    """The columns of `posts.memory.Remembered`, in its order."""

    post_id: str
    path: str
    date: date
    body_digest: str
    published: datetime
    updated: datetime


def remembered(c: Connection) -> list[RememberedRow]:
    """Return every post ever remembered, by id."""
    rows = c.execute(select(remembered_post).order_by(remembered_post.c.post_id))
    return [RememberedRow(*row) for row in rows]


def remember(c: Connection, rows: Iterable[RememberedRow]) -> None:
    """Remember posts; what was remembered under the same id is replaced, nothing is ever forgotten."""
    values = [row._asdict() for row in rows]
    if not values:
        return
    statement = upsert(c, remembered_post)
    changes = {name: statement.excluded[name] for name in RememberedRow._fields if name != "post_id"}
    c.execute(statement.on_conflict_do_update(index_elements=["post_id"], set_=changes), values)
