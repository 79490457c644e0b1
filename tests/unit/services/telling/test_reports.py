"""Mails to `report_to`, as stories: what arrives, and how often."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Result
from briefingfeed.models.settings import Mailbox
from briefingfeed.services.sending.braking import cancel_edition, hold_edition, release_edition
from briefingfeed.services.sending.deliveries import Resolution, acknowledge_deliveries, resolve_deliveries

KEY = "weekly/2026-W48"
OLA, PAT = "ola@harbour.example", "pat@harbour.example"
READERS = ("ann", "ben", "cy")


@pytest.fixture
def desk(desk):
    desk.change(report_to=(Mailbox(OLA, "Ola"),))
    desk.write("Tides")
    desk.subscribe(*READERS)
    desk.begin()
    return desk


def mails(desk, whom: str = OLA) -> list[EmailMessage]:
    return [mail for mail in desk.office.mails if mail["To"].addresses[0].addr_spec == whom]


def subjects(desk, whom: str = OLA) -> list[str]:
    return [mail["Subject"] for mail in mails(desk, whom)]


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def later(desk, **time: float):
    desk.now += timedelta(**time)
    return desk.send()


class TestAnEditionThatIsOver:
    def test_has_one_mail_whose_numbers_add_up(self, desk) -> None:
        desk.office.answers = {"ann@example.org": Result.UNCERTAIN, "ben@example.org": Result.FAILED}
        desk.send()
        for _ in range(4):
            later(desk, minutes=15)
        (mail,) = mails(desk)
        assert mail["Subject"] == f"{KEY}: 1 of 3 handed over"
        words = text(mail)
        assert "1  handed over\n1  refused\n1  unclear\n3  in all" in words
        assert "- Tides" in words
        assert "briefingfeed deliveries resolve" in words
        assert "Monday, 23 November 2026, 08:05" in words

    def test_names_no_reader(self, desk) -> None:
        desk.office.answers = {"ann@example.org": Result.UNCERTAIN, "ben@example.org": Result.FAILED}
        desk.send()
        (mail,) = mails(desk)
        assert not any(reader in text(mail) for reader in ("ann@", "ben@", "cy@", "example.org"))

    def test_is_a_machine_s_mail_and_no_newsletter(self, desk) -> None:
        desk.send()
        (mail,) = mails(desk)
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["From"] == "Harbour Notes <notes@harbour.example>"
        assert mail["Message-ID"].endswith("@harbour.example>")
        assert mail["List-Unsubscribe"] is None
        assert "/u/" not in text(mail)

    def test_waits_for_the_last_reader(self, desk) -> None:
        desk.office.answers = {"cy@example.org": Result.DEFERRED}
        desk.send()
        assert mails(desk) == []
        desk.office.answers = {}
        later(desk, minutes=15)
        assert subjects(desk) == [f"{KEY}: 3 of 3 handed over"]

    def test_that_expired_says_who_is_too_late(self, desk) -> None:
        desk.office.answers = {"cy@example.org": Result.DEFERRED}
        desk.send()
        later(desk, days=5, hours=1)
        (mail,) = mails(desk)
        assert "2  handed over\n1  too late\n3  in all" in text(mail)

    def test_that_was_cancelled_half_way_says_so(self, desk) -> None:
        desk.office.answers = {"cy@example.org": Result.DEFERRED}
        desk.send()
        cancel_edition(desk.database, KEY, desk.now)
        later(desk, minutes=15)
        assert subjects(desk) == [f"{KEY}: cancelled, 2 of 3 handed over"]

    def test_that_was_cancelled_before_it_began_is_no_news(self, desk) -> None:
        desk.office.down = ProviderError("no connection")
        desk.send()
        cancel_edition(desk.database, KEY, desk.now)
        desk.office.down = None
        later(desk, minutes=15)
        assert mails(desk) == []

    def test_of_long_ago_has_none_when_reports_are_switched_on(self, desk) -> None:
        desk.change(report_to=())
        desk.send()
        desk.change(report_to=(Mailbox(OLA),))
        later(desk, minutes=15)
        assert mails(desk) == []

    def test_of_the_very_first_run_has_one(self, desk) -> None:
        with desk.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM meta WHERE name = 'reported'")
        desk.send()
        assert len(mails(desk)) == 1

    def test_that_was_sent_again_to_one_reader_has_no_second(self, desk) -> None:
        desk.office.answers = {"ann@example.org": Result.UNCERTAIN}
        desk.send()
        desk.office.answers = {}
        resolve_deliveries(desk.database, Resolution.RESEND, desk.now, ids=[desk.row("ann")])
        later(desk, minutes=15)
        assert len(mails(desk)) == 1

    def test_of_a_rehearsal_is_told_into_the_outbox(self, desk) -> None:
        desk.provider = desk.outbox
        desk.send()
        kept = [file.read_text() for file in (desk.folder / "outbox" / "new").iterdir()]
        assert sum(f"Subject: rehearsal/{KEY}: 3 of 3 handed over" in mail for mail in kept) == 1
        assert len(kept) == len(READERS) + 1


class TestADecision:
    def test_is_asked_for_at_once_and_once(self, desk) -> None:
        desk.office.answers = dict.fromkeys((f"{name}@example.org" for name in READERS), Result.POLICY)
        desk.send()
        later(desk, minutes=15)
        (mail,) = mails(desk)
        assert mail["Subject"].startswith(f"{KEY} is held")
        assert f"briefingfeed editions release {KEY}" in text(mail)

    def test_that_comes_up_again_is_asked_for_again(self, desk) -> None:
        desk.office.answers = {"cy@example.org": Result.DEFERRED}
        desk.send()
        for _ in range(2):
            hold_edition(desk.database, KEY, desk.now)
            later(desk, minutes=15)
            release_edition(desk.database, KEY, desk.now)
            later(desk, minutes=15)
        assert sum("is held" in subject for subject in subjects(desk)) == 2

    def test_about_single_readers_waits_for_the_report(self, desk) -> None:
        desk.office.answers = {"ann@example.org": Result.FAILED, "cy@example.org": Result.DEFERRED}
        desk.send()
        assert mails(desk) == []
        later(desk, minutes=15)
        assert mails(desk) == []
        desk.office.answers = {}
        later(desk, minutes=30)
        (mail,) = mails(desk)
        assert "1 refused for good" in text(mail)

    def test_about_single_readers_does_not_wait_for_days(self, desk) -> None:
        desk.office.answers = {"ann@example.org": Result.FAILED, "cy@example.org": Result.DEFERRED}
        desk.send()
        for _ in range(20):
            later(desk, minutes=15)
        assert subjects(desk) == ["Deliveries that need a decision: 1 refused for good"]

    def test_that_is_settled_is_no_longer_asked_for(self, desk) -> None:
        desk.office.answers = {"ann@example.org": Result.FAILED}
        desk.send()
        acknowledge_deliveries(desk.database, desk.now)
        desk.now += timedelta(days=7)
        desk.write("Winds", "2026-11-27")
        desk.office.answers = {}
        desk.send()
        assert "Nothing awaits you." in text(mails(desk)[-1])

    def test_about_a_missed_edition_comes_as_well(self, desk) -> None:
        later(desk, days=8)
        assert any(KEY in text(mail) and "did not go out in time" in text(mail) for mail in mails(desk))

    def test_told_only_in_a_rehearsal_is_still_to_be_told(self, desk) -> None:
        desk.office.answers = {"cy@example.org": Result.DEFERRED}
        desk.send()
        hold_edition(desk.database, KEY, desk.now)
        office, desk.provider = desk.office, desk.outbox
        later(desk, minutes=15)
        desk.provider = office
        later(desk, minutes=15)
        assert subjects(desk) == [f"{KEY} is held: somebody asked for it"]


class TestTheWayOut:
    def test_down_for_two_hours_is_told_once_it_works_again(self, desk) -> None:
        desk.office.down = ProviderError("The mail server refused our login.", where="mail.example:587")
        for _ in range(9):
            desk.send()
            desk.now += timedelta(minutes=15)
        assert mails(desk) == []
        desk.office.down = None
        later(desk, minutes=0)
        later(desk, minutes=15)
        (mail,) = mails(desk)
        assert mail["Subject"] == f"{KEY}: 3 of 3 handed over"
        assert "From 23 November 2026, 08:05, until 10:20 nothing could be handed over" in text(mail)
        assert "refused our login" in text(mail)

    def test_down_for_a_quarter_of_an_hour_is_no_news(self, desk) -> None:
        desk.office.down = ProviderError("421 later")
        desk.send()
        desk.office.down = None
        later(desk, minutes=15)
        (mail,) = mails(desk)
        assert "nothing could be handed over" not in text(mail)

    def test_down_only_for_the_report_is_tried_by_each_run_and_arrives_once(self, desk) -> None:
        desk.office.answers = {"cy@example.org": Result.DEFERRED}
        desk.send()
        hold_edition(desk.database, KEY, desk.now)
        desk.office.down = ProviderError("no connection")
        told = [notice for _ in range(8) for notice in later(desk, minutes=15).news]
        assert sum("no report could be mailed" in str(notice) for notice in told) == 1
        desk.office.down = None
        for _ in range(3):
            later(desk, minutes=15)
        assert subjects(desk) == [f"{KEY} is held: somebody asked for it"]

    def test_a_report_that_may_have_arrived_is_given_time(self, desk) -> None:
        desk.office.answers = {OLA: Result.UNCERTAIN}
        for _ in range(60):
            later(desk, hours=2)
        assert len(mails(desk)) == 3
        assert len({mail["Message-ID"] for mail in mails(desk)}) == 1

    def test_a_report_put_off_is_tried_again(self, desk) -> None:
        desk.office.answers = {OLA: Result.DEFERRED}
        desk.send()
        desk.office.answers = {}
        for _ in range(3):
            later(desk, minutes=15)
        assert len(mails(desk)) == 2


class TestAnAddressInReportTo:
    def test_that_is_refused_is_told_by_cron_and_the_exit_code_until_it_is_corrected(self, desk) -> None:
        desk.office.answers = {OLA: Result.REJECTED}
        assert desk.send().exit_code == 0
        told = later(desk, minutes=15)
        assert told.exit_code == 1
        assert any("report_to was refused" in str(notice) for notice in told.news)
        again = later(desk, minutes=15)
        assert (again.exit_code, again.news) == (1, ())
        assert len(mails(desk)) == 1
        later(desk, days=1)
        desk.change(report_to=(Mailbox(PAT),))
        assert later(desk, minutes=15).exit_code == 0

    def test_keeps_nobody_else_from_their_mail(self, desk) -> None:
        desk.change(report_to=(Mailbox(OLA), Mailbox(PAT)))
        desk.office.answers = {OLA: Result.REJECTED}
        desk.send()
        later(desk, minutes=15)
        later(desk, minutes=15)
        assert [len(mails(desk, whom)) for whom in (OLA, PAT)] == [1, 2]
        assert "one of the 2 addresses" in text(mails(desk, PAT)[-1])

    def test_that_works_again_is_found_out_within_a_day_or_so(self, desk) -> None:
        desk.office.answers = {OLA: Result.REJECTED, "cy@example.org": Result.DEFERRED}
        desk.send()
        hold_edition(desk.database, KEY, desk.now)
        later(desk, minutes=15)
        desk.office.answers = {}
        release_edition(desk.database, KEY, desk.now)
        assert later(desk, minutes=30).exit_code == 1
        assert len(mails(desk)) == 1
        later(desk, days=1)
        assert subjects(desk)[1:] == [f"{KEY}: 3 of 3 handed over"]
        assert later(desk, minutes=15).exit_code == 0

    def test_is_nowhere_in_what_is_told(self, desk) -> None:
        desk.office.answers = {OLA: Result.REJECTED}
        desk.send()
        told = later(desk, minutes=15)
        assert "ola" not in str([str(notice) for notice in told.notices]).lower()
