"""Mails written to break their reader. None does: what can't be understood is left for people."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.mailbox.parsing import MOST_OCTETS
from briefingfeed.mailbox.reading import read_mail
from returned import bounces, others
from returned.bounces import Copy

COPY = Copy()
LEAVE = "leave@briefings.example"

WHOLE = [*(write(COPY) for write in bounces.PERMANENT), others.complaint(COPY), others.vacation(COPY)]
WORDS = st.sampled_from(
    [
        *(b"Content-Type: multipart/report; boundary=x", b"Content-Type: message/delivery-status", b"--x", b"--x--"),
        *(
            b"Content-Type: message/feedback-report",
            b"Content-Type: text/plain; charset=\xff\0",
            b"Subject: =?x?b?==?=",
        ),
        *(b"Content-Type: message/rfc822", b"Final-Recipient: ;;;", b"Action: failed", b"Status: 5.999.999", b""),
        *(b"From: MAILER-DAEMON@", b"Content-Transfer-Encoding: base64", b"Date: Mon, 99 Foo 99999 99:99:99 +9999"),
        *(b'Content-Type: multipart/mixed; boundary*0="x"; boundary*1*=%%', b"To: <a+" + b"a" * 24 + b"@x>", b"\xff"),
        *(
            b"Content-Type: text/plain; charset=idna",
            b"Content-Type: text/plain; charset=undefined",
            b"X-Failed-Recipients",
        ),
        *(b"Content-Transfer-Encoding: uuencode", b"begin 644 \xff", b"Message-ID: <>", b"List-Unsubscribe: <<>"),
        *(b"Date: Mon, 1 Jan 0001 00:00:00 +2359", b"Original-Mail-From: \0", b"\r", b" folded", b"\tfolded: again"),
    ]
)


@given(st.binary(max_size=3000))
def test_no_octets_break_the_reader(raw: bytes) -> None:
    read_mail(raw, unsubscribe_address=LEAVE)


@given(st.lists(st.one_of(WORDS, st.binary(max_size=40)), max_size=40), st.sampled_from([b"\n", b"\r\n"]))
def test_no_mixture_of_fields_and_parts_breaks_the_reader(lines: list[bytes], end: bytes) -> None:
    read_mail(end.join(lines), unsubscribe_address=LEAVE)


@given(st.sampled_from(WHOLE), st.data())
def test_no_damage_on_the_way_breaks_the_reader(raw: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    read_mail(raw[:start] + data.draw(st.binary(max_size=20)) + raw[end:], unsubscribe_address=LEAVE)


def nested(depth: int) -> bytes:
    opening = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level) for level in range(depth)
    )
    return b"From: MAILER-DAEMON@x.example\n" + opening + b"\nend\n"


def in_mails(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\n\n" * depth + bounces.postfix_unknown_user(COPY)


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested 10,000 deep": lambda: nested(10_000),
    "as deep as is read at all": lambda: nested(39),
    "a mail in a mail in a mail": lambda: in_mails(5_000),
    "10,000 parts": lambda: b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"--x\n\npart\n" * 10_000,
    "100,000 fields": lambda: b"X-A: b\n" * 100_000 + b"\ntext",
    "one field of 50 MB": lambda: b"Subject: " + b"x" * 50_000_000 + b"\n\ntext",
    "one field of a million folds": lambda: b"Subject: x\n" + b" x\n" * 1_000_000 + b"\ntext",
    "100,000 encoded words": lambda: b"Subject: " + b"=?utf-8?q?x?=\n " * 100_000 + b"\n\ntext",
    "addresses without end": lambda: b"To: " + b"a@b.example,\n " * 100_000 + b"\n\ntext",
    "one line of at signs": lambda: (
        b"From: MAILER-DAEMON@x\nX-Failed-Recipients: " + b"@" * 2_000_000 + b"\n\n" + b"<" * 999_999
    ),
    "comments in comments": lambda: b"Date: " + b"(" * 100_000 + b"\nFrom: " + b"(" * 100_000 + b"\n\n",
    "a status without end": lambda: bounces.report(COPY, "", "Action: failed\nStatus: 5.1.1\n\n" * 100_000),
    "a million line ends": lambda: b"\n" * 5_000_000,
    "codes without end": lambda: b"From: MAILER-DAEMON@x\n\n" + b"550 5.1.1 <ann@readers.example> \n" * 100_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_mail_made_to_exhaust_its_reader_is_read_within_bounds(bomb: str) -> None:
    reading = read_mail(BOMBS[bomb](), unsubscribe_address=LEAVE)
    if reading.report:
        assert len(reading.report.words) <= 1000
        assert len(reading.report.about.addresses) <= 20


def test_a_report_is_found_before_the_huge_mail_that_it_returns() -> None:
    huge = bounces.report(
        COPY,
        "unknown",
        bounces.fields(COPY, "failed", "5.1.1", "550 5.1.1 unknown"),
        returned=COPY.header + "\n" + base64.encodebytes(bytes(40 << 20)).decode(),
        returned_type="message/rfc822",
    )
    assert len(huge) > 40 * MOST_OCTETS
    report = read_mail(huge).report
    assert report is not None
    assert (report.enhanced_code, report.about.message_ids) == ("5.1.1", (COPY.message_id,))


@pytest.mark.parametrize("charset", [b"\xff\0", b"utf-8; charset=\xe9", b"no-such"])
def test_a_part_in_a_broken_encoding_hides_nothing_of_the_rest(charset: bytes) -> None:
    report = bounces.postfix_unknown_user(COPY).replace(
        b"Content-Type: text/plain; charset=utf-8\n",
        b"Content-Type: text/plain; charset="
        + charset
        + b"\nContent-Transfer-Encoding: uuencode\n\nbegin 644 \xff\xe9\n",
    )
    found = read_mail(report).report
    assert found is not None
    assert found.enhanced_code == "5.1.1"


@pytest.mark.parametrize("spoil", [b"Subject: \xe9t\xe9", b"Content-Description: \xff", b"X-Other: \xc3\xa9"])
def test_letters_beyond_ascii_keep_no_bounce_from_being_understood(spoil: bytes) -> None:
    for write in (bounces.qmail, bounces.exim_plain):
        found = read_mail(spoil + b"\n" + write(COPY)).report
        assert found is not None
        assert found.enhanced_code == "5.1.1"


def test_what_the_detectors_trip_over_is_not_said_aloud(capfd: pytest.CaptureFixture[str]) -> None:
    raw = b"From: MAILER-DAEMON@x\nContent-Type: text/plain; charset*=x'y'%ff\n\n\xff ann@readers.example\n"
    read_mail(raw)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("charset", ["utf-8", "no-such-charset", "utf-16", "idna", "hex", "x" * 5000, "punycode", "\0"])
def test_a_text_in_any_charset_is_read_as_far_as_it_goes(charset: str) -> None:
    raw = others.wish("please", body=f"<{COPY.token}>").replace(b"utf-8", charset.encode())
    read_mail(raw, unsubscribe_address=LEAVE)
