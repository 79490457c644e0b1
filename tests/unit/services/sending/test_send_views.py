"""What is shown without being done: dry run, test mail, status; and the decisions about editions and deliveries."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from briefingfeed.errors import BriefingfeedError, ConfigurationError, ProviderError, RefusedError, UsageError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.models.settings import Mailbox
from briefingfeed.models.subscriber import SubscriberState
from briefingfeed.services.readers.leave import leave
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.deliveries import (
    Resolution,
    acknowledge_deliveries,
    as_dict,
    list_deliveries,
    resolve_deliveries,
)
from briefingfeed.services.sending.editions import list_editions, show_edition
from briefingfeed.services.sending.sample import send_sample
from briefingfeed.services.sending.send_plan import plan_edition
from briefingfeed.services.telling.status import read_status
from briefingfeed.storage import subscribers

KEY = "weekly/2026-W48"


def status(desk, *, rehearses: bool = False):
    return read_status(desk.database, desk.settings, desk.now, provider="post-office", rehearses=rehearses)


class TestDryRun:
    def test_says_what_would_go_and_to_how_many(self, desk) -> None:
        desk.write("Tides")
        desk.write("Old", "2026-10-01")
        desk.subscribe("ann", "ben")
        plan = plan_edition(desk.context, Cadence.WEEKLY, at_once=True)
        (edition,) = plan.editions
        assert (edition.key, edition.posts, edition.recipients) == (KEY, ("Tides",), 2)
        assert edition.passed_over == 1
        json.dumps(plan.as_dict())

    def test_writes_no_row_and_asks_no_page(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.office.is_local = False
        plan_edition(desk.context, Cadence.WEEKLY, at_once=True)
        assert desk.pages_asked == []
        assert list_editions(desk.database) == ()
        assert plan_edition(desk.context, Cadence.WEEKLY).editions == ()

    def test_is_what_a_run_then_does(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        plan = plan_edition(desk.context, Cadence.WEEKLY)
        (edition,) = desk.send().editions
        (planned,) = plan.editions
        assert (planned.posts, planned.subject) == (edition.posts, edition.subject)

    def test_shows_what_a_run_would_carry_on(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        plan = plan_edition(desk.context, Cadence.WEEKLY)
        assert plan.editions == ()
        assert [view.wait for view in plan.unfinished] == [1]


class TestTestMail:
    def test_shows_what_would_go_now_and_is_marked(self, desk) -> None:
        desk.write("Tides")
        desk.begin()
        report = send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")
        (mail,) = desk.office.mails
        assert report.exit_code == 0
        assert mail["To"] == "editor@harbour.example"
        assert mail["Subject"] == "[Test] Harbour Notes: Tides"
        assert list_editions(desk.database) == ()

    def test_shows_the_newest_posts_when_nothing_waits(self, desk) -> None:
        for number in range(8):
            desk.write(f"Old {number}", f"2026-01-0{number + 1}")
        report = send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")
        assert report.posts == ("Old 7", "Old 6", "Old 5", "Old 4", "Old 3")

    def test_its_unsubscribe_link_unsubscribes_nobody(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        send_sample(desk.context, Cadence.WEEKLY, "ann@example.org")
        token = desk.office.mails[0]["List-Unsubscribe"].strip("<>").rpartition("/")[2]
        leave(desk.database, desk.keyring, token, source="one-click", now=desk.now)
        with desk.database.read() as connection:
            assert subscribers.count_by_state(connection)[SubscriberState.CONFIRMED] == 1

    def test_two_of_them_are_two_messages(self, desk) -> None:
        desk.write("Tides")
        send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")
        desk.now += timedelta(seconds=1)
        send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")
        first, second = desk.office.mails
        assert first["Message-ID"] != second["Message-ID"]

    def test_what_is_refused_is_said(self, desk) -> None:
        desk.write("Tides")
        desk.office.answers["editor@harbour.example"] = Result.DEFERRED
        assert send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example").exit_code == 75
        desk.office.answers["editor@harbour.example"] = Result.REJECTED
        assert send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example").exit_code == 1

    def test_without_a_post_there_is_nothing_to_show(self, desk) -> None:
        with pytest.raises(RefusedError, match="no post"):
            send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")

    def test_an_address_that_cannot_be_mailed_is_an_error_of_its_own(self, desk) -> None:
        desk.write("Tides")
        with pytest.raises(BriefingfeedError, match="address"):
            send_sample(desk.context, Cadence.WEEKLY, "not an address")

    def test_the_example_sends_no_mail(self, desk) -> None:
        desk.write("Tides")
        desk.change(from_=Mailbox("briefings@briefings.example"))
        with pytest.raises(ConfigurationError):
            send_sample(desk.context, Cadence.WEEKLY, "editor@harbour.example")


class TestEditions:
    @pytest.fixture(autouse=True)
    def half_sent(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()

    def test_are_listed_newest_first_and_add_up(self, desk) -> None:
        desk.now += timedelta(days=7)
        desk.send()
        views = list_editions(desk.database)
        assert [view.edition.key for view in views] == ["weekly/2026-W49", KEY]
        for view in views:
            assert sum(view.counts.values()) == view.edition.recipients
            json.dumps(view.as_dict())

    def test_show_says_who_has_it_and_who_waits(self, desk) -> None:
        view = show_edition(desk.database, KEY)
        assert (view.have_it, view.wait, view.subject) == (1, 1, "Harbour Notes: Tides")

    def test_an_unknown_key_is_named(self, desk) -> None:
        for use in (show_edition, lambda database, key: hold_edition(database, key, desk.now)):
            with pytest.raises(UsageError, match="weekly/2026-W01"):
                use(desk.database, "weekly/2026-W01")

    def test_holding_twice_says_so(self, desk) -> None:
        hold_edition(desk.database, KEY, desk.now)
        assert "held already" in hold_edition(desk.database, KEY, desk.now).words

    def test_only_a_held_one_is_released(self, desk) -> None:
        with pytest.raises(RefusedError, match="not held"):
            release_edition(desk.database, KEY, desk.now)

    def test_the_time_it_was_held_does_not_count(self, desk) -> None:
        before = show_edition(desk.database, KEY).edition.expires_at
        hold_edition(desk.database, KEY, desk.now)
        desk.now += timedelta(days=20)
        release_edition(desk.database, KEY, desk.now)
        assert show_edition(desk.database, KEY).edition.expires_at == before + timedelta(days=20)

    def test_what_is_over_cannot_be_cancelled(self, desk) -> None:
        desk.office.answers.clear()
        desk.now += timedelta(minutes=10)
        desk.send()
        with pytest.raises(RefusedError, match="done"):
            cancel_edition(desk.database, KEY, desk.now)

    def test_cancelling_twice_says_so(self, desk) -> None:
        cancel_edition(desk.database, KEY, desk.now)
        assert "cancelled already" in cancel_edition(desk.database, KEY, desk.now).words


class TestDeliveries:
    @pytest.fixture(autouse=True)
    def sent(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben", "cy")
        desk.begin()
        desk.office.answers = {"ann@example.org": Result.UNCERTAIN, "ben@example.org": Result.FAILED}
        desk.send()

    def test_unsettled_ones_are_listed_until_acknowledged(self, desk) -> None:
        found = list_deliveries(desk.database, unsettled=True)
        assert [each.address for each in found] == ["ann@example.org", "ben@example.org"]
        json.dumps([as_dict(each) for each in found])
        assert acknowledge_deliveries(desk.database, desk.now, edition_key=KEY) == 2
        assert list_deliveries(desk.database, unsettled=True) == ()
        assert acknowledge_deliveries(desk.database, desk.now) == 0

    def test_all_are_listed(self, desk) -> None:
        assert len(list_deliveries(desk.database, edition_key=KEY)) == 3
        assert len(list_deliveries(desk.database, states=[DeliveryState.ACCEPTED])) == 1

    @pytest.mark.parametrize(
        ("resolution", "state"),
        [
            (Resolution.ACCEPTED, DeliveryState.ACCEPTED),
            (Resolution.RESEND, DeliveryState.DEFERRED),
            (Resolution.GIVE_UP, DeliveryState.FAILED),
        ],
    )
    def test_an_unclear_one_is_settled(self, desk, resolution: Resolution, state: DeliveryState) -> None:
        done = resolve_deliveries(desk.database, resolution, desk.now, ids=[desk.row("ann")])
        assert [each.state for each in done.deliveries] == [state]
        assert desk.states()["ann"] is state
        assert [each.address for each in list_deliveries(desk.database, unsettled=True)] == ["ben@example.org"]

    def test_others_are_not(self, desk) -> None:
        with pytest.raises(RefusedError):
            resolve_deliveries(desk.database, Resolution.RESEND, desk.now, ids=[desk.row("ann"), desk.row("cy")])
        assert desk.states()["ann"] is DeliveryState.UNCERTAIN

    def test_when_there_is_none_it_says_so(self, desk) -> None:
        resolve_deliveries(desk.database, Resolution.GIVE_UP, desk.now, edition_key=KEY)
        with pytest.raises(RefusedError, match="no unclear delivery"):
            resolve_deliveries(desk.database, Resolution.RESEND, desk.now, edition_key=KEY)


class TestStatus:
    def test_a_new_publication_is_told_what_it_lacks(self, desk) -> None:
        found = status(desk, rehearses=True)
        assert [notice.topic for notice in found.todo] == ["subscribers", "rehearsing"]
        assert not any(notice.awaits for notice in found.todo)
        assert found.last is None
        json.dumps(found.as_dict())

    def test_with_nothing_to_do_it_says_nothing(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        found = status(desk)
        assert found.todo == ()
        assert found.last is not None
        assert found.last.edition.key == KEY
        assert found.next_slot > desk.now

    def test_each_matter_has_the_command_that_settles_it(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers = {"ann@example.org": Result.UNCERTAIN, "ben@example.org": Result.DEFERRED}
        desk.send()
        hold_edition(desk.database, KEY, desk.now)
        desk.office.is_local = False
        desk.page = "it answers 502."
        desk.write("Winds", "2026-11-27")
        desk.now += timedelta(days=7)
        desk.send()
        todo = {notice.topic: notice for notice in status(desk).todo}
        assert set(todo) == {f"held:{KEY}", "unsettled", "blocked:weekly/2026-W49"}
        assert all("briefingfeed " in (notice.remedy or "") for notice in todo.values())
        assert all(notice.awaits for notice in todo.values())
        assert desk.edition("weekly/2026-W49").state is EditionState.BLOCKED
