"""A copy joined from ready octets says what the same copy says that is written anew from its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.models.delivery import MergeTemplate, Message, Parts
from briefingfeed.models.edition import SlotName, SlotValues
from briefingfeed.newsletter.merge_template import merge_template
from briefingfeed.newsletter.mime import fill
from briefingfeed.newsletter.placeholders import placeholders_for
from briefingfeed.providers.http_service import Copy
from briefingfeed.providers.stencil import OwnStencils, Stencils
from renditions import rendition_of

RENDITION = rendition_of(
    'Leave "here": {leave} \\ zwölf\n', "<a href='{leave}'>Leave &amp; go</a>", sender="News <n@b.example>",
    subject='Zwölf "Fälle"', post_id="p",
)  # fmt: skip
ADDRESSES = st.from_regex(r"[a-z0-9'&+!#]{1,9}@[a-z]{1,9}\.example", fullmatch=True)
URLS = st.from_regex(r"https://b\.example/[!#-;=?-~]{0,40}", fullmatch=True)
MARKS = st.sampled_from(["", "0123456789abcdef01234567"])


def element(parts: Parts, recipient: str, message_id: str, mark: str) -> Mapping[str, Any]:
    return {
        "to": recipient,
        "id": message_id,
        "subject": parts.subject,
        "html": parts.html,
        "text": parts.text,
        "headers": dict(parts.headers),
        **({"mark": mark} if mark else {}),
    }


def copy(address: str, url: str, mark: str = "") -> Copy:
    values = {SlotName.ADDRESS: address, SlotName.MESSAGE_ID: "<1@b.example>", SlotName.UNSUBSCRIBE_URL: url}
    message = Message(
        delivery_id=1,
        envelope_from="n@b.example",
        recipient=address,
        message_id="<1@b.example>",
        segments=(),
        parts=partial(fill, RENDITION, values),
        template=partial(merge_template, RENDITION),
        values=values,
        mark=lambda: mark,
    )
    return Copy(message, address)


def own(template: MergeTemplate, values: SlotValues, recipient: str, mark: str) -> Mapping[str, Any]:
    return {
        "to": recipient,
        "fields": {"List-Unsubscribe": f"<{values[SlotName.UNSUBSCRIBE_URL]}>", "id": values[SlotName.MESSAGE_ID]},
        "values": {name: values[name] for name in sorted(template.in_html | template.in_text)},
        **({"mark": mark} if mark else {}),
    }


@given(st.lists(st.tuples(ADDRESSES, URLS, MARKS), min_size=2, max_size=6))
def test_what_a_copy_has_of_its_own_is_its_own(given_: list[tuple[str, str, str]]) -> None:
    stencils, template = OwnStencils(own), merge_template(RENDITION)
    for address, url, mark in given_:
        one = copy(address, url, mark)
        assert json.loads(stencils.write(template, one)) == own(template, one.message.values, address, mark)


@given(ADDRESSES, URLS, MARKS)
def test_a_joined_copy_is_the_written_copy(address: str, url: str, mark: str) -> None:
    one = copy(address, url, mark)
    anew = Copy(replace(one.message, template=None), one.recipient)
    stencils = Stencils(element)
    assert json.loads(stencils.write(one)) == json.loads(stencils.write(anew))


@given(st.lists(st.tuples(ADDRESSES, URLS, MARKS), min_size=2, max_size=6))
def test_copies_of_one_template_keep_apart(given_: list[tuple[str, str, str]]) -> None:
    stencils = Stencils(element)
    for address, url, mark in given_:
        written = json.loads(stencils.write(copy(address, url, mark)))
        assert (written["to"], written.get("mark", "")) == (address, mark)
        assert written["headers"]["List-Unsubscribe"] == f"<{url}>"
        assert written["text"] == f'Leave "here": {url} \\ zwölf\n'


def test_what_copies_share_is_written_once() -> None:
    written: list[Parts] = []

    def counting(parts: Parts, recipient: str, message_id: str, mark: str) -> Mapping[str, Any]:
        written.append(parts)
        return element(parts, recipient, message_id, mark)

    stencils = Stencils(counting)
    for number in range(10):
        stencils.write(copy(f"r{number}@example.org", f"https://b.example/u/{number}"))
    assert len(written) == 1


def test_an_address_that_goes_otherwise_over_the_wire_is_written_anew() -> None:
    one = copy("ann@example.org", "https://b.example/u")
    assert json.loads(Stencils(element).write(Copy(one.message, "ann@xn--bcher-kva.example")))["to"] == (
        "ann@xn--bcher-kva.example"
    )


def test_a_post_that_holds_another_editions_stand_in_is_left_alone() -> None:
    stand_in = placeholders_for("another")[SlotName.UNSUBSCRIBE_URL]
    template = merge_template(RENDITION)
    foreign = MergeTemplate(
        parts=replace(template.parts, text=f"{template.parts.text}{stand_in}"),
        stand_ins=template.stand_ins,
        in_html=template.in_html,
        in_text=template.in_text,
    )
    one = copy("ann@example.org", "https://b.example/u")
    other = Copy(replace(one.message, template=lambda: foreign), one.recipient)
    assert json.loads(Stencils(element).write(other))["text"].endswith(stand_in)
