"""What each kind of mail is understood as."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from briefingfeed.mailbox.reading import read_mail
from briefingfeed.models.delivery import EventKind
from briefingfeed.models.report import Report
from returned import bounces, others
from returned.bounces import Copy

COPY = Copy()
MARK = "a" * 24
LEAVE = "leave@briefings.example"


def report_of(raw: bytes) -> Report:
    report = read_mail(raw, unsubscribe_address=LEAVE).report
    assert report is not None
    return report


@pytest.mark.parametrize("write", bounces.PERMANENT, ids=lambda write: write.__name__)
def test_a_bounce_gives_its_codes_and_its_copy_whichever_server_wrote_it(write: Callable[[Copy], bytes]) -> None:
    report = report_of(write(COPY))
    assert (report.kind, report.permanent) == (EventKind.BOUNCED, True)
    assert (report.code, report.enhanced_code) == bounces.PERMANENT[write]
    assert report.about.marks == (MARK,)
    assert report.about.message_ids == (COPY.message_id,)
    if write is not bounces.international:
        assert COPY.recipient in report.about.addresses


@pytest.mark.parametrize("write", bounces.PERMANENT, ids=lambda write: write.__name__)
def test_lines_may_end_as_they_do_on_the_wire(write: Callable[[Copy], bytes]) -> None:
    raw = write(COPY)
    assert report_of(raw.replace(b"\n", b"\r\n")) == report_of(raw)


def test_a_server_that_gave_up_after_days_says_nothing_about_the_address() -> None:
    report = report_of(bounces.postfix_gave_up(COPY))
    assert (report.kind, report.permanent, report.enhanced_code) == (EventKind.BOUNCED, False, "4.4.1")


def test_a_delay_is_no_bounce() -> None:
    assert report_of(bounces.postfix_delayed(COPY)).kind is EventKind.DELAYED


def test_a_report_of_success_is_understood() -> None:
    assert report_of(bounces.postfix_delivered(COPY)).kind is EventKind.DELIVERED


def test_of_several_recipients_behind_an_address_the_mildest_fate_counts() -> None:
    assert report_of(bounces.a_list_behind_the_address(COPY)).kind is EventKind.DELIVERED


def test_the_mark_is_found_where_the_relay_folded_its_case() -> None:
    shouting = Copy(return_path=COPY.return_path.upper())
    assert report_of(bounces.postfix_unknown_user(shouting)).about.marks == (MARK,)


def test_the_mark_is_found_in_the_returned_mail_when_the_report_came_to_another_address() -> None:
    raw = bounces.qmail(COPY).replace(b"Delivered-To: bounces+", b"X: ").replace(b"To: bounces+aaaaaaaa", b"To: x", 1)
    assert report_of(raw).about.marks == (MARK,)


def test_the_date_of_a_report_is_its_own() -> None:
    raw = bounces.sendmail(COPY)
    at = datetime(2026, 11, 23, 8, 6, 12, tzinfo=UTC)
    assert report_of(raw).at == at
    assert report_of(raw.replace(b"08:06:12 +0000", b"00:06:12 -0800")).at == at


@pytest.mark.parametrize("kind", ["abuse", "fraud", "other", "ABUSE"])
def test_a_complaint_is_understood_and_names_the_copy(kind: str) -> None:
    report = report_of(others.complaint(COPY, kind))
    assert report.kind is EventKind.COMPLAINED
    assert (report.about.marks, report.about.message_ids, report.about.tokens) == (
        (MARK,),
        (COPY.message_id,),
        (COPY.token,),
    )


def test_a_feedback_loop_may_ask_to_unsubscribe() -> None:
    assert report_of(others.complaint(COPY, "opt-out")).kind is EventKind.UNSUBSCRIBED


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc"])
def test_feedback_that_asks_for_nothing_has_no_consequence(kind: str) -> None:
    reading = read_mail(others.complaint(COPY, kind))
    assert (reading.report, reading.nothing_follows) == (None, True)


@pytest.mark.parametrize(
    "raw",
    [
        others.vacation(COPY),
        others.vacation(COPY, null_sender=False),
        others.out_of_office(COPY),
        others.challenge(COPY),
        others.read_receipt(COPY),
    ],
    ids=["vacation", "vacation with a sender", "out of office", "challenge", "read receipt"],
)
def test_an_automatic_answer_is_no_bounce(raw: bytes) -> None:
    reading = read_mail(raw, unsubscribe_address=LEAVE)
    assert (reading.report, reading.nothing_follows) == (None, True)


@pytest.mark.parametrize(
    "raw",
    [
        others.wish(COPY.token),
        others.wish(f"Re: {COPY.token}", to="notes@briefings.example"),
        others.wish(f"=?utf-8?q?Unsubscribe_{COPY.token}?="),
        others.wish("unsubscribe", body=f"Please!\n\n> https://briefings.example/u/{COPY.token}\n"),
        others.wish("unsubscribe", body=f"<{COPY.token}>", to="leave+me@briefings.example"),
        others.wish(COPY.token).replace(b"Subject:", b"Auto-Submitted: auto-generated\nSubject:"),
    ],
    ids=["subject", "another address", "encoded", "quoted link", "detail in the address", "by a mail program"],
)
def test_a_mail_with_the_token_unsubscribes(raw: bytes) -> None:
    report = report_of(raw)
    assert (report.kind, report.about.tokens) == (EventKind.UNSUBSCRIBED, (COPY.token,))


@pytest.mark.parametrize(
    "raw",
    [
        others.wish("Unsubscribe me, please"),
        others.wish("Hello", to="bounces@briefings.example", body=f"https://briefings.example/u/{COPY.token}"),
        others.advertisement(),
        b"",
        b"\0\xff\xfe",
        b"no header at all",
    ],
    ids=["no token", "link sent elsewhere", "advertisement", "empty", "octets", "no header"],
)
def test_what_is_not_understood_is_left_for_people(raw: bytes) -> None:
    assert not read_mail(raw, unsubscribe_address=LEAVE).is_understood


def test_a_bounce_that_returns_a_mail_with_our_link_never_unsubscribes() -> None:
    raw = bounces.exim_plain(COPY).replace(COPY.return_path.encode(), LEAVE.encode())
    assert report_of(raw).kind is EventKind.BOUNCED
