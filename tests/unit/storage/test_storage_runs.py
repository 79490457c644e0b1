"""Which runs are alive, who may take their rows over, and whose late word still counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, text, update

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.storage import deliveries, pace, runs, set_back
from briefingfeed.storage.database import Database
from briefingfeed.storage.schema import delivery, edition, run

from .samples import KEY, NOW, RUN, accepted, deferred, freeze, refused, subscribe

HERE, THERE = "here", "there"
LATER = NOW + timedelta(minutes=5)


only_shared = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
only_local = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def begin_with(c: Connection, *names: str, place: str = THERE) -> list[int]:
    """Have a run claim everybody and arm the first; return the rows."""
    subscribe(c, *names)
    freeze(c)
    runs.begin(c, RUN, place)
    rows = [row.delivery_id for row in deliveries.claim(c, KEY, RUN, 10, NOW)]
    assert set(deliveries.arm(c, RUN, rows[:1], NOW)) == set(rows[:1])
    return rows


def let_lapse(c: Connection, minutes: int = 21) -> None:
    """As if so much time had passed by the database's clock."""
    c.execute(update(run).values(lease_until=run.c.lease_until - text(f"interval '{minutes} minutes'")))


def states(c: Connection) -> list[str]:
    return list(c.scalars(select(delivery.c.state).order_by(delivery.c.id)))


def test_a_lease_is_by_the_databases_own_clock(database: Database) -> None:
    with database.write() as c:
        before = runs.clock(c)
        runs.begin(c, RUN, HERE)
        lease_until = c.scalar(select(run.c.lease_until))
        assert before + runs.LEASE <= lease_until <= runs.clock(c) + runs.LEASE
        assert runs.renew(c, RUN)
        assert c.scalar(select(run.c.lease_until)) >= lease_until


def test_a_run_that_has_ended_can_begin_again_and_not_be_renewed(database: Database) -> None:
    with database.write() as c:
        runs.begin(c, RUN, HERE)
        runs.end(c, RUN)
        assert not runs.renew(c, RUN)
        runs.begin(c, RUN, HERE)
        assert runs.renew(c, RUN)
        assert not runs.renew(c, "another")


def test_a_run_is_forgotten_a_year_after_its_end_unless_a_delivery_names_it(database: Database) -> None:
    with database.write() as c:
        lost, claimed = begin_with(c, "ann", "ben")
        long_ago = runs.clock(c) - runs.KEPT - timedelta(days=1)
        for name, ended in (("old", long_ago), ("lost", long_ago), ("recent", long_ago + timedelta(days=2))):
            runs.begin(c, name, THERE)
            c.execute(update(run).where(run.c.id == name).values(ended_at=ended))
        c.execute(update(run).where(run.c.id == RUN).values(ended_at=long_ago))
        uncertain = {"state": DeliveryState.UNCERTAIN, "claim_id": None, "claimed_at": None, "lost_run": "lost"}
        c.execute(update(delivery).where(delivery.c.id == lost).values(uncertain))
        runs.begin(c, "at work for years", THERE)
        c.execute(update(run).where(run.c.id == "at work for years").values(started_at=long_ago, lease_until=long_ago))
        runs.begin(c, "new", HERE)
        runs.end(c, "new")
        assert claimed
        assert set(c.scalars(select(run.c.id))) == {RUN, "lost", "recent", "at work for years", "new"}


