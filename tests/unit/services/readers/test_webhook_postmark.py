"""What Postmark tells, over HTTP into the real pages, and what follows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from briefingfeed.models.delivery import DeliveryState, EventKind
from briefingfeed.models.subscriber import SubscriberState, SuppressionReason
from briefingfeed.providers.postmark_webhook import PostmarkWebhook
from briefingfeed.storage import deliveries
from briefingfeed.storage.events import settle_heard_of
from briefingfeed.storage.schema import delivery
from briefingfeed.tokens import webhook_passwords

from .doors import Door, basic, mark_of

THEIR_ID = "883953f4-6105-42a2-a16a-77a8eac79483"


@pytest.fixture
def door(house: Any) -> Door:
    return Door(house, "postmark", PostmarkWebhook(webhook_passwords(house.keyring, "postmark")))


@pytest.fixture
def tell(house: Any, door: Door) -> Any:
    """Postmark itself tells; what it tells is taken."""
    (password,) = webhook_passwords(house.keyring, "postmark")

    def tell_it(*records: dict[str, object]) -> None:
        for record in records:
            assert door.tell(record, basic(password)) == 200

    return tell_it


def bounce(mark: str | None, kind: str = "HardBounce", **more: object) -> dict[str, object]:
    return {
        "RecordType": "Bounce",
        "MessageStream": "broadcast",
        "ID": 4323372036854775807,
        "Type": kind,
        "MessageID": THEIR_ID,
        "Metadata": {"mark": mark} if mark else {},
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist: ann@readers.example",
        "Email": "ann@readers.example",
        "BouncedAt": "2026-11-23T08:09:00.1234567Z",
        "Inactive": True,
        **more,
    }


def test_a_hard_bounce_is_believed_at_once(house: Any, tell: Any) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    tell(bounce(mark_of(house.copy("ann"))))
    assert house.suppression("ann").reason is SuppressionReason.BOUNCED
    assert house.suppression("bob") is None
    assert house.person("ann").state is SubscriberState.CONFIRMED
    (event,) = house.events("ann")
    assert (event.source, event.kind, event.permanent, event.code) == ("postmark", EventKind.BOUNCED, True, 550)
    assert "does not exist" in event.note
    assert "ann@" not in event.note
    assert (event.at.hour, event.at.minute) == (8, 5), "no later than it was heard"


def test_told_again_it_is_the_same(house: Any, tell: Any) -> None:
    house.subscribe("ann")
    house.mail()
    told = bounce(mark_of(house.copy("ann")))
    tell(told, told, told | {"ID": 1})
    assert len(house.events("ann")) == 1


def test_without_a_mark_their_own_id_names_the_copy_together_with_the_address(house: Any, tell: Any) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    with house.database.write() as c:
        c.execute(update(delivery).values(provider_id=THEIR_ID))  # both went in one request
    tell(bounce(None))
    assert house.suppression("ann")
    assert house.suppression("bob") is None


@pytest.mark.parametrize("mark", [None, "a" * 24, "not a mark", {"a": 1}])
def test_of_a_mail_that_is_not_ours_nothing_follows(house: Any, tell: Any, mark: Any) -> None:
    house.subscribe("ann")
    house.mail()
    tell(bounce(mark), {"RecordType": "SpamComplaint", "Email": "ann@readers.example", "MessageID": THEIR_ID})
    assert house.suppression("ann") is None
    assert house.person("ann").state is SubscriberState.CONFIRMED


def test_the_mark_counts_whatever_address_is_named(house: Any, tell: Any) -> None:
    house.subscribe("ann", "bob")
    house.mail()
    tell(bounce(mark_of(house.copy("bob"))))
    assert house.suppression("ann") is None
    assert house.suppression("bob")


def test_a_complaint_ends_the_subscription(house: Any, tell: Any) -> None:
    house.subscribe("ann")
    house.mail()
    mark = {"Metadata": {"mark": mark_of(house.copy("ann"))}}
    tell({"RecordType": "SpamComplaint", "ID": 1, "Email": "ann@readers.example"} | mark)
    assert house.suppression("ann").reason is SuppressionReason.COMPLAINED
    assert house.person("ann").state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("reason", "suppress", "left"),
    [("ManualSuppression", True, True), ("ManualSuppression", False, False), ("HardBounce", True, False)],
)
def test_whoever_asks_postmark_for_silence_leaves(
    house: Any, tell: Any, reason: str, suppress: bool, left: bool
) -> None:
    house.subscribe("ann")
    house.mail()
    change = {"RecordType": "SubscriptionChange", "SuppressSending": suppress, "SuppressionReason": reason}
    tell(change | {"Metadata": {"mark": mark_of(house.copy("ann"))}, "Recipient": "ann@readers.example"})
    assert (house.person("ann").state is SubscriberState.UNSUBSCRIBED) == left
    assert house.suppression("ann") is None


def test_nobody_comes_back_by_it(house: Any, tell: Any) -> None:
    house.subscribe("ann")
    house.mail()
    mark = {"Metadata": {"mark": mark_of(house.copy("ann"))}}
    tell({"RecordType": "SpamComplaint", "ID": 1} | mark)
    tell({"RecordType": "SubscriptionChange", "SuppressSending": False, "SuppressionReason": "SpamComplaint"} | mark)
    assert house.suppression("ann")
    assert house.person("ann").state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("kind", "details", "permanent", "code"),
    [
        ("SoftBounce", "smtp;452 4.2.2 mailbox full", False, "4.2.2"),
        ("DnsError", "", False, None),
        ("Blocked", "smtp;550 5.7.1 blocked", True, "5.7.1"),
        ("SpamNotification", "", True, "5.7.1"),
        ("BadEmailAddress", "", True, "5.1.3"),
    ],
)
def test_a_bounce_weighs_what_it_says(
    house: Any, tell: Any, kind: str, details: str, permanent: bool, code: str | None
) -> None:
    house.subscribe("ann")
    house.mail()
    tell(bounce(mark_of(house.copy("ann")), kind, Details=details))
    (event,) = house.events("ann")
    assert (event.permanent, event.enhanced_code) == (permanent, code)
    assert (house.suppression("ann") is not None) == (code == "5.1.3")


@pytest.mark.parametrize("kind", ["AutoResponder", "AddressChange", "SomethingNew"])
def test_what_is_of_no_consequence_is_taken_and_forgotten(house: Any, tell: Any, kind: str) -> None:
    house.subscribe("ann")
    house.mail()
    tell(bounce(mark_of(house.copy("ann")), kind), {"RecordType": "Open"}, {})
    assert house.events("ann") == []


def delivered(mark: str) -> dict[str, object]:
    return {"RecordType": "Delivery", "Recipient": "ann@readers.example", "Metadata": {"mark": mark}}


def test_a_delivery_settles_a_copy_that_was_unclear(house: Any, tell: Any) -> None:
    house.subscribe("ann")
    house.mail(state=DeliveryState.UNCERTAIN)
    tell(delivered(mark_of(house.copy("ann"))))
    assert house.row("ann").state is DeliveryState.ACCEPTED


def test_a_delivery_that_is_told_before_its_outcome_is_recorded_settles_it_later(house: Any, tell: Any) -> None:
    house.subscribe("ann")
    house.mail(state=DeliveryState.SUBMITTING)
    tell(delivered(mark_of(house.copy("ann"))))
    assert house.row("ann").state is DeliveryState.SUBMITTING
    with house.database.write() as c:
        deliveries.recover(c, "the next run", house.now)
        settle_heard_of(c, house.now)
    assert house.row("ann").state is DeliveryState.ACCEPTED


def test_a_delivery_that_is_no_news_leaves_no_row(house: Any, tell: Any) -> None:
    house.subscribe("ann")
    house.mail()
    tell(delivered(mark_of(house.copy("ann"))))
    assert house.events("ann") == []
