from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from briefingfeed.delivery.plan import Decision, decide, decide_rehearsal
from briefingfeed.models.edition import Cadence, Edition, EditionState, Slot

WEEK = timedelta(days=7)
FIRST = datetime(2026, 11, 2, 8, tzinfo=UTC)  # weekly/2026-W45


def slot(number: int) -> Slot:
    at = FIRST + (number - 45) * WEEK
    return Slot(cadence=Cadence.WEEKLY, key=f"weekly/2026-W{number}", at=at, previous=at - WEEK)


def previous(after: Slot) -> Slot:
    return slot(int(after.key[-2:]) - 1)


def edition(number: int, state: EditionState = EditionState.DONE, *, rehearsal: bool = False) -> Edition:
    of = slot(number)
    key = f"rehearsal/{of.key}" if rehearsal else of.key
    return Edition(key=key, cadence=of.cadence, rehearsal=rehearsal, slot_at=of.at, state=state)


def decision(
    latest: int,
    *editions: Edition,
    late: timedelta = timedelta(minutes=5),
    begun_after: datetime | None = FIRST - timedelta(days=1),
    catch_up: timedelta = WEEK,
    at_once: bool = False,
    force: bool = False,
) -> Decision:
    return decide(
        slot(latest),
        editions,
        begun_after=begun_after,
        previous=previous,
        now=slot(latest).at + late,
        catch_up=catch_up,
        at_once=at_once,
        force=force,
    )


def keys(of: Decision) -> tuple[str | None, list[str]]:
    return of.due.key if of.due else None, [each.key for each in of.missed]


def test_the_first_run_records_its_beginning_and_makes_nothing() -> None:
    found = decision(48, begun_after=None)
    assert keys(found) == (None, [])
    assert found.begin_after == slot(48).at + timedelta(minutes=5)


def test_the_first_slot_after_the_beginning_is_the_first_edition() -> None:
    found = decision(49, begun_after=slot(48).at + timedelta(minutes=5))
    assert keys(found) == ("weekly/2026-W49", [])
    assert found.begin_after is None


def test_with_now_the_latest_slot_is_the_first() -> None:
    found = decision(48, begun_after=None, at_once=True, late=timedelta(days=4), catch_up=timedelta(days=3))
    assert keys(found) == ("weekly/2026-W48", [])
    assert found.begin_after == slot(47).at


def test_now_also_helps_after_a_run_that_recorded_the_beginning() -> None:
    found = decision(48, begun_after=slot(48).at + timedelta(hours=2), at_once=True, late=timedelta(hours=3))
    assert keys(found) == ("weekly/2026-W48", [])


def test_a_slot_is_used_up_to_catch_up_later() -> None:
    three_days = timedelta(days=3)
    in_time = decision(48, edition(47), late=three_days, catch_up=three_days)
    too_late = decision(48, edition(47), late=three_days + timedelta(seconds=1), catch_up=three_days)
    assert keys(in_time) == ("weekly/2026-W48", [])
    assert keys(too_late) == (None, ["weekly/2026-W48"])


def test_older_slots_are_missed_and_never_made_up_for() -> None:
    assert keys(decision(48, edition(45))) == ("weekly/2026-W48", ["weekly/2026-W46", "weekly/2026-W47"])


def test_what_was_recorded_is_not_done_again() -> None:
    for state in EditionState:
        if state not in (EditionState.BLOCKED, EditionState.PLANNED):
            assert keys(decision(48, edition(48, state), edition(47))) == (None, [])


def test_a_blocked_edition_is_tried_again_until_the_next_slot() -> None:
    blocked = edition(48, EditionState.BLOCKED)
    assert keys(decision(48, blocked, edition(47))) == ("weekly/2026-W48", [])
    assert keys(decision(49, blocked, edition(47))) == ("weekly/2026-W49", ["weekly/2026-W48"])


def test_a_planned_edition_is_made_when_its_slot_comes_and_missed_when_the_next_has_come() -> None:
    planned = edition(48, EditionState.PLANNED)
    assert keys(decision(48, planned, edition(47))) == ("weekly/2026-W48", [])
    assert keys(decision(49, planned, edition(47))) == ("weekly/2026-W49", ["weekly/2026-W48"])


def test_an_edition_that_is_to_come_says_nothing_about_the_slots_before_it() -> None:
    for state in (EditionState.PLANNED, EditionState.HELD, EditionState.CANCELLED):
        assert keys(decision(47, edition(48, state), edition(46))) == ("weekly/2026-W47", [])
        assert decision(54, edition(55, state), edition(45)).silent_since == FIRST


def test_an_edition_held_before_it_was_made_waits_until_the_next_slot() -> None:
    held = edition(48, EditionState.HELD)
    assert keys(decision(48, held, edition(47))) == (None, [])
    assert keys(decision(49, held, edition(47))) == ("weekly/2026-W49", ["weekly/2026-W48"])


def test_an_edition_cancelled_before_it_was_made_is_not_missed() -> None:
    assert keys(decision(49, edition(48, EditionState.CANCELLED), edition(47))) == ("weekly/2026-W49", [])


def test_the_time_in_which_it_was_held_does_not_make_an_edition_too_late() -> None:
    day = timedelta(days=1)
    released = replace(edition(48, EditionState.PLANNED), expires_at=slot(48).at + 3 * day)
    assert keys(decision(48, released, edition(47), late=2 * day, catch_up=day)) == ("weekly/2026-W48", [])
    assert keys(decision(48, released, edition(47), late=4 * day, catch_up=day)) == (None, ["weekly/2026-W48"])


def test_slots_before_the_beginning_are_not_missed() -> None:
    assert keys(decision(48, begun_after=slot(46).at + timedelta(hours=1))) == ("weekly/2026-W48", ["weekly/2026-W47"])


def test_after_sixty_days_somebody_has_to_say_that_it_is_meant() -> None:
    silent = decision(54, edition(45))
    forced = decision(54, edition(45), force=True)
    assert silent.silent_since == FIRST
    assert keys(silent) == (None, [])
    assert keys(forced)[0] == "weekly/2026-W54"


def test_a_clock_set_back_makes_nothing() -> None:
    assert keys(decision(47, edition(48), edition(47))) == (None, [])
    assert keys(decision(46, edition(48))) == (None, [])


def test_a_rehearsal_needs_no_beginning_and_happens_once() -> None:
    assert keys(decide_rehearsal(slot(48), [])) == ("weekly/2026-W48", [])
    assert keys(decide_rehearsal(slot(48), [edition(48, rehearsal=True)])) == (None, [])
    assert keys(decide_rehearsal(slot(48), [edition(48, EditionState.BLOCKED, rehearsal=True)]))[0] is not None
