"""What keeps a run from mailing: settings, the page for unsubscribing, and another run."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from briefingfeed.errors import ConfigurationError, LockedError, UsageError
from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.edition import Cadence, Edition, EditionState
from briefingfeed.models.settings import (
    EXAMPLE_FROM_ADDRESS,
    EXAMPLE_URL,
    UNSET_POSTAL_ADDRESS,
    UNSET_URL,
    Mailbox,
    WebSettings,
)
from briefingfeed.storage import editions
from briefingfeed.storage.lock import run_lock

from .conftest import topics

WEEK = timedelta(days=7)
ACCEPTED, SKIPPED, PENDING = DeliveryState.ACCEPTED, DeliveryState.SKIPPED, DeliveryState.PENDING
DEFERRED, FAILED, UNCERTAIN = DeliveryState.DEFERRED, DeliveryState.FAILED, DeliveryState.UNCERTAIN


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
            reports.append(desk.send(lock_wait=timedelta(seconds=120)))

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
            waiting.join(60)
        assert reports[0].busy
