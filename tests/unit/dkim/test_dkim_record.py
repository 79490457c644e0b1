"""The record that a domain publishes: as a zone file has it, and what keeps others from using it."""

from __future__ import annotations

import re

import dns.rcode
import pytest

from briefingfeed.dkim.record import look_up
from briefingfeed.errors import TemporaryError
from servers.name_server import name_server
from signatures import record

RECORD = record()
KEY = RECORD.public_key


def test_a_zone_file_takes_the_line_and_the_world_then_reads_the_text() -> None:
    name, _, texts = RECORD.zone_line.partition(". IN TXT ")
    strings = re.fullmatch(r"\( (.*) \)", texts)
    assert strings is not None
    assert all(len(string) <= 255 for string in re.findall(r'"([^"]*)"', texts))
    with name_server({name: [strings[1]], "empty.example": []}) as resolver:
        assert look_up(RECORD.name, resolver) == [RECORD.text]
        assert look_up("empty.example", resolver) == ()
        assert look_up("nowhere.example", resolver) == ()
        assert RECORD.fault(look_up(RECORD.name, resolver)) is None


def test_if_nobody_can_be_asked_nothing_is_said_of_the_record() -> None:
    with name_server({}, rcode=dns.rcode.REFUSED) as resolver, pytest.raises(TemporaryError) as unasked:
        look_up(RECORD.name, resolver)
    assert unasked.value.where == RECORD.name


@pytest.mark.parametrize(
    "text",
    [
        RECORD.text,
        f"p={KEY}",
        f" v = DKIM1 ; p = {KEY[:100]} {KEY[100:]} ; ",
        f"v=DKIM1; h=sha1:sha256; k=rsa; s=email; t=s; n=a note; p={KEY}",
        f"v=DKIM1; s=*; p={KEY}",
    ],
)
def test_a_record_may_be_written_in_other_ways(text: str) -> None:
    assert RECORD.fault([text, "v=spf1 -all"]) is None


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "there is no DKIM record"),
        (["v=spf1 -all"], "there is no DKIM record, only something else"),
        (["v=spf1 -all", "hello"], "there is no DKIM record, only other things"),
        ([RECORD.text, f"v=DKIM1; p={KEY[:-8]}"], "two DKIM records"),
        (["v=DKIM1; p="], "withdrawn"),
        (["v=DKIM1; p=" + "MIIB" * 20], "damaged or cut off, or another one"),
        ([RECORD.text[:255]], "damaged or cut off, or another one"),
        ([f"v=DKIM1; k=ed25519; p={KEY}"], "k=ed25519"),
        ([f"v=DKIM1; h=sha1; p={KEY}"], "allows only h=sha1"),
        ([f"v=DKIM1; s=tlsrpt; p={KEY}"], "not for mail"),
        ([f"v=DKIM1; t=y:s; p={KEY}"], "t=y"),
    ],
)
def test_what_keeps_others_from_checking_is_said(found: list[str], words: str) -> None:
    assert words in (RECORD.fault(found) or "")
