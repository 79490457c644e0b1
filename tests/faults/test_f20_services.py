"""F20: each service over HTTP, the run killed while the answer is awaited, and before it is written down."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.trial import Trial, addresses, wait_until
from faults.warm_command import WarmCommand
from servers.api_dialects import KEY
from servers.api_server import ApiServer, Plan
from servers.api_ways import NAMES
from servers.sigv4_check import KEY_ID, SECRET_KEY

READERS = addresses(12)
BATCH = 5
ENVIRONMENT = {f"BRIEFINGFEED_{name.upper()}_KEY": KEY for name in NAMES if name != "ses"} | {
    "BRIEFINGFEED_SES_KEY_ID": KEY_ID,
    "BRIEFINGFEED_SES_SECRET_KEY": SECRET_KEY,
}
EXTRA = {"ses": "connections = 1", "mailgun": f'batch = {BATCH}\nconnections = 1\ndomain = "briefings.example"'}


class Service:
    """What the server noted, as `assert_invariants` asks for it."""

    port = 9

    def __init__(self, server: ApiServer) -> None:
        self.server = server

    def counts(self) -> Counter[str]:
        return self.server.counts()

    def offered(self) -> list[tuple[str, bytes]]:
        """Named by the mark: not every service leaves us our Message-ID."""
        return [
            (mail["to"], f"Message-ID: <{mail['mark']}>\r\n\r\n{mail['text']}{mail['html']}".encode())
            for mail in self.server.taken()
        ]

    def commands(self) -> list[str]:
        return [str(request) for request in self.server.requests()]


MakeTrial = Callable[[str, Plan], Trial]


@pytest.fixture
def make_trial(tmp_path: Path, command: WarmCommand, fresh_url: Callable[[], str]) -> MakeTrial:
    def make(name: str, plan: Plan) -> Trial:
        with ApiServer(name, tmp_path / "server", plan) as server:
            own = EXTRA.get(name, f"batch = {BATCH}")
            return Trial(
                tmp_path / "publication", command, Service(server), fresh_url(), READERS, provider=name,
                tables=f'[bounces]\naddress = "bounces@briefings.example"\n[{name}]\nurl = "{server.url}"\n'
                f"retry_pause = 0.01\nrate = 1000\n{own}\n",
                environment=ENVIRONMENT,
            )  # fmt: skip

    return make


@pytest.mark.parametrize("name", NAMES)
def test_killed_while_the_answer_is_awaited_its_batch_is_unclear(make_trial: MakeTrial, name: str) -> None:
    trial = make_trial(name, Plan(answer="silent", times=1))
    run = trial.begin_sending()
    wait_until(trial.sink.counts)  # type: ignore[attr-defined]
    run.send(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    trial.send_on(1)
    unclear = 1 if name == "ses" else BATCH
    trial.assert_invariants(uncertain=unclear)
    assert trial.tally == {"uncertain": unclear, "accepted": len(READERS) - unclear}
    trial.assert_silent()


@pytest.mark.parametrize("name", ["ses", "brevo"])
def test_killed_between_answer_and_record_nobody_has_two(make_trial: MakeTrial, name: str) -> None:
    trial = make_trial(name, Plan())
    assert trial.dies_at("after-reply")
    trial.send_on(0, 1)
    trial.assert_invariants(uncertain=1 if name == "ses" else BATCH)
    trial.assert_silent()
