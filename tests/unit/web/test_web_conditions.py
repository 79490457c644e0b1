"""RFC 9110: which copy, which coding, which part."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from briefingfeed.web.conditions import UnsatisfiableError, accepts_gzip, asked_part, has_current_copy

ETAG = '"abc"'
MODIFIED = 1_795_000_000
DATE = "Wed, 18 Nov 2026 11:06:40 GMT"
LATER = "Wed, 18 Nov 2026 11:06:41 GMT"
EARLIER = "Wed, 18 Nov 2026 11:06:39 GMT"


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in pairs])


@pytest.mark.parametrize(
    ("value", "welcome"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1, gzip;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip ; q=1.000", True),
        ("*", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("identity;q=0, gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity, gzip;q=0.9", False),
        ("gzip;q=two", False),
        ("gzip;level=9", False),
        ("not gzip", False),
    ],
)
def test_34_gzip_is_sent_to_whom_it_is_welcome(value: str, welcome: bool) -> None:
    assert accepts_gzip(headers(("accept-encoding", value))) is welcome


def test_34_gzip_is_not_sent_to_who_says_nothing() -> None:
    assert accepts_gzip(headers()) is False


def test_34_a_header_on_two_lines_is_one_list() -> None:
    assert accepts_gzip(headers(("accept-encoding", "br"), ("accept-encoding", "gzip")))
    assert current(("if-none-match", '"x"'), ("if-none-match", ETAG))


def current(*pairs: tuple[str, str]) -> bool:
    return has_current_copy(headers(*pairs), etag=ETAG, modified=MODIFIED)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x","abc"', True),
        ('"a,b" , W/"abc"', True),
        ("*", True),
        (" * ", True),
        ('"ABC"', False),
        ('"abc-gzip"', False),
        ("abc", False),
        ('"x*"', False),
        ("", False),
        ('"abc', False),
    ],
)
def test_34_entity_tags_are_a_list_compared_weakly(value: str, known: bool) -> None:
    assert current(("if-none-match", value)) is known


@pytest.mark.parametrize(
    ("date", "known"),
    [
        (DATE, True),
        (LATER, True),
        (EARLIER, False),
        ("Wednesday, 18-Nov-26 11:06:40 GMT", True),
        ("yesterday", False),
        ("", False),
        ("Wed, 18 Nov 2026 99:06:40 GMT", False),
    ],
)
def test_34_dates_count_to_the_second(date: str, known: bool) -> None:
    assert current(("if-modified-since", date)) is known


def test_34_where_there_is_an_entity_tag_no_date_counts() -> None:
    assert current(("if-none-match", ETAG), ("if-modified-since", EARLIER))
    assert not current(("if-none-match", '"x"'), ("if-modified-since", LATER))
    assert not current(("if-none-match", ""), ("if-modified-since", LATER))


def test_without_a_condition_everything_is_sent() -> None:
    assert not current()


def part(*pairs: tuple[str, str], size: int = 10) -> range | None:
    return asked_part(headers(*pairs), etag=ETAG, modified=MODIFIED, size=size)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=2-4", range(2, 5)),
        ("bytes=2-", range(2, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=-99", range(10)),
        ("bytes=0-99", range(10)),
        ("Bytes = 0 - 1", range(2)),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("", None),
    ],
)
def test_a_part_is_what_was_asked_for_within_what_there_is(value: str, expected: range | None) -> None:
    assert part(("range", value)) == expected


@pytest.mark.parametrize("value", ["bytes=10-", "bytes=10-11", "bytes=-0"])
def test_a_part_behind_the_end_cannot_be_sent(value: str) -> None:
    with pytest.raises(UnsatisfiableError):
        part(("range", value))
    with pytest.raises(UnsatisfiableError):
        part(("range", "bytes=-5"), size=0)


@pytest.mark.parametrize(
    ("condition", "same"),
    [(ETAG, True), (DATE, True), ("W/" + ETAG, False), ('"x"', False), (LATER, False), (EARLIER, False)],
)
def test_a_part_is_sent_only_of_the_same_copy(condition: str, same: bool) -> None:
    assert part(("range", "bytes=0-1"), ("if-range", condition)) == (range(2) if same else None)
