"""A run on PostgreSQL while the server, its connection or its lease is lost: F13, and machines that sleep."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text

from briefingfeed.delivery.lease import Lease
from briefingfeed.delivery.ledger import Ledger
from briefingfeed.delivery.run import RunSetup, run_edition
from briefingfeed.errors import StorageError
from briefingfeed.models.delivery import DeliveryState, Message, Outcome, Phase, Result
from briefingfeed.providers.base import Limits, Work
from briefingfeed.storage import deliveries, runs
from briefingfeed.storage.database import Database
from servers.postgres import PostgresServer

ACCEPTED, PENDING, UNCERTAIN = DeliveryState.ACCEPTED, DeliveryState.PENDING, DeliveryState.UNCERTAIN
ADDRESSES = [f"reader{number}@example.org" for number in range(7)]
PAUSES = (0.1,) * 50

pytestmark = pytest.mark.parametrize("mailing", ["postgresql"], indirect=True)


class Dot:
    """A way out that takes two at a time; `at_third` happens once the third is handed over, before its answer."""

    name = "dot"
    rehearses = False
    is_local = True
    limits = Limits()

    def __init__(self, at_third: Callable[[], object]) -> None:
        self.at_third = at_third
        self.seen: list[str] = []

    async def deliver(self, work: Work) -> None:
        while messages := await work.take(2):
            for message in messages:
                await self._hand_over(message, work)

    async def _hand_over(self, message: Message, work: Work) -> None:
        self.seen.append(message.recipient)
        if len(self.seen) == 3:
            self.at_third()
        await work.report(Outcome(delivery_id=message.delivery_id, result=Result.ACCEPTED, phase=Phase.DOT, code=250))


def run(mailing: Any, provider: Dot, *, run_id: str = "r1", place: str = "here") -> None:
    setup = RunSetup(
        database=mailing.database, provider=provider, run_id=run_id, place=place, now=mailing.clock, pauses=PAUSES
    )
    asyncio.run(run_edition(mailing.key, mailing.copies, setup))


def let_lapse(mailing: Any, minutes: int) -> None:
    with mailing.database.write() as c:
        c.execute(text(f"UPDATE run SET lease_until = lease_until - interval '{minutes} minutes'"))  # noqa: S608


def recover_elsewhere(mailing: Any) -> None:
    """Another machine finds the lease over, and settles what the run has in hand."""
    let_lapse(mailing, 21)
    with mailing.database.write() as c:
        assert deliveries.recover(c, "r2", mailing.clock(), place="there").uncertain == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_server_restarted_between_dot_and_record_costs_nobody_a_copy(
    mailing, postgres: PostgresServer, how: signal.Signals
) -> None:
    mailing.freeze(*ADDRESSES)
    provider = Dot(lambda: postgres.restart(how))
    run(mailing, provider)
    assert provider.seen == ADDRESSES
    assert set(mailing.states.values()) == {ACCEPTED}


def test_a_connection_ended_between_dot_and_record_costs_nobody_a_copy(mailing, postgres: PostgresServer) -> None:
    mailing.freeze(*ADDRESSES)
    provider = Dot(lambda: postgres.kill_backends(mailing.url))
    run(mailing, provider)
    assert provider.seen == ADDRESSES
    assert set(mailing.states.values()) == {ACCEPTED}


class Deaf(Database):
    """Its next commit comes through, and the answer to it gets lost."""

    is_deaf = False

    @contextmanager
    def write(self, on: Connection | None = None) -> Iterator[Connection]:
        with super().write(on) as connection:
            yield connection
        if self.is_deaf:
            self.is_deaf = False
            raise StorageError("the connection broke in the commit")


def test_a_commit_whose_answer_was_lost_costs_nobody_a_copy(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    mailing.database.close()
    mailing.database = Deaf.open(mailing.url)
    provider = Dot(lambda: setattr(mailing.database, "is_deaf", True))
    run(mailing, provider)
    assert not mailing.database.is_deaf
    assert provider.seen == ADDRESSES
    assert set(mailing.states.values()) == {ACCEPTED}


def test_a_run_that_ends_gives_its_lease_up(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    run(mailing, Dot(lambda: None))
    with mailing.database.read() as c:
        assert c.execute(text("SELECT id, place, ended_at IS NULL FROM run")).all() == [("r1", "here", False)]


def test_nothing_more_leaves_once_half_a_lease_went_by_without_renewal(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    provider = Dot(lambda: let_lapse(mailing, 11))
    with pytest.raises(StorageError, match="out of touch") as error:
        run(mailing, provider)
    assert error.value.exit_code == 75
    assert provider.seen == ADDRESSES[:4], "what was armed may go: the other half of the lease is for that"
    assert list(mailing.states.values()) == [ACCEPTED] * 4 + [PENDING] * 3
    run(mailing, Dot(lambda: None), run_id="r2")
    assert set(mailing.states.values()) == {ACCEPTED}


def test_a_late_answer_of_a_run_that_was_taken_for_dead_still_counts(mailing) -> None:
    mailing.freeze(*ADDRESSES)
    provider = Dot(lambda: recover_elsewhere(mailing))
    with pytest.raises(StorageError, match="out of touch"):
        run(mailing, provider)
    assert provider.seen == ADDRESSES[:4]
    assert list(mailing.states.values()) == [ACCEPTED] * 4 + [PENDING] * 3


def test_a_run_renews_its_lease_as_long_as_it_lives(mailing) -> None:
    class Book:
        def record(self, _connection: object, _entries: object) -> None: ...

        def arm(self, _connection: object, _asks: object, *, again: bool) -> list[None]:
            return []

    lease = Lease("r1", "here", renewal=0.02)

    async def live() -> None:
        async with Ledger(mailing.database, Book(), pauses=()) as ledger:
            await ledger.commit("begin", lease.begin)
            let_lapse(mailing, 19)
            keeping = asyncio.create_task(lease.keep(ledger))
            for _ in range(500):
                await asyncio.sleep(0.02)
                if await ledger.commit("look", lambda connection: runs.may_arm(connection, "r1")):
                    break
            else:
                pytest.fail("it never was")
            keeping.cancel()

    asyncio.run(live())
