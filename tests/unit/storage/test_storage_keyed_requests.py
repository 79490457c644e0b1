"""Which request of a dead run may be sent again, who gets it, and what becomes of all others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from briefingfeed.models.delivery import DeliveryEvent, DeliveryState, EventKind, Result
from briefingfeed.models.edition import EditionState
from briefingfeed.models.keyed_request import KeyedRequest
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.storage import adopting, deliveries, editions, erasure, events, keyed_requests, runs, subscribers
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import attempt, delivery, keyed_request, keyed_request_copy

from .samples import KEY, NOW, RUN, accepted, deferred, freeze, subscribe

LATER = NOW + timedelta(minutes=5)
NEXT = "run-2"
HERE = "here"
SERVICE = "resend"
NAMES = ("ann", "ben", "cat")
STATES = select(delivery.c.state).order_by(delivery.c.id)
SUBMITTING, UNCERTAIN, PENDING, ACCEPTED = (
    DeliveryState.SUBMITTING,
    DeliveryState.UNCERTAIN,
    DeliveryState.PENDING,
    DeliveryState.ACCEPTED,
)


def request_of(*ids: int, digest: str = "d") -> KeyedRequest:
    return KeyedRequest(key=f"key of {digest}", digest=digest, delivery_ids=ids, repeatable_for=timedelta(hours=1))


def keep(c: Connection, request: KeyedRequest, run: str = RUN) -> bool:
    return keyed_requests.keep(c, run, KEY, SERVICE, request, LATER)


def armed(c: Connection) -> list[int]:
    """Have a run arm everybody; it keeps what it sends."""
    subscribe(c, *NAMES)
    freeze(c)
    runs.begin(c, RUN, HERE)
    keyed_requests.begin(c, RUN)
    return sorted(deliveries.arm(c, RUN, [row.delivery_id for row in deliveries.claim(c, KEY, RUN, 10, NOW)], NOW))


def sent(c: Connection) -> list[int]:
    """Have it keep a request that holds all of them, the last one first."""
    ids = armed(c)
    assert keep(c, request_of(*reversed(ids)))
    return ids


def recover(c: Connection, run: str = NEXT) -> deliveries.Recovered:
    recovered = deliveries.recover(c, run, LATER, place=HERE)
    runs.begin(c, run, HERE)
    return recovered


def adopt(c: Connection, provider: str = SERVICE, run: str = NEXT) -> keyed_requests.Adopted | None:
    return keyed_requests.adopt(c, run, KEY, provider, LATER)


def lasts(c: Connection, run: str = RUN) -> timedelta:
    return keyed_requests.time_left(c, run, "d", LATER) or timedelta(0)


def kept(c: Connection) -> int:
    return c.scalar(select(func.count()).select_from(keyed_request)) or 0


def test_the_next_run_gets_the_request_and_its_rows_in_their_order(database: Database) -> None:
    with database.write() as c:
        ids = sent(c)
        assert recover(c).uncertain == 0
        assert keyed_requests.waits(c, NEXT, KEY, SERVICE, LATER)
        found = adopt(c)
        assert found is not None
        assert found.request == request_of(*reversed(ids))
        assert [row.delivery_id for row in found.rows] == list(reversed(ids))
        assert found.open_ids == set(ids)
        assert adopt(c) is None
        assert deliveries.record(c, NEXT, [accepted(ids[0])], LATER) == 1
        assert deliveries.record(c, RUN, [accepted(ids[1])], LATER) == 0, "a run that was taken for dead has no rows"


def test_what_was_armed_and_not_kept_was_never_sent(database: Database) -> None:
    with database.write() as c:
        ids = armed(c)
        assert keep(c, request_of(ids[0]))
        assert recover(c) == deliveries.Recovered(returned=2, uncertain=0)
        assert list(c.scalars(STATES)) == [SUBMITTING, PENDING, PENDING]


def test_a_run_that_promised_nothing_may_have_sent_what_it_armed(database: Database) -> None:
    with database.write() as c:
        subscribe(c, *NAMES)
        freeze(c)
        runs.begin(c, RUN, HERE)
        deliveries.arm(c, RUN, [row.delivery_id for row in deliveries.claim(c, KEY, RUN, 10, NOW)], NOW)
        assert recover(c) == deliveries.Recovered(returned=0, uncertain=3)


def cancel(c: Connection) -> object:
    return editions.set_state(c, KEY, EditionState.CANCELLED, NOW)


def hold(c: Connection) -> object:
    return editions.set_state(c, KEY, EditionState.HELD, NOW)


def let_expire(c: Connection) -> object:
    return update_request(c, repeat_until=runs.clock(c))


def set_clock_back(c: Connection) -> object:
    return update_request(c, first_sent_at=runs.clock(c) + timedelta(minutes=1))


def update_request(c: Connection, **values: object) -> object:
    return c.execute(update(keyed_request).values(values))


def leave(c: Connection) -> object:
    return subscribers.set_state(c, "id-ben", SubscriberState.UNSUBSCRIBED, NOW)


def erase(c: Connection) -> object:
    return erasure.erase(c, "id-ben", NOW, source="test")


def hear_of(c: Connection, delivery_id: int = 1) -> object:
    heard = DeliveryEvent(
        kind=EventKind.BOUNCED, at=NOW, received_at=NOW, source="resend", source_key="1", delivery_id=delivery_id
    )
    return events.add(c, heard)


def hear_and_erase(c: Connection) -> object:
    hear_of(c)
    return erase(c)


def hear_of_an_earlier_try_and_leave(c: Connection) -> object:
    """As after `db adopt`: what was heard of may be the copy of another request, under another key."""
    c.execute(insert(attempt).values(delivery_id=1, at=NOW, result=Result.UNCERTAIN, note=""))
    hear_of(c)
    return leave(c)


def defer_one(c: Connection) -> object:
    """The answer was known, and half of it written down."""
    return deliveries.record(c, RUN, [deferred(2, LATER)], NOW)


def restore(c: Connection) -> object:
    return adopting.settle_rows(c, NOW, resend=True)


NO_REPEAT = [cancel, let_expire, set_clock_back, leave, erase, hear_and_erase, hear_of_an_earlier_try_and_leave]


@pytest.mark.parametrize("happens", [*NO_REPEAT, defer_one, restore])
def test_what_is_not_repeated_is_unclear_and_forgotten(
    database: Database, happens: Callable[[Connection], object]
) -> None:
    with database.write() as c:
        sent(c)
        happens(c)
        recover(c)
        assert SUBMITTING not in set(c.scalars(STATES))
        assert PENDING not in set(c.scalars(STATES))
        assert UNCERTAIN in set(c.scalars(STATES))
        assert adopt(c) is None
        assert kept(c) == 0
        assert c.scalar(select(func.count()).select_from(keyed_request_copy)) == 0


@pytest.mark.parametrize("happens", [let_expire, leave, cancel])
def test_what_happens_after_the_repair_counts_as_well(
    database: Database, happens: Callable[[Connection], object]
) -> None:
    with database.write() as c:
        sent(c)
        recover(c)
        happens(c)
        assert adopt(c) is None
        assert not keyed_requests.waits(c, NEXT, KEY, SERVICE, LATER)
        assert recover(c, "run-3").uncertain == 3


def test_a_copy_that_was_heard_of_proves_that_the_request_was_taken(database: Database) -> None:
    """It bounced, so the address is suppressed: the repeat mails nobody, and the others need not be unclear."""
    with database.write() as c:
        ids = sent(c)
        leave(c)
        assert hear_of(c, ids[1])
        assert recover(c).uncertain == 0
        assert adopt(c) is not None


def test_copies_that_are_accepted_already_are_part_of_the_request_and_not_open(database: Database) -> None:
    with database.write() as c:
        ids = sent(c)
        deliveries.record(c, RUN, [accepted(ids[0])], NOW)
        recover(c)
        found = adopt(c)
        assert found is not None
        assert len(found.rows) == 3
        assert found.open_ids == set(ids[1:])


def test_a_held_edition_keeps_its_request_and_gives_it_to_nobody(database: Database) -> None:
    with database.write() as c:
        sent(c)
        hold(c)
        assert recover(c).uncertain == 0
        assert adopt(c) is None
        editions.set_state(c, KEY, EditionState.SENDING, LATER)
        assert adopt(c) is not None


def test_a_request_of_a_provider_that_is_none_any_more_is_not_waited_for(database: Database) -> None:
    with database.write() as c:
        sent(c)
        assert deliveries.recover(c, NEXT, LATER, place=HERE, provider=SERVICE).uncertain == 0
        assert deliveries.recover(c, NEXT, LATER, place=HERE, provider="brevo").uncertain == 3
        assert kept(c) == 0


def test_a_rehearsal_leaves_the_request_of_whatever_provider_alone(database: Database) -> None:
    with database.write() as c:
        sent(c)
        assert recover(c).uncertain == 0
        assert adopt(c, provider="brevo") is None
        assert set(c.scalars(STATES)) == {SUBMITTING}
        let_expire(c)
        assert recover(c, "run-3").uncertain == 3


def test_only_rows_of_this_run_can_be_kept(database: Database) -> None:
    with database.write() as c:
        ids = armed(c)
        assert not keep(c, request_of(*ids), "run-2")
        deliveries.record(c, RUN, [accepted(ids[0])], NOW)
        assert not keep(c, request_of(*ids))
        assert keep(c, request_of(*ids[1:]))


def test_a_row_stands_in_one_request(database: Database) -> None:
    with database.write() as c:
        ids = sent(c)
        assert keep(c, request_of(ids[0], digest="half"))
        assert list(c.scalars(select(keyed_request.c.digest))) == ["half"]
        again = insert(keyed_request_copy).from_select(
            ["request_id", "position", "delivery_id"],
            select(
                keyed_request_copy.c.request_id, keyed_request_copy.c.position + 1, keyed_request_copy.c.delivery_id
            ),
        )
        with pytest.raises(IntegrityError):
            c.execute(again)
        c.rollback()


def test_kept_twice_as_after_a_lost_commit_it_is_one(database: Database) -> None:
    with database.write() as c:
        ids = sent(c)
        assert keep(c, request_of(*reversed(ids)))
        assert kept(c) == 1


def test_what_is_settled_is_forgotten_with_the_next_request(database: Database) -> None:
    with database.write() as c:
        ids = armed(c)
        assert keep(c, request_of(ids[0]))
        deliveries.record(c, RUN, [accepted(ids[0])], NOW)
        assert keep(c, request_of(*ids[1:], digest="next"))
        assert list(c.scalars(select(keyed_request.c.digest))) == ["next"]


def test_an_error_is_noted_and_time_that_is_over_too(database: Database) -> None:
    with database.write() as c:
        sent(c)
        keyed_requests.note_error(c, RUN, "d")
        assert timedelta(minutes=59) < lasts(c) <= timedelta(hours=1)
        recover(c)
        found = adopt(c)
        assert found is not None
        assert found.had_error
        assert not lasts(c), "it is another run's now"
        assert lasts(c, NEXT)
        let_expire(c)
        assert not lasts(c, NEXT)


@pytest.mark.parametrize("happens", [*NO_REPEAT, hold])
def test_a_run_repeats_nothing_of_its_own_that_another_would_not_repeat(
    database: Database, happens: Callable[[Connection], object]
) -> None:
    with database.write() as c:
        sent(c)
        happens(c)
        assert not lasts(c)
        assert keyed_requests.may_wait(c, RUN, "d", LATER) == (happens is hold)


@pytest.mark.parametrize("happens", [cancel, hold, leave, erase])
def test_a_request_is_kept_only_while_its_people_and_its_edition_want_it(
    database: Database, happens: Callable[[Connection], object]
) -> None:
    with database.write() as c:
        ids = armed(c)
        happens(c)
        assert not keep(c, request_of(*ids))


def test_the_request_of_another_run_is_not_forgotten_while_that_has_rows_of_it(database: Database) -> None:
    with database.write() as c:
        ids = sent(c)
        runs.begin(c, NEXT, "there")
        c.execute(update(delivery).where(delivery.c.id == ids[0]).values(claim_id=NEXT))
        assert not keep(c, request_of(ids[0], digest="other"), NEXT)
        assert list(c.scalars(select(keyed_request.c.digest))) == ["d"]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_request_of_a_run_that_is_alive_elsewhere_is_its_own(database: Database) -> None:
    with database.write() as c:
        sent(c)
        assert deliveries.recover(c, NEXT, LATER, place="there").uncertain == 0
        assert adopt(c) is None
        assert kept(c) == 1


def test_a_run_that_was_taken_for_dead_is_still_believed_about_what_it_lost(database: Database) -> None:
    with database.write() as c:
        ids = sent(c)
        recover(c)
        assert adopt(c) is not None
        c.execute(update(delivery).values(state=UNCERTAIN, claim_id=None, claimed_at=None))
        assert deliveries.record(c, RUN, [accepted(ids[0])], LATER) == 1
        assert next(iter(c.scalars(STATES))) is ACCEPTED
