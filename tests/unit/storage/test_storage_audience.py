"""Who an edition goes to, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, update

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.subscriber import SubscriberState, Suppression, SuppressionReason
from briefingfeed.storage import audience, deliveries, editions, renditions, subscribers, suppressions
from briefingfeed.storage.audience import Share
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery

from .samples import NOW, address_hash, edition, rendition, subscribe

DAILY, WEEKLY = Cadence.DAILY, Cadence.WEEKLY
DAY = timedelta(days=1)
NEXT = replace(edition("weekly/2026-W49"), slot_at=NOW + 7 * DAY)


def freeze(c: Connection, cadence: Cadence, key: str, at: datetime, *posts: str, rehearsal: bool = False) -> Edition:
    its = replace(edition(key, EditionState.FROZEN, rehearsal=rehearsal, slot_at=at), cadence=cadence)
    content = replace(rendition(), post_ids=posts)
    editions.freeze(c, its, [Share(content)], posts, (), at)
    return its


def end(c: Connection, key: str, state: DeliveryState) -> None:
    c.execute(update(delivery).where(delivery.c.edition_key == key).values(state=state))


def test_an_edition_goes_to_its_own_cadence(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cy")
        assert subscribers.set_cadence(c, "id-ben", DAILY, NOW)
        assert not subscribers.set_cadence(c, "id-ben", DAILY, NOW + DAY)
        assert (audience.count(c, WEEKLY), audience.count(c, DAILY)) == (2, 1)
        assert audience.count_by_cadence(c) == {WEEKLY: 2, DAILY: 1}
        freeze(c, DAILY, "daily/2026-11-23", NOW, "tag:a")
        assert [row.subscriber_id for row in deliveries.list_by(c)] == ["id-ben"]


def test_who_is_suppressed_is_counted_once_in_the_cadence_they_are_confirmed_for(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cy", "dan")
        subscribers.set_cadence(c, "id-ben", DAILY, NOW)
        subscribers.set_state(c, "id-dan", SubscriberState.UNSUBSCRIBED, NOW)
        for hashed in (address_hash("ann@readers.example"), address_hash("dan@readers.example"), "of a stranger"):
            suppressions.add(c, Suppression(address_hash=hashed, reason=SuppressionReason.BOUNCED, at=NOW))
        assert (audience.count(c, WEEKLY), audience.count(c, DAILY)) == (1, 1)
        suppressions.add(
            c,
            Suppression(address_hash=address_hash("ben@readers.example"), reason=SuppressionReason.COMPLAINED, at=NOW),
        )
        assert audience.count_by_cadence(c) == {WEEKLY: 1}


def test_some_get_another_rendition_and_some_none(database: Database) -> None:
    one, other = (replace(rendition(), post_ids=ids) for ids in (("tag:a", "tag:b"), ("tag:b",)))
    with database.write() as c:
        subscribe(c, "ann", "ben", "cy", "dan")
        shares = [Share(one), Share(other, ["id-ben"])]
        assert editions.freeze(c, edition(), shares, ["tag:a", "tag:b"], (), NOW, without=["id-cy"]) == 3
        rows = {row.subscriber_id: row.rendition_id for row in c.execute(delivery.select())}
        contents = renditions.by_id(c, edition().key)
        assert {who: contents[rendition_id].post_ids for who, rendition_id in rows.items()} == {
            "id-ann": ("tag:a", "tag:b"),
            "id-ben": ("tag:b",),
            "id-dan": ("tag:a", "tag:b"),
        }
        assert editions.rendition(c, edition().key).post_ids == ("tag:a", "tag:b")


def test_however_many_are_named_only_subscribers_get_a_row(database: Database) -> None:
    """More than either database takes as parameters of a statement."""
    named = [*(f"id-{number}" for number in range(70_000)), "id-ann"]
    with database.write() as c:
        subscribe(c, "ann", "ben")
        assert editions.freeze(c, edition(), [Share(rendition(), named)], ["tag:a"], (), NOW) == 1
        assert [row.subscriber_id for row in deliveries.list_by(c)] == ["id-ann"]


@pytest.mark.parametrize("state", DeliveryState)
def test_what_came_or_may_come_was_had(database: Database, state: DeliveryState) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        subscribers.set_cadence(c, "id-ben", DAILY, NOW)
        freeze(c, WEEKLY, "weekly/2026-W48", NOW, "tag:a", "tag:b")
        if state not in (DeliveryState.CLAIMED, DeliveryState.SUBMITTING, DeliveryState.DEFERRED):
            end(c, "weekly/2026-W48", state)
        found = {each.subscriber_id: each.post_ids for each in audience.had(c, NEXT, ["tag:b", "tag:c"])}
    never = (DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.EXPIRED)
    assert found == ({} if state in never else {"id-ann": frozenset({"tag:b"})})


def test_a_rehearsal_was_had_in_rehearsals_only(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c, WEEKLY, "rehearsal/weekly/2026-W48", NOW, "tag:a", rehearsal=True)
        assert list(audience.had(c, NEXT, ["tag:a"])) == []
        rehearsed = replace(NEXT, key="rehearsal/weekly/2026-W49", rehearsal=True)
        assert [each.subscriber_id for each in audience.had(c, rehearsed, ["tag:a"])] == ["id-ann"]


def test_who_switched_is_found_with_the_last_they_had(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "cy")
        for who in ("id-ann", "id-ben"):
            subscribers.set_cadence(c, who, DAILY, NOW)
        for number in range(3):
            freeze(c, DAILY, f"daily/2026-11-2{3 + number}", NOW + number * DAY, f"tag:{number}")
        end(c, "daily/2026-11-25", DeliveryState.EXPIRED)
        for who in ("id-ann", "id-ben"):
            subscribers.set_cadence(c, who, WEEKLY, NOW + 3 * DAY)
        found = sorted(audience.switched(c, NEXT, NOW))
        assert found == [("id-ann", DAILY, NOW + DAY), ("id-ben", DAILY, NOW + DAY)]
        assert list(audience.switched(c, NEXT, NOW + 4 * DAY)) == []
        assert audience.carried_when(c, "daily") == {f"tag:{number}": NOW + number * DAY for number in range(3)}


def test_who_never_had_one_did_not_come_as_far_as_the_first(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        subscribers.set_cadence(c, "id-ann", DAILY, NOW)
        freeze(c, DAILY, "daily/2026-11-23", NOW, "tag:a")
        end(c, "daily/2026-11-23", DeliveryState.SKIPPED)
        subscribers.set_cadence(c, "id-ann", WEEKLY, NOW + DAY)
        (found,) = audience.switched(c, NEXT, NOW)
        assert found.at < NOW


def test_posts_of_cancelled_editions_are_known_after_their_release(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        subscribers.set_cadence(c, "id-ann", Cadence.POSTS, NOW)
        freeze(c, Cadence.POSTS, "posts/2026-11-23-tides", NOW, "tag:a")
        editions.set_state(c, "posts/2026-11-23-tides", EditionState.CANCELLED, NOW)
        deliveries.cancel(c, "posts/2026-11-23-tides", NOW)
        assert editions.release_posts(c, "posts/2026-11-23-tides") == 1
        cancelled = EditionState.CANCELLED
        assert renditions.posts_of(c, Cadence.POSTS, cancelled, rehearsal=False) == {"tag:a"}
        assert renditions.posts_of(c, WEEKLY, cancelled, rehearsal=False) == frozenset()
