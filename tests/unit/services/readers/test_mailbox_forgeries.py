"""Anybody can write to the mailbox. Without a mark that only we can make, nobody loses their mail by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.subscriber import SubscriberState
from returned import bounces, others
from returned.bounces import Copy

FORGED = [
    bounces.postfix_unknown_user,
    bounces.exim_plain,
    bounces.exchange_not_found,
    bounces.qmail,
    bounces.sendmail,
    others.complaint,
]


def stranger(house: Any) -> Copy:
    """What somebody can put into a report who knows Ann's address and our form, but no copy of hers."""
    return replace(Copy(), recipient="ann@readers.example")


@pytest.mark.parametrize("write", FORGED, ids=lambda write: write.__name__)
def test_a_report_that_only_names_an_address_suppresses_nobody(house: Any, write: Any) -> None:
    house.subscribe("ann")
    for week in range(6):
        house.mail(f"weekly/{week}")
        house.now += timedelta(days=7)
        house.read(write(stranger(house)).replace(b"23 Nov", b"%d Nov" % (week + 10)))
    assert house.suppression("ann") is None
    assert house.person("ann").state is SubscriberState.CONFIRMED
    assert house.row("ann", "weekly/5").state is DeliveryState.ACCEPTED


def test_a_bounce_known_by_its_address_only_is_noted_for_the_story(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    report = house.read(bounces.postfix_unknown_user(stranger(house)))
    assert report.fates == {"unproven": 1}
    (event,) = house.events("ann")
    assert event.delivery_id is None


def test_a_complaint_known_by_its_address_only_is_left_for_people(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    raw = others.complaint(stranger(house)).replace(b"redacted@", b"ann@")
    assert house.read(raw).set_aside == 1


@pytest.mark.parametrize("spoil", ["other row", "one letter", "other subscriber"])
def test_a_mark_that_was_tampered_with_is_worth_nothing(house: Any, spoil: str) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    ann, bob = house.copy("ann").return_path, house.copy("bob").return_path
    local = len("bounces+")
    spoilt = {
        "other row": ann[: local + 8] + bob[local + 8 :],
        "one letter": ann.replace(ann[local + 12], "a" if ann[local + 12] != "a" else "b"),
        "other subscriber": bob[: local + 8] + ann[local + 8 :],
    }[spoil]
    house.read(bounces.postfix_unknown_user(replace(stranger(house), return_path=spoilt, recipient="x@gone.example")))
    assert house.suppression("ann") is None
    assert house.suppression("bob") is None


def test_after_a_restore_the_mark_of_a_lost_row_does_not_hit_whoever_has_its_number_now(house: Any) -> None:
    house.subscribe("ann")
    house.mail("weekly/lost")
    lost = house.copy("ann", "weekly/lost")
    with house.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM delivery")
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'delivery'")
        connection.exec_driver_sql("UPDATE subscriber SET state = 'unsubscribed'")
    house.subscribe("bob")
    house.mail("weekly/new")
    assert house.row("bob", "weekly/new").id == 1
    house.read(
        bounces.postfix_unknown_user(replace(lost, message_id="<x@y.example>", token="x", recipient="a@b.example"))
    )
    assert house.suppression("bob") is None


def test_backscatter_about_mails_that_were_never_ours_is_left_alone(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    foreign = Copy(
        recipient="victim@elsewhere.example",
        return_path="bounces@briefings.example",
        message_id="<spam-1@botnet.example>",
        token="x",
    )
    report = house.read(bounces.postfix_unknown_user(foreign), bounces.qmail(foreign))
    assert report.fates == {"strange": 2}
    assert report.set_aside == 2


def test_an_unsubscribe_token_that_is_not_ours_is_left_for_people(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    assert house.read(others.wish(Copy().token)).set_aside == 1
    assert house.person("ann").state is SubscriberState.CONFIRMED


def test_a_bounce_of_a_test_mail_has_no_consequence_and_bothers_nobody(house: Any) -> None:
    from briefingfeed.delivery.copies import NOBODY
    from briefingfeed.tokens import bounce_token

    mark = bounce_token(house.keyring, 0, NOBODY, key=house.keyring.current)
    report = house.read(bounces.postfix_unknown_user(Copy(return_path=f"bounces+{mark}@briefings.example")))
    assert report.set_aside == 0
