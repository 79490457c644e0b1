"""F20: a provider spoken to over HTTP, of the kind that knows no idempotency key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from servers.postmark_server import TOKEN, Plan, PostmarkServer

READERS = addresses(10)


class Postmark:
    """What the server noted, as `assert_invariants` asks for it."""

    port = 9

    def __init__(self, server: PostmarkServer) -> None:
        self.server = server

    def counts(self) -> Counter[str]:
        return Counter(message["To"] for message in self.server.taken())

    def offered(self) -> list[tuple[str, bytes]]:
        return [(message["To"], _content(message)) for each in self.server.requests() for message in each["messages"]]

    def commands(self) -> list[str]:
        return [str(each) for each in self.server.requests()]


def _content(message: dict[str, Any]) -> bytes:
    headers = {header["Name"]: header["Value"] for header in message["Headers"]}
    head = f"To: {message['To']}\r\nMessage-ID: {headers['Message-ID']}\r\nSubject: {message['Subject']}\r\n\r\n"
    return f"{head}{message['TextBody']}{message['HtmlBody']}".encode()


@pytest.fixture
def make_trial(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str]) -> Iterator[Callable[[Plan], Trial]]:
    with ExitStack() as stack:

        def make(plan: Plan) -> Trial:
            server = stack.enter_context(PostmarkServer(tmp_path / "server", plan))
            return Trial(
                tmp_path / "publication", command, Postmark(server), fresh_url(), READERS, provider="postmark",
                tables=f'[postmark]\nurl = "{server.url}"\nbatch = 5\nretry_pause = 0.01\n',
                environment={"BRIEFINGFEED_POSTMARK_TOKEN": TOKEN},
            )  # fmt: skip

        yield make


@pytest.mark.parametrize("answer", ["drop", "500", "502"])
def test_an_answer_that_never_came_leaves_its_batch_unclear(make_trial: Callable[[Plan], Trial], answer: str) -> None:
    trial = make_trial(Plan(answer=answer, times=1))
    trial.send_on(75)
    assert trial.tally == {"uncertain": 5, "pending": 5}
    trial.send_on(1)
    trial.assert_invariants(uncertain=5)
    assert trial.tally == {"uncertain": 5, "accepted": 5}
    trial.assert_silent()


def test_told_to_wait_it_waits_and_sends_again(make_trial: Callable[[Plan], Trial]) -> None:
    trial = make_trial(Plan(answer="429", times=1, retry_after="2400"))
    for minutes in (0, 20):
        trial.tick(minutes=minutes)
        trial.send_on(75)
        trial.assert_invariants(finished=False)
        assert len(trial.sink.commands()) == 1
    trial.tick(minutes=21)
    trial.send_on(0)
    trial.assert_invariants()
    assert trial.tally == {"accepted": 10}


def test_200_that_cannot_be_read_is_an_acceptance(make_trial: Callable[[Plan], Trial]) -> None:
    trial = make_trial(Plan(answer="garbage"))
    trial.send_on(0)
    trial.assert_invariants()
    assert trial.tally == {"accepted": 10}
    trial.assert_silent()
