"""What every provider promises, whatever it speaks (providers/base.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.http import open_client
from briefingfeed.models.delivery import Result
from briefingfeed.providers.base import Provider
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.outbox import OutboxProvider
from briefingfeed.providers.postmark import NAME, Postmark, PostmarkSettings
from briefingfeed.providers.registry import PROVIDERS
from briefingfeed.providers.smtp import Security, SmtpProvider, SmtpSettings
from servers.api_server import ApiServer
from servers.api_ways import NAMES as SERVICES
from servers.api_ways import provider_for
from servers.postmark_server import TOKEN, PostmarkServer
from servers.recorded_work import RecordedWork
from servers.smtp_sink import SmtpSink

pytestmark = pytest.mark.anyio

READERS = [f"reader{number}@example.org" for number in range(25)]
HOSTILE = [
    "a@example.org\r\nRCPT TO:<b@example.org>",
    "a@example.org> <b@example.org",
    "a@example.org, b@example.org",
    "a b@example.org",
    "zoë\u202e@example.org",
    "nowhere",
]


@dataclass(frozen=True, slots=True)
class Way:
    """A provider, and how many copies each address got on the other side."""

    provider: Provider
    copies: Callable[[], list[str]]


@contextmanager
def outbox(folder: Path) -> Iterator[Way]:
    provider = OutboxProvider(folder / "outbox")
    yield Way(provider, lambda: [path.name for path in (folder / "outbox" / "new").iterdir()])


@contextmanager
def smtp(folder: Path, connections: int = 1) -> Iterator[Way]:
    with SmtpSink(folder) as sink:
        settings = SmtpSettings(
            host="127.0.0.1", port=sink.port, security=Security.NONE, connections=connections, retry_pause=0.01
        )
        yield Way(SmtpProvider(settings, None), lambda: [recipient for recipient, _ in sink.messages()])


@contextmanager
def postmark(folder: Path, batch: int = 10) -> Iterator[Way]:
    with PostmarkServer(folder) as server:
        settings = PostmarkSettings(url=server.url, batch=batch, retry_pause=0.01)
        provider = HttpProvider(NAME, Postmark(settings, TOKEN), partial(open_client, allow_loopback=True))
        yield Way(provider, lambda: [one["To"] for one in server.taken()])


@contextmanager
def service(folder: Path, name: str) -> Iterator[Way]:
    with ApiServer(name, folder) as server:
        yield Way(provider_for(name, server.url, batch=10), lambda: [one["to"] for one in server.taken()])


@contextmanager
def broken_outbox(folder: Path) -> Iterator[Way]:
    (folder / "file").write_text("in the way")
    yield Way(OutboxProvider(folder / "file" / "outbox"), list)


@contextmanager
def unreachable_smtp(folder: Path) -> Iterator[Way]:
    settings = SmtpSettings(host="127.0.0.1", port=1, security=Security.NONE, retry_pause=0.001)
    yield Way(SmtpProvider(settings, None), list)


@contextmanager
def unreachable_postmark(folder: Path) -> Iterator[Way]:
    settings = PostmarkSettings(url="http://127.0.0.1:1", retry_pause=0.001)
    yield Way(HttpProvider(NAME, Postmark(settings, TOKEN), partial(open_client, allow_loopback=True)), list)


@contextmanager
def unreachable_service(folder: Path, name: str) -> Iterator[Way]:
    yield Way(provider_for(name, "http://127.0.0.1:1", retry_pause=0.001), list)


Opener = Callable[[Path], AbstractContextManager[Way]]
EVERY = [
    pytest.param(outbox, id="outbox"),
    pytest.param(smtp, id="smtp"),
    pytest.param(partial(smtp, connections=3), id="smtp-3"),
    pytest.param(postmark, id="postmark"),
    pytest.param(partial(postmark, batch=500), id="postmark-500"),
    *(pytest.param(partial(service, name=name), id=name) for name in SERVICES),
]
BROKEN = [
    pytest.param(broken_outbox, id="outbox"),
    pytest.param(unreachable_smtp, id="smtp"),
    pytest.param(unreachable_postmark, id="postmark"),
    *(pytest.param(partial(unreachable_service, name=name), id=name) for name in SERVICES),
]


def test_no_provider_is_left_out() -> None:
    for ways in (EVERY, BROKEN):
        assert {str(way.id) for way in ways} >= set(PROVIDERS)


@pytest.mark.parametrize("open_way", EVERY)
async def test_every_message_is_handed_over_once_and_reported_once(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        work = RecordedWork(READERS)
        await way.provider.deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert len(way.copies()) == len(set(way.copies())) == len(READERS)


@pytest.mark.parametrize("open_way", EVERY)
async def test_without_work_nothing_happens(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        work = RecordedWork([])
        await way.provider.deliver(work)
        assert work.outcomes == {}


@pytest.mark.parametrize("open_way", EVERY)
async def test_nothing_is_taken_after_the_end(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        work = RecordedWork(READERS[:5])
        await way.provider.deliver(work)
        connections = 3 if "3" in way.provider.name else getattr(way.provider, "settings", None)
        assert work.asked_after_end <= getattr(connections, "connections", 1) - 1
        assert work.unreported == []


@pytest.mark.parametrize("open_way", EVERY)
async def test_a_provider_serves_again_after_it_came_to_the_end(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        for readers in (READERS[:3], ["one-more@example.org"]):
            work = RecordedWork(readers)
            await way.provider.deliver(work)
            assert set(work.results.values()) == {Result.ACCEPTED}


@pytest.mark.parametrize("open_way", EVERY)
async def test_hostile_addresses_fail_alone_and_never_go_out(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        work = RecordedWork([*HOSTILE, "good@example.org"])
        await way.provider.deliver(work)
        assert work.results == {**dict.fromkeys(HOSTILE, Result.FAILED), "good@example.org": Result.ACCEPTED}
        assert len(way.copies()) == 1
        for address in HOSTILE:
            assert address not in work.outcomes[address].note


@pytest.mark.parametrize("open_way", BROKEN)
async def test_without_a_way_out_everything_comes_back_and_nobody_is_charged(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError) as caught:
            await way.provider.deliver(work)
        assert set(work.results.values()) <= {Result.RETURNED}
        assert work.unreported == []
        assert caught.value.remedy
        assert caught.value.where


@pytest.mark.parametrize("open_way", EVERY)
async def test_cancelled_in_the_middle_everything_taken_is_still_reported(open_way: Opener, tmp_path: Path) -> None:
    with open_way(tmp_path) as way:
        work = RecordedWork(READERS)
        delivering = asyncio.create_task(way.provider.deliver(work))
        await asyncio.wait_for(work.reported.wait(), 60)
        delivering.cancel()
        await asyncio.wait({delivering}, timeout=60)
        assert delivering.done()
        assert work.unreported == []
        certain = [address for address, result in work.results.items() if result is Result.ACCEPTED]
        assert len(way.copies()) >= len(certain)


def test_rehearsing_and_locality_are_declared(tmp_path: Path) -> None:
    with outbox(tmp_path) as way:
        assert (way.provider.rehearses, way.provider.is_local) == (True, True)
    for opener in (unreachable_smtp, unreachable_postmark):
        with opener(tmp_path) as way:
            assert (way.provider.rehearses, way.provider.is_local) == (False, True)
    assert not SmtpProvider(SmtpSettings(host="mail.example.org"), None).is_local
    assert not HttpProvider(NAME, Postmark(PostmarkSettings(), TOKEN), open_client).is_local
