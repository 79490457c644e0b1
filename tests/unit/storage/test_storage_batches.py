"""The first batch in the tables: each step is taken once, whoever takes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Connection, select

from briefingfeed.delivery.batches import advance, set_first_batch_apart
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import EditionState
from briefingfeed.storage import batches, deliveries, editions
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery

from .samples import KEY, NOW, RUN, accepted, deferred, freeze, subscribe

PAUSE = timedelta(minutes=30)
NAMES = ("ann", "ben", "cat", "dee", "eve")


def ready(c: Connection, size: int = 2) -> None:
    subscribe(c, *NAMES)
    freeze(c)
    set_first_batch_apart(c, KEY, size)


def send(c: Connection) -> int:
    rows = [row.delivery_id for row in deliveries.claim(c, KEY, RUN, 100, NOW)]
    deliveries.arm(c, RUN, rows, NOW)
    deliveries.record(c, RUN, [accepted(row) for row in rows], NOW)
    return len(rows)


def step(database: Database, minutes: float = 0) -> tuple[int, bool]:
    with database.write() as c:
        advance(c, KEY, NOW + timedelta(minutes=minutes), PAUSE)
        found = editions.get(c, KEY)
        assert found is not None
        return found.open_batch, found.pause_until is not None


def test_only_the_first_batch_goes_until_its_pause_is_over(database: Database) -> None:
    with database.write() as c:
        ready(c)
        assert send(c) == 2
        assert send(c) == 0
    assert step(database) == (1, True)
    assert step(database, 29) == (1, True)
    with database.write() as c:
        assert send(c) == 0
        assert deliveries.next_due(c, KEY) == NOW + PAUSE
    assert step(database, 30) == (2, False)
    with database.write() as c:
        assert send(c) == 3
        assert {batch: sum(found.values()) for batch, found in batches.counts(c, KEY).items()} == {1: 2, 2: 3}


def test_nobody_is_tried_again_while_it_pauses(database: Database) -> None:
    due = NOW + timedelta(minutes=5)
    with database.write() as c:
        ready(c)
        first, second = (row.delivery_id for row in deliveries.claim(c, KEY, RUN, 100, NOW))
        deliveries.arm(c, RUN, [first, second], NOW)
        deliveries.record(c, RUN, [accepted(first), deferred(second, due)], NOW)
    assert step(database) == (1, True)
    with database.write() as c:
        assert deliveries.claim(c, KEY, RUN, 100, NOW + PAUSE - timedelta(seconds=1)) == []
        assert [row.delivery_id for row in deliveries.claim(c, KEY, RUN, 100, NOW + PAUSE)] == [second]


def test_the_pause_does_not_begin_before_all_were_tried(database: Database) -> None:
    with database.write() as c:
        ready(c)
        deliveries.claim(c, KEY, RUN, 1, NOW)
    assert step(database) == (1, False)


def test_everybody_goes_at_once_if_all_would_be_in_the_first_batch(database: Database) -> None:
    with database.write() as c:
        ready(c, len(NAMES))
        assert send(c) == len(NAMES)


def test_a_held_edition_takes_no_step(database: Database) -> None:
    with database.write() as c:
        ready(c)
        send(c)
        editions.set_state(c, KEY, EditionState.HELD, NOW)
    assert step(database) == (1, False)
    with database.write() as c:
        assert not batches.pause(c, KEY, NOW)
        assert not batches.open_to_everybody(c, KEY, NOW)
        assert deliveries.next_due(c, KEY) is None


@pytest.mark.parametrize("minutes", [0, 31])
def test_of_several_at_once_one_takes_the_step(database: Database, minutes: int) -> None:
    with database.write() as c:
        ready(c)
        send(c)
    if minutes:
        step(database)
    barrier = Barrier(3)

    def take(_number: int) -> bool:
        barrier.wait()
        with database.write() as c:
            if minutes:
                return batches.open_to_everybody(c, KEY, NOW + timedelta(minutes=minutes))
            return batches.pause(c, KEY, NOW + PAUSE)

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(take, range(3))) == [False, False, True]


def test_too_many_refusals_hold_it_and_the_rest_waits(database: Database) -> None:
    with database.write() as c:
        ready(c)
        send(c)
        first = delivery.update().where(delivery.c.batch == batches.FIRST)
        c.execute(first.values(state=DeliveryState.FAILED, code=550, note="no such user"))
    step(database)
    with database.read() as c:
        found = editions.get(c, KEY)
        assert found is not None
        assert found.state is EditionState.HELD
        assert found.note == "2 of the first 2 readers were refused, most often with “550 no such user”; 3 wait"
        assert set(c.scalars(select(delivery.c.state).where(delivery.c.batch == 2))) == {DeliveryState.PENDING}
