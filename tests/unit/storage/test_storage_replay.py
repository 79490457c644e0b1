"""What the journal tells a database that was restored: whoever left stays away, and nobody is subscribed by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from briefingfeed.models.subscriber import (
    Consent,
    ConsentKind,
    Subscriber,
    SubscriberState,
    Suppression,
    SuppressionReason,
)
from briefingfeed.storage import departures, erasure, subscribers, suppressions
from briefingfeed.storage.database import Database
from briefingfeed.storage.guard import Guard
from briefingfeed.storage.journal import Entry, Kind, lines_of
from briefingfeed.storage.replay import Replayed, catch_up, replay

from .samples import NOW, address_hash, subscribe

LATER = NOW + timedelta(hours=1)
ANN = address_hash("ann@readers.example")


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    with Database.open(url, state=tmp_path / "var") as opened:
        yield opened


@pytest.fixture
def guard(database: Database) -> Guard:
    assert database.guard
    with database.write() as c:
        subscribe(c, "ann", "ben")
    return database.guard


def told(guard: Guard, *kinds: Kind, reason: str = "") -> None:
    """Write into the journal what another database knew: one entry a minute, from an hour on."""
    guard.journal.file.parent.mkdir(exist_ok=True)
    guard.journal.append(
        lines_of(
            [
                Entry(at=LATER + timedelta(minutes=minute), kind=kind, hash=ANN, reason=reason)
                for minute, kind in enumerate(kinds)
            ]
        )
    )


def ann(c: Connection) -> Subscriber | None:
    return subscribers.by_id(c, "id-ann")


def state(database: Database) -> SubscriberState | None:
    with database.read() as c:
        found = ann(c)
        return found.state if found else None


def learn(database: Database) -> Replayed:
    with database.write() as c:
        return catch_up(c, LATER + timedelta(days=1))


def test_who_left_leaves_again_at_the_same_moment(database: Database, guard: Guard) -> None:
    told(guard, Kind.UNSUBSCRIBED)
    assert learn(database).left == 1
    with database.read() as c:
        found = ann(c)
        assert found is not None
        assert (found.state, found.unsubscribed_at) == (SubscriberState.UNSUBSCRIBED, LATER)
        proof = subscribers.consents(c, "id-ann")[-1]
        assert (proof.kind, proof.at, proof.source) == (ConsentKind.WITHDRAWN, LATER, "journal")


def test_it_is_learnt_once_and_not_written_down_again(database: Database, guard: Guard) -> None:
    told(guard, Kind.UNSUBSCRIBED)
    before = guard.journal.file.read_bytes()
    assert learn(database).left == 1
    assert learn(database) == Replayed()
    assert guard.journal.file.read_bytes() == before
    with database.write() as c:
        again = replay(c, guard.journal, LATER, from_start=True)
        assert (again.left, again.until) == (0, LATER)


def test_what_the_database_has_written_itself_is_no_news_to_it(database: Database, guard: Guard) -> None:
    with database.write() as c:
        subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, LATER)
        suppressions.add(c, Suppression(address_hash="h", reason=SuppressionReason.BOUNCED, at=LATER))
    with database.write() as c:
        erasure.erase(c, "id-ben", LATER, source="command")
        suppressions.remove(c, "h", LATER)
    reading = guard.journal.read()
    assert reading is not None
    assert [each.kind for each in reading.entries] == [
        Kind.JOINED, Kind.JOINED, Kind.UNSUBSCRIBED, Kind.SUPPRESSED, Kind.ERASED, Kind.UNSUPPRESSED,
    ]  # fmt: skip
    assert learn(database) == Replayed()


@pytest.mark.parametrize(
    "kinds",
    [
        (Kind.RESUBSCRIBED,),
        (Kind.UNSUBSCRIBED, Kind.RESUBSCRIBED),
        (Kind.UNSUBSCRIBED, Kind.SUPPRESSED, Kind.UNSUPPRESSED, Kind.RESUBSCRIBED),
    ],
)
def test_of_each_matter_the_last_word_counts(database: Database, guard: Guard, kinds: tuple[Kind, ...]) -> None:
    told(guard, *kinds)
    assert learn(database).left == 0
    assert state(database) is SubscriberState.CONFIRMED


def test_a_bounce_after_they_left_does_not_hide_that_they_left(database: Database, guard: Guard) -> None:
    told(guard, Kind.UNSUBSCRIBED, Kind.SUPPRESSED, reason="complained")
    done = learn(database)
    assert (done.left, done.suppressed) == (1, 1)
    with database.read() as c:
        suppression = suppressions.get(c, ANN)
        assert suppression is not None
        assert suppression.reason is SuppressionReason.COMPLAINED


def test_a_wish_that_came_later_stands(database: Database, guard: Guard) -> None:
    told(guard, Kind.UNSUBSCRIBED, Kind.SUPPRESSED)
    with database.write() as c:
        at = LATER + timedelta(days=1)
        subscribers.append_consent(
            c, Consent(subscriber_id="id-ann", kind=ConsentKind.RENEWED, at=at, source="command", note="mail of 3 May")
        )
    done = learn(database)
    assert (done.left, done.suppressed) == (0, 0)
    assert state(database) is SubscriberState.CONFIRMED


def test_who_came_back_is_named_and_not_subscribed(database: Database, guard: Guard) -> None:
    with database.write() as c:
        subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, NOW)
    told(guard, Kind.RESUBSCRIBED)
    assert learn(database).came_back == ["id-ann"]
    assert state(database) is SubscriberState.UNSUBSCRIBED


def test_who_was_erased_is_erased_again_and_kept_from_coming_back(database: Database, guard: Guard) -> None:
    told(guard, Kind.ERASED)
    assert learn(database).erased == 1
    assert state(database) is None
    with database.read() as c:
        assert suppressions.contains(c, [ANN]) == {ANN}
        assert "ann@readers.example" not in str(subscribers.consents(c, "id-ann"))


def test_who_was_erased_before_this_database_knew_them_may_not_be_imported(database: Database, guard: Guard) -> None:
    with database.write() as c:
        erasure.erase(c, "id-ann", NOW, source="command")
        suppressions.remove(c, ANN, NOW)
    told(guard, Kind.ERASED)
    learn(database)
    with database.read() as c:
        assert suppressions.contains(c, [ANN]) == {ANN}


def test_who_came_after_an_erasure_is_somebody_new(database: Database, guard: Guard) -> None:
    guard.journal.file.parent.mkdir(exist_ok=True)
    guard.journal.append(lines_of([Entry(at=NOW - timedelta(days=1), kind=Kind.ERASED, hash=ANN)]))
    assert learn(database).erased == 0
    assert state(database) is SubscriberState.CONFIRMED
    with database.read() as c:
        assert suppressions.get(c, ANN) is None


def test_a_suppression_that_was_lifted_is_lifted_again_unless_it_is_newer(database: Database, guard: Guard) -> None:
    with database.write() as c:
        suppressions.add(c, Suppression(address_hash=ANN, reason=SuppressionReason.BOUNCED, at=NOW))
    told(guard, Kind.UNSUPPRESSED)
    assert learn(database).allowed == 1
    with database.write() as c:
        newer = LATER + timedelta(days=1)
        suppressions.add(c, Suppression(address_hash=ANN, reason=SuppressionReason.BOUNCED, at=newer))
        assert replay(c, guard.journal, newer, from_start=True).allowed == 0


def test_strangers_make_no_trouble(database: Database, guard: Guard) -> None:
    guard.journal.file.parent.mkdir(exist_ok=True)
    guard.journal.append(lines_of([Entry(at=LATER, kind=kind, hash="nobody") for kind in Kind]))
    done = learn(database)
    assert (done.left, done.came_back) == (0, [])


def test_an_entry_whose_commit_failed_is_taken_at_its_word(database: Database, guard: Guard) -> None:
    with suppress(ZeroDivisionError), database.write() as c:
        subscribers.set_state(c, "id-ann", SubscriberState.UNSUBSCRIBED, LATER)
        departures.write_noted(c, guard.journal)
        raise ZeroDivisionError
    assert state(database) is SubscriberState.CONFIRMED
    assert learn(database).left == 1


def test_a_journal_begun_anew_is_read_from_its_start(database: Database, guard: Guard) -> None:
    with database.write() as c:
        subscribers.set_state(c, "id-ben", SubscriberState.UNSUBSCRIBED, NOW)
    guard.journal.file.unlink()
    told(guard, Kind.UNSUBSCRIBED)
    assert learn(database).left == 1


def test_a_gap_is_not_closed_by_what_comes_after_it(database: Database, guard: Guard) -> None:
    told(guard, Kind.UNSUBSCRIBED)
    with database.write() as c:
        subscribers.set_state(c, "id-ben", SubscriberState.UNSUBSCRIBED, LATER)
    done = learn(database)
    assert done.left == 1
    assert state(database) is SubscriberState.UNSUBSCRIBED
