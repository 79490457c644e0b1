"""What every provider's webhook must do, whatever its words and proofs are."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from briefingfeed.models.delivery import DeliveryState
from briefingfeed.models.subscriber import SubscriberState, SuppressionReason
from briefingfeed.services.readers import subscribers as people
from briefingfeed.storage.schema import delivery
from publications import KEY

from .doors import Door, mark_of
from .tellers import FULL, TELLERS, Event, SendGrid, Ses, Teller


class Talk:
    """A provider, and the door that it tells us things at."""

    def __init__(self, house: Any, teller: Teller) -> None:
        self._house = house
        self.teller = teller
        self._door = Door(house, teller.name, teller.webhook())

    def tell(self, event: Event, *, late: timedelta = timedelta(0)) -> int:
        at = self._house.now - late
        body = self.teller.body(event, at)
        return self.call(body, self.teller.prove(body, at))

    def call(self, body: bytes, headers: dict[str, str]) -> int:
        return self._door.tell(body, headers)


def only(*names: str) -> pytest.MarkDecorator:
    some = [teller for teller in TELLERS if teller.name in names]
    return pytest.mark.parametrize("talk", some, ids=lambda each: each.name, indirect=True)


@pytest.fixture(params=TELLERS, ids=lambda each: each.name)
def talk(request: pytest.FixtureRequest, house: Any) -> Talk:
    house.subscribe("ann", "bob")
    return Talk(house, request.param())


@pytest.fixture
def mark(house: Any, talk: Talk) -> str:
    house.mail()
    return mark_of(house.copy("ann"))


def nothing_happened(house: Any) -> bool:
    left = [house.person(name).state for name in ("ann", "bob")]
    return left == [SubscriberState.CONFIRMED] * 2 and not any(house.suppression(name) for name in ("ann", "bob"))


def test_an_address_that_does_not_exist_is_suppressed(house: Any, talk: Talk, mark: str) -> None:
    assert talk.tell(talk.teller.bounced(mark)) == 200
    assert house.suppression("ann").reason is SuppressionReason.BOUNCED
    assert house.suppression("bob") is None
    (event,) = house.events("ann")
    assert (event.source, event.code, event.enhanced_code) == (talk.teller.name, 550, "5.1.1")
    assert "User unknown" in event.note


def test_what_is_told_twice_is_one(house: Any, talk: Talk, mark: str) -> None:
    assert [talk.tell(talk.teller.bounced(mark)) for _ in range(3)] == [200] * 3
    assert len(house.events("ann")) == 1


def test_a_full_mailbox_suppresses_nobody(house: Any, talk: Talk, mark: str) -> None:
    assert talk.tell(talk.teller.bounced(mark, FULL, permanent=False)) == 200
    (event,) = house.events("ann")
    assert not event.permanent
    assert nothing_happened(house)


def test_a_complaint_ends_the_subscription(house: Any, talk: Talk, mark: str) -> None:
    assert talk.tell(talk.teller.complained(mark)) == 200
    assert house.suppression("ann").reason is SuppressionReason.COMPLAINED
    assert house.person("ann").state is SubscriberState.UNSUBSCRIBED
    assert house.person("bob").state is SubscriberState.CONFIRMED


def test_their_own_id_and_the_address_name_the_copy_as_well(house: Any, talk: Talk, mark: str) -> None:
    with house.database.write() as c:
        c.execute(update(delivery).values(provider_id=talk.teller.stored_id))  # as one request gives them all one
    assert talk.tell(talk.teller.bounced(None)) == 200
    assert house.suppression("ann")
    assert house.suppression("bob") is None


def test_of_a_mail_that_is_not_ours_nothing_follows(house: Any, talk: Talk, mark: str) -> None:
    for other in (None, "b" * 24):
        for event in (talk.teller.bounced(other), talk.teller.complained(other)):
            assert talk.tell(event) == 200
    assert nothing_happened(house)


def test_a_delivery_settles_what_was_unclear(house: Any, talk: Talk) -> None:
    house.mail(state=DeliveryState.UNCERTAIN)
    assert talk.tell(talk.teller.delivered(mark_of(house.copy("ann")))) == 200
    assert house.row("ann").state is DeliveryState.ACCEPTED
    assert house.row("bob").state is DeliveryState.UNCERTAIN


def test_whoever_opened_a_mail_is_not_noted(house: Any, talk: Talk, mark: str) -> None:
    assert talk.tell(talk.teller.opened(mark)) == 200
    assert house.events("ann") == []


def test_without_a_proof_nothing_is_believed(house: Any, talk: Talk, mark: str) -> None:
    bare = json.dumps(talk.teller.complained(mark)).encode()
    for forged in (bare, b"", b"{", b"[1]", b"null", b"\xff"):
        assert talk.call(forged, {}) == 401
    assert nothing_happened(house)


def test_what_is_no_text_proves_nothing_and_is_no_mistake_of_ours(house: Any, talk: Talk, mark: str) -> None:
    for value in ("\ud800", "0001-01-01T00:00:00+10:00", 1e308, 10**400, "\0", "x" * 300_000):
        signature = dict.fromkeys(("timestamp", "token", "signature"), value)
        notice = {"Type": "Notification", "TopicArn": Ses.topic, "Timestamp": value, "SignatureVersion": "2"}
        assert talk.call(json.dumps({"signature": signature} | notice).encode(), {}) == 401
    assert nothing_happened(house)


def test_odd_values_in_what_is_proven_are_taken(house: Any, talk: Talk, mark: str) -> None:
    for value in ("\ud800", "0001-01-01T00:00:00+10:00", "\0", 10**400, None, []):
        event = {
            name: value if isinstance(each, str) and each != mark else each
            for name, each in talk.teller.bounced(mark).items()
        }
        assert talk.tell(event) in (200, 400)


def test_who_came_back_may_complain_about_an_older_copy(house: Any, talk: Talk, mark: str) -> None:
    house.later(timedelta(days=60))
    assert talk.tell(talk.teller.complained(mark)) == 200
    house.later(timedelta(days=1))
    people.unsuppress(house.database, "ann@readers.example", why="asked", suppression_key=KEY, now=house.now)
    people.resubscribe(house.database, "ann@readers.example", now=house.now, wish="a call", suppression_key=KEY)
    assert house.person("ann").state is SubscriberState.CONFIRMED
    house.later(timedelta(days=1))
    again = json.loads(json.dumps(talk.teller.complained(mark)).replace("2026-11-23", house.now.date().isoformat()))
    again |= {"ID": 2, "sg_event_id": "another", "timestamp": house.now.timestamp(), "ts_event": house.now.timestamp()}
    assert talk.tell(again) == 200
    assert house.suppression("ann")
    assert house.person("ann").state is SubscriberState.UNSUBSCRIBED


@only("postmark", "brevo", "resend", "sendgrid")
def test_a_proof_that_is_damaged_is_none(house: Any, talk: Talk, mark: str) -> None:
    body = talk.teller.body(talk.teller.complained(mark), house.now)
    proof = talk.teller.prove(body, house.now)
    for name, value in proof.items():
        assert talk.call(body, proof | {name: value[:-6] + "AAAAAA"}) == 401, name
        assert talk.call(body, {each: proof[each] for each in proof if each != name}) == 401, name
    assert nothing_happened(house)


@only("resend", "mailgun", "sendgrid", "ses")
def test_a_proof_goes_with_one_body_only(house: Any, talk: Talk, mark: str) -> None:
    body = talk.teller.body(talk.teller.bounced(mark, FULL, permanent=False), house.now)
    proof = talk.teller.prove(body, house.now)
    assert talk.call(body, proof) == 200
    assert talk.call(body.replace(mark.encode(), mark_of(house.copy("bob")).encode()), proof) == 401
    assert house.events("bob") == []
    assert talk.call(body, proof) == 200


@only("resend", "mailgun", "sendgrid", "ses")
@pytest.mark.parametrize("late", [timedelta(days=3), timedelta(hours=-1)])
def test_an_old_call_is_refused_and_one_from_the_future(house: Any, talk: Talk, mark: str, late: timedelta) -> None:
    assert talk.tell(talk.teller.complained(mark), late=late) == 401
    assert nothing_happened(house)


@only("mailgun", "sendgrid", "ses")
def test_an_hour_later_it_may_be_the_next_try(house: Any, talk: Talk, mark: str) -> None:
    assert talk.tell(talk.teller.complained(mark), late=timedelta(hours=1)) == 200
    assert house.suppression("ann")


@pytest.mark.parametrize(("reason", "code"), [("Bounced Address", "5.1.1"), ("Invalid", "5.1.3")])
@only("sendgrid")
def test_an_address_that_they_send_nothing_to_any_more_is_suppressed(
    house: Any, talk: Talk, mark: str, reason: str, code: str
) -> None:
    assert isinstance(talk.teller, SendGrid)
    assert talk.tell(talk.teller.dropped(mark, reason)) == 200
    assert [event.enhanced_code for event in house.events("ann")] == [code]
    assert house.suppression("ann").reason is SuppressionReason.BOUNCED


@only("sendgrid")
def test_what_they_do_not_send_for_what_we_are_suppresses_nobody(house: Any, talk: Talk, mark: str) -> None:
    assert isinstance(talk.teller, SendGrid)
    assert talk.tell(talk.teller.dropped(mark, "Recipient List over Package Quota")) == 200
    assert [event.enhanced_code for event in house.events("ann")] == ["5.7.1"]
    assert nothing_happened(house)
