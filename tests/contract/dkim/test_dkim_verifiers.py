"""Two verifiers that aren't ours accept every signed copy, whatever stands in its slots, and refuse a changed one."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from briefingfeed.models.edition import Rendition, SlotName
from briefingfeed.newsletter.fields import mailbox_text
from briefingfeed.newsletter.mime import splice
from renditions import rendition_of
from signatures import AT, DOMAIN, dkimpy_accepts, opendkim_accepts, signer

AWKWARD = ["{leave}", "\n", "\n.", "\nFrom ", " \n", "\n\n\n", "=", "=\n", "é" * 40, "x" * 80, "\t", "--=_", "\n--"]
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\r{}")
TEXTS = st.lists(st.one_of(st.sampled_from(AWKWARD), ANY), max_size=12).map("".join)
TITLES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=90).map(lambda text: f"A {text} b")
BEYOND_ASCII = st.characters(exclude_categories=["C", "Z"], min_codepoint=0x80)
LOCAL_PARTS = st.text(st.one_of(st.sampled_from("az09!#$%&'*+/=?^_`{|}~-"), BEYOND_ASCII), min_size=1, max_size=60)
VALUES = st.fixed_dictionaries(
    {
        SlotName.ADDRESS: st.builds("{}@{}".format, LOCAL_PARTS, st.sampled_from(["a.example", "bücher.example"])),
        SlotName.MESSAGE_ID: st.from_regex(r"<[!-;=?-~]{1,60}@[a-z]{1,9}\.example>", fullmatch=True),
        SlotName.UNSUBSCRIBE_URL: st.from_regex(r"https://[a-z]{1,9}\.example/[!#-;=?-~]{0,300}", fullmatch=True),
    }
)
LONG_NAME = "Ünïted Lantern Street, the Policy Trust of “Exampleton” and all its neighbouring Parishes"


def rendition(text: str, html: str, title: str, name: str) -> Rendition:
    sender = mailbox_text(name, f"briefings@{DOMAIN}")
    return rendition_of(text + "\n", f"<p>{html}</p>\n", sender=sender, subject=title, post_id="tag:one")


def signed(made: Rendition, values: dict[SlotName, str]) -> tuple[bytes, bytes, bytes]:
    """Return signature, header and body of a copy."""
    segments = splice(made.message, values)
    header, _, body = b"".join(segments).partition(b"\r\n\r\n")
    return signer().seal(made.message, AT).sign(segments), header + b"\r\n\r\n", body


def changed(octets: bytes, chance: int) -> bytes:
    """Change one octet of a field's value, or of the body: no white space, which may change on the way."""
    found = [place for value in re.finditer(rb"(?m)(?:^[A-Za-z-]+: )?(.*)", octets) for place in range(*value.span(1))]
    places = [place for place in found if octets[place] > 32]
    place = places[chance % len(places)]
    return octets[:place] + (b"!" if octets[place : place + 1] != b"!" else b"?") + octets[place + 1 :]


@settings(max_examples=60)
@example("{leave}", "{leave}", "A title", LONG_NAME, {}, 0)
@given(TEXTS, TEXTS, TITLES, st.sampled_from(["Briefings", LONG_NAME, ""]), VALUES, st.integers(0, 10**9))
def test_both_accept_a_copy_and_refuse_it_with_one_octet_changed(
    text: str, html: str, title: str, name: str, values: dict[SlotName, str], chance: int
) -> None:
    defaults = {
        SlotName.ADDRESS: "jürgen@example.org",
        SlotName.MESSAGE_ID: "<1@x.example>",
        SlotName.UNSUBSCRIBE_URL: "https://x.example/u/1",
    }
    signature, header, body = signed(rendition(text, html, title, name), defaults | values)
    mails = [
        signature + header + body,
        signature + changed(header, chance) + body,
        signature + header + changed(body, chance),
    ]
    assert [dkimpy_accepts(mail) for mail in mails] == [True, False, False]
    assert opendkim_accepts(mails) == [True, False, False]
