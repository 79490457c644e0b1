"""Tests, proofs and reports: counted by the provider's limits, and sent by one machine of several."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import Mailbox
from briefingfeed.providers.base import Limits
from briefingfeed.services.sending.proofs import send_proofs
from briefingfeed.services.sending.sample import send_sample
from briefingfeed.services.telling.report_mailing import send_reports
from briefingfeed.storage import meta, own_mails, runs

EDITOR, OLA = "editor@harbour.example", "ola@harbour.example"


@pytest.fixture
def desk(desk):
    desk.await_monday()
    return desk


def on(desk, place: str):
    return replace(desk.context, place=place)


def lapse(desk) -> None:
    """As if the leases of all claims were over."""
    with desk.database.write() as connection:
        past = (runs.clock(connection) - timedelta(seconds=1)).isoformat()
        claims = json.loads(meta.get_mark(connection, "own_mails"))
        assert claims
        meta.set_mark(connection, "own_mails", json.dumps({of: (place, past) for of, (place, _) in claims.items()}))


class PowerCut(BaseException):
    pass


def test_a_test_mail_takes_a_place_and_waits_for_one(desk) -> None:
    desk.office.limits = Limits(per_hour=1)
    assert send_sample(desk.context, Cadence.WEEKLY, "you@harbour.example").exit_code == 0
    second = send_sample(desk.context, Cadence.WEEKLY, "you@harbour.example")
    assert (second.exit_code, len(desk.office.seen)) == (75, 1)
    assert second.outcome.note == "the limit of 1 per hour is reached until 06:31"


def test_a_proof_takes_a_place_from_the_readers_and_a_report_from_both(desk) -> None:
    desk.change(proof_to=(Mailbox(EDITOR),), report_to=(Mailbox(OLA),))
    desk.office.limits = Limits(per_day=3)
    for hours in (0, 2.5, 3):
        desk.now += timedelta(hours=hours)
        desk.send()
    assert desk.office.recipients == ["ann@example.org", "ben@example.org", EDITOR]
    desk.now += timedelta(days=1)
    desk.send()
    assert desk.office.recipients.count(OLA) == 1


@pytest.mark.parametrize("what", ["proof", "report"])
def test_a_machine_that_dies_with_it_in_hand_keeps_it_from_others_for_the_time_of_its_lease_only(desk, what) -> None:
    if what == "proof":
        desk.change(proof_to=(Mailbox(EDITOR),))
        send = lambda context: send_proofs(context, Cadence.WEEKLY)  # noqa: E731
    else:
        desk.now += timedelta(hours=3)
        desk.change(report_to=(Mailbox(OLA),))
        desk.office.answers = {OLA: Result.RETURNED}
        desk.send()
        desk.now += timedelta(minutes=10)
        desk.office.answers, send = {}, send_reports
    before = len(desk.office.seen)
    desk.office.down = PowerCut()
    with pytest.raises(PowerCut):
        send(on(desk, "here"))
    desk.office.down = None
    send(on(desk, "there"))
    assert len(desk.office.seen) == before
    lapse(desk)
    send(on(desk, "there"))
    send(on(desk, "here"))
    assert len(desk.office.seen) == before + 1


def test_the_machine_itself_waits_for_no_lease_and_mails_it_under_the_same_name(desk) -> None:
    desk.change(proof_to=(Mailbox(EDITOR),))
    with desk.database.write() as connection:
        assert own_mails.claim(connection, "x", "here")
        assert own_mails.claim(connection, "x", "here")
        assert not own_mails.claim(connection, "x", "there")
        own_mails.release(connection, "x")
        assert own_mails.claim(connection, "x", "there")
    desk.office.answers = {EDITOR: Result.UNCERTAIN}
    for place in ("here", "there"):
        send_proofs(on(desk, place), Cadence.WEEKLY)
    names = {mail["Message-ID"] for mail in desk.office.mails}
    assert (len(desk.office.seen), len(names)) == (2, 1)


def test_what_another_machine_has_mailed_meanwhile_is_not_mailed_again(desk) -> None:
    """Both have looked before either mailed it."""
    desk.change(proof_to=(Mailbox(EDITOR), Mailbox("chair@harbour.example")))
    here, there = on(desk, "here"), on(desk, "there")

    class Slow(type(desk.office)):
        """While its first mail is on its way, the other machine does all it would."""

        async def deliver(self, work) -> None:
            if not self.seen:
                await super().deliver(work)
                other = threading.Thread(
                    target=send_proofs, args=(replace(there, provider=desk.provider), Cadence.WEEKLY)
                )
                other.start()
                other.join()
            else:
                await super().deliver(work)

    desk.provider = Slow()
    send_proofs(replace(here, provider=desk.provider), Cadence.WEEKLY)
    assert desk.office.recipients == ["chair@harbour.example", EDITOR]
    send_proofs(replace(here, provider=desk.provider), Cadence.WEEKLY)
    assert len(desk.office.seen) == 2