@only_shared
class TestLeases:
    def test_the_rows_of_a_run_elsewhere_are_left_to_it(self, database: Database) -> None:
        with database.write() as c:
            begin_with(c, "ann", "ben")
            recovered = deliveries.recover(c, "run-2", LATER, place=HERE)
            assert (recovered.returned, recovered.uncertain) == (0, 0)
            assert states(c) == ["submitting", "claimed"]

    def test_they_are_taken_over_once_its_lease_is_over(self, database: Database) -> None:
        with database.write() as c:
            begin_with(c, "ann", "ben")
            let_lapse(c)
            recovered = deliveries.recover(c, "run-2", LATER, place=HERE)
            assert (recovered.returned, recovered.uncertain) == (1, 1)
            assert states(c) == ["uncertain", "pending"]
            assert list(c.scalars(select(delivery.c.lost_run).order_by(delivery.c.id))) == [RUN, None]
            assert not runs.renew(c, RUN)

    def test_a_lease_of_a_clock_that_was_set_back_is_no_longer_than_any(self, database: Database) -> None:
        with database.write() as c:
            begin_with(c, "ann", "ben")
            let_lapse(c, -2 * 24 * 60)
            recovered = deliveries.recover(c, "run-2", LATER, place=HERE)
            assert (recovered.returned, recovered.uncertain) == (0, 0)
            assert c.scalar(select(run.c.lease_until)) <= runs.clock(c) + runs.LEASE
            assert runs.may_arm(c, RUN)
            let_lapse(c)
            assert deliveries.recover(c, "run-2", LATER, place=HERE).uncertain == 1

    def test_a_clock_set_back_lets_no_copy_go_that_a_lost_run_may_still_hold(self, database: Database) -> None:
        with database.write() as c:
            (row,) = begin_with(c, "ann")
            let_lapse(c)
            lease_until = c.scalar(select(run.c.lease_until))
            now = runs.clock(c)
            c.execute(update(edition).values(expires_at=now + timedelta(days=5)))
            deliveries.recover(c, "run-2", now, place=HERE)
            deliveries.resolve(c, row, DeliveryState.DEFERRED, now + timedelta(days=2))
            set_back.begin_anew(c, now, timedelta(days=5), rehearsal=False)
            (found,) = deliveries.list_by(c, KEY)
            assert found.next_attempt_at == lease_until + timedelta(seconds=600)

    def test_a_machine_whose_clock_is_behind_takes_nothing_for_a_time_of_the_future(self, database: Database) -> None:
        with database.write() as c:
            begin_with(c, "ann")
            now = runs.clock(c)
            c.execute(update(edition).values(expires_at=now + timedelta(days=3)))
            pace.count(c, "smtp", 7, now)
            set_back.begin_anew(c, now - timedelta(days=6), timedelta(days=5), rehearsal=False)
            assert c.scalar(select(edition.c.expires_at)) == now + timedelta(days=3)
            (counted,) = pace.handed_over_lately(c, "smtp", now - timedelta(days=6))
            assert counted == (now.replace(second=0, microsecond=0), 7)

    def test_an_earlier_run_of_the_same_place_is_dead_at_once(self, database: Database) -> None:
        with database.write() as c:
            begin_with(c, "ann", "ben", place=HERE)
            deliveries.recover(c, "run-2", LATER, place=HERE)
            assert states(c) == ["uncertain", "pending"]
            assert not runs.renew(c, RUN)
            assert not runs.may_arm(c, RUN)

    def test_nothing_is_armed_in_the_second_half_of_a_lease(self, database: Database) -> None:
        with database.write() as c:
            runs.begin(c, RUN, HERE)
            assert runs.may_arm(c, RUN)
            let_lapse(c, 9)
            assert runs.may_arm(c, RUN)
            let_lapse(c, 2)
            assert not runs.may_arm(c, RUN)
            assert runs.renew(c, RUN)
            assert runs.may_arm(c, RUN)

    def test_a_copy_that_a_lost_run_may_still_hold_is_not_sent_again_before_it_cannot(self, database: Database) -> None:
        with database.write() as c:
            (row,) = begin_with(c, "ann")
            let_lapse(c)
            lease_until = c.scalar(select(run.c.lease_until))
            deliveries.recover(c, "run-2", LATER, place=HERE)
            resolved = deliveries.resolve(c, row, DeliveryState.DEFERRED, LATER)
            assert resolved.next_attempt_at == max(LATER, lease_until + timedelta(seconds=600))

    def test_a_copy_of_a_run_that_is_known_to_be_dead_is_sent_again_at_once(self, database: Database) -> None:
        with database.write() as c:
            (row,) = begin_with(c, "ann", place=HERE)
            deliveries.recover(c, "run-2", LATER, place=HERE)
            assert deliveries.resolve(c, row, DeliveryState.DEFERRED, LATER).next_attempt_at == LATER


