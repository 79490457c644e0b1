from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from briefingfeed.delivery.outcomes import BounceWatch, PolicyWatch, settle, suppresses, wait
from briefingfeed.models.delivery import DeliveryState, Outcome, Phase, Result

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def outcome(result: Result, *, row: int = 1, phase: Phase = Phase.RCPT, retry_after: float | None = None) -> Outcome:
    return Outcome(delivery_id=row, result=result, phase=phase, retry_after=retry_after)


@pytest.mark.parametrize(
    ("result", "state", "charged", "suppressed"),
    [
        (Result.ACCEPTED, DeliveryState.ACCEPTED, True, False),
        (Result.DEFERRED, DeliveryState.DEFERRED, True, False),
        (Result.REJECTED, DeliveryState.FAILED, True, True),
        (Result.FAILED, DeliveryState.FAILED, True, False),
        (Result.POLICY, DeliveryState.DEFERRED, True, False),
        (Result.RETURNED, DeliveryState.PENDING, False, False),
        (Result.UNCERTAIN, DeliveryState.UNCERTAIN, True, False),
    ],
)
def test_each_result_has_its_state(result: Result, state: DeliveryState, charged: bool, suppressed: bool) -> None:
    record = settle(outcome(result), attempts=0, returns=0, now=NOW)
    assert (record.state, record.charge, suppresses(record.outcome, 0)) == (state, charged, suppressed)
    assert (record.next_attempt_at is not None) == (state is DeliveryState.DEFERRED)


def test_no_result_is_left_out() -> None:
    for result in Result:
        settle(outcome(result), attempts=3, returns=1, now=NOW)


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 4000 / 60), (40, 4000 / 60)])
def test_waits_double_up_to_67_minutes_and_a_fifth_at_most_is_added(attempts: int, minutes: float) -> None:
    waits = {wait(outcome(Result.DEFERRED, row=row), attempts) for row in range(200)}
    least, most = timedelta(minutes=minutes), timedelta(minutes=minutes * 1.2)
    assert least <= min(waits) < max(waits) <= most
    assert max(waits) - min(waits) > (most - least) / 2


def test_the_same_history_gives_the_same_wait() -> None:
    assert wait(outcome(Result.DEFERRED), 2) == wait(outcome(Result.DEFERRED), 2)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (3600.0, timedelta(hours=1)),
        (1e12, timedelta(days=1)),
        (float("inf"), timedelta(days=1)),
    ],
)
def test_a_longer_wait_is_granted_if_asked_for(asked: float, expected: timedelta) -> None:
    assert wait(outcome(Result.DEFERRED, retry_after=asked), 0) == expected


@pytest.mark.parametrize("asked", [0.0, -5.0, 1.0, float("nan")])
def test_a_shorter_wait_is_not(asked: float) -> None:
    assert wait(outcome(Result.DEFERRED, retry_after=asked), 0) >= timedelta(minutes=5)


def test_a_row_that_comes_back_twice_steps_behind_the_others() -> None:
    again = settle(outcome(Result.RETURNED), attempts=4, returns=2, now=NOW)
    assert again.state is DeliveryState.DEFERRED
    assert again.next_attempt_at == NOW + timedelta(minutes=2)
    assert not again.charge


def test_refusals_without_a_telling_code_suppress_after_the_third_edition() -> None:
    refused = outcome(Result.FAILED, phase=Phase.RCPT)
    assert [suppresses(refused, earlier) for earlier in range(4)] == [False, False, True, True]
    assert not suppresses(outcome(Result.FAILED, phase=Phase.DOT), 7)


@pytest.mark.parametrize("code", ["5.2.2", "5.2.3", "5.3.0", "5.5.4", "5.6.7"])
def test_a_refusal_that_says_it_is_not_about_the_address_is_no_bounce(code: str) -> None:
    refused = replace(outcome(Result.FAILED, phase=Phase.RCPT), enhanced_code=code)
    assert not any(suppresses(refused, earlier) for earlier in range(9))


class TestPolicyWatch:
    def watch(self, *results: tuple[int, Result]) -> tuple[PolicyWatch, list[int]]:
        watch, failed = PolicyWatch(), []
        for row, result in results:
            watch, final = watch.after(outcome(result, row=row))
            failed += [each.delivery_id for each in final]
        return watch, failed

    def test_a_refusal_alone_proves_nothing(self) -> None:
        watch, failed = self.watch((1, Result.POLICY))
        assert not failed
        assert not watch.must_hold

    def test_once_a_later_recipient_is_accepted_the_earlier_refusals_are_final(self) -> None:
        watch, failed = self.watch((1, Result.POLICY), (2, Result.POLICY), (3, Result.ACCEPTED), (4, Result.POLICY))
        assert failed == [1, 2]
        assert list(watch.refused) == [4]

    def test_three_in_a_row_hold_the_edition(self) -> None:
        watch, failed = self.watch((1, Result.POLICY), (2, Result.POLICY), (3, Result.POLICY))
        assert watch.must_hold
        assert not failed

    def test_other_refusals_between_them_prove_nothing(self) -> None:
        watch, _ = self.watch(
            (1, Result.POLICY), (9, Result.DEFERRED), (2, Result.POLICY), (8, Result.REJECTED), (3, Result.POLICY)
        )
        assert watch.must_hold

    def test_the_same_recipient_counts_once(self) -> None:
        watch, _ = self.watch((1, Result.POLICY), (1, Result.POLICY), (1, Result.POLICY))
        assert not watch.must_hold

    def test_a_row_tried_again_and_accepted_is_not_its_own_proof(self) -> None:
        _, failed = self.watch((1, Result.POLICY), (1, Result.ACCEPTED))
        assert not failed

    def test_a_final_refusal_is_no_bounce_of_the_address(self) -> None:
        _, final = PolicyWatch().after(outcome(Result.POLICY))[0].after(outcome(Result.ACCEPTED, row=2))
        assert [each.result for each in final] == [Result.FAILED]


class TestBounceWatch:
    REFUSED = outcome(Result.FAILED, phase=Phase.RCPT)

    def watch(self, *outcomes: Outcome) -> BounceWatch:
        return reduce(BounceWatch.after, outcomes, BounceWatch())

    def test_ten_refused_and_nobody_accepted_hold_the_edition(self) -> None:
        assert not self.watch(*[self.REFUSED] * 9).must_hold
        assert self.watch(*[self.REFUSED] * 10).must_hold

    def test_where_one_was_accepted_the_others_are_dead(self) -> None:
        assert not self.watch(*[self.REFUSED] * 9, outcome(Result.ACCEPTED), *[self.REFUSED] * 90).must_hold

    def test_a_code_that_says_why_does_not_count(self) -> None:
        full = replace(self.REFUSED, enhanced_code="5.2.2")
        assert not self.watch(*[full] * 90, *[outcome(Result.REJECTED, phase=Phase.RCPT)] * 90).must_hold
