"""The rules of docs/bounces.md, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from briefingfeed.delivery.events import NOTHING_FOLLOWS, Past, follows, since_arrival, weigh
from briefingfeed.delivery.weights import Weight
from briefingfeed.models.delivery import DeliveryEvent, EventKind
from briefingfeed.models.subscriber import SuppressionReason

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = 7 * DAY
BOUNCE = DeliveryEvent(
    kind=EventKind.BOUNCED, at=NOW, received_at=NOW, source="mailbox", source_key="1", permanent=True
)


def past(*weights: Weight | None, every: timedelta = WEEK, first: timedelta = timedelta(0)) -> list[Past]:
    """What became of editions, newest first."""
    return [
        Past(at=NOW - first - number * every, accepted=True, weight=weight) for number, weight in enumerate(weights)
    ]


@pytest.mark.parametrize(
    ("code", "permanent", "weight"),
    [
        *((code, True, Weight.FATAL) for code in ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")),
        *((code, True, Weight.PERMANENT) for code in (None, "5.0.0", "5.1.0", "5.2.0", "5.4.1", "5.4.0")),
        *((code, True, Weight.TEMPORARY) for code in ("5.2.2", "5.3.0", "5.3.2", "5.4.4", "5.4.6", "5.4.7", "5.5.0")),
        *((code, False, Weight.TEMPORARY) for code in (None, "4.4.1", "4.2.2", "4.0.0")),
        *((code, True, Weight.NOTHING) for code in ("5.7.1", "5.7.26", "5.6.0", "5.1.7", "5.1.8", "5.2.3", "5.3.4")),
        ("4.7.0", False, Weight.NOTHING),
    ],
)
def test_a_bounce_weighs_by_its_code(code: str | None, permanent: bool, weight: Weight) -> None:
    assert weigh(replace(BOUNCE, enhanced_code=code, permanent=permanent)) is weight


@pytest.mark.parametrize("kind", sorted(set(EventKind) - {EventKind.BOUNCED}))
def test_nothing_but_a_bounce_weighs(kind: EventKind) -> None:
    assert weigh(replace(BOUNCE, kind=kind)) is None


@pytest.mark.parametrize("kind", EventKind)
def test_without_proof_nothing_follows_whatever_is_said(kind: EventKind) -> None:
    event = replace(BOUNCE, kind=kind, enhanced_code="5.1.1")
    assert follows(event, past(*[Weight.FATAL] * 9), is_proven=False, now=NOW) is NOTHING_FOLLOWS


def test_a_complaint_suppresses_and_unsubscribes() -> None:
    what = follows(replace(BOUNCE, kind=EventKind.COMPLAINED), [], is_proven=True, now=NOW)
    assert (what.suppress, what.unsubscribe) == (SuppressionReason.COMPLAINED, True)


@pytest.mark.parametrize("kind", [EventKind.DELIVERED, EventKind.DELAYED])
def test_good_news_and_delays_have_no_consequence(kind: EventKind) -> None:
    event = replace(BOUNCE, kind=kind)
    assert follows(event, past(*[Weight.PERMANENT] * 9), is_proven=True, now=NOW) is NOTHING_FOLLOWS


@pytest.mark.parametrize(
    ("weights", "every", "suppressed"),
    [
        ([Weight.PERMANENT] * 2, WEEK, False),
        ([Weight.PERMANENT] * 3, WEEK, True),
        ([Weight.PERMANENT] * 3, DAY, True),
        ([Weight.TEMPORARY] * 4, WEEK, False),
        ([Weight.TEMPORARY] * 5, WEEK, True),
        ([Weight.TEMPORARY] * 20, DAY, False),
        ([Weight.TEMPORARY] * 22, DAY, True),
        ([Weight.TEMPORARY] * 3 + [Weight.PERMANENT] * 2, WEEK, True),
        ([Weight.TEMPORARY, None, Weight.TEMPORARY, Weight.TEMPORARY, Weight.TEMPORARY, Weight.TEMPORARY], WEEK, False),
        ([Weight.TEMPORARY, Weight.NOTHING, *[Weight.TEMPORARY] * 4], WEEK, True),
        ([Weight.TEMPORARY] * 5, 5 * WEEK, True),
        ([Weight.TEMPORARY] * 5, 7 * WEEK, False),
    ],
)
def test_other_bounces_are_counted(weights: list[Weight | None], every: timedelta, suppressed: bool) -> None:
    what = follows(replace(BOUNCE, enhanced_code="4.4.1"), past(*weights, every=every), is_proven=True, now=NOW)
    assert (what.suppress is SuppressionReason.BOUNCED) is suppressed


def test_what_was_accepted_within_a_week_may_still_come_back_and_wipes_nothing() -> None:
    fresh = [Past(at=NOW - 6 * DAY, accepted=True)]
    assert len(since_arrival([*fresh, *past(Weight.TEMPORARY, first=WEEK)], NOW)) == 1
    old = [Past(at=NOW - 7 * DAY, accepted=True)]
    assert since_arrival([*old, *past(Weight.TEMPORARY, first=2 * WEEK)], NOW) == []


def test_an_edition_that_was_not_handed_over_says_nothing() -> None:
    skipped = [Past(at=NOW - 2 * WEEK, accepted=False)]
    assert len(since_arrival([*skipped, *past(Weight.TEMPORARY, first=3 * WEEK)], NOW)) == 1
