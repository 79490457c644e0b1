from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from briefingfeed.errors import ConfigurationError, LockedError, ProviderError, UsageError
from briefingfeed.models.delivery import DeliveryState, Result
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.settings import (
    EXAMPLE_FROM_ADDRESS,
    EXAMPLE_URL,
    UNSET_POSTAL_ADDRESS,
    UNSET_URL,
    Mailbox,
    WebSettings,
)
from briefingfeed.services.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.deliveries import Resolution, acknowledge_deliveries, resolve_deliveries
from briefingfeed.storage import editions
from briefingfeed.storage.lock import run_lock
from briefingfeed.storage.schema import delivery, edition

WEEK = timedelta(days=7)
ACCEPTED, SKIPPED, PENDING = DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.PENDING
DEFERRED, FAILED, UNCERTAIN = DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNCERTAIN


def topics(notices) -> list[str]:
    return [notice.topic for notice in notices]


def assert_sums(report) -> None:
    for each in report.editions:
        assert sum(each.counts.values()) == each.recipients


class TestAnEdition:
    def test_reaches_everybody_once(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben", "cy")
        desk.begin()
        report = desk.send()
        assert_sums(report)
        (edition,) = report.editions
        assert (edition.key, edition.state, edition.recipients) == ("weekly/2026-W48", EditionState.DONE, 3)
        assert edition.posts == ("Tides",)
        assert edition.subject == "Harbour Notes: Tides"
        assert desk.office.recipients == ["ann@example.org", "ben@example.org", "cy@example.org"]
        assert {str(mail["Subject"]) for mail in desk.office.mails} == {"Harbour Notes: Tides"}
        assert report.exit_code == 0
        assert report.news == ()

    def test_is_not_sent_again_by_any_later_run(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        for _ in range(3):
            desk.now += timedelta(hours=30)
            report = desk.send()
            assert report.editions == ()
            assert report.exit_code == 0
        assert len(desk.office.seen) == 1

    def test_the_next_week_carries_only_what_is_new(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        desk.write("Winds", "2026-11-27")
        desk.write("Late to the folder", "2026-11-18")
        desk.now += WEEK
        (edition,) = desk.send().editions
        assert edition.posts == ("Winds", "Late to the folder")

    def test_keeps_its_words_when_a_post_changes_after_the_freeze(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        (desk.folder / "posts" / "2026-11-20-tides.md").write_text("---\ntitle: Other\n---\n\nOther.\n", "utf-8")
        desk.office.answers.clear()
        desk.now += timedelta(minutes=30)
        report = desk.send()
        assert report.editions[0].state is EditionState.DONE
        _, _, third = (mail.get_body(("plain",)).get_content() for mail in desk.office.mails)
        assert "The text of Tides." in third
        assert "Other" not in third

    def test_skips_whoever_left_after_the_freeze(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        desk.unsubscribe("ben")
        desk.office.down = None
        report = desk.send()
        assert desk.states() == {"ann": ACCEPTED, "ben": SKIPPED}
        assert_sums(report)

    def test_without_a_post_is_recorded_as_empty(self, desk) -> None:
        desk.subscribe("ann")
        desk.begin()
        desk.write("Old", "2026-01-05")
        report = desk.send()
        assert report.editions[0].state is EditionState.EMPTY
        assert report.exit_code == 0
        assert report.news == ()
        assert desk.office.seen == []

    def test_is_not_empty_while_a_file_is_broken(self, desk) -> None:
        desk.subscribe("ann")
        desk.begin()
        file = desk.folder / "posts" / "2026-11-20-broken.md"
        file.write_text("---\ntitle: [unclosed\ndate: 2026-11-20\n---\n\nText.\n", "utf-8")
        first, second = desk.send(), desk.send()
        assert desk.edition() is None
        assert topics(first.news) == ["unreadable:weekly/2026-W48"]
        assert "2026-11-20-broken.md" in first.news[0].text
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]
        file.write_text("---\ntitle: Mended\ndate: 2026-11-20\n---\n\nText.\n", "utf-8")
        third = desk.send()
        assert third.exit_code == 0
        assert third.editions[0].posts == ("Mended",)

    def test_goes_without_the_broken_file_and_says_so_once(self, desk) -> None:
        desk.write("Tides")
        (desk.folder / "posts" / "broken.md").write_text("---\ntitle: [\n---\n", "utf-8")
        desk.subscribe("ann")
        desk.begin()
        report = desk.send()
        assert report.editions[0].posts == ("Tides",)
        assert report.exit_code == 1
        assert "broken.md" in str(report.news[0])
        assert desk.send().exit_code == 0

    def test_without_a_subscriber_keeps_its_posts_for_the_next(self, desk) -> None:
        desk.write("Tides")
        desk.begin()
        assert desk.send().editions[0].state is EditionState.EMPTY
        desk.subscribe("ann")
        desk.now += WEEK
        assert desk.send().editions[0].posts == ("Tides",)

    def test_of_an_archive_takes_what_is_new_and_passes_over_the_rest(self, desk) -> None:
        desk.write("Tides")
        for number in range(40):
            desk.write(f"Old {number}", "2026-10-30")
        desk.subscribe("ann")
        desk.begin()
        assert desk.send().editions[0].posts == ("Tides",)
        desk.now += WEEK
        assert desk.send().editions[0].state is EditionState.EMPTY

    def test_with_too_many_old_posts_is_held_until_it_is_released(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        for number in range(12):
            desk.write(f"Old {number}", "2026-11-10")
        desk.now += WEEK
        first, second = desk.send(), desk.send()
        assert topics(first.news) == ["held:weekly/2026-W49"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [1, 1]
        assert len(desk.office.seen) == 1
        release_edition(desk.database, "weekly/2026-W49", desk.now)
        assert desk.send().exit_code == 0
        assert len(desk.office.seen) == 2


class TestTime:
    def test_the_first_real_run_sends_nothing_of_the_past(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        assert desk.send().editions == ()
        assert desk.send().editions == ()
        desk.now += WEEK
        assert desk.send().editions[0].key == "weekly/2026-W49"

    def test_with_now_it_sends_the_latest_slot(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        assert desk.send(at_once=True).editions[0].key == "weekly/2026-W48"
        assert desk.send(at_once=True).editions == ()

    def test_a_slot_missed_is_told_once_and_its_posts_go_with_the_next(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.now += 2 * WEEK
        first, second = desk.send(), desk.send()
        assert topics(first.news) == ["missed:weekly/2026-W49"]
        assert first.news[0].text.startswith("2 editions, weekly/2026-W48 to weekly/2026-W49, did not")
        assert first.editions[0].key == "weekly/2026-W50"
        assert first.editions[0].posts == ("Tides",)
        assert first.exit_code == 1
        assert second.exit_code == 0

    def test_rows_that_wait_too_long_expire(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.answers["ben@example.org"] = Result.DEFERRED
        desk.send()
        desk.now += timedelta(days=5)
        report = desk.send()
        assert desk.states() == {"ann": ACCEPTED, "ben": DeliveryState.EXPIRED}
        assert report.editions[0].state is EditionState.DONE
        assert_sums(report)


class TestRehearsal:
    def test_says_once_that_nobody_is_mailed(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.provider = desk.outbox
        first, second = desk.send(), desk.send()
        assert first.editions[0].key == "rehearsal/weekly/2026-W48"
        assert topics(first.news) == ["rehearsal:rehearsal/weekly/2026-W48"]
        assert second.news == ()
        assert [first.exit_code, second.exit_code] == [0, 0]

    def test_does_not_count_as_mailed(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        office, desk.provider = desk.provider, desk.outbox
        desk.send()
        desk.provider = office
        report = desk.send(at_once=True)
        assert report.editions[-1].posts == ("Tides",)
        assert desk.office.recipients == ["ann@example.org"]

    def test_is_cancelled_when_real_mail_begins(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        office, desk.provider = desk.provider, desk.outbox
        desk.send()
        with desk.database.write() as connection:
            connection.execute(edition.update().values(state=EditionState.SENDING))
            connection.execute(delivery.update().values(state=PENDING))
        desk.provider = office
        desk.send()
        assert desk.edition("rehearsal/weekly/2026-W48").state is EditionState.CANCELLED
        assert desk.states("rehearsal/weekly/2026-W48") == {"ann": SKIPPED}
        assert desk.office.seen == []

    def test_never_takes_real_rows(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann", "ben")
        desk.begin()
        desk.office.down = ProviderError("no connection")
        desk.send()
        office, desk.provider = desk.provider, desk.outbox
        first, second = desk.send(), desk.send()
        assert "provider:weekly/2026-W48" in topics(first.news)
        assert "provider:weekly/2026-W48" not in topics(second.news)
        assert first.exit_code == second.exit_code == 1
        assert desk.states() == {"ann": PENDING, "ben": PENDING}
        desk.provider = office
        desk.office.down = None
        desk.send()
        assert desk.states() == {"ann": ACCEPTED, "ben": ACCEPTED}


class TestRefusals:
    def test_a_real_provider_does_not_speak_for_the_example(self, desk) -> None:
        settings = desk.settings
        desk.settings = replace(
            settings,
            publication=replace(settings.publication, url=EXAMPLE_URL),
            newsletter=replace(settings.newsletter, from_=Mailbox(EXAMPLE_FROM_ADDRESS)),
        )
        with pytest.raises(ConfigurationError, match=r"\[publication\] url, \[newsletter\] from"):
            desk.send()
        desk.provider = desk.outbox
        desk.send()

    def test_what_init_writes_for_want_of_an_answer_is_not_mailed_either(self, desk) -> None:
        publication = replace(desk.settings.publication, url=UNSET_URL, postal_address=UNSET_POSTAL_ADDRESS)
        desk.settings = replace(desk.settings, publication=publication)
        with pytest.raises(ConfigurationError, match=r"\[publication\] url, \[publication\] postal_address: not yours"):
            desk.send()

    def test_another_time_is_only_for_this_machine(self, desk) -> None:
        desk.office.is_local = False
        with pytest.raises(UsageError, match="only rehearses"):
            desk.send(as_of=True)
        desk.office.is_local = True
        desk.settings = replace(desk.settings, web=WebSettings(public_url="https://harbour.example"))
        with pytest.raises(UsageError, match="only rehearses"):  # a server of this machine may be a relay
            desk.send(as_of=True)
        desk.settings = replace(desk.settings, web=WebSettings(public_url="http://localhost:8090"))
        desk.send(as_of=True)


class TestPreflight:
    def test_the_unsubscribe_page_must_answer_before_mail_leaves_the_machine(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.office.is_local = False
        desk.begin()
        desk.page = "it answers 502."
        first, second = desk.send(), desk.send()
        assert desk.edition().state is EditionState.BLOCKED
        assert "502" in first.news[0].text
        assert second.news == ()
        assert first.exit_code == second.exit_code == 1
        desk.page = None
        assert desk.send().exit_code == 0
        assert desk.office.recipients == ["ann@example.org"]
        assert desk.pages_asked[0].startswith("http://127.0.0.1:8090/u/")

    def test_a_blocked_edition_is_missed_when_the_next_slot_comes(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.office.is_local = False
        desk.begin()
        desk.page = "it answers 502."
        desk.send()
        desk.page = None
        desk.now += WEEK
        report = desk.send()
        assert desk.edition().state is EditionState.MISSED
        assert "missed:weekly/2026-W48" in topics(report.news)
        assert report.editions[0].posts == ("Tides",)

    def test_on_this_machine_nobody_asks_the_page(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        desk.send()
        assert desk.pages_asked == []


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


class TestTwoAtOnce:
    def test_the_loser_has_nothing_to_do(self, desk) -> None:
        with run_lock(desk.database.lock_file):
            report = desk.send(lock_wait=timedelta(minutes=30))
        assert report.busy
        assert report.exit_code == 0

    def test_a_due_slot_waits_for_the_lock_but_not_for_ever(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        with run_lock(desk.database.lock_file), pytest.raises(LockedError):
            desk.send(lock_wait=timedelta(seconds=1))
        assert desk.send().exit_code == 0

    def test_whoever_waits_goes_when_the_other_has_frozen_the_slot(self, desk) -> None:
        desk.write("Tides")
        desk.subscribe("ann")
        desk.begin()
        reports = []

        def wait() -> None:
            reports.append(desk.send(lock_wait=timedelta(seconds=20)))

        waiting = threading.Thread(target=wait)
        with run_lock(desk.database.lock_file):
            waiting.start()
            time.sleep(0.2)
            with desk.database.write() as connection:
                editions.create(
                    connection,
                    Edition(
                        key="weekly/2026-W48",
                        cadence=Cadence.WEEKLY,
                        rehearsal=False,
                        slot_at=desk.now,
                        state=EditionState.EMPTY,
                    ),
                )
            waiting.join(5)
        assert reports[0].busy
