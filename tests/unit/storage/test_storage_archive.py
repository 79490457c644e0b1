"""What the archive shows, and who had a post before it was corrected; on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from briefingfeed.models.archive import CorrectionMark, SentPost
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, EditionState, Mentions, Rendition
from briefingfeed.storage import archive, corrected, editions, glance, waiting
from briefingfeed.storage.audience import Share
from briefingfeed.storage.corrected import Held
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery

from .samples import KEY, NOW, edition, rendition, subscribe

NEXT = edition("weekly/2026-W49", EditionState.FROZEN)
MENTIONS = Mentions(titles={"tag:a": "Tides"}, shown={"tag:a": ("2026-11-20 x",)}, told=(("tag:z", "2026-11-21 y"),))


def content(*posts: str, subject: str = "Tides", mentions: Mentions = MENTIONS) -> Rendition:
    return replace(rendition(), subject=subject, post_ids=posts, mentions=mentions)


def freeze(c: Connection, key: str = KEY, *shares: Share, rehearsal: bool = False) -> None:
    its = replace(edition(key, EditionState.FROZEN, rehearsal=rehearsal), public_url="https://harbour.example")
    editions.freeze(c, its, shares or [Share(content("tag:a", "tag:b"))], [], (), NOW)


def end(c: Connection, state: DeliveryState, *names: str, key: str = KEY) -> None:
    mine = delivery.c.subscriber_id.in_([f"id-{name}" for name in names])
    values = {"state": state, "next_attempt_at": NOW}
    c.execute(update(delivery).where(delivery.c.edition_key == key, mine).values(values))


@pytest.mark.parametrize("state", [DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN])
def test_an_edition_is_shown_once_somebody_may_have_it(database: Database, state: DeliveryState) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        freeze(c, "rehearsal/weekly/2026-W47", rehearsal=True)
        end(c, DeliveryState.ACCEPTED, "ann", key="rehearsal/weekly/2026-W47")
        end(c, DeliveryState.FAILED, "ben")
        assert (archive.sent(c), archive.mark(c)) == ((), "")
        end(c, state, "ann")
        (found,) = archive.sent(c)
        assert archive.mark(c) != ""
    assert (found.key, found.subject, found.sent_at) == (KEY, "Tides", NOW)
    assert found.posts == (SentPost("tag:a", "Tides"), SentPost("tag:b", ""))
    assert found.told == (CorrectionMark("tag:z", "2026-11-21 y"),)
    assert found.id == "tag:harbour.example,2026-11-23:edition/weekly/2026-W48"


def test_it_is_shown_by_what_most_of_those_have_who_have_it(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        shares = [Share(content("tag:a", subject="Most")), Share(content("tag:b", subject="Some"), ["id-ben"])]
        freeze(c, KEY, *shares)
        end(c, DeliveryState.ACCEPTED, "ben")
        assert [each.subject for each in archive.sent(c)] == ["Some"]
        before = archive.mark(c)
        end(c, DeliveryState.ACCEPTED, "ann")
        assert [each.subject for each in archive.sent(c)] == ["Most"]
        assert archive.mark(c) != before


def test_it_shows_corrections_that_some_of_its_readers_were_told(database: Database) -> None:
    plain = content("tag:a", mentions=replace(MENTIONS, told=()))
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c, KEY, Share(plain), Share(content("tag:a"), ["id-ben"]))
        end(c, DeliveryState.ACCEPTED, "ann", "ben")
        (found,) = archive.sent(c)
    assert found.told == (CorrectionMark("tag:z", "2026-11-21 y"),)


def test_a_glance_sees_the_same(sqlite_database: Database, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/briefingfeed.db"
    assert glance.archive_mark(url) == ""
    with sqlite_database.write() as c:
        subscribe(c, "ann")
        freeze(c)
        end(c, DeliveryState.ACCEPTED, "ann")
        mark = archive.mark(c)
    assert glance.archive_mark(url) == mark != ""
    assert glance.archive_mark(f"sqlite:///{tmp_path}/none.db") == ""
    (tmp_path / "broken.db").write_bytes(b"not a database" * 100)
    assert glance.archive_mark(f"sqlite:///{tmp_path}/broken.db") is None
    assert glance.archive_mark("postgresql://somebody@localhost/briefingfeed") is None


@pytest.mark.parametrize("state", [each for each in DeliveryState if each not in ("claimed", "submitting")])
def test_who_may_have_the_wrong_text(database: Database, state: DeliveryState) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        end(c, state, "ann")
        (wrong,) = corrected.held(c, NEXT, "tag:a")
        found = list(corrected.readers_of(c, wrong, Cadence.WEEKLY, tellers=[], enough=[]))
        others = list(corrected.readers_of(c, wrong, Cadence.DAILY, tellers=[], enough=[]))
    assert wrong == Held(KEY, wrong.rendition_id, NOW, frozenset({"2026-11-20 x"}))
    assert found == ([("id-ann", None)] if state in (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN) else [])
    assert others == []


@pytest.mark.parametrize("state", [each for each in DeliveryState if each not in ("claimed", "submitting")])
def test_who_was_told(database: Database, state: DeliveryState) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        freeze(c, "weekly/2026-W49", Share(content(), ["id-ann"]))
        end(c, DeliveryState.ACCEPTED, "ann", "ben")
        end(c, state, "ann", key="weekly/2026-W49")
        after = edition("weekly/2026-W50")
        (wrong,) = corrected.held(c, after, "tag:b")
        tellers = corrected.told(c, after, "tag:z")
        listed = sorted(corrected.readers_of(c, wrong, Cadence.WEEKLY, tellers=tellers, enough=[]))
        left = sorted(corrected.readers_of(c, wrong, Cadence.WEEKLY, tellers=[], enough=[max(tellers)]))
        told = corrected.told_by(c, max(tellers))
    assert told == {CorrectionMark("tag:z", "2026-11-21 y")}
    never = state in (DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.EXPIRED)
    # Both had the rendition of the first edition, which told it too.
    first, second = sorted(tellers)
    assert listed == ([("id-ann", first)] if never else [("id-ann", first), ("id-ann", second)]) + [("id-ben", first)]
    assert left == ([("id-ann", None), ("id-ben", None)] if never else [("id-ben", None)])


def test_an_edition_for_some_gives_nobody_else_a_row(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cyd")
        freeze(c, KEY, Share(content(), ["id-ann"]), Share(content("tag:b"), ["id-cyd"]))
        rows = {row.subscriber_id: row.rendition_id for row in c.execute(delivery.select())}
        assert set(rows) == {"id-ann", "id-cyd"}
        assert list(waiting.renditions(c, KEY)) == sorted(rows.values())


def test_what_a_cancelled_edition_of_corrections_was_to_tell_is_known(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c, KEY, Share(content()))
        freeze(c, "weekly/2026-W47", Share(content("tag:a", mentions=replace(MENTIONS, told=(("tag:y", "y"),)))))
        editions.set_state(c, "weekly/2026-W47", EditionState.CANCELLED, NOW)
        assert corrected.called_off(c, NEXT) == frozenset()
        editions.set_state(c, KEY, EditionState.CANCELLED, NOW)
        assert corrected.called_off(c, NEXT) == {CorrectionMark("tag:z", "2026-11-21 y")}
