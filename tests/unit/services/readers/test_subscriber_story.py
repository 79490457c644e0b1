"""What `subscribers show` tells about one address, in the order in which it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from briefingfeed.models.delivery import DeliveryEvent, DeliveryState, EventKind
from briefingfeed.services.readers import subscriber_records
from briefingfeed.services.readers import subscribers as people
from briefingfeed.services.readers.subscriber_story import event_in_words
from publications import KEY
from returned import bounces, others
from returned.bounces import Copy

DAY = timedelta(days=1)
ANN = "ann@readers.example"


def shown(house: Any) -> subscriber_records.SubscriberRecord:
    return subscriber_records.show(house.database, ANN, suppression_key=KEY, now=house.now)


def words(house: Any) -> list[str]:
    return [f"{line.edition or '-'} {line.words}" for line in shown(house).story]


def test_the_story_of_an_address_that_came_back_for_good(house: Any) -> None:
    house.subscribe("ann")
    house.now += DAY
    house.mail()
    house.now += DAY
    house.read(bounces.postfix_unknown_user(house.copy("ann")))
    heard, said = "came back for good: 5.1.1", "User unknown in virtual mailbox table"
    lines = words(house)
    assert lines[:2] == ["- subscribed (test)", "weekly/2026-W48 handed over"]
    assert lines[2].startswith(f"weekly/2026-W48 {heard}")
    assert said in lines[2]
    assert lines[3] == "- never mailed again: bounced (5.1.1: there is no such address)"
    assert shown(house).way_back == (
        "Gets no mail. To mail them again: once you know that the reason has gone: "
        'briefingfeed subscribers unsuppress ann@readers.example --why "what changed"'
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("5.1.1", "came back for good"),
        ("5.2.1", "came back for good"),
        ("5.2.2", "came back for now"),
        ("5.7.1", "came back, not for want of an address"),
    ],
)
def test_a_bounce_is_told_by_what_follows_from_it(code: str, words: str) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    event = DeliveryEvent(
        kind=EventKind.BOUNCED, permanent=True, enhanced_code=code, at=at, received_at=at, source="mailbox",
        source_key="1", delivery_id=1,
    )  # fmt: skip
    assert event_in_words(event) == f"{words}: {code}"


def test_the_story_of_somebody_who_complained_says_both_steps_back(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.now += DAY
    house.read(others.complaint(house.copy("ann")))
    assert [line.split(":")[0] for line in words(house)][1:] == [
        "weekly/2026-W48 handed over",
        "- left (complaint)",
        "weekly/2026-W48 reported as spam",
        "- never mailed again",
    ]
    back = shown(house).way_back
    assert back.index("unsuppress") < back.index("resubscribe")


def test_the_story_goes_on_after_they_came_back(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.read(others.wish(house.copy("ann").token))
    assert "resubscribe" in shown(house).way_back
    house.now += DAY
    people.resubscribe(house.database, ANN, wish="mail of Tuesday", suppression_key=KEY, now=house.now)
    assert words(house)[-1] == "- may be mailed again (command): mail of Tuesday"
    assert shown(house).way_back == "Gets the next edition."


def test_bounces_that_count_are_counted_for_the_operator(house: Any) -> None:
    house.subscribe("ann")
    for week in range(2):
        house.read(bounces.postfix_gave_up(house.copy("ann", house.mail(f"weekly/{week}"))))
        house.now += 7 * DAY
    assert shown(house).way_back == ("Gets the next edition. 2 editions came back since one arrived; 5 are too many.")


def test_a_report_that_proves_nothing_is_told_as_such(house: Any) -> None:
    house.subscribe("ann")
    house.mail()
    house.now += DAY
    house.read(bounces.postfix_unknown_user(Copy(recipient=ANN)))
    assert words(house)[-1].startswith("- came back for good, says a report that proves nothing: 5.1.1")
    assert shown(house).way_back == "Gets the next edition."


def test_a_copy_that_waits_says_until_when(house: Any) -> None:
    house.subscribe("ann")
    house.mail(state=DeliveryState.DEFERRED)
    assert words(house)[-1] == "weekly/2026-W48 put off, again from 2026-11-23 08:05"
