"""Subscribers, the proof of consent, suppressions, and forgetting people."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from briefingfeed.errors import StorageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.subscriber import (
    Consent,
    ConsentKind,
    Subscriber,
    SubscriberState,
    Suppression,
    SuppressionReason,
)
from briefingfeed.storage import deliveries, erasure, subscribers, suppressions
from briefingfeed.storage.database import Database

from .samples import KEY, NOW, RUN, accepted, address_hash, deferred, edition, freeze, person, subscribe

LATER = NOW + timedelta(minutes=5)


def test_a_subscriber_comes_back_as_stored(database: Database) -> None:
    new, proof, hashed = person("ann", address="Ann.Ünal@bücher.example")
    with database.write() as c:
        subscribers.add(c, new, proof, address_hash=hashed)
        assert subscribers.by_id(c, new.id) == new
        assert subscribers.by_address(c, new.address) == new
        assert subscribers.consents(c, new.id) == [proof]
        assert subscribers.by_id(c, "id-nobody") is None
        assert subscribers.by_address(c, "nobody@readers.example") is None


def test_one_mailbox_is_one_subscriber_however_it_is_spelt(database: Database) -> None:
    with database.write() as c:
        subscribers.add_many(c, [person("ann", address="Ann@readers.example")])
        found = subscribers.by_address(c, "aNN@readers.example")
        assert found is not None
        assert found.address == "Ann@readers.example"
        assert set(subscribers.by_addresses(c, ["ANN@readers.example", "ben@readers.example"])) == {
            "ann@readers.example"
        }
    with pytest.raises(StorageError), database.write() as c:
        subscribers.add_many(c, [person("other", address="ann@READERS.example")])


def test_ids_sort_in_the_order_in_which_people_came_and_none_is_like_another() -> None:
    first, *others = (subscribers.new_ids(NOW + timedelta(milliseconds=ms), 500) for ms in range(3))
    ids = [*first, *(each for some in others for each in some)]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {32}
    assert subscribers.new_ids(NOW) != subscribers.new_ids(NOW)


def test_an_import_is_stored_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(StorageError), database.write() as c:
        subscribers.add_many(c, [person("ann"), person("ben"), person("ann")])
    with database.write() as c:
        assert subscribers.count_by_state(c) == dict.fromkeys(SubscriberState, 0)
        subscribers.add_many(c, [])


def test_subscribers_are_listed_in_the_order_they_came(database: Database) -> None:
    people = [
        Subscriber(
            id=f"id-{number}",
            address=f"{number}@readers.example",
            state=SubscriberState.UNSUBSCRIBED if number % 3 else SubscriberState.CONFIRMED,
            created_at=NOW - timedelta(seconds=number),
        )
        for number in range(2500)
    ]
    with database.write() as c:
        for each in people:
            consent = Consent(subscriber_id=each.id, kind=ConsentKind.ADDED, at=NOW, source="command")
            subscribers.add(c, each, consent, address_hash=address_hash(each.address))
        assert list(subscribers.list_all(c)) == people[::-1]
        confirmed = list(subscribers.list_all(c, SubscriberState.CONFIRMED))
        assert confirmed == [each for each in people[::-1] if each.state is SubscriberState.CONFIRMED]
        assert subscribers.count_by_state(c) == {
            SubscriberState.UNCONFIRMED: 0,
            SubscriberState.CONFIRMED: 834,
            SubscriberState.UNSUBSCRIBED: 1666,
        }


def test_leaving_and_coming_back_are_told_apart_from_no_change(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        assert subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, LATER)
        assert not subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, LATER)
        left = subscribers.by_id(c, "id-ann")
        assert left is not None
        assert (left.state, left.unsubscribed_at) == (SubscriberState.UNSUBSCRIBED, LATER)
        assert subscribers.set_state(c, "id-ann", SubscriberState.CONFIRMED, LATER)
        back = subscribers.by_id(c, "id-ann")
        assert back is not None
        assert back.unsubscribed_at is None
        assert not subscribers.set_state(c, "id-nobody", SubscriberState.CONFIRMED, LATER)


def test_the_proof_grows_and_keeps_its_order(database: Database) -> None:
    withdrawn = Consent(subscriber_id="id-ann", kind=ConsentKind.WITHDRAWN, at=LATER, source="one-click")
    with database.write() as c:
        subscribe(c, "ann", "ben")
        subscribers.append_consent(c, withdrawn)
        assert subscribers.consents(c, "id-ann") == [person("ann")[1], withdrawn]


def test_the_first_reason_for_a_suppression_stays(database: Database) -> None:
    first = Suppression(address_hash="h1", reason=SuppressionReason.COMPLAINED, at=NOW, note="feedback loop")
    with database.write() as c:
        assert suppressions.add(c, first)
        assert not suppressions.add(c, Suppression(address_hash="h1", reason=SuppressionReason.BOUNCED, at=LATER))
        assert suppressions.get(c, "h1") == first
        assert suppressions.contains(c, ["h1", "h2"]) == {"h1"}
        assert suppressions.contains(c, []) == set()
        assert suppressions.remove(c, "h1", NOW)
        assert not suppressions.remove(c, "h1", NOW)
        assert suppressions.get(c, "h1") is None


def test_many_addresses_are_looked_up_at_once(database: Database) -> None:
    people = [person(str(number)) for number in range(25_000)]
    with database.write() as c:
        subscribers.add_many(c, people)
        suppressions.add(c, Suppression(address_hash=people[-1][2], reason=SuppressionReason.BOUNCED, at=NOW))
    with database.read() as c:
        assert len(subscribers.by_addresses(c, [each.address for each, _, _ in people])) == 25_000
        assert suppressions.contains(c, [hashed for _, _, hashed in people]) == {people[-1][2]}


def test_erasing_forgets_the_person_and_keeps_the_counts(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        freeze(c)
        freeze(c, edition("weekly/2026-W49"), posts=["tag:b"])
        deliveries.claim(c, KEY, RUN, 10, NOW)
        deliveries.arm(c, RUN, [1, 2], NOW)
        deliveries.record(c, RUN, [accepted(1), deferred(2, LATER)], NOW)
        assert erasure.erase(c, "id-ann", LATER, source="command")
        assert not erasure.erase(c, "id-ann", LATER, source="command")
    with database.read() as c:
        assert subscribers.by_id(c, "id-ann") is None
        assert subscribers.by_address(c, "ann@readers.example") is None
        assert deliveries.story(c, "id-ann") == []
        rows = deliveries.list_by(c)
        assert [(row.address, row.subscriber_id, row.provider_id, row.note) for row in rows if row.id in (1, 3)] == [
            (None, None, None, "")
        ] * 2
        assert [row.state for row in rows] == [
            DeliveryState.ACCEPTED,
            DeliveryState.DEFERRED,
            DeliveryState.SKIPPED,
            DeliveryState.PENDING,
        ]
        stored = suppressions.get(c, address_hash("ann@readers.example"))
        assert stored is not None
        assert (stored.reason, stored.at) == (SuppressionReason.ERASED, LATER)


def test_the_proof_outlives_the_person_without_what_people_wrote(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann", "ben")
        erasure.erase(c, "id-ann", LATER, source="letter")
        assert subscribers.consents(c, "id-ann") == [
            Consent(subscriber_id="id-ann", kind=ConsentKind.ADDED, at=NOW, source="", note=""),
            Consent(subscriber_id="id-ann", kind=ConsentKind.ERASED, at=LATER, source="letter", note=""),
        ]
        assert subscribers.consents(c, "id-ben") == [person("ben")[1]]


def test_what_was_in_flight_when_the_person_was_erased_is_still_written_down(database: Database) -> None:
    with database.write() as c:
        subscribe(c, "ann")
        freeze(c)
        deliveries.claim(c, KEY, RUN, 10, NOW)
        deliveries.arm(c, RUN, [1], NOW)
        erasure.erase(c, "id-ann", NOW, source="command")
        assert deliveries.record(c, RUN, [accepted(1)], NOW) == 1


def test_several_erased_people_do_not_get_into_each_others_way(database: Database) -> None:
    """UNIQUE allows any number of rows without an address."""
    with database.write() as c:
        subscribe(c, "ann", "ben", "cat")
        freeze(c)
        for name in ("ann", "ben", "cat"):
            assert erasure.erase(c, f"id-{name}", NOW, source="command")
        assert deliveries.counts(c, KEY)[DeliveryState.SKIPPED] == 3


def traces(folder: Path, *words: str) -> list[str]:
    """Return which files of the database hold one of these words, in any case."""
    found = []
    for file in folder.iterdir():
        content = file.read_bytes().lower()
        found += [f"{file.name}: {word}" for word in words if word.encode().lower() in content]
    return found


def test_an_erased_address_is_nowhere_in_the_files(sqlite_database: Database) -> None:
    """Pages freed, split and merged by thousands of other rows must not keep it either."""
    database = sqlite_database
    folder = database.file.parent
    crowd = [person(f"reader-{number}") for number in range(3000)]
    victims = [person(f"victim-{number}", address=f"Victim-{number}@forget.example") for number in range(40)]
    for number, each in enumerate(victims):
        crowd.insert(number * 75, each)
    with database.write() as c:
        subscribers.add_many(c, crowd)
        freeze(c)
        subscribers.append_consent(
            c,
            Consent(
                subscriber_id="id-victim-0",
                kind=ConsentKind.RENEWED,
                at=NOW,
                source="letter of Victoria Wronski",
                note="victim-0@forget.example asked",
            ),
        )
    while True:
        with database.write() as c:
            rows = deliveries.claim(c, KEY, RUN, 500, NOW)
            deliveries.arm(c, RUN, [row.delivery_id for row in rows], NOW)
            deliveries.record(c, RUN, [accepted(row.delivery_id) for row in rows], NOW)
        if not rows:
            break
    assert traces(folder, "victim-0@forget.example", "wronski")
    for each, _, _ in victims:
        with database.write() as c:
            assert erasure.erase(c, each.id, LATER, source="command")
    assert traces(folder, "forget.example", "wronski") == []


def test_a_reader_in_the_way_delays_the_cleaning_but_does_not_lose_it(sqlite_database: Database) -> None:
    database = sqlite_database
    folder = database.file.parent
    with database.write() as c:
        subscribe(c, "ann", "victim")
    with database.read() as reader:
        assert subscribers.by_id(reader, "id-victim") is not None
        with database.write() as c:
            erasure.erase(c, "id-victim", NOW, source="command")
    assert database.checkpoint()
    assert traces(folder, "victim@readers.example") == []


def test_twenty_thousand_people_are_imported_within_a_second_or_so(database: Database) -> None:
    """The goal is 1 s on a quiet machine; processor time is what a busy one doesn't change much."""
    people = [person(str(number)) for number in range(20_000)]
    started = time.process_time()
    with database.write() as c:
        subscribers.add_many(c, people)
    assert time.process_time() - started < 4
