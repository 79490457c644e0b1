"""Amazon's notifications: which topic, which certificate, which subscription."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.http import open_client
from briefingfeed.providers.ses_webhook import fetching

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
        "https://sns.s3-eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
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


class Answers(BaseHTTPRequestHandler):
    """/200 is there; /301 leads to it; any other number is the answer's."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"a certificate")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def fetched() -> Iterator[Callable[[str], bytes]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever).start()
        fetch = fetching(partial(open_client, allow_loopback=True))
        yield lambda path: asyncio.run(fetch(f"http://127.0.0.1:{server.server_port}{path}"))
        server.shutdown()


def test_what_is_fetched_is_what_stands_there_and_nothing_else(fetched: Callable[[str], bytes]) -> None:
    assert fetched("/200") == b"a certificate"
    for status in (301, 404, 500):
        with pytest.raises(ProviderError, match=str(status)):
            fetched(f"/{status}")


def test_where_nobody_is_it_must_be_told_again() -> None:
    with pytest.raises(ProviderError, match="can't be reached"):
        asyncio.run(fetching(open_client)("http://127.0.0.1:9/"))


def test_a_subject_is_signed_as_well(house: Any, amazon: Amazon, mark: str) -> None:
    assert amazon.complains(mark, Subject="Amazon SES Email Event Notification") == 200
    assert house.suppression("ann")
