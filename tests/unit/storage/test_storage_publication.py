"""What is remembered of the publication itself: marks, keys, posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from briefingfeed.errors import SecretKeyError
from briefingfeed.models.edition import EditionState
from briefingfeed.models.subscriber import Suppression, SuppressionReason
from briefingfeed.storage import editions, erasure, meta, posts, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.storage.posts import RememberedRow

from .samples import NOW, edition, subscribe


def test_a_mark_is_replaced_by_a_newer_one(database: Database) -> None:
    with database.write() as c:
        assert meta.get_mark(c, "first_real_slot") is None
        meta.set_mark(c, "first_real_slot", "weekly/2026-W48")
        meta.set_mark(c, "first_real_slot", "weekly/2026-W49")
        assert meta.get_mark(c, "first_real_slot") == "weekly/2026-W49"


def test_a_database_is_empty_until_somebody_depends_on_its_keys(database: Database) -> None:
    with database.write() as c:
        assert meta.is_empty(c)
        meta.set_mark(c, "mark", "counts for nothing")
        assert meta.is_empty(c)
        subscribe(c, "ann")
        assert not meta.is_empty(c)
        erasure.erase(c, "id-ann", NOW, source="command")
        assert not meta.is_empty(c), "the suppression depends on its key"


def test_an_edition_or_a_suppression_alone_depends_on_the_keys(database: Database) -> None:
    with database.write() as c:
        suppressions.add(c, Suppression(address_hash="h", reason=SuppressionReason.BOUNCED, at=NOW))
        assert not meta.is_empty(c)
        suppressions.remove(c, "h", NOW)
        assert meta.is_empty(c)
        editions.create(c, replace(edition(state=EditionState.EMPTY), expires_at=None))
        assert not meta.is_empty(c)


def test_a_key_that_mails_depend_on_may_not_go_missing(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        meta.check_keys(c, ["old", "suppression"], NOW)
        meta.check_keys(c, ["old", "new", "suppression"], NOW)
        assert meta.known_keys(c) == {"old", "new", "suppression"}
        for ring in (["new", "suppression"], ["unknown"], []):
            with pytest.raises(SecretKeyError, match="is missing") as error:
                meta.check_keys(c, ring, NOW)
            assert "backup" in str(error.value)
        assert error.value.exit_code == 78
        assert meta.known_keys(c) == {"old", "new", "suppression"}


def test_a_key_that_nothing_depends_on_may_be_lost(database: Database) -> None:
    with database.write() as c:
        meta.check_keys(c, ["first"], NOW)
        meta.check_keys(c, ["second"], NOW)
        assert meta.known_keys(c) == {"second"}


def test_posts_are_remembered_and_never_forgotten(database: Database) -> None:
    first = RememberedRow("tag:a", "posts/a.md", date(2026, 11, 20), "d1", NOW, NOW)
    second = RememberedRow("tag:b", "posts/b.md", date(2026, 11, 21), "d2", NOW, NOW)
    moved = first._replace(path="posts/moved.md", updated=NOW + timedelta(seconds=1))
    with database.write() as c:
        assert posts.remembered(c) == []
        posts.remember(c, [second, first])
        posts.remember(c, [moved])
        posts.remember(c, [])
        assert posts.remembered(c) == [moved, second]
