"""What follows from a mail, told as stories: a real database, a real Maildir, mails as servers write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from briefingfeed.models.delivery import DeliveryState, EventKind
from briefingfeed.models.subscriber import ConsentKind, SubscriberState, SuppressionReason
from briefingfeed.services.readers import subscribers as people
from briefingfeed.storage import deliveries, events
from briefingfeed.storage.events import settle_heard_of
from publications import KEY
from returned import bounces, others

WEEK = timedelta(days=7)
NOBODY_ELSE = "Nobody else is touched."


def test_an_address_that_does_not_exist_is_suppressed_at_once(house: Any) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    report = house.read(bounces.postfix_unknown_user(house.copy("ann")))
    assert (report.read, report.suppressed, report.unsubscribed) == (1, 1, 0)
    suppression = house.suppression("ann")
    assert suppression.reason is SuppressionReason.BOUNCED
    assert "5.1.1" in suppression.note
    assert house.suppression("bob") is None, NOBODY_ELSE
    assert house.row("ann").state is DeliveryState.ACCEPTED
    assert house.person("ann").state is SubscriberState.CONFIRMED
    assert house.files("new") == house.files("cur") == []


def test_what_the_server_said_is_kept_without_the_address(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.read(bounces.postfix_unknown_user(house.copy("ann")))
    (event,) = house.events("ann")
    assert (event.kind, event.permanent, event.code, event.enhanced_code) == (EventKind.BOUNCED, True, 550, "5.1.1")
    assert "User unknown" in event.note
    assert "ann" not in event.note


@pytest.mark.parametrize("write", [bounces.exim_plain, bounces.qmail, bounces.gmail_unknown_user, bounces.sendmail])
def test_without_a_mark_the_message_id_of_the_returned_mail_names_the_copy(house: Any, write: Any) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    plain = replace(house.copy("ann"), return_path="bounces@briefings.example")
    house.read(write(plain))
    assert house.suppression("ann")
    assert house.suppression("bob") is None, NOBODY_ELSE


def test_a_copy_that_was_forwarded_is_found_among_all_by_its_message_id_alone(house: Any) -> None:
    house.subscribe("ann", *(f"reader{number}" for number in range(50)))
    house.mail()
    forwarded = replace(
        house.copy("ann"), return_path="x@forwarder.example", recipient="elsewhere@gone.example", token="x"
    )
    house.read(bounces.postfix_unknown_user(forwarded))
    assert house.suppression("ann")


def test_a_server_that_gave_up_suppresses_only_after_five_editions_and_three_weeks(house: Any) -> None:
    house.subscribe("ann")
    for week in range(5):
        assert house.suppression("ann") is None
        key = house.mail(f"weekly/{week}")
        house.read(bounces.postfix_gave_up(house.copy("ann", key)))
        house.now += WEEK
    assert house.suppression("ann").reason is SuppressionReason.BOUNCED
    assert house.suppression("ann").note == "5 editions in a row came back"


def test_a_week_of_daily_mails_into_a_broken_server_suppresses_nobody(house: Any) -> None:
    house.subscribe("ann")
    for day in range(10):
        key = house.mail(f"daily/{day}")
        house.read(bounces.gmail_mailbox_full(house.copy("ann", key)))
        house.now += timedelta(days=1)
    assert house.suppression("ann") is None


def test_an_edition_that_arrived_in_between_wipes_the_slate(house: Any) -> None:
    house.subscribe("ann")
    for week in range(8):
        key = house.mail(f"weekly/{week}")
        if week != 4:
            house.read(bounces.postfix_gave_up(house.copy("ann", key)))
        house.now += 2 * WEEK
    assert house.suppression("ann") is None


def test_a_refusal_that_does_not_say_why_suppresses_after_the_third_edition(house: Any) -> None:
    house.subscribe("ann")
    for week in range(3):
        assert house.suppression("ann") is None
        key = house.mail(f"weekly/{week}")
        house.read(bounces.exim_report(house.copy("ann", key)))
        house.now += WEEK
    assert house.suppression("ann").note == "3 editions were refused for good"


def test_what_is_refused_for_what_we_are_or_send_is_held_against_nobody_but_the_operator_hears_of_it(
    house: Any,
) -> None:
    house.subscribe("ann", "bob", "cy")
    for week in range(6):
        key = house.mail(f"weekly/{week}")
        house.read(*(bounces.exchange_blocked(house.copy(name, key)) for name in ("ann", "bob", "cy")))
        house.now += WEEK
    assert not any(house.suppression(name) for name in ("ann", "bob", "cy"))
    notices = house.notices()
    assert [each.topic for each in notices] == ["policy:weekly/4", "policy:weekly/5"]
    assert not any("readers.example" in str(each) for each in notices)


def test_a_complaint_suppresses_and_unsubscribes(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    report = house.read(others.complaint(house.copy("ann")))
    assert (report.suppressed, report.unsubscribed) == (1, 1)
    assert house.suppression("ann").reason is SuppressionReason.COMPLAINED
    assert house.person("ann").state is SubscriberState.UNSUBSCRIBED
    assert [(each.kind, each.source) for each in house.consents("ann")][1:] == [(ConsentKind.WITHDRAWN, "complaint")]


def test_a_mail_with_the_token_unsubscribes_once_however_often_it_comes(house: Any) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    wish = others.wish(house.copy("ann").token)
    assert house.read(wish, wish).unsubscribed == 1
    assert house.read(wish).unsubscribed == 0
    assert [(each.kind, each.source) for each in house.consents("ann")][1:] == [(ConsentKind.WITHDRAWN, "mail")]
    assert house.suppression("ann") is None
    assert house.person("bob").state is SubscriberState.CONFIRMED, NOBODY_ELSE


def test_a_wish_without_a_token_is_left_for_people_because_anybody_could_have_written_it(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    report = house.read(others.wish("Please unsubscribe me"))
    assert (report.unsubscribed, report.set_aside) == (0, 1)
    assert house.person("ann").state is SubscriberState.CONFIRMED
    assert house.files("cur") == ["0000.test:2,F"]


def test_delays_and_automatic_answers_change_nothing(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    copy = house.copy("ann")
    report = house.read(bounces.postfix_delayed(copy), others.vacation(copy), others.out_of_office(copy))
    assert report.fates == {"applied": 1, "of no consequence": 2}
    assert house.suppression("ann") is None
    assert [each.kind for each in house.events("ann")] == [EventKind.DELAYED]


def test_who_was_allowed_again_is_not_suppressed_for_what_happened_before(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    copy = house.copy("ann")
    house.read(bounces.postfix_unknown_user(copy))
    house.now += timedelta(days=1)
    people.unsuppress(house.database, "ann@readers.example", why="repaired", suppression_key=KEY, now=house.now)
    house.read(others.complaint(copy), bounces.gmail_mailbox_full(copy))
    assert house.suppression("ann") is None
    house.now += WEEK
    house.read(bounces.postfix_unknown_user(house.copy("ann", house.mail("weekly/next"))))
    assert house.suppression("ann")


def test_a_rehearsal_bounces_without_consequence(house: Any) -> None:
    house.subscribe("ann")
    key = house.mail("rehearsal/weekly/2026-W48")
    house.read(bounces.postfix_unknown_user(house.copy("ann", key)))
    assert house.suppression("ann") is None


@pytest.mark.parametrize(
    "write", [bounces.postfix_unknown_user, bounces.postfix_delayed, bounces.postfix_delivered, others.complaint]
)
@pytest.mark.parametrize("state", [DeliveryState.UNCERTAIN, DeliveryState.DEFERRED, DeliveryState.PENDING])
def test_whatever_is_heard_of_a_copy_shows_that_it_was_taken(house: Any, write: Any, state: DeliveryState) -> None:
    house.subscribe("ann")
    house.mail(state=state)
    house.read(write(house.copy("ann")))
    row = house.row("ann")
    assert (row.state, row.next_attempt_at) == (DeliveryState.ACCEPTED, None)
    with house.database.read() as c:
        assert not any(deliveries.unsettled(c).values())


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.EXPIRED])
def test_a_row_that_was_settled_otherwise_stays_so(house: Any, state: DeliveryState) -> None:
    house.subscribe("ann")
    house.mail(state=state)
    house.read(bounces.postfix_delayed(house.copy("ann")))
    assert house.row("ann").state is state


def test_an_event_that_comes_before_the_run_could_record_its_outcome_counts_when_the_run_is_found_dead(
    house: Any,
) -> None:
    house.subscribe("ann")
    house.mail(state=DeliveryState.SUBMITTING)
    house.read(bounces.postfix_unknown_user(house.copy("ann")))
    assert house.row("ann").state is DeliveryState.SUBMITTING
    with house.database.write() as c:
        deliveries.recover(c, "another run", house.now)
        assert settle_heard_of(c, house.now) == 1
    assert house.row("ann").state is DeliveryState.ACCEPTED


def test_the_same_mail_twice_and_two_mails_about_the_same_are_one_event(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    copy = house.copy("ann")
    one, other = bounces.postfix_unknown_user(copy), bounces.qmail(copy)
    report = house.read(one, one, other)
    assert report.fates == {"applied": 1, "repeated": 2}
    assert len(house.events("ann")) == 1


def test_that_there_is_no_such_address_counts_also_after_a_lighter_bounce_of_the_same_copy(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    copy = house.copy("ann")
    report = house.read(bounces.exim_report(copy), bounces.postfix_unknown_user(copy))
    assert (report.fates, report.suppressed) == ({"applied": 2}, 1)
    assert "5.1.1" in house.suppression("ann").note


def test_a_delay_that_is_read_after_the_bounce_changes_nothing(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    copy = house.copy("ann")
    house.read(bounces.postfix_unknown_user(copy), bounces.postfix_delayed(copy), bounces.postfix_delivered(copy))
    assert house.suppression("ann").reason is SuppressionReason.BOUNCED
    assert house.row("ann").state is DeliveryState.ACCEPTED


def test_who_was_erased_meanwhile_leaves_no_trace_in_what_comes_back(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    copy = house.copy("ann")
    people.erase(house.database, "ann@readers.example", now=house.now)
    report = house.read(bounces.postfix_unknown_user(copy), others.complaint(copy), others.wish(copy.token))
    assert (report.suppressed, report.unsubscribed, report.set_aside) == (0, 0, 0)
    with house.database.read() as connection:
        assert events.list_by(connection) == []


def test_an_erased_reader_leaves_nothing_in_what_was_heard(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.read(bounces.postfix_unknown_user(house.copy("ann")))
    people.erase(house.database, "ann@readers.example", now=house.now)
    with house.database.read() as connection:
        (heard,) = events.list_by(connection)
    assert (heard.event.subscriber_id, heard.event.note, heard.event.enhanced_code) == (None, "", "5.1.1")
