"""The Postmark provider against a server of our own that answers as theirs does, and as it should not."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from briefingfeed.errors import ConfigurationError, ProviderError
from briefingfeed.http import open_client
from briefingfeed.models.delivery import Phase, Result
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.postmark import NAME, Postmark, PostmarkSettings
from servers.postmark_server import TOKEN, Plan, PostmarkServer
from servers.recorded_work import RecordedWork

pytestmark = pytest.mark.anyio

READERS = [f"r{number}@example.org" for number in range(12)]


def provider(server: PostmarkServer, *, batch: int = 5, token: str = TOKEN, read_seconds: float = 60.0) -> HttpProvider:
    settings = PostmarkSettings(url=server.url, batch=batch, retry_pause=0.01)
    return HttpProvider(
        NAME, Postmark(settings, token), partial(open_client, allow_loopback=True, read_seconds=read_seconds)
    )


async def test_a_copy_carries_what_was_rendered_and_its_own_headers(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        work = RecordedWork(["ann@bücher.example"])
        await provider(server).deliver(work)
        [request] = server.requests()
        assert request["path"] == "/email/batch"
        assert request["headers"]["X-Postmark-Server-Token"] == TOKEN
        assert request["messages"] == [
            {
                "From": "Briefings <news@briefings.example>",
                "To": "ann@xn--bcher-kva.example",
                "Subject": "Zwölf Fälle",
                "HtmlBody": "<p>Hello 0, ünïcode</p>",
                "TextBody": "Hello 0, ünïcode",
                "ReplyTo": "Team <team@briefings.example>",
                "MessageStream": "broadcast",
                "TrackOpens": False,
                "TrackLinks": "None",
                "Metadata": {"mark": "mark00000000000000000000"},
                "Headers": [
                    {"Name": "List-Unsubscribe", "Value": "<https://briefings.example/u/0>"},
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    {"Name": "Message-ID", "Value": "<0@briefings.example>"},
                    {"Name": "X-PM-KeepID", "Value": "true"},
                ],
            }
        ]
        [outcome] = work.outcomes.values()
        assert (outcome.result, outcome.phase, outcome.code) == (Result.ACCEPTED, Phase.REQUEST, 200)
        assert outcome.provider_id == "pm-ann@xn--bcher-kva.example"


async def test_batches_are_as_large_as_was_said(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        work = RecordedWork(READERS)
        await provider(server, batch=5).deliver(work)
        assert [len(request["messages"]) for request in server.requests()] == [5, 5, 2]
        assert work.most_in_flight == 5


async def test_items_of_a_batch_end_differently(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        readers = ["inactive.canary@example.org", "good@example.org", "invalid@example.org", "odd@example.org"]
        work = RecordedWork(readers)
        await provider(server).deliver(work)
        assert list(work.results.values()) == [Result.REJECTED, Result.ACCEPTED, Result.FAILED, Result.POLICY]
        assert work.outcomes[readers[0]].note.startswith("406 ")
        assert "canary" not in work.outcomes[readers[0]].note


async def test_account_that_may_not_send_stops_the_run_and_charges_nobody(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        work = RecordedWork(["good@example.org", "account@example.org", *READERS])
        with pytest.raises(ProviderError, match="405") as caught:
            await provider(server, batch=2).deliver(work)
        assert "billing" in str(caught.value.remedy)
        assert work.results == {"good@example.org": Result.ACCEPTED, "account@example.org": Result.RETURNED}


async def test_one_message_that_spoils_the_request_fails_alone(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        readers = ["a@example.org", "poison@example.org", "b@example.org"]
        work = RecordedWork(readers)
        await provider(server).deliver(work)
        assert list(work.results.values()) == [Result.ACCEPTED, Result.FAILED, Result.ACCEPTED]
        assert [one["To"] for one in server.taken()] == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize("answer", ["drop", "silent", "500", "502", "504"])
async def test_lost_answer_leaves_its_batch_unclear_and_ends_the_run(answer: str, tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer=answer)) as server:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match="5 messages are unclear") as caught:
            await provider(server, read_seconds=0.5).deliver(work)
        assert work.results == dict.fromkeys(READERS[:5], Result.UNCERTAIN)
        assert "deliveries resolve" in str(caught.value.remedy)
        while not server.requests():  # noqa: ASYNC110 - another process writes it, maybe after we stopped waiting
            await asyncio.sleep(0.02)
        assert len(server.requests()) == 1


async def test_cancelled_while_the_answer_is_awaited_the_batch_is_unclear(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer="silent")) as server:
        work = RecordedWork(READERS)
        delivering = asyncio.create_task(provider(server).deliver(work))
        while not server.requests():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        assert work.results == dict.fromkeys(READERS[:5], Result.UNCERTAIN)


@pytest.mark.parametrize("answer", ["garbage", "huge"])
async def test_200_without_a_readable_body_is_taken(answer: str, tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer=answer)) as server:
        work = RecordedWork(READERS)
        await provider(server).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert {outcome.provider_id for outcome in work.outcomes.values()} == {None}
        assert len(server.taken()) == len(READERS)


async def test_answers_in_another_order_are_matched_by_address(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer="reversed")) as server:
        work = RecordedWork(READERS[:4])
        await provider(server).deliver(work)
        for reader in READERS[:4]:
            assert work.outcomes[reader].provider_id == f"pm-{reader}"


async def test_missing_answer_is_unclear_for_that_one(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer="short")) as server:
        work = RecordedWork(READERS[:3])
        await provider(server).deliver(work)
        assert list(work.results.values()) == [Result.ACCEPTED, Result.ACCEPTED, Result.UNCERTAIN]


@pytest.mark.parametrize("status", ["429", "503"])
async def test_asked_to_wait_we_wait_and_go_on(status: str, tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer=status, times=1, retry_after="1")) as server:
        work = RecordedWork(READERS)
        start = time.monotonic()
        await provider(server).deliver(work)
        assert time.monotonic() - start >= 1
        assert list(work.results.values()) == [Result.RETURNED] * 5 + [Result.ACCEPTED] * 7
        assert {outcome.retry_after for outcome in list(work.outcomes.values())[:5]} == {1.0}


@pytest.mark.parametrize("status", ["429", "503"])
async def test_asked_to_wait_for_long_we_leave_it_to_the_next_run(status: str, tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer=status, retry_after="3600")) as server:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError, match="asks us to wait"):
            await provider(server).deliver(work)
        assert work.results == dict.fromkeys(READERS[:5], Result.RETURNED)


async def test_refused_again_and_again_we_give_up(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer="503")) as server:
        readers = [f"r{number}@example.org" for number in range(60)]
        work = RecordedWork(readers)
        with pytest.raises(ProviderError):
            await provider(server).deliver(work)
        assert len(server.requests()) == 5
        assert set(work.results.values()) == {Result.RETURNED}


@pytest.mark.parametrize("status", ["401", "403", "404", "418", "redirect"])
async def test_refusal_of_the_request_charges_nobody(status: str, tmp_path: Path) -> None:
    with PostmarkServer(tmp_path, Plan(answer=status)) as server:
        work = RecordedWork(READERS)
        with pytest.raises(ProviderError) as caught:
            await provider(server).deliver(work)
        assert work.results == dict.fromkeys(READERS[:5], Result.RETURNED)
        assert caught.value.remedy


async def test_wrong_token_is_named_and_never_shown(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        with pytest.raises(ProviderError, match="valid Server token") as caught:
            await provider(server, token="another-canary").deliver(RecordedWork(READERS))
        assert "BRIEFINGFEED_POSTMARK_TOKEN" in str(caught.value.remedy)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("token", [None, "", "two\nlines", "zwölf"])
def test_without_a_token_nothing_starts(token: str | None) -> None:
    with pytest.raises(ConfigurationError, match="server token"):
        Postmark(PostmarkSettings(), token)


@pytest.mark.parametrize("url", ["http://api.postmarkapp.com", "ftp://127.0.0.1", "api.postmarkapp.com"])
def test_the_token_never_goes_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        PostmarkSettings(url=url)


def test_batches_above_their_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="500"):
        PostmarkSettings(batch=501)


async def test_requests_are_split_below_their_size_limit(tmp_path: Path) -> None:
    with PostmarkServer(tmp_path) as server:
        work = RecordedWork(READERS[:6])
        for number, message in enumerate(work.waiting):
            parts = type(message.parts())(sender="a@b.example", subject="", html="x" * 9_000_000, text="", headers=())
            work.replace(number, parts)
        await provider(server, batch=6).deliver(work)
        assert [len(request["messages"]) for request in server.requests()] == [4, 2]
        assert set(work.results.values()) == {Result.ACCEPTED}


async def test_client_is_closed_at_the_end(tmp_path: Path) -> None:
    clients: list[httpx.AsyncClient] = []

    def opened() -> httpx.AsyncClient:
        clients.append(open_client(allow_loopback=True))
        return clients[-1]

    with PostmarkServer(tmp_path) as server:
        await HttpProvider(NAME, Postmark(PostmarkSettings(url=server.url), TOKEN), opened).deliver(
            RecordedWork(READERS)
        )
    assert [client.is_closed for client in clients] == [True]
