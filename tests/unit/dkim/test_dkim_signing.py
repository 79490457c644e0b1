"""The header field: what it covers, and what it may not be made for. Two other verifiers judge it in contract/dkim."""

from __future__ import annotations

import re

import pytest

from briefingfeed.dkim.signing import Signer
from briefingfeed.models.edition import ByteSlot, Segment, SlotCoding, SlotName
from signatures import AT, DOMAIN, SELECTOR, dkimpy_accepts, record, signer

FROM = b"From: Briefings\r\n <a@briefings.example>\r\n"
TO = b"To: b@example.org\r\n"
BODY = b"\r\nOne  line. \r\n\r\nAnother.\r\n"


def signed(*message: bytes, by: Signer | None = None) -> bytes:
    return (by or signer()).seal(message, AT).sign(message) + b"".join(message)


def tags(mail: bytes) -> dict[str, str]:
    field = re.sub(rb"\r\n ", b"", mail.split(b"\r\n", 1)[0] + mail[mail.index(b"\r\n") :].split(b"\r\nFrom:")[0])
    return dict(tag.strip().split("=", 1) for tag in field.decode().removeprefix("DKIM-Signature: ").split(";"))


def test_it_names_domain_key_and_moment() -> None:
    found = tags(signed(FROM, BODY))
    assert (found["d"], found["s"], found["t"]) == (DOMAIN, SELECTOR, str(int(AT.timestamp())))


@pytest.mark.parametrize(
    "cut", [(40,), (3, 4, 45), (len(FROM) - 1, len(FROM) + 1), *[(len(FROM + TO) + n,) for n in (-1, 0, 1, 2)]]
)
def test_how_a_message_is_cut_into_segments_is_all_one(cut: tuple[int, ...]) -> None:
    whole = FROM + TO + BODY
    pieces = [whole[start:end] for start, end in zip((0, *cut), (*cut, None), strict=True)]
    assert signed(*pieces) == signed(whole)


def test_slots_in_header_and_body_are_covered_by_their_values() -> None:
    name = SlotName.ADDRESS
    header, text = ByteSlot(name, SlotCoding.HEADER), ByteSlot(name, SlotCoding.TEXT)
    message: tuple[Segment, ...] = (FROM + b"To: ", header, b"\r\n\r\nDear ", text, b"!\r\n", text, b"\r\n")
    seal = signer().seal(message, AT)
    for value in (b"ann@example.org", "jürgen@example.org".encode(), b"{}|~!#$%&'*+/=?^_`@example.org"):
        segments = [value if isinstance(piece, ByteSlot) else piece for piece in message]
        assert seal.sign(segments) + b"".join(segments) == signed(b"".join(segments))
        assert dkimpy_accepts(seal.sign(segments) + b"".join(segments))


def test_white_space_in_the_header_may_change_on_the_way_but_not_in_the_body() -> None:
    mail = signed(FROM + b"Subject: two  words\r\n\tand more \r\n", BODY)
    assert dkimpy_accepts(mail)
    assert dkimpy_accepts(mail.replace(b"two  words\r\n\tand more \r\n", b"two words and  more\r\n"))
    assert not dkimpy_accepts(mail.replace(b"One  line", b"One line"))
    assert not dkimpy_accepts(mail + b"More.\r\n"), "there is no l="


def test_a_field_that_stands_there_twice_is_covered_both_times() -> None:
    mail = signed(FROM + b"X-Note: one\r\nX-Note: two\r\n", BODY)
    assert dkimpy_accepts(mail)
    for changed in (mail.replace(b"one", b"1"), mail.replace(b"two", b"2")):
        assert not dkimpy_accepts(changed)


def test_nobody_can_add_a_sender_or_a_subject_above() -> None:
    mail = signed(FROM + b"Subject: news\r\n", BODY)
    for added in (b"From: m@example.net\r\n", b"Subject: win\r\n"):
        assert not dkimpy_accepts(added + mail)
    assert dkimpy_accepts(b"Received: by a relay\r\n" + mail)


def test_a_field_that_the_relay_writes_anew_is_left_out() -> None:
    mail = signed(FROM + b"Date: today\r\nMessage-ID: <1@x>\r\n", BODY, by=signer(unsigned=("date", "message-id")))
    assert dkimpy_accepts(mail.replace(b"today", b"tomorrow").replace(b"<1@x>", b"<other@amazonses.com>"))


def test_no_line_of_it_is_longer_than_mail_wants() -> None:
    mail = signed(FROM + b"".join(b"X-Field-Number-%d: x\r\n" % n for n in range(40)), BODY)
    assert max(map(len, mail.split(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78
    assert dkimpy_accepts(mail)


@pytest.mark.parametrize("end", [b"", b"\r\nend", b"\r\nend\r\n\r\n", b"\r\nend\n"])
def test_a_message_that_a_server_might_end_in_another_way_is_not_signed(end: bytes) -> None:
    with pytest.raises(ValueError, match="exactly one line break"):
        signed(FROM, b"X: 1\r\n" + end if end else b"")


def test_what_is_no_whole_message_is_not_signed() -> None:
    with pytest.raises(ValueError, match="without a body"):
        signed(FROM)
    with pytest.raises(ValueError, match="without From"):
        signed(b"To: a@example.org\r\n", BODY)


def test_neither_key_nor_signer_show_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    print(signer(), signer().seal((FROM + BODY,), AT), record())
    assert "RSAPrivateKey" not in capsys.readouterr().out
