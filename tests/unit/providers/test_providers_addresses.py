from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.providers.addresses import LONGEST_NOTE, AddressError, scrub, wire_address

HOSTILE = [
    "a@example.org\r\nRCPT TO:<b@example.org>",
    "a@example.org\n",
    "a\r@example.org",
    "a b@example.org",
    "<a@example.org>",
    "a>@example.org",
    "a@example.org> SIZE=1",
    "a@example.org,b@example.org",
    "a@example.org;b@example.org",
    '"a b"@example.org',
    '"a"@example.org',
    "A <a@example.org>",
    "a@b@example.org",
    "a@",
    "@example.org",
    "a",
    "",
    "a\x00@example.org",
    "a@exa\x7fmple.org",
    "a\u2028@example.org",
    "a@[127.0.0.1]",
    "a@-example.org",
    "a@example-.org",
    "a@example..org",
    "a@.example.org",
    "jürgen@example.org",
    "a@exa mple.org",
    "a@例え\u202e.jp",
    f"{'a' * 65}@example.org",
    f"a@{'.'.join(['b' * 60] * 5)}.org",
    f"a@{'ü' * 80}.org",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_address_never_reaches_the_wire(address: str) -> None:
    with pytest.raises(AddressError) as caught:
        wire_address(address)
    assert len(address) < 2 or address not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ann@example.org", "ann@example.org"),
        ("o'neil+list=x@mail.example.org", "o'neil+list=x@mail.example.org"),
        ("a..b@docomo.example", "a..b@docomo.example"),
        ("root@localhost", "root@localhost"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@例え.jp", "ann@xn--r8jz45g.jp"),
    ],
)
def test_plain_and_international_addresses_go_out_in_ascii(address: str, wire: str) -> None:
    assert wire_address(address) == wire


@given(st.text(max_size=60))
def test_whatever_is_allowed_is_one_plain_ascii_address(address: str) -> None:
    try:
        wire = wire_address(address)
    except AddressError:
        return
    assert wire.isascii()
    assert wire.isprintable()
    assert wire.count("@") == 1
    assert not set(wire) & set(' <>,;:"()[]\\\r\n')


def test_notes_hold_no_address_and_no_control_character() -> None:
    note = scrub(
        "550 5.1.1 <Ann.Lee@Example.org>:\r\n\x1b[31mUser Ann.Lee unknown; see bounces+ann=example.org@x.example\x00",
        "ann.lee@example.org",
    )
    assert "ann" not in note.lower()
    assert "\x1b" not in note
    assert note.startswith("550 5.1.1 <[address]>")
    assert note.isprintable()


@given(st.text(), st.sampled_from(["ann@example.org", "", "x.y+z@exämple.org"]))
def test_notes_are_one_printable_line(words: str, recipient: str) -> None:
    note = scrub(f"{words} {recipient} {words}", recipient)
    assert len(note) <= LONGEST_NOTE
    assert note == "" or note.isprintable()
    assert not recipient or recipient not in note


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("jürgen@example.org", "jürgen@example.org"),
        ("jürgen.müller+x@bücher.example", "jürgen.müller+x@xn--bcher-kva.example"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
        ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
        ("ann@example.org", "ann@example.org"),
    ],
)
def test_where_asked_for_letters_beyond_ascii_stay_before_the_at(address: str, wire: str) -> None:
    assert wire_address(address, smtputf8=True) == wire


@pytest.mark.parametrize(
    "address",
    [
        *(each for each in HOSTILE if each != "jürgen@example.org"),
        "jürgen\r\nDATA@example.org",
        "jürgen\u2028@example.org",
        "jürgen\u202e@example.org",
        "jürgen\u00a0x@example.org",
        "jürgen\u200b@example.org",
        "jürgen x@example.org",
        "<jürgen@example.org",
        "jürgen＞＜x@example.org",
        "jürgen＠x@example.org",
        "jürgen；x@example.org",
        "jürgen，x@example.org",
        "＂jürgen＂@example.org",
        "j\ud800@example.org",
        f"{'ü' * 33}@example.org",
        f"ü@{'b' * 60}.{'b' * 60}.{'b' * 60}.{'b' * 60}.{'b' * 20}.org",
    ],
)
def test_nothing_but_letters_gets_in_with_them(address: str) -> None:
    with pytest.raises(AddressError):
        wire_address(address, smtputf8=True)


@given(st.text(max_size=60))
def test_whatever_is_allowed_with_them_is_still_one_address(address: str) -> None:
    try:
        wire = wire_address(address, smtputf8=True)
    except AddressError:
        return
    assert wire.isprintable()
    assert wire.count("@") == 1
    assert wire.rpartition("@")[2].isascii()
    assert not set(wire) & set(' <>,;:"()[]\\\r\n')
    assert len(wire.encode()) <= 254
