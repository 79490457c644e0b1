"""Freezing, holding, releasing; which posts went before; the stored content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from briefingfeed.errors import RefusedError, StorageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import ByteSlot, EditionState, Rendition, SlotCoding, SlotName, content_hash
from briefingfeed.models.subscriber import SubscriberState, Suppression, SuppressionReason
from briefingfeed.storage import deliveries, editions, renditions, subscribers, suppressions
from briefingfeed.storage.audience import Share
from briefingfeed.storage.database import Database

from .samples import KEY, NOW, accepted, address_hash, edition, freeze, person, rendition, subscribe

DAY = timedelta(days=1)


def test_the_freeze_takes_everybody_who_may_be_mailed_once(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben", "dan")
        subscribers.add_many(
            c, [person("eve", SubscriberState.UNSUBSCRIBED), person("fay", SubscriberState.UNCONFIRMED)]
        )
        suppressed = Suppression(
            address_hash=address_hash("dan@readers.example"), reason=SuppressionReason.BOUNCED, at=NOW
        )
        suppressions.add(c, suppressed)
        assert freeze(c) == 2
        assert {row.address for row in deliveries.list_by(c, KEY)} == {"ann@readers.example", "ben@readers.example"}
        stored = editions.get(c, KEY)
    assert stored == replace(edition(), frozen_at=NOW, recipients=2)


def test_who_comes_after_the_freeze_waits_for_the_next_edition(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c)
        subscribe(c, "ben")
        assert sum(deliveries.counts(c, KEY).values()) == 1


def test_an_edition_is_frozen_once(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c)
    with pytest.raises(RefusedError, match="dealt with already"), database.write() as c:
        freeze(c, posts=["tag:b"])


def test_a_post_is_carried_once_within_a_scope(database: Database) -> None:
    with database.write() as c:
        freeze(c)
    with pytest.raises(RefusedError, match="mailed before"), database.write() as c:
        freeze(c, edition("weekly/2026-W49"))
    with database.write() as c:
        assert editions.get(c, "weekly/2026-W49") is None
        freeze(c, edition("rehearsal/weekly/2026-W49", rehearsal=True))


def test_a_failed_freeze_leaves_nothing(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
    bad = replace(rendition(), content_hash="0" * 64)
    with pytest.raises(ValueError, match="content hash"), database.write() as c:
        editions.freeze(c, edition(), [Share(bad)], ["tag:a"], ["tag:z"], NOW)
    with database.read() as c:
        assert editions.list_all(c) == []
        assert editions.history(c, "weekly") == (frozenset(), frozenset(), False)


def test_the_history_is_what_selection_needs(database: Database) -> None:
    with database.write() as c:
        assert not editions.history(c, "weekly").edition_before
        editions.freeze(c, edition(), [Share(rendition())], ["tag:a", "tag:b"], ["tag:old"], NOW)
        found = editions.history(c, "weekly")
        assert found == (frozenset({"tag:a", "tag:b"}), frozenset({"tag:old"}), True)
        assert editions.history(c, "rehearsal/weekly") == (frozenset(), frozenset(), False)
        assert editions.post_ids(c, KEY) == {"tag:a", "tag:b"}


@pytest.mark.parametrize(
    ("state", "counts"),
    [(EditionState.EMPTY, True), (EditionState.MISSED, False), (EditionState.BLOCKED, False)],
)
def test_an_empty_slot_counts_as_an_edition_before(database: Database, state: EditionState, counts: bool) -> None:
    with database.write() as c:
        editions.create(c, replace(edition(state=state), expires_at=None), passed_over_ids=["tag:old"])
        assert editions.history(c, "weekly") == (frozenset(), frozenset({"tag:old"}), counts)


def test_a_blocked_edition_can_be_tried_again_until_it_is_frozen(database: Database) -> None:
    blocked = replace(edition(state=EditionState.BLOCKED), note="no postal address")
    with database.write() as c:
        editions.create(c, blocked)
        editions.create(c, replace(blocked, note="over size"))
        found = editions.get(c, KEY)
        assert found is not None
        assert found.note == "over size"
        subscribe(c, "ann")
        assert freeze(c) == 1
        assert editions.state(c, KEY) is EditionState.SENDING
    with pytest.raises(RefusedError), database.write() as c:
        editions.create(c, blocked)


def test_time_spent_in_hold_does_not_count(database: Database) -> None:
    with database.write() as c:
        freeze(c)
        held = editions.set_state(c, KEY, EditionState.HELD, NOW + DAY, "a wrong date")
        assert (held.held_at, held.note) == (NOW + DAY, "a wrong date")
        again = editions.set_state(c, KEY, EditionState.HELD, NOW + 2 * DAY, "still wrong")
        assert again.held_at == NOW + DAY
        released = editions.set_state(c, KEY, EditionState.SENDING, NOW + 3 * DAY)
        assert released.held_at is None
        assert released.expires_at == NOW + 7 * DAY


def test_an_edition_can_be_frozen_held(database: Database) -> None:
    with database.write() as c:
        freeze(c, edition(state=EditionState.HELD))
        held = editions.get(c, KEY)
        assert held is not None
        assert held.held_at == NOW


def test_an_edition_goes_only_where_it_may(database: Database) -> None:
    allowed = {
        ("frozen", "sending"), ("frozen", "held"), ("frozen", "done"), ("frozen", "cancelled"),
        ("sending", "held"), ("sending", "done"), ("sending", "cancelled"),
        ("held", "frozen"), ("held", "sending"), ("held", "done"), ("held", "cancelled"),
        ("done", "sending"),
        ("blocked", "missed"), ("blocked", "empty"), ("blocked", "held"), ("blocked", "cancelled"),
        ("planned", "held"), ("planned", "cancelled"),
    }  # fmt: skip
    with database.write() as c:
        freeze(c)
        for before in EditionState:
            for to in EditionState:
                held_at = "'2026-11-23 08:00:00.000000'" if before == "held" else "NULL"
                c.execute(text(f"UPDATE edition SET state = '{before}', held_at = {held_at}"))  # noqa: S608
                if before == to or (before, to) in allowed:
                    assert editions.set_state(c, KEY, to, NOW).state is to
                else:
                    with pytest.raises(RefusedError, match=f"is {before}; it cannot become {to}"):
                        editions.set_state(c, KEY, to, NOW)


def test_an_edition_held_before_it_was_made_can_only_be_planned_again_or_end(database: Database) -> None:
    held = replace(edition(state=EditionState.HELD), held_at=NOW)
    with database.write() as c:
        editions.create(c, held)
        for to in set(EditionState) - {EditionState.HELD, EditionState.PLANNED, EditionState.CANCELLED}:
            with pytest.raises(RefusedError):
                editions.set_state(c, KEY, to, NOW)
        planned = editions.set_state(c, KEY, EditionState.PLANNED, NOW + DAY)
        assert planned.held_at is None
        assert planned.expires_at == NOW + 6 * DAY


@pytest.mark.parametrize("state", [EditionState.PLANNED, EditionState.BLOCKED, EditionState.EMPTY])
def test_what_was_held_meanwhile_is_not_made(database: Database, state: EditionState) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        editions.create(c, replace(edition(state=EditionState.HELD), held_at=NOW))
    with pytest.raises(editions.DealtWithError), database.write() as c:
        editions.create(c, edition(state=state))
    with pytest.raises(editions.DealtWithError), database.write() as c:
        freeze(c)
    with database.write() as c:
        editions.create(c, replace(edition(state=EditionState.MISSED), expires_at=None))
        assert editions.history(c, "weekly").edition_before is False


def test_an_edition_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(RefusedError, match="no edition weekly/2030-W01"), database.write() as c:
        editions.set_state(c, "weekly/2030-W01", EditionState.HELD, NOW)


def test_a_cancelled_edition_frees_its_posts_if_nobody_was_handed_it(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c)
        assert editions.release_posts(c, KEY) == 1
        assert editions.history(c, "weekly") == (frozenset(), frozenset(), True)
        freeze(c, edition("weekly/2026-W49"))


def test_a_post_that_somebody_was_handed_stays_carried(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        deliveries.claim(c, KEY, "run", 1, NOW)
        deliveries.arm(c, "run", [1], NOW)
        assert editions.release_posts(c, KEY) == 0
        deliveries.record(c, "run", [accepted(1)], NOW)
        assert deliveries.counts(c, KEY)[DeliveryState.PENDING] == 1
        assert editions.release_posts(c, KEY) == 0


def test_editions_are_listed_newest_first(database: Database) -> None:
    with database.write() as c:
        for week, posts in ((47, ["a"]), (49, ["b"]), (48, ["c"])):
            freeze(c, edition(f"weekly/2026-W{week}", slot_at=NOW + week * DAY), posts=posts)
        assert [each.key[-3:] for each in editions.list_all(c)] == ["W49", "W48", "W47"]


def test_the_content_comes_back_as_it_was_frozen(database: Database) -> None:
    with database.write() as c:
        freeze(c)
    with database.read() as c:
        assert editions.rendition(c, KEY) == rendition()


def test_an_edition_without_content_has_none(database: Database) -> None:
    with database.read() as c, pytest.raises(StorageError, match="never frozen"):
        editions.rendition(c, KEY)


@pytest.mark.parametrize(
    "change",
    [
        "message = '[]'",
        "html = html || ' '",
        "subject = 'another'",
        "headers = '[]'",
        "post_ids = '[]'",
        "checksum = 'x'",
    ],
)
def test_content_that_has_changed_is_never_sent(database: Database, change: str) -> None:
    with database.write() as c:
        freeze(c)
        names = {"sqlite": "rendition_keep_content", "postgresql": "rendition_keep_row ON rendition"}
        c.execute(text(f"DROP TRIGGER {names[database.dialect]}"))
        c.execute(text(f"UPDATE rendition SET {change}"))  # noqa: S608
    with database.read() as c, pytest.raises(StorageError, match="has changed since it was frozen"):
        editions.rendition(c, KEY)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
slots = st.builds(ByteSlot, st.sampled_from(SlotName), st.sampled_from(SlotCoding))
messages = st.lists(st.one_of(st.binary(max_size=40), slots), max_size=8).map(tuple)


@st.composite
def any_rendition(draw: st.DrawFn) -> Rendition:
    message = draw(messages)
    return Rendition(
        subject=draw(texts),
        html=draw(texts),
        text=draw(texts),
        headers=tuple(draw(st.lists(st.tuples(texts, texts), max_size=3))),
        message=message,
        post_ids=tuple(draw(st.lists(texts, max_size=3))),
        content_hash=content_hash(message),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path_factory.mktemp('renditions')}/state.db") as database:
        yield database


@given(original=any_rendition())
def test_any_content_makes_the_round_trip(shared: Database, original: Rendition) -> None:
    with shared.write() as c:
        editions.create(c, edition(state=EditionState.EMPTY))
        renditions.add(c, KEY, original)
        assert renditions.first(c, KEY) == original
        c.rollback()
