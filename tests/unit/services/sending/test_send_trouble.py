"""Servers that are down or refuse, copies in doubt, and what the operator does about them."""

from __future__ import annotations

from datetime import timedelta

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.deliveries import Resolution, acknowledge_deliveries, resolve_deliveries

from .conftest import assert_sums, topics

WEEK = timedelta(days=7)
ACCEPTED, SKIPPED, PENDING = DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.PENDING
DEFERRED, FAILED, UNCERTAIN = DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNCERTAIN


class TestTrouble:
    def test_a_provider_that_is_down_ends_with_75_and_nobody_is_blamed(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        down = desk.send()
        assert down.exit_code == 75
        assert_sums(down)
        assert desk.states() == {"ann": PENDING, "ben": PENDING}
        desk.office.down = None
        assert desk.send().exit_code == 0
        assert desk.office.recipients == ["ann@example.org", "ben@example.org"]

    def test_the_words_about_a_provider_that_is_down_come_once(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        first, second = desk.send(), desk.send()
        assert (topics(first.news), topics(second.news)) == (["way-out"], [])
        assert second.exit_code == 75
        desk.office.down = None
        desk.send()
        assert desk.send().exit_code == 0

    def test_refused_and_unclear_rows_await_the_operator(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben", "cy", "di")
        desk.begin()
        desk.office.answers = {
            "ann@example.org": Result.FAILED,
            "ben@example.org": Result.UNCERTAIN,
            "cy@example.org": Result.REJECTED,
        }
        first, second = desk.send(), desk.send()
        assert first.news[0].text == "Deliveries that need a decision: 1 refused for good and 1 unclear."
        assert second.news == ()
        assert first.exit_code == second.exit_code == 1
        acknowledge_deliveries(desk.database, desk.now, ids=[desk.row("ann")])
        third = desk.send()
        assert third.news[0].text == "Deliveries that need a decision: 1 unclear."
        resolve_deliveries(desk.database, Resolution.GIVE_UP, desk.now, ids=[desk.row("ben")])
        assert desk.send().exit_code == 0

    def test_a_suppressed_bounce_needs_no_settling_and_is_not_mailed_again(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ann@example.org"] = Result.REJECTED
        assert desk.send().exit_code == 0
        desk.write("Winds", "2026-11-27")
        desk.now += WEEK
        assert desk.send().editions[0].recipients == 1

    def test_an_unclear_one_is_sent_again_only_on_demand(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.office.answers["ann@example.org"] = Result.UNCERTAIN
        desk.send()
        desk.office.answers.clear()
        desk.send()
        assert len(desk.office.seen) == 1
        resolve_deliveries(desk.database, Resolution.RESEND, desk.now, edition_key="weekly/2026-W48")
        assert desk.send().exit_code == 0
        first, second = desk.office.seen
        assert first.segments == second.segments

    def test_a_held_edition_waits(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        assert hold_edition(desk.database, "weekly/2026-W48", desk.now).words.endswith("1 reader had it, 1 wait.")
        desk.office.answers.clear()
        desk.now += timedelta(days=6)
        assert desk.send().exit_code == 1
        release_edition(desk.database, "weekly/2026-W48", desk.now)
        assert desk.send().exit_code == 0
        assert desk.states() == {"ann": ACCEPTED, "ben": ACCEPTED}

    def test_a_cancelled_edition_frees_its_posts_if_nobody_had_it(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        words = cancel_edition(desk.database, "weekly/2026-W48", desk.now).words
        assert words == "weekly/2026-W48 is cancelled. Nobody had it; its posts go with the next edition."
        desk.office.down = None
        assert desk.send().editions == ()
        desk.now += WEEK
        assert desk.send().editions[0].posts == ("Tides",)

    def test_cancelling_later_says_who_never_gets_it(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        words = cancel_edition(desk.database, "weekly/2026-W48", desk.now).words
        assert words.startswith("weekly/2026-W48 is cancelled. 1 reader had it; 1 reader will never get it: ")
