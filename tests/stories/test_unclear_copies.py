"""Nobody knows whether a copy arrived. Whatever is decided about it, its reader gets none of its posts again."""

from __future__ import annotations

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.services.sending.braking import cancel_edition
from briefingfeed.services.sending.deliveries import Resolution, resolve_deliveries

from .house import House

KEY = "weekly/2026-W47"


@pytest.fixture
def house(house: House) -> House:
    """Nobody knows if `ann` has the first edition; `ben` waits for it."""
    house.have_all_cadences()
    house.subscribe("ann", "ben")
    house.write("Tides", "2026-11-16")
    house.office.answers = {"ann": Result.UNCERTAIN, "ben": Result.DEFERRED}
    house.run(at_once=True)
    house.office.answers = {}
    return house


def test_one_that_was_to_be_sent_again_keeps_a_cancelled_edition_from_going_with_the_next(house: House) -> None:
    resolve_deliveries(house.database, Resolution.RESEND, house.now, edition_key=KEY)
    assert "1 reader had it" in cancel_edition(house.database, KEY, house.now).words
    house.run(at="2026-11-23 08:05")
    assert house.posts_of("ann") == ["Tides"]


def test_nor_does_it_go_again_once_the_edition_has_expired(house: House) -> None:
    house.office.answers = {"ann": Result.DEFERRED, "ben": Result.DEFERRED}
    resolve_deliveries(house.database, Resolution.RESEND, house.now, edition_key=KEY)
    house.run(at="2026-11-24 10:05")
    house.office.answers = {}
    house.run(at="2026-11-30 08:05")
    assert house.posts_of("ann") == ["Tides"]


def test_one_that_was_given_up_is_not_made_up_for_by_another_cadence(house: House) -> None:
    resolve_deliveries(house.database, Resolution.GIVE_UP, house.now, edition_key=KEY)
    house.run(Cadence.DAILY, at="2026-11-18 10:30")
    house.switch("ann", Cadence.DAILY)
    house.write("Winds", "2026-11-19 05:00")
    house.run(Cadence.DAILY, at="2026-11-19 07:35")
    assert house.mails("ann") == [["Tides"], ["Winds"]]
    assert house.state(KEY) is EditionState.DONE
