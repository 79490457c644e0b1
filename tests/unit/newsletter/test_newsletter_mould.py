"""The quick way to a copy gives what the plain way would: value by value, segment by segment."""

from __future__ import annotations

from html import escape
from quopri import decodestring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from briefingfeed.models.edition import ByteSlot, Segment, SlotCoding, SlotName
from briefingfeed.newsletter.mould import Mould
from briefingfeed.newsletter.placeholders import SlotValueError, ascii_url, checked_value, checked_values
from briefingfeed.newsletter.quoted import _encode_line, encode_value

TOKEN = "3f2b8c1d9e4a4b6f8a7c5d1e2f3a4b5c.ufghdUHzxZ9o4HoCbqE2yDyZt_xGyPJk5oKJ4iFrq2U"
VALUES = {
    SlotName.ADDRESS: "ada@example.org",
    SlotName.MESSAGE_ID: "<9rZ_x-4=@briefings.example>",
    SlotName.UNSUBSCRIBE_URL: f"https://briefings.example/u/{TOKEN}",
    SlotName.UNSUBSCRIBE_TOKEN: TOKEN,
}
EITHER = st.sampled_from(
    [
        *VALUES.values(),
        *("", " ", "x@y ada@example.org", f"{VALUES[SlotName.ADDRESS]} {VALUES[SlotName.MESSAGE_ID]}", "<a@b> <c@d>"),
        *("ada@bücher.example", "jörg@example.org", "jörg\u2028@example.org", "a\x7f@b.example", "ada@example.org\n"),
        *(f"https://a.example/{'x' * more}" for more in (400, 482, 483)),
        "https://a.example/?b=\u00e9",
    ]
)
SEGMENTS = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=3),
        st.builds(ByteSlot, st.sampled_from(list(SlotName)), st.sampled_from(list(SlotCoding))),
    ),
    min_size=1,
    max_size=9,
)


@given(st.dictionaries(st.sampled_from(list(SlotName)), st.one_of(EITHER, st.text(max_size=9))))
@example({})
@example(dict.fromkeys(SlotName, "ada@example.org"))
@example(dict(reversed(VALUES.items())))
@example({SlotName.MESSAGE_ID: VALUES[SlotName.ADDRESS], SlotName.ADDRESS: VALUES[SlotName.MESSAGE_ID]})
@example({SlotName.UNSUBSCRIBE_URL: f"https://a.example/{'x' * 483}"})
@example({SlotName.ADDRESS: "jörg\u2028@example.org"})
def test_values_looked_at_in_one_go_pass_if_each_does(values: dict[SlotName, str]) -> None:
    try:
        each = {name: checked_value(name, value) for name, value in values.items()}
    except SlotValueError:
        with pytest.raises(SlotValueError):
            checked_values(values)
    else:
        assert checked_values(values) == each


@given(st.one_of(st.text(), st.from_regex(r"[!-~]{60,240}", fullmatch=True)))
@example("a" * 75)
@example("a" * 76)
@example("a" * 150 + ".")
@example("a" * 75 + "." * 76 + "a")
@example("a" * 74 + "=" + "a" * 80)
@example(VALUES[SlotName.UNSUBSCRIBE_URL])
def test_a_value_is_encoded_as_any_other_line(value: str) -> None:
    encoded = encode_value(value)
    assert encoded == _encode_line(value.encode()) + b"=\r\n"
    assert decodestring(encoded) == value.encode()


@given(SEGMENTS, st.booleans())
@example([ByteSlot(SlotName.ADDRESS, SlotCoding.HEADER)], False)
@example([b"the same for all"], False)
def test_each_value_stands_in_its_places_as_it_is_written_there(message: list[Segment], has_ampersand: bool) -> None:
    url = VALUES[SlotName.UNSUBSCRIBE_URL] + ("?a=1&b='2" if has_ampersand else "")
    values = {**VALUES, SlotName.UNSUBSCRIBE_URL: url}
    by_hand = {
        SlotCoding.HEADER: str.encode,
        SlotCoding.TEXT: lambda value: _encode_line(value.encode()) + b"=\r\n",
        SlotCoding.HTML: lambda value: _encode_line(escape(value).encode()) + b"=\r\n",
    }
    assert Mould(message).cast(values) == tuple(
        segment if isinstance(segment, bytes) else by_hand[segment.coding](values[segment.name]) for segment in message
    )


def test_a_value_that_a_copy_needs_and_nobody_gave_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Mould([b"Subject: x\r\n", ByteSlot(SlotName.ADDRESS, SlotCoding.HEADER)]).cast({})


def test_copies_share_their_bytes() -> None:
    message = (b"a" * 99, ByteSlot(SlotName.ADDRESS, SlotCoding.HEADER), b"b" * 99)
    mould = Mould(message)
    one, other = mould.cast(VALUES), mould.cast({**VALUES, SlotName.ADDRESS: "bob@example.org"})
    assert one[0] is other[0] is message[0]
    assert one[2] is other[2] is message[2]
    assert one[1] != other[1]


@pytest.mark.parametrize(
    ("url", "carried"),
    [
        ("https://küste.example:8443/flut?tief=1", "https://xn--kste-0ra.example:8443/flut?tief=1"),
        ("https://küste.example/ebbe", "https://xn--kste-0ra.example/ebbe"),
        ("https://coast.example:8443/ö", "https://coast.example:8443/%C3%B6"),
    ],
)
def test_a_web_address_keeps_its_port_and_its_path(url: str, carried: str) -> None:
    assert ascii_url(url) == carried
