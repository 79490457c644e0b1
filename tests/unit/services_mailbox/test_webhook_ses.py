"""Amazon's notifications: which topic, which certificate, which subscription."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .doors import Door, mark_of
from .tellers import Ses

TOKEN = "2336412f37fb687f5d51e6e2425dacbbaffffb"
CONFIRM = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={Ses.topic}&Token={TOKEN}"


class Amazon:
    def __init__(self, house: Any) -> None:
        self.ses = Ses()
        self._house = house
        self._door = Door(house, "ses", self.ses.webhook())

    def complains(self, mark: str, **instead: str) -> int:
        """Tell of a complaint. `instead` replaces fields before Amazon signs, but for those of the proof."""
        notice = json.loads(self.ses.body(self.ses.complained(mark), self._house.now))
        unsigned = {name: notice[name] for name in ("Type", "MessageId", "TopicArn", "Message", "Timestamp")}
        proof = {name: instead.pop(name) for name in list(instead) if name.startswith("Sign")}
        return self._door.tell(self.ses.sign(unsigned | instead) | proof, {})

    def asks_to_confirm(self, *, topic: str = Ses.topic, at: str = CONFIRM) -> int:
        notice = {
            "Type": "SubscriptionConfirmation",
            "MessageId": "1",
            "Token": TOKEN,
            "TopicArn": topic,
            "Message": "You have chosen to subscribe to the topic.",
            "SubscribeURL": at,
            "Timestamp": self._house.now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        return self._door.tell(self.ses.sign(notice), {"x-amz-sns-message-type": "SubscriptionConfirmation"})


@pytest.fixture
def amazon(house: Any) -> Amazon:
    house.subscribe("ann")
    house.mail()
    return Amazon(house)


@pytest.fixture
def mark(house: Any, amazon: Amazon) -> str:
    return mark_of(house.copy("ann"))


def test_the_subscription_of_our_topic_is_confirmed(amazon: Amazon) -> None:
    assert amazon.asks_to_confirm() == 200
    assert amazon.ses.fetched == [Ses.certificate_at, CONFIRM]


@pytest.mark.parametrize(
    "at",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription&Token=1",
        "https://evil.example/?Action=ConfirmSubscription&Token=1",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=1",
        "https://sns.eu-west-1.amazonaws.com:8443/?Action=ConfirmSubscription&Token=1",
    ],
)
def test_nothing_else_is_ever_fetched_to_confirm(amazon: Amazon, at: str) -> None:
    assert amazon.asks_to_confirm(at=at) == 401
    assert amazon.ses.fetched == [Ses.certificate_at]


def test_a_topic_of_somebody_else_counts_for_nothing(house: Any, amazon: Amazon, mark: str) -> None:
    other = Ses.topic.replace("123456789012", "666666666666")
    assert amazon.asks_to_confirm(topic=other) == 401
    assert amazon.complains(mark, TopicArn=other) == 401
    assert amazon.ses.fetched == []
    assert house.suppression("ann") is None


@pytest.mark.parametrize(
    "at",
    [
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=1",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem\n",
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_fetched(house: Any, amazon: Amazon, mark: str, at: str) -> None:
    assert amazon.complains(mark, SigningCertURL=at) == 401
    assert amazon.ses.fetched == []
    assert house.suppression("ann") is None


def test_the_certificate_is_fetched_once(amazon: Amazon, mark: str) -> None:
    assert [amazon.complains(mark) for _ in range(3)] == [200] * 3
    assert amazon.ses.fetched == [Ses.certificate_at]


def test_while_there_is_no_certificate_it_must_be_told_again(house: Any, amazon: Amazon, mark: str) -> None:
    other = Ses.certificate_at.replace("0123", "3210")
    assert amazon.complains(mark, SigningCertURL=other) == 503
    assert house.suppression("ann") is None


@pytest.mark.parametrize("proof", [{"SignatureVersion": "1"}, {"Signature": "AAAA"}, {"Signature": "é"}])
def test_another_signature_is_none(house: Any, amazon: Amazon, mark: str, proof: dict[str, str]) -> None:
    assert amazon.complains(mark, **proof) == 401
    assert house.suppression("ann") is None


def test_a_subject_is_signed_as_well(house: Any, amazon: Amazon, mark: str) -> None:
    assert amazon.complains(mark, Subject="Amazon SES Email Event Notification") == 200
    assert house.suppression("ann")
