"""Databases that an older briefingfeed wrote come through an upgrade whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from briefingfeed.models.edition import Cadence
from briefingfeed.storage import schema, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.storage.migrations.run import alembic_config

AT = "2026-11-23 08:00:00.000000"
_PEOPLE = """
    INSERT INTO subscriber (id, address, address_key, address_hash, state, created_at)
    VALUES ('id-ann', 'Ann@readers.example', 'ann@readers.example', 'h', 'confirmed', :at)"""
_EDITION = """
    INSERT INTO edition (key, cadence, rehearsal, slot_at, state, recipients, note)
    VALUES ('weekly/2026-W48', 'weekly', 0, :at, 'done', 1, '')"""
_RENDITION = """
    INSERT INTO rendition (edition_key, number, subject, html, text, headers, message, post_ids, content_hash, checksum)
    VALUES ('weekly/2026-W48', 1, 's', 'h', 't', '[]', '[]', :posts, 'c', 'd')"""


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Database]:
    """A database as the first version left it: one reader, one edition with two posts."""
    with Database(f"sqlite:///{tmp_path}/first.db") as database:
        database._backend.prepare()
        with database.write() as c:
            command.upgrade(alembic_config(c), "0001")
            for statement in (_PEOPLE, _EDITION):
                c.execute(text(statement), {"at": AT})
            c.execute(text(_RENDITION), {"posts": json.dumps(["tag:a", "tag:b"])})
        yield database


def test_readers_of_the_first_version_get_the_weekly_digest(first: Database) -> None:
    first.upgrade()
    with first.read() as c:
        ann = subscribers.by_address(c, "ann@readers.example")
    assert ann is not None
    assert ann.cadence is Cadence.WEEKLY
    assert ann.cadence_since is None


def test_it_is_known_which_posts_an_older_edition_held_but_nothing_of_their_corrections(first: Database) -> None:
    first.upgrade()
    with first.read() as c:
        found = c.execute(schema.rendition_post.select().order_by(schema.rendition_post.c.post_id)).all()
    assert [tuple(row) for row in found] == [(1, "tag:a", None, None), (1, "tag:b", None, None)]


def test_an_older_edition_lets_every_batch_go(first: Database) -> None:
    first.upgrade()
    with first.read() as c:
        (edition,) = c.execute(schema.edition.select()).all()
    assert (edition.open_batch, edition.pause_until, edition.return_path) == (2, None, None)
