"""What only a person can settle, told as stories: the exit code is 1 until then, and the words come once."""

from __future__ import annotations

import pytest

from briefingfeed.errors import RefusedError, UsageError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.deliveries import Resolution, acknowledge_deliveries, resolve_deliveries

W48 = "weekly/2026-W48"


@pytest.fixture
def desk(desk):
    """Nobody knows whether Ann has her copy; Ben's was refused."""
    desk.write("Tides")
    desk.subscribe("ann", "ben", "cy")
    desk.begin()
    desk.office.answers = {"ann@example.org": Result.UNCERTAIN, "ben@example.org": Result.FAILED}
    desk.first = desk.send()
    desk.office.answers.clear()
    return desk


def test_it_is_told_once_and_awaited_until_it_is_settled(desk) -> None:
    assert [notice.topic for notice in desk.first.news] == ["unsettled"]
    assert "1 refused for good and 1 unclear" in desk.first.news[0].text
    second = desk.send()
    assert second.news == ()
    assert [desk.first.exit_code, second.exit_code] == [1, 1]
    resolve_deliveries(desk.database, Resolution.ACCEPTED, desk.now, ids=[desk.row("ann")])
    third = desk.send()
    assert "1 refused for good." in third.news[0].text
    assert acknowledge_deliveries(desk.database, desk.now, edition_key=W48) == 1
    last = desk.send()
    assert (last.exit_code, last.news) == (0, ())


@pytest.mark.parametrize(
    ("resolution", "ends", "copies"),
    [
        (Resolution.ACCEPTED, DeliveryState.ACCEPTED, 1),
        (Resolution.RESEND, DeliveryState.ACCEPTED, 2),
        (Resolution.GIVE_UP, DeliveryState.FAILED, 1),
    ],
)
def test_an_unclear_copy_is_settled_either_way(desk, resolution, ends, copies: int) -> None:
    acknowledge_deliveries(desk.database, desk.now, ids=[desk.row("ben")])
    resolve_deliveries(desk.database, resolution, desk.now, edition_key=W48)
    assert desk.send().exit_code == 0
    assert desk.states()["ann"] is ends
    assert desk.office.recipients.count("ann@example.org") == copies


def test_acknowledging_settles_an_unclear_copy_too(desk) -> None:
    assert acknowledge_deliveries(desk.database, desk.now) == 2
    assert desk.send().exit_code == 0
    assert desk.states()["ann"] is DeliveryState.UNCERTAIN


def test_sending_again_in_a_held_edition_waits_for_its_release(desk) -> None:
    desk.subscribe("dee")
    resolve_deliveries(desk.database, Resolution.RESEND, desk.now, ids=[desk.row("ann")])
    hold_edition(desk.database, W48, desk.now)
    desk.send()
    assert desk.office.recipients.count("ann@example.org") == 1
    release_edition(desk.database, W48, desk.now)
    desk.send()
    assert desk.office.recipients.count("ann@example.org") == 2


def test_what_is_settled_or_not_there_is_refused_and_nothing_changes(desk) -> None:
    with pytest.raises(RefusedError, match="only an uncertain one"):
        resolve_deliveries(desk.database, Resolution.ACCEPTED, desk.now, ids=[desk.row("ann"), desk.row("ben")])
    assert desk.states()["ann"] is DeliveryState.UNCERTAIN
    for use in (
        lambda: resolve_deliveries(desk.database, Resolution.ACCEPTED, desk.now, ids=[999]),
        lambda: resolve_deliveries(desk.database, Resolution.ACCEPTED, desk.now, edition_key="weekly/2030-W01"),
        lambda: acknowledge_deliveries(desk.database, desk.now, edition_key="weekly/2030-W01"),
    ):
        with pytest.raises(UsageError):
            use()


def test_a_cancelled_edition_sends_nothing_again(desk) -> None:
    resolve_deliveries(desk.database, Resolution.RESEND, desk.now, ids=[desk.row("ann")])
    words = cancel_edition(desk.database, W48, desk.now).words
    # Ann's first copy was unclear: she may have it, and what she waits for never comes.
    assert "2 readers had it; 1 reader will never get it" in words
    desk.send()
    assert desk.states()["ann"] is DeliveryState.SKIPPED
