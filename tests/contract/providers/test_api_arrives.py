"""What arrives by way of a service is what was rendered for that reader (P8), whichever way it went."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from briefingfeed.models.delivery import Message, Result
from servers.api_server import ApiServer
from servers.api_ways import MERGING, NAMES, DigestWork, digest, provider_for

pytestmark = pytest.mark.anyio

READERS = [f"reader{number}@example.org" for number in range(7)]
THEIRS = (
    "{{ 7*7 }} {% if x %}hidden{% endif %} {# gone #} {{{params.brace}}} {{params.unsubscribe_url}} {{leave}} {",
    "%recipient_email% %recipient.unsubscribe_url% %unsubscribe_url% 100%25 100%_off_% %C3%A4%",
    "-unsubscribe- [unsubscribe] <%asm_group_unsubscribe_raw_url%> {{{pm:unsubscribe}}} ${x} #{x} *|X|* ~{{x}}",
)
"""Of the languages of all services, as a post might quote them."""


def assert_arrived(mail: dict[str, object], message: Message) -> None:
    parts = message.parts()
    headers = dict(mail["headers"])  # type: ignore[call-overload]
    unsubscribe = dict(parts.headers)["List-Unsubscribe"]
    assert (mail["to"], mail["mark"]) == (message.recipient, message.mark())
    assert (mail["subject"], mail["html"], mail["text"]) == (parts.subject, parts.html, parts.text)
    assert headers["List-Unsubscribe"] == unsubscribe
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "<team@briefings.example>" in headers["Reply-To"]
    assert "<list.briefings.example>" in headers["List-Id"]


@pytest.mark.parametrize("name", NAMES)
async def test_every_copy_is_its_readers_own(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(READERS)
        messages = {message.recipient: message for message in work.waiting}
        await provider_for(name, server.url).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert [mail["to"] for mail in server.taken()] == READERS
        for mail in server.taken():
            assert_arrived(mail, messages[mail["to"]])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quoted", THEIRS)
async def test_a_post_that_quotes_their_language_arrives_as_it_is(name: str, quoted: str, tmp_path: Path) -> None:
    rendition = digest(f"{quoted} {{{{leave}}\n",
                       f"<style>a{{color:red}}</style><p>{quoted}</p><a href='{{leave}}'>Leave</a>",
                       subject=f"About {quoted}", sender="News <news@briefings.example>")  # fmt: skip
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(READERS[:3], rendition)
        messages = {message.recipient: message for message in work.waiting}
        await provider_for(name, server.url).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
        for mail in server.taken():
            assert_arrived(mail, messages[mail["to"]])


@pytest.mark.parametrize("name", MERGING)
@pytest.mark.parametrize(
    "base", ["https://b.example/%recipient.mark%/", "https://b.example/?a={{x}}&b='<", 'https://b.example/-\\"%7B']
)
async def test_a_readers_value_that_means_something_is_not_merged(name: str, base: str, tmp_path: Path) -> None:
    base = base.replace('"', "%22").replace("<", "%3C")
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(READERS[:3], base=base)
        messages = {message.recipient: message for message in work.waiting}
        await provider_for(name, server.url).deliver(work)
        assert len(server.requests()) == 3
        for mail in server.taken():
            assert_arrived(mail, messages[mail["to"]])


@pytest.mark.parametrize("name", MERGING)
async def test_texts_travel_once_per_request(name: str, tmp_path: Path) -> None:
    long = digest(text="Long.\n" * 5_000 + "{leave}\n")
    with ApiServer(name, tmp_path) as server:
        await provider_for(name, server.url, batch=7).deliver(DigestWork(READERS, long))
        [request] = server.requests()
        assert request["size"] < 2 * 30_000


@pytest.mark.parametrize("name", MERGING)
async def test_readers_of_two_renditions_are_kept_apart(name: str, tmp_path: Path) -> None:
    one, other = DigestWork(READERS[:2]), DigestWork(READERS[2:4], digest(text="Another text. {leave}\n"))
    mixed = [message for pair in zip(one.waiting, other.waiting, strict=True) for message in pair]
    work = DigestWork([])
    work.hand_in(mixed)
    with ApiServer(name, tmp_path) as server:
        await provider_for(name, server.url).deliver(work)
        texts = {mail["to"]: mail["text"].startswith("Another") for mail in server.taken()}
    assert texts == {READERS[0]: False, READERS[2]: True, READERS[1]: False, READERS[3]: True}


@pytest.mark.parametrize("name", MERGING)
async def test_addresses_that_differ_in_capitals_alone_have_a_copy_each(name: str, tmp_path: Path) -> None:
    readers = ["ann@example.org", "Ann@example.org", "ann@Example.org"]
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(readers)
        await provider_for(name, server.url).deliver(work)
        assert server.counts() == dict.fromkeys(readers, 1)
        assert len(server.requests()) == 3


async def test_amazon_gets_our_own_octets(tmp_path: Path) -> None:
    with ApiServer("ses", tmp_path) as server:
        work = DigestWork(READERS[:2])
        wanted = [hashlib.sha256(b"".join(message.segments)).hexdigest() for message in work.waiting]
        await provider_for("ses", server.url).deliver(work)
        assert [mail["sha256"] for mail in server.taken()] == wanted
        assert {mail["bounces"] for mail in server.taken()} == {"bounces@briefings.example"}


async def test_mailgun_gets_our_own_mime_if_merging_is_off(tmp_path: Path) -> None:
    with ApiServer("mailgun", tmp_path) as server:
        await provider_for("mailgun", server.url, merge=False).deliver(DigestWork(READERS[:3]))
        assert [request["path"] for request in server.requests()] == ["/v3/briefings.example/messages.mime"] * 3
