"""Every service's provider against a server of our own that answers as the service does, and as it should not.

Copies are counted there, by reader: whatever goes wrong, nobody has two, and what may have come is never called lost.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Result
from servers.api_server import ApiServer, Plan
from servers.api_ways import KEYED, NAMES, DigestWork, copy_of, digest, provider_for

pytestmark = pytest.mark.anyio

READERS = [f"reader{number}@example.org" for number in range(12)]
UNKEYED = tuple(name for name in NAMES if name not in KEYED)
LOST = ["drop", "silent", "taken-500"]


def assert_nobody_twice(server: ApiServer, work: DigestWork) -> None:
    counts = server.counts()
    assert not [reader for reader, count in counts.items() if count > 1]
    assert set(work.unreported) == set()
    for reader, result in work.results.items():
        if result is Result.ACCEPTED:
            assert counts[reader] == 1
        elif result is not Result.UNCERTAIN:
            assert counts[reader] == 0


@pytest.mark.parametrize("name", UNKEYED)
@pytest.mark.parametrize("answer", LOST)
async def test_a_lost_answer_leaves_its_copies_unclear_and_is_not_tried_again(
    name: str, answer: str, tmp_path: Path
) -> None:
    with ApiServer(name, tmp_path, Plan(answer=answer)) as server:
        work = DigestWork(READERS)
        with pytest.raises(ProviderError, match="are unclear") as caught:
            await provider_for(name, server.url, read_seconds=0.3).deliver(work)
        assert "deliveries resolve" in str(caught.value.remedy)
        unclear = [reader for reader, result in work.results.items() if result is Result.UNCERTAIN]
        while len(server.taken()) < len(unclear):  # noqa: ASYNC110 - maybe it takes them after we stopped waiting
            await asyncio.sleep(0.02)
        assert unclear == list(server.counts()) == READERS[: len(unclear)]
        assert len(unclear) == (3 if name == "ses" else 5)
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("merge", [True, False])
async def test_of_copies_that_go_one_by_one_no_more_are_tried_than_prove_it(merge: bool, tmp_path: Path) -> None:
    with ApiServer("mailgun", tmp_path, Plan(answer="drop")) as server:
        work = DigestWork(READERS, digest(text="It says %recipient.name%, so it goes as MIME. {leave}\n"))
        with pytest.raises(ProviderError, match="3 messages are unclear"):
            await provider_for("mailgun", server.url, merge=merge).deliver(work)
        assert list(work.results.values()) == [Result.UNCERTAIN] * 3 + [Result.RETURNED] * (2 if merge else 0)
        assert work.most_in_flight == (5 if merge else 1)
        assert len(server.requests()) == 3


@pytest.mark.parametrize("merges", [True, False])
async def test_the_rate_holds_for_each_request_however_many_are_taken_at_once(merges: bool, tmp_path: Path) -> None:
    readers = ["poison@example.org", *READERS[:3]] if merges else READERS[:4]
    with ApiServer("mailgun", tmp_path) as server:
        start = asyncio.get_running_loop().time()
        work = DigestWork(readers, digest() if merges else digest(text="As MIME: %recipient.name% {leave}\n"))
        await provider_for("mailgun", server.url, rate=20).deliver(work)
        assert asyncio.get_running_loop().time() - start >= (len(server.requests()) - 1) / 20
        assert len(server.requests()) >= 4


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize("answer", ["drop", "silent", "drop-unread"])
async def test_with_a_key_a_lost_answer_is_asked_for_again(name: str, answer: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer=answer, times=1)) as server:
        work = DigestWork(READERS)
        await provider_for(name, server.url, read_seconds=2.0).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert_nobody_twice(server, work)
        if answer != "drop-unread":
            first, second, *_ = server.requests()
            assert first["sha256"] == second["sha256"]


@pytest.mark.parametrize("name", KEYED)
@pytest.mark.parametrize(
    "answer", ["500", "drop,401,401,401,401,401", "drop,429,503,429,400,502", "502,413,413,413,413,413"]
)
async def test_with_a_key_and_never_a_clear_answer_it_stays_unclear(name: str, answer: str, tmp_path: Path) -> None:
    """Whatever is said of a repeat says nothing of the first."""
    with ApiServer(name, tmp_path, Plan(answer=answer)) as server:
        work = DigestWork(READERS[:5])
        with pytest.raises(ProviderError, match="unclear"):
            await provider_for(name, server.url).deliver(work)
        assert set(work.results.values()) == {Result.UNCERTAIN}
        assert len({request["sha256"] for request in server.requests()}) == 1
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", KEYED)
async def test_a_copy_refused_when_it_is_repeated_may_have_been_taken_before(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="drop,400")) as server:
        work = DigestWork(READERS[:1])
        await provider_for(name, server.url).deliver(work)
        assert work.results == {READERS[0]: Result.UNCERTAIN}
        assert len(server.requests()) == 2


@pytest.mark.parametrize("name", KEYED)
async def test_asked_to_wait_for_long_before_a_repeat_we_do_not_repeat(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="drop,429", retry_after="100")) as server:
        work = DigestWork(READERS[:5])
        async with asyncio.timeout(20):
            with pytest.raises(ProviderError, match="5 messages are unclear"):
                await provider_for(name, server.url).deliver(work)
        assert len(server.requests()) == 2
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", KEYED)
async def test_with_a_key_what_is_clear_in_the_end_is_clear(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="drop,429,drop-unread")) as server:
        work = DigestWork(READERS[:5])
        await provider_for(name, server.url).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", KEYED)
async def test_a_second_test_with_the_same_content_is_sent_as_well(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path) as server:
        for number in range(2):
            work = DigestWork(())
            again = copy_of(digest(), 1, READERS[0])
            work.hand_in([replace(again, message_id=f"<test{number}@briefings.example>")])
            await provider_for(name, server.url).deliver(work)
            assert work.results == {READERS[0]: Result.ACCEPTED}
        assert server.counts() == {READERS[0]: 2}


@pytest.mark.parametrize("answer", ["taken-500,", "taken-500,drop", "500,drop"])
async def test_what_brevo_failed_at_and_knows_is_unclear(answer: str, tmp_path: Path) -> None:
    with ApiServer("brevo", tmp_path, Plan(answer=answer)) as server:
        work = DigestWork(READERS[:5])
        with pytest.raises(ProviderError, match="unclear"):
            await provider_for("brevo", server.url).deliver(work)
        assert set(work.results.values()) == {Result.UNCERTAIN}
        assert_nobody_twice(server, work)


async def test_what_resend_failed_at_is_told_by_the_key(tmp_path: Path) -> None:
    with ApiServer("resend", tmp_path, Plan(answer="taken-500", times=1)) as server:
        work = DigestWork(READERS[:5])
        await provider_for("resend", server.url).deliver(work)
        assert set(work.results.values()) == {Result.ACCEPTED}
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", UNKEYED)
@pytest.mark.parametrize("answer", ["500", "502", "503", "504"])
async def test_a_server_error_is_no_refusal(name: str, answer: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer=answer, times=1)) as server:
        work = DigestWork(READERS[:1])
        await provider_for(name, server.url).deliver(work)
        assert work.results == {READERS[0]: Result.UNCERTAIN}


@pytest.mark.parametrize("name", NAMES)
async def test_asked_to_wait_we_wait_and_go_on(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="429", times=1, retry_after="1")) as server:
        work = DigestWork(READERS)
        start = asyncio.get_running_loop().time()
        await provider_for(name, server.url).deliver(work)
        assert asyncio.get_running_loop().time() - start >= 1
        back = [reader for reader, result in work.results.items() if result is Result.RETURNED]
        assert back == READERS[: len(back)]
        assert {work.outcomes[reader].retry_after for reader in back} == {1.0}
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", NAMES)
async def test_asked_to_wait_for_long_we_leave_it_to_the_next_run(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="429", retry_after="3600")) as server:
        work = DigestWork(READERS)
        with pytest.raises(ProviderError, match="asks us to"):
            await provider_for(name, server.url).deliver(work)
        assert set(work.results.values()) == {Result.RETURNED}
        assert len(server.requests()) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", ["401", "403", "404", "418", "redirect"])
async def test_a_refusal_of_us_charges_nobody_and_ends_the_run(name: str, answer: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer=answer)) as server:
        work = DigestWork(READERS)
        with pytest.raises(ProviderError) as caught:
            await provider_for(name, server.url).deliver(work)
        assert set(work.results.values()) == {Result.RETURNED}
        assert len(server.requests()) == 1
        assert caught.value.remedy
        assert "canary" not in f"{caught.value}{caught.value.remedy}"


@pytest.mark.parametrize("name", NAMES)
async def test_yes_without_a_readable_body_is_taken(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="garbage")) as server:
        work = DigestWork(READERS)
        await provider_for(name, server.url).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)
        assert {outcome.provider_id for outcome in work.outcomes.values()} == {None}
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", NAMES)
async def test_a_slow_answer_is_waited_for(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="slow", times=1)) as server:
        work = DigestWork(READERS)
        await provider_for(name, server.url).deliver(work)
        assert work.results == dict.fromkeys(READERS, Result.ACCEPTED)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["invalid", "poison"])
async def test_one_bad_address_fails_alone(name: str, kind: str, tmp_path: Path) -> None:
    bad = f"{kind}.canary@example.org"
    readers = [*READERS[:3], bad, *READERS[3:]]
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(readers)
        await provider_for(name, server.url, batch=13 if name != "ses" else 1).deliver(work)
        assert work.results.pop(bad) in (Result.FAILED, Result.POLICY)
        assert work.outcomes[bad].result is not Result.ACCEPTED
        assert [reader for reader in readers if work.outcomes[reader].result is Result.ACCEPTED] == READERS
        assert "canary" not in work.outcomes[bad].note
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", NAMES)
async def test_refused_one_after_the_other_it_is_not_for_their_sake(name: str, tmp_path: Path) -> None:
    readers = [f"poison{number}.canary@example.org" for number in range(40)]
    with ApiServer(name, tmp_path) as server:
        work = DigestWork(readers)
        if name == "ses":
            await provider_for(name, server.url).deliver(work)
            return
        with pytest.raises(ProviderError, match="one message after the other") as caught:
            await provider_for(name, server.url, batch=40).deliver(work)
        assert "canary" not in str(caught.value)
        assert len(server.requests()) < 20
        assert sum(result is Result.RETURNED for result in work.results.values()) > 30


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_answers_the_door(name: str) -> None:
    work = DigestWork(READERS)
    with pytest.raises(ProviderError, match="cannot be reached"):
        await provider_for(name, "http://127.0.0.1:1", retry_pause=0.001).deliver(work)
    assert set(work.results.values()) == {Result.RETURNED}


@pytest.mark.parametrize("name", NAMES)
async def test_cancelled_while_the_answer_is_awaited_its_copies_are_unclear(name: str, tmp_path: Path) -> None:
    with ApiServer(name, tmp_path, Plan(answer="silent")) as server:
        work = DigestWork(READERS)
        delivering = asyncio.create_task(provider_for(name, server.url).deliver(work))
        while not server.requests():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        assert set(work.results.values()) == {Result.UNCERTAIN}
        assert_nobody_twice(server, work)


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_of_a_reader_or_a_secret_is_logged(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with ApiServer(name, tmp_path, Plan(answer="401")) as server, pytest.raises(ProviderError):
        await provider_for(name, server.url).deliver(DigestWork(READERS))
    assert not [each for each in ("canary", "CANARY", "reader0") if each in caplog.text]
