from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.models.edition import Cadence
from briefingfeed.models.subscriber import Subscriber, SubscriberState, SuppressionReason
from briefingfeed.subscribers.addresses import AddressError, normalise
from briefingfeed.subscribers.candidates import read_candidates
from briefingfeed.subscribers.export import COLUMNS, Listed, csv_lines, guard, unguard
from briefingfeed.subscribers.standings import Standing
from briefingfeed.subscribers.tables import read_tables

AT = datetime(2026, 5, 3, 9, 30, 1, 5, tzinfo=UTC)


def listed(address: str, state: SubscriberState = SubscriberState.CONFIRMED, suppression=None) -> Listed:
    left_at = AT if state is SubscriberState.UNSUBSCRIBED else None
    person = Subscriber(id="1", address=address, state=state, created_at=AT, unsubscribed_at=left_at)
    return Listed(subscriber=person, suppression=suppression)


def test_one_line_per_subscriber_below_a_heading():
    lines = list(csv_lines([listed("ann@example.org"), listed("bob@example.org", SubscriberState.UNSUBSCRIBED)]))
    assert lines == [
        "address,state,cadence,created_at,unsubscribed_at,suppression\r\n",
        "ann@example.org,confirmed,weekly,2026-05-03T09:30:01+00:00,,\r\n",
        "bob@example.org,unsubscribed,weekly,2026-05-03T09:30:01+00:00,2026-05-03T09:30:01+00:00,\r\n",
    ]
    assert list(csv_lines([])) == [",".join(COLUMNS) + "\r\n"]


@pytest.mark.parametrize("address", ["=cmd|x@example.org", "+1@example.org", "-x@example.org"])
def test_no_cell_is_a_formula(address):
    rows = list(csv.reader(io.StringIO("".join(csv_lines([listed(address)])))))
    assert rows[1][0] == f"'{address}"


@given(st.text())
def test_the_guard_comes_off_again(cell):
    assert unguard(guard(cell)) == cell
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


local = st.text("abcxyzABC0129.!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=12)


@given(st.lists(st.tuples(local, st.sampled_from(list(SubscriberState))), unique_by=lambda each: each[0].lower()))
def test_an_export_can_be_imported_and_says_the_same(people):
    exported = []
    for name, state in people:
        try:
            exported.append(listed(normalise(f"{name}@münchen.example"), state))
        except AddressError:
            continue
    content = "".join(csv_lines(exported)).encode()
    found = read_candidates("export.csv", read_tables("export.csv", content)).rows
    expected = {
        SubscriberState.CONFIRMED: Standing.SUBSCRIBED,
        SubscriberState.UNCONFIRMED: Standing.NOT_CONFIRMED,
        SubscriberState.UNSUBSCRIBED: Standing.LEFT,
    }
    assert [(row.address, row.standing, row.reason) for row in found] == [
        (each.subscriber.address, expected[each.subscriber.state], "") for each in exported
    ]


@pytest.mark.parametrize("cadence", Cadence)
def test_a_cadence_survives_the_journey(cadence):
    person = replace(listed("ann@example.org").subscriber, cadence=cadence)
    content = "".join(csv_lines([Listed(subscriber=person)])).encode()
    (row,) = read_candidates("export.csv", read_tables("export.csv", content)).rows
    assert row.cadence is cadence


def test_a_cadence_that_is_not_known_is_no_weekly_one():
    content = b"Email,Cadence\nann@example.org,hourly\nben@example.org,\ncy@example.org,Daily\n"
    rows = read_candidates("export.csv", read_tables("export.csv", content)).rows
    assert [row.cadence for row in rows] == [None, None, Cadence.DAILY]
    assert [bool(row.reason) for row in rows] == [True, False, False]
    assert "hourly" in rows[0].reason


@pytest.mark.parametrize(
    ("reason", "standing"),
    [(SuppressionReason.BOUNCED, Standing.BOUNCED), (SuppressionReason.COMPLAINED, Standing.COMPLAINED)],
)
def test_a_suppression_survives_the_journey(reason, standing):
    content = "".join(csv_lines([listed("ann@example.org", suppression=reason)])).encode()
    (row,) = read_candidates("export.csv", read_tables("export.csv", content)).rows
    assert row.standing is standing
    assert row.evidence == "created_at 2026-05-03T09:30:01+00:00"