@only_local
def test_on_sqlite_whoever_holds_the_lock_is_the_only_run(database: Database) -> None:
    with database.write() as c:
        (row,) = begin_with(c, "ann", place=THERE)
        assert runs.may_arm(c, RUN)
        assert deliveries.recover(c, "run-2", LATER, place=HERE).uncertain == 1
        assert deliveries.resolve(c, row, DeliveryState.DEFERRED, LATER).next_attempt_at == LATER


class TestLateWord:
    """A run was taken for dead, and was not."""

    @pytest.fixture
    def c(self, database: Database):
        with database.write() as c:
            begin_with(c, "ann", "ben", place=HERE)
            deliveries.recover(c, "run-2", LATER, place=HERE)
            yield c

    def test_a_copy_that_was_accepted_after_all_is_accepted(self, c: Connection) -> None:
        assert deliveries.record(c, RUN, [accepted(1), accepted(2)], LATER) == 1
        assert states(c) == ["accepted", "pending"]
        found = deliveries.list_by(c, KEY)[0]
        assert (found.code, found.provider_id, found.note, found.attempts) == (250, "Q1", "", 1)

    def test_it_is_not_sent_again_even_if_that_was_decided(self, c: Connection) -> None:
        deliveries.resolve(c, 1, DeliveryState.DEFERRED, LATER)
        assert deliveries.record(c, RUN, [accepted(1)], LATER) == 1
        assert states(c) == ["accepted", "pending"]

    def test_once_it_goes_again_the_new_run_has_the_word(self, c: Connection) -> None:
        deliveries.resolve(c, 1, DeliveryState.DEFERRED, LATER)
        deliveries.claim(c, KEY, "run-2", 10, LATER + timedelta(hours=1))
        assert deliveries.record(c, RUN, [accepted(1)], LATER) == 0
        assert states(c) == ["claimed", "claimed"]

    @pytest.mark.parametrize("late", [refused(1), deferred(1, LATER)])
    def test_any_other_answer_leaves_it_to_the_operator(self, c: Connection, late) -> None:
        assert deliveries.record(c, RUN, [late], LATER) == 0
        assert states(c) == ["uncertain", "pending"]

    def test_what_the_operator_gave_up_stays_so(self, c: Connection) -> None:
        deliveries.resolve(c, 1, DeliveryState.FAILED, LATER)
        assert deliveries.record(c, RUN, [accepted(1)], LATER) == 0
        assert states(c) == ["failed", "pending"]

    def test_the_word_of_a_run_that_never_had_it_counts_for_nothing(self, c: Connection) -> None:
        assert deliveries.record(c, "run-3", [accepted(1)], LATER) == 0
        assert states(c) == ["uncertain", "pending"]


def test_what_a_broken_commit_has_armed_may_go(database: Database) -> None:
    """The connection broke in the commit: it came through, and its answer did not."""
    with database.write() as c:
        begin_with(c, "ann", "ben")
    with database.write() as c:
        assert deliveries.arm(c, RUN, [1], LATER) == {}
        assert deliveries.armed(c, "run-2", [1, 2]) == {}
        assert set(deliveries.armed(c, RUN, [1, 2])) == {1}


@only_shared
def test_two_claims_at_the_same_moment_get_different_rows(database: Database) -> None:
    """Though writers take turns: that nobody is mailed twice must not rest on it."""
    with database.write() as c:
        subscribe(c, "ann", "ben", "cat")
        freeze(c)
    engine = database._backend._engine
    with engine.connect() as one, engine.connect() as other:
        first = deliveries.claim(one, KEY, "run-1", 2, NOW)
        second = deliveries.claim(other, KEY, "run-2", 2, NOW)
        assert (len(first), len(second)) == (2, 1)
        assert not {row.delivery_id for row in first} & {row.delivery_id for row in second}
        one.commit()
        other.commit()
